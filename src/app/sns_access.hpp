#pragma once
// Who may call SNS: whoever signs with an access key, where there are any. What SNS itself hands out works without one, as on AWS:
// its certificate, and the links that confirm and end a subscription.
// Values.

#include <optional>

#include "aws/access.hpp"
#include "base/random.hpp"
#include "net/http.hpp"

namespace rowmq::app {

/// What a request to SNS is answered that may not be served; none: it may.
std::optional<net::Response> sns_denial(const net::Request& request, const aws::Access& access, WallTime now, Random& random);

}  // namespace rowmq::app
