#include "app/settings_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/duration.hpp"

namespace rowmq::app {
namespace {

constexpr std::int64_t highest_limit = std::int64_t{1} << 48;

/// What may stand beside a secret without being taken for a part of it.
bool is_key_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

}  // namespace

Error refused(std::string text) { return Error{Errc::invalid_argument, std::move(text)}; }
Error at(const std::string& where, const Error& error) { return Error{error.code, where + ": " + error.text}; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<bool> flag_of(std::string_view text) {
    if (text == "true" || text == "1" || text == "on") return true;
    if (text == "false" || text == "0" || text == "off") return false;
    return std::nullopt;
}

const std::array<Limit, 12> limits{
    Limit{"queues", [](OpenLimits& l, std::int64_t n) { l.queues = static_cast<std::size_t>(n); }},
    Limit{"message_bytes", [](OpenLimits& l, std::int64_t n) { l.message_bytes = n; }},
    Limit{"write_bytes", [](OpenLimits& l, std::int64_t n) { l.write_bytes = static_cast<std::size_t>(n); }},
    Limit{"window_entries", [](OpenLimits& l, std::int64_t n) { l.window_entries = static_cast<std::size_t>(n); }},
    Limit{"windows_entries", [](OpenLimits& l, std::int64_t n) { l.windows_entries = static_cast<std::size_t>(n); }},
    Limit{"windows_bytes", [](OpenLimits& l, std::int64_t n) { l.windows_bytes = static_cast<std::size_t>(n); }},
    Limit{"leases_per_session", [](OpenLimits& l, std::int64_t n) { l.leases_per_session = static_cast<std::size_t>(n); }},
    Limit{"leases_per_queue", [](OpenLimits& l, std::int64_t n) { l.leases_per_queue = static_cast<std::size_t>(n); }},
    Limit{"metrics_queues", [](OpenLimits& l, std::int64_t n) { l.metrics_queues = static_cast<std::size_t>(n); }},
    Limit{"disk_free_bytes", [](OpenLimits& l, std::int64_t n) { l.disk_free_bytes = n; }},
    Limit{"memory_bytes", [](OpenLimits& l, std::int64_t n) { l.memory_bytes = n; }},
    Limit{"transaction_time_ms", [](OpenLimits& l, std::int64_t n) { l.transaction_time = std::chrono::milliseconds(n); }},
};

Result<void> set_limit(OpenLimits& out, const Limit& limit, std::optional<std::int64_t> value, const std::string& where) {
    if (!value || *value < 1 || *value > highest_limit) {
        return refused(fmt::format("{}: {} is not a whole number from 1 to {}", where, limit.name, highest_limit));
    }
    limit.set(out, *value);
    return {};
}

Result<void> check_access_key(std::string_view id, std::string_view secret) {
    if (!is_key_id(id)) return refused("an access key is ID:SECRET; the id is 1 to 128 letters, digits, '-', '_' or '.'");
    const bool printable = std::ranges::all_of(secret, [](char c) { return c > ' ' && c <= '~'; });
    if (secret.empty() || secret.size() > 256 || !printable)
        return refused(fmt::format("the secret of the access key \"{}\" is not 1 to 256 printable characters without spaces", id));
    return {};
}

Result<void> set_recreate_after(Layer& layer, std::string_view text, const std::string& where) {
    const auto time = text == "off" ? Result<std::chrono::milliseconds>(std::chrono::milliseconds(0)) : parse_duration(text);
    if (time.has_error() || *time < std::chrono::milliseconds(0))
        return refused(where + ": recreate_after is neither a duration (\"60s\") nor \"off\"");
    layer.recreate_after = *time;
    return {};
}

Result<Durability> parse_durability(std::string_view word) {
    if (word == "full") return Durability::full;
    if (word == "normal") return Durability::normal;
    if (word == "off") return Durability::off;
    return refused(fmt::format("the durability \"{}\" is none of full, normal, off", word));
}

Result<bool> parse_early_delivery(std::string_view word) {
    if (word == "on") return true;
    if (word == "off") return false;
    return refused(fmt::format("the early delivery \"{}\" is neither on nor off", word));
}

Result<std::string> parse_log_level(std::string_view word) {
    for (const std::string_view level : {"debug", "info", "warning", "error", "off"}) {
        if (word == level) return std::string(word);
    }
    return refused(fmt::format("the log level \"{}\" is none of debug, info, warning, error, off", word));
}

Result<std::string> parse_account(std::string_view word) {
    if (word.size() == 12 && word.find_first_not_of("0123456789") == std::string_view::npos) return std::string(word);
    return refused(fmt::format("the account \"{}\" is not 12 digits", word));
}

Result<std::string> parse_region(std::string_view word) {
    const bool right = std::ranges::all_of(
        word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
    if (right && !word.empty() && word.size() <= 32) return std::string(word);
    return refused(fmt::format("the region \"{}\" is not 1 to 32 letters, digits or hyphens", word));
}

Result<std::pair<std::string, std::string>> parse_access_key(std::string_view id_and_secret) {
    const auto colon = id_and_secret.find(':');
    const std::string_view id = colon == std::string_view::npos ? "" : id_and_secret.substr(0, colon);
    const std::string_view secret = colon == std::string_view::npos ? "" : id_and_secret.substr(colon + 1);
    if (auto checked = check_access_key(id, secret); checked.has_error()) return std::move(checked).error();
    return std::pair(std::string(id), std::string(secret));
}

Result<net::AddressRange> parse_outbound(std::string_view word) {
    auto range = net::AddressRange::parse(word);
    if (range.has_error())
        return refused(fmt::format("\"{}\" is not a range of addresses (\"169.254.10.0/24\"): {}", word, range.error().text));
    return range;
}

}  // namespace rowmq::app
