#include "broker/properties.hpp"

#include "broker/json_text.hpp"
#include "rowmq/error.hpp"

namespace rowmq {
namespace {

// Every text property once, for both directions.
template <typename P, typename F>
void for_each_text(P& p, F&& f) {
    f("content_type", p.content_type);
    f("content_encoding", p.content_encoding);
    f("key", p.key);
    f("group", p.group);
    f("deduplication_id", p.deduplication_id);
    f("correlation_id", p.correlation_id);
    f("reply_to", p.reply_to);
    f("message_id", p.message_id);
    f("user_id", p.user_id);
    f("app_id", p.app_id);
    f("type", p.type);
    f("exchange", p.exchange);
    f("routing_key", p.routing_key);
}

Properties read_properties(std::string_view json) {
    Properties p;
    const boost::json::value parsed = json_text::parse(json, "properties");
    const auto* object = parsed.if_object();
    if (!object) throw Failure("stored properties are not an object");
    for_each_text(p, [&](std::string_view name, std::string& text) {
        if (const auto* v = object->if_contains(name)) text = json_text::text_of(*v);
    });
    if (const auto* v = object->if_contains("priority")) p.priority = v->to_number<std::uint8_t>();
    if (const auto* v = object->if_contains("delivery_mode")) p.delivery_mode = v->to_number<std::uint8_t>();
    if (const auto* v = object->if_contains("timestamp_ms")) p.timestamp = WallTime(milliseconds(v->to_number<std::int64_t>()));
    if (const auto* v = object->if_contains("expiration_ms")) p.expiration = milliseconds(v->to_number<std::int64_t>());
    if (const auto* v = object->if_contains("more_keys"))
        for (const auto& key : v->as_array()) p.more_keys.push_back(json_text::text_of(key));
    if (const auto* v = object->if_contains("headers")) p.headers = std::get<HeaderTable>(json_text::value_of(*v).value);
    if (const auto* v = object->if_contains("opaque")) {
        const HeaderValue table = json_text::value_of(*v);
        for (const Header& h : std::get<HeaderTable>(table.value)) p.opaque[h.name] = std::get<std::string>(h.value.value);
    }
    return p;
}

}  // namespace

std::string encode(const Properties& p) {
    std::string out;
    json_text::ObjectWriter object(out);
    for_each_text(p, [&](std::string_view name, const std::string& text) {
        if (!text.empty()) object.text(name, text);
    });
    if (p.priority) object.number("priority", *p.priority);
    if (p.delivery_mode) object.number("delivery_mode", *p.delivery_mode);
    if (p.timestamp) object.number("timestamp_ms", p.timestamp->time_since_epoch().count());
    if (p.expiration) object.number("expiration_ms", p.expiration->count());
    if (!p.more_keys.empty()) {
        HeaderList keys;
        for (const std::string& key : p.more_keys) keys.push_back({key, {}});
        json_text::append_value(object.key("more_keys"), {std::move(keys), {}});
    }
    if (!p.headers.empty()) json_text::append_value(object.key("headers"), {p.headers, {}});
    if (!p.opaque.empty()) {
        HeaderTable table;
        for (const auto& [protocol, bytes] : p.opaque) table.push_back({protocol, {bytes, {}}});
        json_text::append_value(object.key("opaque"), {std::move(table), {}});
    }
    object.close();
    return out.size() == 2 ? std::string() : out;
}

Properties decode_properties(std::string_view json) {
    if (json.empty()) return {};
    return json_text::reading("properties", [&] { return read_properties(json); });
}

}  // namespace rowmq
