#include "aws/message_attributes.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "base/word_scan.hpp"

namespace rowmq::aws {
namespace {

constexpr std::size_t max_attribute_name = 256;
constexpr std::size_t max_batch_id = 80;
constexpr std::size_t max_group_id = 128;

bool is_letter_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_character(char c) noexcept { return is_letter_or_digit(c) || c == '-' || c == '_'; }

/// U+00C0 to U+017F in UTF-8, which Amazon takes for letters though its documentation names only those of ASCII.
bool is_latin_letter(std::string_view two) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(two[i]); };
    return two.size() == 2 && byte(0) >= 0xc3 && byte(0) <= 0xc5 && byte(1) >= 0x80 && byte(1) <= 0xbf;
}

bool same_letters(std::string_view text, std::string_view lower_case) {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

}  // namespace

bool is_data_type(std::string_view type) noexcept {
    for (const std::string_view kind : {"String", "Number", "Binary"})
        if (type.starts_with(kind)) return type.size() == kind.size() || type[kind.size()] == '.';
    return false;
}

bool is_attribute_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > max_attribute_name) return false;
    if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos) return false;
    const auto dot = name.find('.');
    if (dot != std::string_view::npos && (same_letters(name.substr(0, dot), "aws") || same_letters(name.substr(0, dot), "amazon")))
        return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_name_character(name[i]) || name[i] == '.') continue;
        if (!is_latin_letter(name.substr(i, 2))) return false;
        ++i;
    }
    return true;
}

bool is_message_text(std::string_view text) noexcept {
    const auto plain = [](std::uint64_t word) { return !has_byte_below(word, 0x20) && (word & high_bits) == 0; };
    text.remove_prefix(harmless_words(text, plain));
    if (!is_utf8(text)) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != 0x9 && c != 0xa && c != 0xd) return false;
        // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
        if (c == 0xef && static_cast<unsigned char>(text[i + 1]) == 0xbf && static_cast<unsigned char>(text[i + 2]) >= 0xbe) return false;
    }
    return true;
}

bool is_number(std::string_view text) noexcept {
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
    const std::string terminated(text);
    char* stop = nullptr;
    std::strtod(terminated.c_str(), &stop);
    return stop == terminated.c_str() + terminated.size();
}

bool is_batch_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= max_batch_id && std::all_of(id.begin(), id.end(), is_name_character);
}

bool is_group_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= max_group_id && std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace rowmq::aws
