#pragma once
// Durations as people write them: "250ms", "30s", "5m", "2h", "7d"; a number alone is seconds.

#include <chrono>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::app {

/// Errors: invalid_argument.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace rowmq::app
