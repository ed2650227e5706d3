#pragma once
// Who may call: access keys, and requests signed with them (AWS Signature Version 4, in the Authorization field or presigned in
// the query). Secrets are never written anywhere.
// Source: AWS IAM User Guide, "Troubleshoot AWS Signature Version 4"; texts as AWS answers them.
// Values, any thread. A refused request is a value.

#include <boost/system/result.hpp>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "rowmq/message.hpp"

namespace rowmq::aws {

/// Access key ids and their secrets.
using Credentials = std::map<std::string, std::string, std::less<>>;

/// Why a request is not let in.
struct Denial {
    enum class Reason : std::uint8_t { missing_token, incomplete, unknown_key, does_not_match };
    Reason reason;
    std::string text;
    friend bool operator==(const Denial&, const Denial&) = default;
};

/// How a denial is written.
struct DenialCode {
    std::string_view json, query;
    unsigned status;
};
DenialCode code_of(Denial::Reason reason) noexcept;

[[noreturn]] inline void throw_exception_from_error(const Denial& denial, const boost::source_location&) {
    throw std::runtime_error(denial.text);
}

class Access final {
public:
    /// Without keys everybody is let in.
    explicit Access(Credentials keys = {}, std::string region = "us-east-1");

    bool everybody() const noexcept { return keys_.empty(); }

    /// The id of the key that signed `request` for `service` ("sqs"); empty where everybody is let in. The body's hash is part of
    /// what is signed, so the request must be whole. Clocks may differ by 15 minutes.
    boost::system::result<std::string, Denial> verify(const net::Request& request, std::string_view service, WallTime now) const;

private:
    Credentials keys_;
    std::string region_;
};

}  // namespace rowmq::aws
