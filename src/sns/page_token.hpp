#pragma once
// Where a listing goes on: opaque text that only a listing gives.

#include <optional>
#include <string>
#include <string_view>

#include "base/base64.hpp"

namespace rowmq::sns {

inline constexpr std::string_view token_prefix = "after:";

inline std::string page_token(std::string_view after) { return base64_encode(std::string(token_prefix) + std::string(after)); }
/// None when the text is not one.
inline std::optional<std::string> after_token(std::string_view token) {
    auto decoded = base64_decode(token);
    if (!decoded || !decoded->starts_with(token_prefix)) return std::nullopt;
    return decoded->substr(token_prefix.size());
}

}  // namespace rowmq::sns
