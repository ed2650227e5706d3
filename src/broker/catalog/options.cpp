#include "broker/catalog/options.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "broker/json_text.hpp"

namespace rowmq {
namespace {

// Every option once: its stored name and its place. `visit(name, member, default)`.
template <typename O, typename F>
void for_each_option(O& o, F&& visit) {
    static const QueueOptions d;
    visit("kind", o.kind, d.kind);
    visit("lease_ms", o.lease, d.lease);
    visit("delay_ms", o.delay, d.delay);
    visit("ttl_ms", o.ttl, d.ttl);
    visit("wait_ms", o.wait, d.wait);
    visit("max_message_bytes", o.max_message_bytes, d.max_message_bytes);
    visit("max_length", o.max_length, d.max_length);
    visit("max_bytes", o.max_bytes, d.max_bytes);
    visit("overflow", o.overflow, d.overflow);
    visit("max_priority", o.max_priority, d.max_priority);
    visit("idle_expiry_ms", o.idle_expiry, d.idle_expiry);
    visit("max_receives", o.max_receives, d.max_receives);
    visit("dead_letter", o.dead_letter, d.dead_letter);
    visit("backoff_initial_ms", o.backoff.initial, d.backoff.initial);
    visit("backoff_multiplier", o.backoff.multiplier, d.backoff.multiplier);
    visit("backoff_max_ms", o.backoff.max, d.backoff.max);
    visit("backoff_jitter", o.backoff.jitter, d.backoff.jitter);
    visit("backoff_on_expiry", o.backoff.on_expiry, d.backoff.on_expiry);
    visit("deduplication", o.deduplication.enabled, d.deduplication.enabled);
    visit("deduplication_content_based", o.deduplication.content_based, d.deduplication.content_based);
    visit("deduplication_scope", o.deduplication.scope, d.deduplication.scope);
    visit("deduplication_window_ms", o.deduplication.window, d.deduplication.window);
    visit("strict_counting", o.strict_counting, d.strict_counting);
    visit("paused", o.paused, d.paused);
    visit("tags", o.tags, d.tags);
    visit("attributes", o.attributes, d.attributes);
}

using Texts = std::map<std::string, std::string>;

void write(std::string& out, bool b) { out += b ? "true" : "false"; }
void write(std::string& out, double d) { json_text::append_number(out, d); }
void write(std::string& out, milliseconds ms) { json_text::append_number(out, std::int64_t{ms.count()}); }
template <typename I>
requires std::is_integral_v<I>
void write(std::string& out, I i) { json_text::append_number(out, static_cast<std::int64_t>(i)); }
template <typename E>
requires std::is_enum_v<E>
void write(std::string& out, E e) { json_text::append_number(out, static_cast<std::int64_t>(e)); }
void write(std::string& out, const Texts& texts) {
    HeaderTable table;
    for (const auto& [name, text] : texts) table.push_back({name, {text, {}}});
    json_text::append_value(out, {std::move(table), {}});
}
void write(std::string& out, const DeadLetter& target) {
    json_text::ObjectWriter object(out);
    object.text("exchange", target.exchange);
    if (target.routing_key) object.text("routing_key", *target.routing_key);
    if (!target.expired) write(object.key("expired"), target.expired);
    if (target.or_drop) write(object.key("or_drop"), true);
    object.close();
}
template <typename T>
void write(std::string& out, const std::optional<T>& o) {
    write(out, *o);  // only written when it differs from the default, which is none
}

using Json = boost::json::value;
void read(const Json& j, bool& b) { b = j.as_bool(); }
void read(const Json& j, double& d) { d = json_text::double_of(j); }
void read(const Json& j, milliseconds& ms) { ms = milliseconds(j.to_number<std::int64_t>()); }
template <typename I>
requires(std::is_integral_v<I> && !std::is_same_v<I, bool>) void read(const Json& j, I& i) { i = j.to_number<I>(); }
template <typename E>
requires std::is_enum_v<E>
void read(const Json& j, E& e) { e = static_cast<E>(j.to_number<std::underlying_type_t<E>>()); }
void read(const Json& j, Texts& texts) {
    const HeaderValue table = json_text::value_of(j);
    for (const Header& h : std::get<HeaderTable>(table.value)) texts[h.name] = std::get<std::string>(h.value.value);
}
void read(const Json& j, DeadLetter& target) {
    target.exchange = json_text::text_of(j.as_object().at("exchange"));
    if (const auto* key = j.as_object().if_contains("routing_key")) target.routing_key = json_text::text_of(*key);
    if (const auto* expired = j.as_object().if_contains("expired")) target.expired = expired->as_bool();
    if (const auto* drop = j.as_object().if_contains("or_drop")) target.or_drop = drop->as_bool();
}
template <typename T>
void read(const Json& j, std::optional<T>& o) {
    read(j, o.emplace());
}

}  // namespace

std::string encode(const QueueOptions& options) {
    std::string out;
    json_text::ObjectWriter object(out);
    for_each_option(options, [&](std::string_view name, const auto& value, const auto& usual) {
        if (!(value == usual)) write(object.key(name), value);
    });
    object.close();
    return out;
}

QueueOptions decode_queue_options(std::string_view json) {
    constexpr std::string_view what = "options of a queue";
    return json_text::reading(what, [&] {
        QueueOptions options;
        const Json parsed = json_text::parse(json, what);
        for_each_option(options, [&](std::string_view name, auto& value, const auto&) {
            if (const auto* found = parsed.as_object().if_contains(name)) read(*found, value);
        });
        return options;
    });
}

std::string encode(const ExchangeOptions& options) {
    std::string out;
    json_text::ObjectWriter object(out);
    write(object.key("kind"), options.kind);
    if (!options.alternate.empty()) object.text("alternate", options.alternate);
    if (!options.attributes.empty()) write(object.key("attributes"), options.attributes);
    if (options.hash_on.what != HashOn::What::routing_key) write(object.key("hash_on"), options.hash_on.what);
    if (!options.hash_on.header.empty()) object.text("hash_header", options.hash_on.header);
    object.close();
    return out;
}

ExchangeOptions decode_exchange_options(std::string_view json) {
    constexpr std::string_view what = "options of an exchange";
    return json_text::reading(what, [&] {
        ExchangeOptions options;
        const Json parsed = json_text::parse(json, what);
        const auto& object = parsed.as_object();
        if (const auto* kind = object.if_contains("kind")) read(*kind, options.kind);
        if (const auto* alternate = object.if_contains("alternate")) options.alternate = json_text::text_of(*alternate);
        if (const auto* attributes = object.if_contains("attributes")) read(*attributes, options.attributes);
        if (const auto* on = object.if_contains("hash_on")) read(*on, options.hash_on.what);
        if (const auto* header = object.if_contains("hash_header")) options.hash_on.header = json_text::text_of(*header);
        return options;
    });
}

std::optional<Error> check_name(std::string_view what, std::string_view name, const Limits& limits) {
    if (name.empty() || name.size() > limits.name_bytes)
        return Error{Errc::invalid_argument, fmt::format("{} of {} bytes: 1 to {} are allowed", what, name.size(), limits.name_bytes)};
    if (name.find('\0') != std::string_view::npos) return Error{Errc::invalid_argument, fmt::format("{} contains U+0000", what)};
    if (!is_utf8(name)) return Error{Errc::invalid_argument, fmt::format("{} is not UTF-8", what)};
    return std::nullopt;
}

std::optional<Error> check(const QueueOptions& o, const Limits& limits) {
    const auto wrong = [](std::string_view name, std::string_view range) {
        return Error{Errc::invalid_argument, fmt::format("{} must be {}", name, range)};
    };
    using std::chrono::milliseconds;
    if (o.lease < milliseconds(0) || o.lease > limits.lease) return wrong("lease", fmt::format("0 to {} ms", limits.lease.count()));
    if (o.wait < milliseconds(0) || o.wait > limits.wait) return wrong("wait", fmt::format("0 to {} ms", limits.wait.count()));
    if (o.delay < milliseconds(0)) return wrong("delay", "0 ms or more");
    if (o.ttl && *o.ttl < milliseconds(0)) return wrong("ttl", "0 ms or more");
    if (o.max_message_bytes < 1 || o.max_message_bytes > limits.message_bytes)
        return wrong("max_message_bytes", fmt::format("1 to {}", limits.message_bytes));
    if (o.max_length && *o.max_length < 0) return wrong("max_length", "0 or more");
    if (o.max_bytes && *o.max_bytes < 0) return wrong("max_bytes", "0 or more");
    if (o.idle_expiry && *o.idle_expiry <= milliseconds(0)) return wrong("idle_expiry", "more than 0 ms");
    if (o.backoff.initial < milliseconds(0)) return wrong("backoff.initial", "0 ms or more");
    if (o.backoff.max < milliseconds(0)) return wrong("backoff.max", "0 ms or more");
    if (!(o.backoff.multiplier >= 1 && o.backoff.multiplier <= 10)) return wrong("backoff.multiplier", "1 to 10");
    if (!(o.backoff.jitter >= 0 && o.backoff.jitter <= 1)) return wrong("backoff.jitter", "0 to 1");
    if (o.deduplication.window <= milliseconds(0) || o.deduplication.window > std::chrono::hours(24))
        return wrong("deduplication.window", "1 ms to 24 h");
    if (o.kind == QueueKind::fifo && o.max_priority > 0) return wrong("max_priority", "0 in a FIFO queue");
    if (o.tags.size() > limits.tags) return wrong("tags", fmt::format("at most {}", limits.tags));
    std::size_t bytes = 0;
    for (const auto* texts : {&o.tags, &o.attributes})
        for (const auto& [name, text] : *texts) bytes += name.size() + text.size();
    if (bytes > limits.attributes_bytes)
        return wrong("tags and attributes together", fmt::format("at most {} bytes", limits.attributes_bytes));
    return std::nullopt;
}

std::string first_difference(const QueueOptions& a, const QueueOptions& b) {
    // The visitor hands out one side's members; the other side's are found by walking it in step.
    std::vector<std::string> left, right;
    std::vector<std::string_view> names;
    const auto collect = [](const QueueOptions& o, std::vector<std::string>& texts, std::vector<std::string_view>* into) {
        for_each_option(o, [&](std::string_view name, const auto& value, const auto& usual) {
            std::string& text = texts.emplace_back();
            if (!(value == usual)) write(text, value);
            if (into) into->push_back(name);
        });
    };
    collect(a, left, &names);
    collect(b, right, nullptr);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (left[i] != right[i]) return std::string(names[i]);
    return {};
}

}  // namespace rowmq
