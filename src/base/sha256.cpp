#include "base/sha256.hpp"

#include <openssl/sha.h>

#include <array>

namespace rowmq {

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(digest.size() * 2);
    for (const unsigned char byte : digest) {
        hex += digits[byte >> 4u];
        hex += digits[byte & 15u];
    }
    return hex;
}

}  // namespace rowmq
