#pragma once
// Pieces of a line, taken from its front.

#include <cstdint>
#include <string_view>

namespace rowmq::torture {

/// Takes up to the next blank; empty at the end.
inline std::string_view take_word(std::string_view& line) {
    const auto blank = line.find(' ');
    const auto word = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
    return word;
}
/// False: not a number, or too large.
bool to_number(std::string_view word, std::int64_t& value);
/// Well mixed; never 0.
std::uint64_t hash_of(std::string_view text);

}  // namespace rowmq::torture
