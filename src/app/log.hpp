#pragma once
// What the server logs, one line an event on standard error: for people (text) or for programs (a JSON object a line).
// Threads: any. What comes from outside cannot forge a line: control characters are escaped in both.

#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::app {

enum class LogFormat : std::uint8_t {
    text,  ///< 2026-11-25T12:00:00.000 info stopping signal=SIGTERM
    json,  ///< {"time":"2026-11-25T12:00:00.000Z","level":"info","message":"stopping","signal":"SIGTERM"}
};

/// "text" or "json". Errors: invalid_argument.
Result<LogFormat> parse_log_format(std::string_view word);

/// From now on spdlog's default logger writes so. `level` as spdlog names it.
void start_log(const std::string& level, LogFormat format);

/// A fact beside the message of an event: a member of the JSON object, name=value in text. Names are not time, level or message.
struct LogField {
    std::string_view name, value;
};
void log(spdlog::level::level_enum level, std::string_view message, std::initializer_list<LogField> fields = {});

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format);

}  // namespace rowmq::app
