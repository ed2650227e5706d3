#include "sqs/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/base64.hpp"
#include "sqs/instructions.hpp"
#include "sqs/message_checks.hpp"
#include "sqs/service.hpp"

namespace rowmq::sqs {
namespace {

/// The one system attribute a sender may give, kept as SQS's own part of the message.
constexpr std::string_view trace_header = "AWSTraceHeader";
constexpr std::string_view opaque_key = "sqs";

std::string millis(WallTime time) { return std::to_string(time.time_since_epoch().count()); }

/// The SQS type of a header; `tag` when it came from SQS.
std::string type_of(const HeaderValue& value, std::string_view usual) { return is_data_type(value.tag) ? value.tag : std::string(usual); }

/// A header as an attribute; nested and empty values have no place in SQS.
std::optional<MessageAttribute> attribute_of(const HeaderValue& header) {
    MessageAttribute attribute;
    if (const auto* text = std::get_if<std::string>(&header.value)) {
        if (text->empty()) return std::nullopt;
        if (is_message_text(*text)) {
            attribute.type = type_of(header, "String");
            attribute.text = *text;
        } else {
            attribute.type = "Binary";
            attribute.bytes = *text;
        }
    } else if (const auto* bytes = std::get_if<Binary>(&header.value)) {
        if (bytes->bytes.empty()) return std::nullopt;
        attribute.type = type_of(header, "Binary");
        attribute.bytes = bytes->bytes;
    } else if (const auto* b = std::get_if<bool>(&header.value)) {
        attribute.type = "String";
        attribute.text = *b ? "true" : "false";
    } else if (const auto* n = std::get_if<std::int64_t>(&header.value)) {
        attribute.type = "Number";
        attribute.text = std::to_string(*n);
    } else if (const auto* d = std::get_if<double>(&header.value)) {
        attribute.type = std::isfinite(*d) ? "Number" : "String";  // SQS knows no number that is none
        attribute.text = fmt::format("{}", *d);
    } else if (const auto* time = std::get_if<WallTime>(&header.value)) {
        attribute.type = "Number";
        attribute.text = millis(*time);
    } else {
        return std::nullopt;
    }
    return attribute;
}

bool is_selected(std::string_view name, const Texts& wanted) {
    return std::any_of(wanted.begin(), wanted.end(), [&](std::string_view w) {
        if (w == "All" || w == ".*" || w == "*") return true;
        if (w.ends_with(".*")) return name.starts_with(w.substr(0, w.size() - 2));
        return name == w;
    });
}

void add_system_attributes(Map<std::string>& out, const Delivery& d, const Rendering& as) {
    const Texts& names = as.selection.system;
    if (names.empty()) return;
    const bool all = std::find(names.begin(), names.end(), "All") != names.end();
    const auto wanted = [&](std::string_view name) { return all || std::find(names.begin(), names.end(), name) != names.end(); };
    const auto add = [&](std::string_view name, std::string value) {
        if (!value.empty() && wanted(name)) out.emplace_back(name, std::move(value));
    };
    static const Properties none;
    const Properties& p = d.message.properties ? *d.message.properties : none;

    add("SenderId", p.user_id.empty() ? as.settings.account : p.user_id);
    add("SentTimestamp", millis(d.published_at));
    add("ApproximateReceiveCount", std::to_string(d.receives));
    if (d.first_received_at != WallTime{}) add("ApproximateFirstReceiveTimestamp", millis(d.first_received_at));
    if (as.fifo) add("SequenceNumber", sequence_number(d.lease.sequence));
    if (as.fifo) add("MessageDeduplicationId", p.deduplication_id);
    add("MessageGroupId", p.group);
    if (const auto own = p.opaque.find(std::string(opaque_key)); own != p.opaque.end()) add(trace_header, own->second);
    if (!d.dead_letters.empty()) add("DeadLetterQueueSourceArn", arn_of(d.dead_letters.front().queue, as.settings));
}

}  // namespace

std::string sequence_number(Sequence sequence) { return fmt::format("{:020}", value_of(sequence)); }

Publish publish_of(Outgoing& message, const QueueInfo& queue, const Caller& caller) {
    Publish publish;
    publish.routing_key = queue.name;
    // A FIFO queue's messages have its own delay; check() let only a zero through.
    if (message.delay_seconds && queue.options.kind == QueueKind::standard) publish.delay = std::chrono::seconds(*message.delay_seconds);
    const Instructions asked = instructions_of(message.attributes, queue.options.kind).value();
    if (asked.delay) publish.delay = asked.delay;
    publish.deliver_at = asked.deliver_at;
    publish.ttl = asked.ttl;
    publish.priority = asked.priority.value_or(0);
    if (asked.base64) message.body = base64_decode(*message.body);
    publish.group = std::move(message.group).value_or("");
    publish.deduplication_id = std::move(message.deduplication_id).value_or("");

    Properties properties;
    properties.user_id = caller.key_id;
    properties.group = publish.group;
    properties.deduplication_id = publish.deduplication_id;
    properties.priority = asked.priority;
    for (auto& [name, attribute] : message.attributes) {
        if (name.starts_with(instruction_prefix)) continue;
        HeaderValue value;
        value.tag = std::move(attribute.type).value_or("");
        if (attribute.bytes) {
            value.value = Binary{*std::move(attribute.bytes)};
        } else {
            value.value = std::move(attribute.text).value_or("");
        }
        properties.headers.push_back({std::move(name), std::move(value)});
    }
    for (auto& [name, attribute] : message.system_attributes)
        if (name == trace_header && attribute.text) properties.opaque[std::string(opaque_key)] = *std::move(attribute.text);
    if (message.system_attributes.empty() && !caller.trace.empty() && is_message_text(caller.trace))
        properties.opaque[std::string(opaque_key)] = caller.trace;
    if (properties == Properties{}) {
        publish.message = Message(*std::move(message.body));
    } else {
        publish.message = Message(*std::move(message.body), std::move(properties));
    }
    return publish;
}

ReceivedMessage received(const Delivery& delivery, const Rendering& as) {
    ReceivedMessage m;
    m.message_id = as.seal.message_id(delivery.message_id);
    m.receipt_handle = as.seal.handle({delivery.lease, as.second});
    const std::string_view body = delivery.message.text();
    const bool text = is_message_text(body);
    m.body = text ? std::string(body) : base64_encode(body);
    m.body_md5 = as.digests.md5(m.body);
    if (delivery.message.properties && !as.selection.message.empty()) {
        for (const Header& header : delivery.message.properties->headers) {
            // A name of another protocol may have bytes that no XML can carry.
            if (!is_selected(header.name, as.selection.message) || !is_message_text(header.name)) continue;
            if (auto attribute = attribute_of(header.value)) m.attributes.emplace_back(header.name, *std::move(attribute));
        }
    }
    if (!text) m.attributes.emplace_back(body_encoding, MessageAttribute{.type = "String", .text = "base64"});
    m.attributes_md5 = as.digests.md5_of(m.attributes);
    add_system_attributes(m.system_attributes, delivery, as);
    return m;
}

}  // namespace rowmq::sqs
