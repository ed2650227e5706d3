#pragma once
// Tokens that confirm a subscription: 64 hexadecimal digits, of which the first half is the subscription's id, so that a token
// finds its subscription, and the rest is nobody's to guess.

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace rowmq::sns {

/// `id`: a UUID in text.
std::string new_token(std::string_view id, Random& random);
/// Any hexadecimal text: what else cannot be a token of any service.
bool is_token_text(std::string_view token) noexcept;
/// The id of the subscription that a token is of; none when it is no token of this kind.
std::optional<std::string> id_in_token(std::string_view token);

}  // namespace rowmq::sns
