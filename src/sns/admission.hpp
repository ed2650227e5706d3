#pragma once
// Who may call SNS: whoever signs with an access key, where there are any. What SNS itself hands out works without one, as on AWS:
// its certificate, and the links that confirm and end a subscription.
// Values.

#include <optional>

#include "aws/access.hpp"
#include "base/random.hpp"
#include "net/http.hpp"

namespace rowmq::sns {

struct Admission {
    std::optional<net::Response> denied;  ///< the answer to who may not
    bool known = true;                    ///< the caller signed, or nobody has to
};
Admission admit(const net::Request& request, const aws::Access& access, WallTime now, Random& random);

}  // namespace rowmq::sns
