#include "base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define ROWMQ_CRC32C_X86 1
#include <nmmintrin.h>
#endif

namespace rowmq {
namespace {

constexpr std::uint32_t reflected_polynomial = 0x82f63b78u;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight (Kounavis and Berry 2005): table k advances a byte over k more bytes of zeros.
constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? reflected_polynomial : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte) tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
    return tables;
}
constexpr Tables tables = make_tables();

#ifdef ROWMQ_CRC32C_X86
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc, const unsigned char* at, std::size_t size) noexcept {
    std::uint64_t state = ~crc;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        state = _mm_crc32_u64(state, word);
    }
    auto narrow = static_cast<std::uint32_t>(state);
    for (; size > 0; ++at, --size) narrow = _mm_crc32_u8(narrow, *at);
    return ~narrow;
}
const bool has_instruction = __builtin_cpu_supports("sse4.2");
#endif

}  // namespace

std::uint32_t crc32c_by_tables(std::uint32_t crc, const void* bytes, std::size_t size) noexcept {
    auto at = static_cast<const unsigned char*>(bytes);
    std::uint32_t state = ~crc;
    for (; size >= 8; at += 8, size -= 8) {
        const std::uint32_t low = state ^ (at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24);
        state = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^ tables[4][low >> 24] ^
                tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
    }
    for (; size > 0; ++at, --size) state = (state >> 8) ^ tables[0][(state ^ *at) & 0xff];
    return ~state;
}

std::uint32_t crc32c(std::uint32_t crc, const void* bytes, std::size_t size) noexcept {
#ifdef ROWMQ_CRC32C_X86
    if (has_instruction) return by_instruction(crc, static_cast<const unsigned char*>(bytes), size);
#endif
    return crc32c_by_tables(crc, bytes, size);
}

}  // namespace rowmq
