#pragma once
// SNS's own limits on filter policies; the broker compiles and applies them (doc/filters.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowmq::sns {

enum class FilterScope : std::uint8_t { attributes, body };

/// At most 5 fields, at most 150 combinations of conditions, 256 KiB, JSON. What is wrong, in AWS's words.
std::optional<std::string> check_filter_policy(std::string_view policy, FilterScope scope);

}  // namespace rowmq::sns
