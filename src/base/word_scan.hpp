#pragma once
// Looks at text eight bytes at a time, for loops whose bytes are almost always harmless.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace rowmq {

inline constexpr std::uint64_t every_byte(unsigned char c) noexcept { return 0x0101010101010101u * c; }
inline constexpr std::uint64_t high_bits = every_byte(0x80);

/// Whether a byte of `word` is below `bound`, which is at most 0x80.
inline constexpr bool has_byte_below(std::uint64_t word, unsigned char bound) noexcept {
    return ((word - every_byte(bound)) & ~word & high_bits) != 0;
}
inline constexpr bool has_byte(std::uint64_t word, unsigned char c) noexcept { return has_byte_below(word ^ every_byte(c), 1); }

/// How many bytes at the front of `text` come in whole words for which `harmless(word)` is true.
template <typename Harmless>
std::size_t harmless_words(std::string_view text, Harmless harmless) noexcept {
    std::size_t at = 0;
    for (; text.size() - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        if (!harmless(word)) break;
    }
    return at;
}

/// How many bytes at the front of `text` a JSON string holds as they are: no quote, backslash or control character.
inline std::size_t json_plain_bytes(std::string_view text) noexcept {
    std::size_t at = harmless_words(
        text, [](std::uint64_t word) { return !has_byte_below(word, 0x20) && !has_byte(word, '"') && !has_byte(word, '\\'); });
    while (at < text.size() && text[at] != '"' && text[at] != '\\' && static_cast<unsigned char>(text[at]) >= 0x20) ++at;
    return at;
}

}  // namespace rowmq
