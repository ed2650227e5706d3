#include "app/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace rowmq::app {
namespace {

Error refused(std::string text) { return Error{Errc::invalid_argument, std::move(text)}; }

/// Puts a number from a user into one limit; false when it is not in range.
struct Limit {
    std::string_view name;
    void (*set)(OpenLimits&, std::int64_t);
};

constexpr std::int64_t highest_limit = std::int64_t{1} << 48;

constexpr std::array limits{
    Limit{"queues", [](OpenLimits& l, std::int64_t n) { l.queues = static_cast<std::size_t>(n); }},
    Limit{"message_bytes", [](OpenLimits& l, std::int64_t n) { l.message_bytes = n; }},
    Limit{"write_bytes", [](OpenLimits& l, std::int64_t n) { l.write_bytes = static_cast<std::size_t>(n); }},
    Limit{"window_entries", [](OpenLimits& l, std::int64_t n) { l.window_entries = static_cast<std::size_t>(n); }},
    Limit{"windows_entries", [](OpenLimits& l, std::int64_t n) { l.windows_entries = static_cast<std::size_t>(n); }},
    Limit{"windows_bytes", [](OpenLimits& l, std::int64_t n) { l.windows_bytes = static_cast<std::size_t>(n); }},
    Limit{"leases_per_session", [](OpenLimits& l, std::int64_t n) { l.leases_per_session = static_cast<std::size_t>(n); }},
    Limit{"leases_per_queue", [](OpenLimits& l, std::int64_t n) { l.leases_per_queue = static_cast<std::size_t>(n); }},
    Limit{"transaction_time_ms", [](OpenLimits& l, std::int64_t n) { l.transaction_time = std::chrono::milliseconds(n); }},
};

Result<void> set_limit(OpenLimits& out, const Limit& limit, std::optional<std::int64_t> value, const std::string& where) {
    if (!value || *value < 1 || *value > highest_limit) {
        return refused(fmt::format("{}: {} is not a whole number from 1 to {}", where, limit.name, highest_limit));
    }
    limit.set(out, *value);
    return {};
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

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

Error at(const std::string& where, const Error& error) { return Error{error.code, where + ": " + error.text}; }

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return out;
}

Result<void> read_toml_listeners(const toml::node& node, const std::string& where, Layer& layer) {
    const auto* table = node.as_table();
    if (!table) return refused(where + ": listen is not a table");
    for (const auto& [name, value] : *table) {
        std::string text;
        if (const auto number = value.value_exact<std::int64_t>()) text = std::to_string(*number);
        if (auto string = value.value_exact<std::string>()) text = std::move(*string);
        auto listen = parse_listen(name.str(), text);
        if (listen.has_error()) return at(where + ": [listen]", listen.error());
        layer.listens.push_back(std::move(*listen));
    }
    return {};
}

Result<void> read_toml_limits(const toml::node& node, const std::string& where, Layer& layer) {
    const auto* table = node.as_table();
    if (!table) return refused(where + ": limits is not a table");
    for (const auto& [name, value] : *table) {
        const auto limit = std::ranges::find(limits, name.str(), &Limit::name);
        if (limit == limits.end()) return refused(fmt::format("{}: there is no limit \"{}\"", where, name.str()));
        if (auto set = set_limit(layer.limits, *limit, value.value_exact<std::int64_t>(), where); set.has_error()) return set;
    }
    return {};
}

Result<void> read_toml_member(std::string_view name, const toml::node& node, const std::string& where, Layer& layer) {
    if (name == "listen") return read_toml_listeners(node, where, layer);
    if (name == "limits") return read_toml_limits(node, where, layer);
    if (name == "strict_counting") {
        layer.strict_counting = node.value_exact<bool>();
        if (!layer.strict_counting) return refused(where + ": strict_counting is not true or false");
        return {};
    }
    const auto text = node.value_exact<std::string>();
    const bool known = name == "store" || name == "durability" || name == "log_level";
    if (!known) return refused(fmt::format("{}: there is no setting \"{}\"", where, name));
    if (!text) return refused(fmt::format("{}: {} is not a string", where, name));
    if (name == "store") layer.store = *text;
    if (name == "durability") {
        const auto durability = parse_durability(*text);
        if (durability.has_error()) return at(where, durability.error());
        layer.durability = *durability;
    }
    if (name == "log_level") {
        const auto level = parse_log_level(*text);
        if (level.has_error()) return at(where, level.error());
        layer.log_level = *level;
    }
    return {};
}

/// `upper` wins where it says something.
void put_over(const Layer& upper, Settings& settings) {
    if (upper.store) settings.store = *upper.store;
    if (upper.durability) settings.durability = *upper.durability;
    if (upper.strict_counting) settings.strict_counting = *upper.strict_counting;
    if (upper.log_level) settings.log_level = *upper.log_level;
    for (const auto& listen : upper.listens) {
        if (settings.listeners.contains(listen.name)) settings.listeners[listen.name] = listen.endpoint;
    }
    const auto over = [](auto& out, const auto& in) {
        if (in) out = in;
    };
    over(settings.limits.queues, upper.limits.queues);
    over(settings.limits.message_bytes, upper.limits.message_bytes);
    over(settings.limits.write_bytes, upper.limits.write_bytes);
    over(settings.limits.window_entries, upper.limits.window_entries);
    over(settings.limits.windows_entries, upper.limits.windows_entries);
    over(settings.limits.windows_bytes, upper.limits.windows_bytes);
    over(settings.limits.leases_per_session, upper.limits.leases_per_session);
    over(settings.limits.leases_per_queue, upper.limits.leases_per_queue);
    over(settings.limits.transaction_time, upper.limits.transaction_time);
}

}  // namespace

