#pragma once
// Base64 with padding (RFC 4648, section 4): how bytes that are not text travel in JSON.

#include <optional>
#include <string>
#include <string_view>

namespace rowmq::admin {

std::string base64_of(std::string_view bytes);
/// None when `text` is not exactly the encoding of some bytes.
std::optional<std::string> bytes_of_base64(std::string_view text);

}  // namespace rowmq::admin
