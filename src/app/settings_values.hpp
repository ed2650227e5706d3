#pragma once
// What the readers of settings (file, environment) share: how the words of a value are read, and errors that say where.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/settings.hpp"

namespace rowmq::app {

Error refused(std::string text);
Error at(const std::string& where, const Error& error);

std::string_view trimmed(std::string_view text);
std::optional<std::int64_t> number_of(std::string_view text);
std::optional<bool> flag_of(std::string_view text);  ///< true, 1, on; false, 0, off

/// Puts a number from a user into one limit.
struct Limit {
    std::string_view name;
    void (*set)(OpenLimits&, std::int64_t);
};
extern const std::array<Limit, 12> limits;
Result<void> set_limit(OpenLimits& out, const Limit& limit, std::optional<std::int64_t> value, const std::string& where);

/// The error never holds the secret.
Result<void> check_access_key(std::string_view id, std::string_view secret);
/// "60s", "off".
Result<void> set_recreate_after(Layer& layer, std::string_view text, const std::string& where);

}  // namespace rowmq::app
