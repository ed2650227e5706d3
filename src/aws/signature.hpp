#pragma once
// AWS Signature Version 4: what is signed of a request, and how. Both sides use it: access.hpp to verify what comes in,
// `sign` for what goes out.
// Source: "AWS Signature Version 4 for API requests" (AWS IAM User Guide). Services other than S3 encode the path as it is sent
// once more, and always sign the hash of the body.
// Values, any thread. Errors: what cannot be signed is none.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "rowmq/message.hpp"

namespace rowmq::aws {

inline constexpr std::string_view signing_algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view scope_terminator = "aws4_request";

/// More would let a short request take much time or memory.
inline constexpr std::size_t max_signed_headers = 64;
inline constexpr std::size_t max_signed_parameters = 1'000;

/// "20150830T123600Z".
std::string timestamp_of(WallTime time);
/// The time that such a timestamp, or the Date field of HTTP ("Sun, 30 Aug 2015 12:36:00 GMT"), names.
std::optional<WallTime> time_of(std::string_view timestamp);

/// What a signing key is good for.
struct Scope {
    std::string date;  ///< "20150830"
    std::string region, service;
    std::string text() const;  ///< "20150830/us-east-1/sqs/aws4_request"
};

/// The path with "." and ".." resolved, slashes collapsed, and what is not unreserved escaped.
std::string canonical_path(std::string_view path);
/// The parameters in name and value order, escaped in one way, without X-Amz-Signature. None: more than 1,000.
std::optional<std::string> canonical_query(std::string_view query);

/// The text that a signature covers. `signed_headers` is "host;x-amz-date". None: more than 64 headers, one named twice, or
/// more than 1,000 parameters.
std::optional<std::string> canonical_request(const net::Request& request, std::string_view signed_headers, std::string_view body_hash);
std::string string_to_sign(std::string_view timestamp, const Scope& scope, std::string_view canonical_request);
/// 64 hexadecimal digits.
std::string signature_of(std::string_view secret, const Scope& scope, std::string_view string_to_sign);

struct SigningKey {
    std::string id, secret;
};
/// Adds X-Amz-Date and Authorization. `request` has its Host and body; Host, Content-Type and every X-Amz-* are signed.
/// False: there is no Host, one of both fields is there already, or more headers than may be signed; then nothing is added.
bool sign(net::Request& request, const SigningKey& key, std::string_view region, std::string_view service, WallTime now);

}  // namespace rowmq::aws
