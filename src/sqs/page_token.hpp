#pragma once
// Where the next page of a listing begins. To clients it is opaque: the Base64 of a word of ours and the last name of the page
// before, so that text of another origin is told from a token. Values.

#include <optional>
#include <string>
#include <string_view>

#include "base/base64.hpp"

namespace rowmq::sqs {

inline constexpr std::string_view page_token_word = "after:";

inline std::string page_token_after(std::string_view name) { return base64_encode(std::string(page_token_word).append(name)); }

/// The name; none when no listing gave that token.
inline std::optional<std::string> name_of_page_token(std::string_view token) {
    const auto text = base64_decode(token);
    if (!text || !text->starts_with(page_token_word)) return std::nullopt;
    return text->substr(page_token_word.size());
}

}  // namespace rowmq::sqs
