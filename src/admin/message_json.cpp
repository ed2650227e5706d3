#include "admin/message_json.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "admin/fields.hpp"
#include "admin/request.hpp"
#include "base/base64.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

std::int64_t since_1970(WallTime time) { return time.time_since_epoch().count(); }

void put_bytes(json::object& out, std::string_view name, std::string_view bytes) {
    if (is_utf8(bytes)) {
        out[{name.data(), name.size()}] = bytes;
    } else {
        out[std::string(name) + "_base64"] = base64_encode(bytes);
    }
}

json::object header_table(const HeaderTable& table);

json::value header_value(const HeaderValue& header) {
    struct {
        json::value operator()(std::nullptr_t) const { return nullptr; }
        json::value operator()(bool value) const { return value; }
        json::value operator()(std::int64_t value) const { return value; }
        json::value operator()(double value) const { return value; }
        json::value operator()(const std::string& value) const {
            if (is_utf8(value)) return json::string(value);
            return json::object{{"base64", base64_encode(value)}};
        }
        json::value operator()(const Binary& value) const { return json::object{{"base64", base64_encode(value.bytes)}}; }
        json::value operator()(WallTime value) const { return json::object{{"time_ms", since_1970(value)}}; }
        json::value operator()(const HeaderList& values) const {
            json::array out;
            for (const auto& value : values) out.push_back(header_value(value));
            return out;
        }
        json::value operator()(const HeaderTable& table) const { return header_table(table); }
    } as_json;
    return std::visit(as_json, header.value);
}

json::object header_table(const HeaderTable& table) {
    json::object out;
    for (const auto& header : table) out[header.name] = header_value(header.value);
    return out;
}

HeaderTable read_table(const json::object& object);

HeaderValue read_header(const json::value& value) {
    HeaderValue header;
    if (value.is_bool()) {
        header.value = value.get_bool();
    } else if (value.is_int64()) {
        header.value = value.get_int64();
    } else if (value.is_number()) {
        header.value = value.to_number<double>();
    } else if (value.is_string()) {
        header.value = std::string(value.get_string());
    } else if (value.is_array()) {
        HeaderList list;
        for (const auto& item : value.get_array()) list.push_back(read_header(item));
        header.value = std::move(list);
    } else if (value.is_object()) {
        header.value = read_table(value.get_object());
    }
    return header;
}

HeaderTable read_table(const json::object& object) {
    HeaderTable table;
    for (const auto& member : object) table.push_back(Header{std::string(member.key()), read_header(member.value())});
    return table;
}

/// Every property that is a string, by its name in JSON: written and read by the same list.
constexpr std::array<std::pair<std::string_view, std::string Properties::*>, 13> text_properties{{
    {"content_type", &Properties::content_type},
    {"content_encoding", &Properties::content_encoding},
    {"key", &Properties::key},
    {"group", &Properties::group},
    {"deduplication_id", &Properties::deduplication_id},
    {"correlation_id", &Properties::correlation_id},
    {"reply_to", &Properties::reply_to},
    {"message_id", &Properties::message_id},
    {"user_id", &Properties::user_id},
    {"app_id", &Properties::app_id},
    {"type", &Properties::type},
    {"exchange", &Properties::exchange},
    {"routing_key", &Properties::routing_key},
}};

json::object properties_json(const Properties& properties) {
    json::object out;
    for (const auto& [name, member] : text_properties) {
        if (!(properties.*member).empty()) put_bytes(out, name, properties.*member);
    }
    if (properties.priority) out["priority"] = *properties.priority;
    if (properties.delivery_mode) out["delivery_mode"] = *properties.delivery_mode;
    if (properties.timestamp) out["timestamp_ms"] = since_1970(*properties.timestamp);
    if (properties.expiration) out["expiration_ms"] = properties.expiration->count();
    if (!properties.headers.empty()) out["headers"] = header_table(properties.headers);
    if (!properties.opaque.empty()) {
        json::object opaque;
        for (const auto& [protocol, part] : properties.opaque) put_bytes(opaque, protocol, part);
        out["opaque"] = std::move(opaque);
    }
    return out;
}

Properties read_properties(Fields& outer) {
    Properties properties;
    const auto* object = outer.object("properties");
    if (!object) return properties;
    Fields fields(*object, "properties");
    for (const auto& [name, member] : text_properties) fields.text(name, properties.*member);
    fields.integer("priority", properties.priority);
    fields.integer("delivery_mode", properties.delivery_mode);
    fields.time("timestamp_ms", properties.timestamp);
    fields.duration("expiration_ms", properties.expiration);
    if (const auto* headers = fields.object("headers")) properties.headers = read_table(*headers);
    if (auto error = fields.error()) outer.fail(error->text);
    return properties;
}

std::string read_body(Fields& fields) {
    std::optional<std::string> text, encoded;
    fields.text("body", text);
    fields.text("body_base64", encoded);
    if (text.has_value() == encoded.has_value()) {
        fields.fail("message: one of \"body\" and \"body_base64\" is needed");
        return {};
    }
    if (text) return std::move(*text);
    auto bytes = base64_decode(*encoded);
    if (!bytes) fields.fail("message: \"body_base64\" is not base64");
    return std::move(bytes).value_or("");
}

}  // namespace

