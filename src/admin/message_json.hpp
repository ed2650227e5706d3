#pragma once
// Messages as JSON: "body" where the bytes are UTF-8, else "body_base64". A lease is one opaque string.

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"
#include "rowmq/values.hpp"

namespace rowmq::admin {

std::string to_text(const Lease& lease);
/// Errors: invalid_argument.
Result<Lease> lease_of(std::string_view text);

boost::json::object to_json(const Delivery& delivery);
/// A message that was looked at, not received: it has no lease.
boost::json::object peeked_json(const Delivery& delivery);
boost::json::object to_json(const PublishResult& result);

/// One message for `queue`. Errors: invalid_argument (unknown or ill-typed members, no body).
Result<Publish> read_publish(const boost::json::object& object, std::string_view queue);
/// {"lease", "verdict": "done" | "release" | "reject", "delay_ms"}. Errors: invalid_argument.
Result<Settlement> read_settlement(const boost::json::object& object);

/// Well-formed UTF-8 (RFC 3629)?
bool is_utf8(std::string_view bytes) noexcept;

}  // namespace rowmq::admin
