#pragma once
// The spike's SQL by name, read from spike.sql.

#include <map>
#include <string>

namespace rowmq::conformance::postgres_spike {

const std::map<std::string, std::string>& statements();

}  // namespace rowmq::conformance::postgres_spike
