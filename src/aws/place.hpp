#pragma once
// Where this service pretends to be.

#include <string>

namespace rowmq::aws {

struct Place {
    std::string region = "us-east-1";
    std::string account = "000000000000";
    std::string host = "localhost:9324";  ///< in URLs, where a request names no Host
    std::string scheme = "http";          ///< likewise
};

}  // namespace rowmq::aws
