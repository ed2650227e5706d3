#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace rowmq {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}();

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        std::uint32_t word = static_cast<unsigned char>(bytes[i]) << 16u;
        if (left > 1) word |= static_cast<unsigned char>(bytes[i + 1]) << 8u;
        if (left > 2) word |= static_cast<unsigned char>(bytes[i + 2]);
        text += alphabet[word >> 18u];
        text += alphabet[(word >> 12u) & 63u];
        text += left > 1 ? alphabet[(word >> 6u) & 63u] : '=';
        text += left > 2 ? alphabet[word & 63u] : '=';
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t digits = last ? 4 - padding : 4;
        std::uint32_t word = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const int digit = k < digits ? values[static_cast<unsigned char>(text[i + k])] : 0;
            if (digit < 0) return std::nullopt;
            word = (word << 6u) | static_cast<std::uint32_t>(digit);
        }
        if ((digits == 2 && (word & 0xffffu) != 0) || (digits == 3 && (word & 0xffu) != 0)) return std::nullopt;
        bytes += static_cast<char>(word >> 16u);
        if (digits > 2) bytes += static_cast<char>((word >> 8u) & 255u);
        if (digits > 3) bytes += static_cast<char>(word & 255u);
    }
    return bytes;
}

}  // namespace rowmq
