#include "aws/request_id.hpp"

#include <fmt/format.h>

namespace rowmq::aws {

std::string new_request_id(Random& random) {
    const std::uint64_t a = random.next(), b = random.next();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32u, a >> 16u & 0xffffu, a & 0xfffu, 0x8000u | (b >> 48u & 0x3fffu),
                       b & 0xffffffffffffu);
}

}  // namespace rowmq::aws
