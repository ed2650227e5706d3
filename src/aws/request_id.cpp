#include "aws/request_id.hpp"

#include "aws/uuid.hpp"

namespace rowmq::aws {

std::string new_request_id(Random& random) {
    const std::uint64_t high = random.next(), low = random.next();
    return uuid_text(high, low);
}

}  // namespace rowmq::aws
