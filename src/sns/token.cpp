#include "sns/token.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::sns {
namespace {

constexpr std::size_t id_digits = 32, token_digits = 64;

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

std::string new_token(std::string_view id, Random& random) {
    std::string token;
    std::ranges::copy_if(id, std::back_inserter(token), is_hex);
    for (int i = 0; i < 2; ++i) token += fmt::format("{:016x}", random.next());
    return token;
}

bool is_token_text(std::string_view token) noexcept { return !token.empty() && std::ranges::all_of(token, is_hex); }

std::optional<std::string> id_in_token(std::string_view token) {
    if (token.size() != token_digits || !is_token_text(token)) return std::nullopt;
    const std::string_view id = token.substr(0, id_digits);
    return fmt::format("{}-{}-{}-{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 4), id.substr(16, 4), id.substr(20));
}

}  // namespace rowmq::sns
