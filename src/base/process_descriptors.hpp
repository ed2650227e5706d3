#pragma once
// Descriptors of this process (files, connections, ...), as the kernel says (proc(5), getrlimit(2)); 0 where it does not.

#include <cstdint>

namespace rowmq {

std::int64_t open_descriptors();
/// As many may be open.
std::int64_t most_descriptors();

}  // namespace rowmq
