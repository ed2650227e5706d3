#pragma once
// What a list read from a client may cost in memory.

#include <cstddef>

namespace rowmq {

// Lists of lists would let a short request take much memory. Reading one stays under 4 times its size and 64 KiB: texts may
// take 3 times, elements (of which a growing list holds twice as many as it needs) the rest. Ten messages of ten attributes
// always fit.
inline std::size_t credit_of(std::size_t request_bytes) { return request_bytes + 48 * 1024; }
inline bool take_credit(std::size_t& credit, std::size_t element_bytes) {
    if (credit < 2 * element_bytes) return false;
    credit -= 2 * element_bytes;
    return true;
}

}  // namespace rowmq
