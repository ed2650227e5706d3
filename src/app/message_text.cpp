#include "app/message_text.hpp"

#include <fmt/format.h>

#include <ctime>

#include "base/base64.hpp"

namespace rowmq::app {

std::string body_of(const boost::json::object& message) {
    if (const auto* text = message.if_contains("body")) return std::string(text->as_string());
    return base64_decode(message.at("body_base64").as_string()).value_or("");
}

std::string time_text(std::int64_t ms) {
    const std::time_t seconds = ms / 1'000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                       utc.tm_sec);
}

std::string message_line(const boost::json::object& message) {
    return fmt::format("{}  {}  received {}x  {}\n", message.at("id").as_int64(), time_text(message.at("published_at_ms").as_int64()),
                       message.at("receives").to_number<std::int64_t>(), body_of(message));
}

}  // namespace rowmq::app