Result<Durability> parse_durability(std::string_view word) {
    if (word == "full") return Durability::full;
    if (word == "normal") return Durability::normal;
    if (word == "off") return Durability::off;
    return refused(fmt::format("the durability \"{}\" is none of full, normal, off", word));
}

Result<std::string> parse_log_level(std::string_view word) {
    for (const std::string_view level : {"debug", "info", "warning", "error", "off"}) {
        if (word == level) return std::string(word);
    }
    return refused(fmt::format("the log level \"{}\" is none of debug, info, warning, error, off", word));
}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
}

Result<Layer> read_environment(const Environment& environment) {
    Layer layer;
    layer.store = environment("ROWMQ_STORE");
    if (const auto text = environment("ROWMQ_LISTEN")) {
        std::istringstream parts(*text);
        for (std::string part; std::getline(parts, part, ',');) {
            if (trimmed(part).empty()) continue;
            auto listen = parse_listen(trimmed(part));
            if (listen.has_error()) return at("ROWMQ_LISTEN", listen.error());
            layer.listens.push_back(std::move(*listen));
        }
    }
    if (const auto text = environment("ROWMQ_DURABILITY")) {
        const auto durability = parse_durability(*text);
        if (durability.has_error()) return at("ROWMQ_DURABILITY", durability.error());
        layer.durability = *durability;
    }
    if (const auto text = environment("ROWMQ_STRICT_COUNTING")) {
        layer.strict_counting = flag_of(*text);
        if (!layer.strict_counting) return refused("ROWMQ_STRICT_COUNTING is not true or false");
    }
    if (const auto text = environment("ROWMQ_LOG_LEVEL")) {
        auto level = parse_log_level(*text);
        if (level.has_error()) return at("ROWMQ_LOG_LEVEL", level.error());
        layer.log_level = std::move(*level);
    }
    for (const auto& limit : limits) {
        const auto name = "ROWMQ_LIMITS_" + upper(limit.name);
        const auto text = environment(name);
        if (!text) continue;
        if (auto set = set_limit(layer.limits, limit, number_of(*text), name); set.has_error()) return std::move(set).error();
    }
    return layer;
}

Result<Layer> read_toml(std::string_view text, const std::string& where) {
    const auto parsed = toml::parse(text, where);
    if (!parsed) {
        const auto& error = parsed.error();
        return refused(fmt::format("{}, line {}: {}", where, error.source().begin.line, error.description()));
    }
    Layer layer;
    for (const auto& [name, node] : parsed.table()) {
        if (auto read = read_toml_member(name.str(), node, where, layer); read.has_error()) return std::move(read).error();
    }
    return layer;
}

Result<Layer> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return refused(fmt::format("the configuration file \"{}\" cannot be read", path));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) return refused(fmt::format("the configuration file \"{}\" cannot be read", path));
    return read_toml(text, path);
}

Result<Settings> settle(const Layer& flags, const Environment& environment, std::string file) {
    Settings settings;
    for (const auto& served : served_listeners) {
        settings.listeners[std::string(served.name)] = Endpoint{.address = "127.0.0.1", .port = served.port};
    }
    if (file.empty()) file = environment("ROWMQ_CONFIG").value_or("");
    if (!file.empty()) {
        const auto layer = read_file(file);
        if (layer.has_error()) return layer.error();
        put_over(*layer, settings);
    }
    const auto layer = read_environment(environment);
    if (layer.has_error()) return layer.error();
    put_over(*layer, settings);
    put_over(flags, settings);
    return settings;
}

}  // namespace rowmq::app
