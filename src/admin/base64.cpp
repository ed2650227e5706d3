#include "admin/base64.hpp"

#include <array>
#include <cstdint>

namespace rowmq::admin {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 255;

constexpr std::array<std::uint8_t, 256> values_of_letters() {
    std::array<std::uint8_t, 256> values{};
    values.fill(none);
    for (std::size_t i = 0; i < alphabet.size(); ++i) values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return values;
}

}  // namespace

std::string base64_of(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) text.push_back(k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=');
    }
    return text;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
    static constexpr auto values = values_of_letters();
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    if (text.ends_with("==")) {
        padding = 2;
    } else if (text.ends_with('=')) {
        padding = 1;
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::size_t letters = i + 4 == text.size() ? 4 - padding : 4;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const auto value = k < letters ? values[static_cast<unsigned char>(text[i + k])] : std::uint8_t{0};
            if (value == none) return std::nullopt;
            group = group << 6 | value;
        }
        for (std::size_t k = 0; k + 1 < letters; ++k) bytes.push_back(static_cast<char>(group >> (16 - 8 * k) & 255));
        // The bits that padding leaves over must be zero: one text for the same bytes.
        if (letters < 4 && (group & ((1u << (8 * (4 - letters))) - 1)) != 0) return std::nullopt;
    }
    return bytes;
}

}  // namespace rowmq::admin
