#include "app/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace rowmq::app {

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{
        {{"ms", 1}, {"s", 1'000}, {"", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    constexpr std::int64_t longest = std::int64_t{1} << 48;  // some 9,000 years, in milliseconds
    std::int64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (read.ec == std::errc{} && count >= 0) {
        const std::string_view unit(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
        for (const auto& [name, length] : units) {
            if (unit == name && count <= longest / length) return std::chrono::milliseconds(count * length);
        }
    }
    return Error{Errc::invalid_argument, fmt::format("\"{}\" is not a duration such as 250ms, 30s, 5m, 2h or 7d", text)};
}

}  // namespace rowmq::app
