#include "management/tables.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::value to_value(const HeaderValue& value);

struct AsJson {
    json::value operator()(std::nullptr_t) const { return nullptr; }
    json::value operator()(bool flag) const { return flag; }
    json::value operator()(std::int64_t number) const { return number; }
    json::value operator()(double number) const { return number; }
    json::value operator()(const std::string& text) const { return json::string(text); }
    json::value operator()(const Binary& binary) const { return json::string(is_utf8(binary.bytes) ? binary.bytes : std::string()); }
    json::value operator()(WallTime time) const { return time.time_since_epoch().count() / 1'000; }
    json::value operator()(const HeaderList& list) const {
        json::array out;
        for (const HeaderValue& one : list) out.push_back(to_value(one));
        return out;
    }
    json::value operator()(const HeaderTable& table) const { return management::to_json(table); }
};

json::value to_value(const HeaderValue& value) { return std::visit(AsJson{}, value.value); }

Result<HeaderValue> value_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return Error{Errc::invalid_argument, "null_not_allowed"};
        case json::kind::bool_: return HeaderValue{value.get_bool(), {}};
        case json::kind::int64: return HeaderValue{value.get_int64(), {}};
        case json::kind::uint64: return Error{Errc::invalid_argument, fmt::format("the number {} is too large", value.get_uint64())};
        case json::kind::double_: return HeaderValue{value.get_double(), {}};
        case json::kind::string: return HeaderValue{std::string(std::string_view(value.get_string())), {}};
        case json::kind::array: {
            HeaderList list;
            for (const json::value& one : value.get_array()) {
                Result<HeaderValue> read = value_of(one);
                if (!read) return read;
                list.push_back(*std::move(read));
            }
            return HeaderValue{std::move(list), {}};
        }
        case json::kind::object: {
            Result<HeaderTable> table = table_of(value.get_object());
            if (!table) return table.error();
            return HeaderValue{*std::move(table), {}};
        }
    }
    return Error{Errc::invalid_argument, "unknown kind of value"};
}

template <typename P, typename F>
void for_each_text(P& p, F&& f) {
    f("content_type", p.content_type);
    f("content_encoding", p.content_encoding);
    f("correlation_id", p.correlation_id);
    f("reply_to", p.reply_to);
    f("expiration", p.expiration);
    f("message_id", p.message_id);
    f("type", p.type);
    f("user_id", p.user_id);
    f("app_id", p.app_id);
    f("cluster_id", p.cluster_id);
}

}  // namespace

json::object to_json(const HeaderTable& table) {
    json::object out;
    for (const auto& [name, value] : table) out[name] = to_value(value);
    return out;
}

Result<HeaderTable> table_of(const json::object& object) {
    HeaderTable table;
    for (const auto& [name, value] : object) {
        Result<HeaderValue> read = value_of(value);
        if (!read) return read.error();
        table.push_back({std::string(name), *std::move(read)});
    }
    return table;
}

json::value to_json(const amqp::BasicProperties& p) {
    json::object out;
    for_each_text(p, [&](const char* name, const auto& value) {
        if (value && is_utf8(*value)) out[name] = *value;
    });
    if (p.priority) out["priority"] = *p.priority;
    if (p.delivery_mode) out["delivery_mode"] = *p.delivery_mode;
    if (p.timestamp) out["timestamp"] = *p.timestamp;
    if (p.headers) out["headers"] = to_json(*p.headers);
    if (out.empty()) return json::array();
    return out;
}

Result<amqp::BasicProperties> properties_of(const json::object& object) {
    amqp::BasicProperties p;
    std::optional<Error> wrong;
    const auto fail = [&](std::string_view name) {
        if (!wrong) wrong = Error{Errc::invalid_argument, fmt::format("the property {} is of a wrong kind", name)};
    };
    for_each_text(p, [&](const char* name, auto& value) {
        const auto* given = object.if_contains(name);
        if (!given) return;
        if (given->is_string()) value = std::string(std::string_view(given->get_string()));
        else fail(name);
    });
    const auto number = [&](const char* name, std::int64_t most, auto& value) {
        const auto* given = object.if_contains(name);
        if (!given) return;
        if (given->is_int64() && given->get_int64() >= 0 && given->get_int64() <= most) value = given->get_int64();
        else fail(name);
    };
    std::optional<std::int64_t> priority, mode, time;
    number("priority", 255, priority);
    number("delivery_mode", 255, mode);
    number("timestamp", INT64_MAX, time);
    if (priority) p.priority = static_cast<std::uint8_t>(*priority);
    if (mode) p.delivery_mode = static_cast<std::uint8_t>(*mode);
    if (time) p.timestamp = static_cast<std::uint64_t>(*time);
    // An empty list is PHP's empty table.
    if (const auto* headers = object.if_contains("headers"); headers && *headers != json::value(json::array())) {
        const auto* table = headers->if_object();
        if (!table) {
            fail("headers");
        } else {
            Result<HeaderTable> read = table_of(*table);
            if (!read) return read.error();
            p.headers = *std::move(read);
        }
    }
    if (wrong) return *wrong;
    return p;
}

}  // namespace rowmq::management
