#include "app/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <boost/json.hpp>
#include <iterator>

#include "base/utf8.hpp"

namespace rowmq::app {
namespace {

/// Of the event that this thread is logging; the formatters run within the call.
thread_local std::span<const LogField> fields_of_event;

constexpr std::string_view unknown_character = "\xef\xbf\xbd";  // U+FFFD

std::string as_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string out;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x80) out += c;
        else out += unknown_character;
    }
    return out;
}

std::string_view name_of(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::trace: return "trace";
        case spdlog::level::debug: return "debug";
        case spdlog::level::info: return "info";
        case spdlog::level::warn: return "warning";
        case spdlog::level::err: return "error";
        case spdlog::level::critical: return "critical";
        default: return "off";
    }
}

/// RFC 3339, UTC, milliseconds.
std::string rfc3339(spdlog::log_clock::time_point time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1'000)), ms % 1'000);
}

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& event, spdlog::memory_buf_t& out) override {
        boost::json::object line;
        line["time"] = rfc3339(event.time);
        line["level"] = name_of(event.level);
        line["message"] = as_utf8({event.payload.data(), event.payload.size()});
        for (const auto& field : fields_of_event) line[as_utf8(field.name)] = as_utf8(field.value);
        const std::string text = boost::json::serialize(line) + "\n";
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

void append_escaped(std::string_view text, spdlog::memory_buf_t& out) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
        else out.push_back(c);
    }
}

/// The message and its fields, on one line.
class TextEvent final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& event, const std::tm&, spdlog::memory_buf_t& out) override {
        append_escaped({event.payload.data(), event.payload.size()}, out);
        for (const auto& field : fields_of_event) {
            out.push_back(' ');
            append_escaped(field.name, out);
            out.push_back('=');
            append_escaped(field.value, out);
        }
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<TextEvent>(); }
};

}  // namespace

Result<LogFormat> parse_log_format(std::string_view word) {
    if (word == "text") return LogFormat::text;
    if (word == "json") return LogFormat::json;
    return Error{Errc::invalid_argument, fmt::format("the log format \"{}\" is neither text nor json", word)};
}

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format) {
    if (format == LogFormat::json) return std::make_unique<JsonFormatter>();
    auto text = std::make_unique<spdlog::pattern_formatter>();
    text->add_flag<TextEvent>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %*");
    return text;
}

void start_log(const std::string& level, LogFormat format) {
    auto log = spdlog::stderr_color_mt("rowmq");
    log->set_formatter(make_formatter(format));
    log->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(log));
}

void log(spdlog::level::level_enum level, std::string_view message, std::initializer_list<LogField> fields) {
    fields_of_event = std::span(fields.begin(), fields.size());
    spdlog::log(level, "{}", message);
    fields_of_event = {};
}

}  // namespace rowmq::app
