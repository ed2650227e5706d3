#pragma once
// CRC32C (Castagnoli) for the raw baseline, by the processor's instruction where there is one.

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rowmq::bench {

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
    std::uint64_t c = ~crc;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        c = __builtin_ia32_crc32di(c, word);
    }
    for (; left > 0; --left, ++at) c = __builtin_ia32_crc32qi(static_cast<std::uint32_t>(c), static_cast<unsigned char>(*at));
    return ~static_cast<std::uint32_t>(c);
}
#else
inline std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t c = i;
            for (int bit = 0; bit < 8; ++bit) c = (c & 1u) ? (c >> 1) ^ 0x82f63b78u : c >> 1;
            t[i] = c;
        }
        return t;
    }();
    crc = ~crc;
    for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xffu] ^ (crc >> 8);
    return ~crc;
}
#endif

template <typename Integer>
std::uint32_t crc32c_of(std::uint32_t crc, Integer value) {
    return crc32c(crc, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

}  // namespace rowmq::bench
