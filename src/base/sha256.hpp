#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL, in lower-case hex.

#include <string>
#include <string_view>

namespace rowmq {

std::string sha256_hex(std::string_view bytes);

}  // namespace rowmq
