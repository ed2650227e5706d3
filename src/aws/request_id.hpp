#pragma once
// The name AWS gives every request in its answer, for logs and support.

#include <string>

#include "base/random.hpp"

namespace rowmq::aws {

/// A UUID (RFC 9562 5.4).
std::string new_request_id(Random& random);

}  // namespace rowmq::aws