std::string to_text(const Lease& lease) {
    return fmt::format("{}-{}-{}-{}-{}", value_of(lease.queue), value_of(lease.sequence), lease.lane, lease.number, lease.epoch);
}

Result<Lease> lease_of(std::string_view text) {
    const Error refused{Errc::invalid_argument, "the lease is not one this server has given"};
    std::array<std::int64_t, 5> parts{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && (at == end || *at++ != '-')) return refused;
        if (at == end || *at < '0' || *at > '9') return refused;
        const auto read = std::from_chars(at, end, parts[i]);
        if (read.ec != std::errc{}) return refused;
        at = read.ptr;
    }
    constexpr std::int64_t u32 = std::numeric_limits<std::uint32_t>::max();
    if (at != end || parts[2] > 255 || parts[3] > u32 || parts[4] > u32) return refused;
    return Lease{.queue = QueueId{parts[0]},
                 .sequence = Sequence{parts[1]},
                 .number = static_cast<std::uint32_t>(parts[3]),
                 .epoch = static_cast<std::uint32_t>(parts[4]),
                 .lane = static_cast<std::uint8_t>(parts[2])};
}

json::object to_json(const Delivery& delivery) {
    auto out = peeked_json(delivery);
    out["lease"] = to_text(delivery.lease);
    return out;
}

json::object peeked_json(const Delivery& delivery) {
    json::object out;
    out["id"] = value_of(delivery.message_id);
    out["sequence"] = value_of(delivery.lease.sequence);
    put_bytes(out, "body", delivery.message.text());
    out["receives"] = delivery.receives;
    out["redelivered"] = delivery.redelivered;
    out["published_at_ms"] = since_1970(delivery.published_at);
    if (delivery.expires_at) out["expires_at_ms"] = since_1970(*delivery.expires_at);
    if (delivery.message.properties) {
        auto properties = properties_json(*delivery.message.properties);
        if (!properties.empty()) out["properties"] = std::move(properties);
    }
    if (!delivery.dead_letters.empty()) {
        json::array records;
        for (const auto& record : delivery.dead_letters) {
            json::object one;
            one["reason"] = name_of(record.reason);
            one["queue"] = record.queue;
            one["count"] = record.count;
            one["receives"] = record.receives;
            one["first_ms"] = since_1970(record.first);
            one["last_ms"] = since_1970(record.last);
            records.push_back(std::move(one));
        }
        out["dead_letters"] = std::move(records);
    }
    return out;
}

json::object to_json(const PublishResult& result) {
    json::object out;
    if (result.error) {
        out["error"] = error_json(*result.error);
        return out;
    }
    out["id"] = value_of(result.message);
    out["sequence"] = value_of(result.sequence);
    out["queues"] = result.queues;
    out["duplicate"] = result.duplicate;
    return out;
}

Result<Publish> read_publish(const json::object& object, std::string_view queue) {
    Fields fields(object, "message");
    Publish publish;
    publish.routing_key = std::string(queue);
    auto body = read_body(fields);
    fields.text("group", publish.group);
    fields.text("deduplication_id", publish.deduplication_id);
    fields.integer("priority", publish.priority);
    fields.duration("delay_ms", publish.delay);
    fields.time("deliver_at_ms", publish.deliver_at);
    fields.duration("ttl_ms", publish.ttl);
    auto properties = read_properties(fields);
    if (auto error = fields.error()) return std::move(*error);
    publish.message = properties == Properties{} ? Message(std::move(body)) : Message(std::move(body), std::move(properties));
    return publish;
}

Result<Settlement> read_settlement(const json::object& object) {
    Fields fields(object, "settlement");
    Settlement settlement;
    std::string lease, verdict = "done";
    fields.text("lease", lease);
    fields.text("verdict", verdict);
    fields.duration("delay_ms", settlement.delay);
    if (verdict == "release") {
        settlement.verdict = Verdict::release;
    } else if (verdict == "reject") {
        settlement.verdict = Verdict::reject;
    } else if (verdict != "done") {
        fields.fail("settlement: \"verdict\" is none of \"done\", \"release\", \"reject\"");
    }
    if (auto error = fields.error()) return std::move(*error);
    auto parsed = lease_of(lease);
    if (parsed.has_error()) return std::move(parsed).error();
    settlement.lease = *parsed;
    return settlement;
}

bool is_utf8(std::string_view bytes) noexcept {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto first = static_cast<unsigned char>(bytes[i]);
        std::size_t length = 0;
        if (first < 0x80) {
            ++i;
            continue;
        }
        if (first >= 0xc2 && first <= 0xdf) length = 2;
        if (first >= 0xe0 && first <= 0xef) length = 3;
        if (first >= 0xf0 && first <= 0xf4) length = 4;
        if (length == 0 || bytes.size() - i < length) return false;
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(bytes[i + k]) & 0xc0) != 0x80) return false;
        }
        const auto second = static_cast<unsigned char>(bytes[i + 1]);
        // Overlong forms, surrogates, beyond U+10FFFF (RFC 3629, section 4).
        if (first == 0xe0 && second < 0xa0) return false;
        if (first == 0xed && second > 0x9f) return false;
        if (first == 0xf0 && second < 0x90) return false;
        if (first == 0xf4 && second > 0x8f) return false;
        i += length;
    }
    return true;
}

}  // namespace rowmq::admin
