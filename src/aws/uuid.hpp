#pragma once
// UUIDs as text, made for every request and every message.

#include <cstdint>
#include <string>

namespace rowmq::aws {

/// A UUID of version 4 (RFC 9562 5.4) of 122 of the 128 bits given; six of them say what it is.
inline std::string uuid_text(std::uint64_t high, std::uint64_t low) {
    static constexpr char hex[] = "0123456789abcdef";
    high = (high & ~0xf000ull) | 0x4000u;
    low = (low & ~(3ull << 62u)) | 1ull << 63u;
    std::string text(36, '-');
    std::size_t at = 0;
    for (unsigned digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) ++at;
        text[at++] = hex[(digit < 16 ? high >> (60u - 4u * digit) : low >> (124u - 4u * digit)) & 15u];
    }
    return text;
}

}  // namespace rowmq::aws
