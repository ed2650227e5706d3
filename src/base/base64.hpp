#pragma once
// Base64 (RFC 4648, section 4, with padding).

#include <optional>
#include <string>
#include <string_view>

namespace rowmq {

std::string base64_encode(std::string_view bytes);
/// None when the text is not canonical Base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace rowmq
