#include "aws/notification.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>

#include "aws/json.hpp"
#include "aws/message_attributes.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace rowmq::aws {
namespace {

constexpr std::string_view note_prefix = "sns:";

/// A header as SNS tells an attribute; none: nested and empty values have no place in SNS.
std::optional<Notification::Attribute> attribute_of(const HeaderValue& header) {
    const auto typed = [&](std::string_view usual, std::string value) {
        // The tag is a DataType only where a client of SQS or SNS said it: AMQP keeps its own letters there.
        return Notification::Attribute{is_data_type(header.tag) ? header.tag : std::string(usual), std::move(value)};
    };
    if (const auto* text = std::get_if<std::string>(&header.value)) {
        if (text->empty()) return std::nullopt;
        return is_utf8(*text) ? typed("String", *text) : Notification::Attribute{"Binary", base64_encode(*text)};
    }
    if (const auto* bytes = std::get_if<Binary>(&header.value)) return typed("Binary", base64_encode(bytes->bytes));
    if (const auto* number = std::get_if<std::int64_t>(&header.value)) return typed("Number", std::to_string(*number));
    if (const auto* number = std::get_if<double>(&header.value))
        return typed(std::isfinite(*number) ? "Number" : "String", fmt::format("{}", *number));
    if (const auto* flag = std::get_if<bool>(&header.value)) return typed("String", *flag ? "true" : "false");
    if (const auto* time = std::get_if<WallTime>(&header.value)) return typed("Number", std::to_string(time->time_since_epoch().count()));
    return std::nullopt;
}

/// Writes the members as SNS does: one a line.
class Members {
public:
    explicit Members(std::string& out) : out_(out) { out_ += '{'; }
    void text(std::string_view name, std::string_view value) { append_json_text(key(name), value); }
    void text(std::string_view name, const Text& value) {
        if (value) text(name, std::string_view(*value));
    }
    std::string& key(std::string_view name) {
        out_ += first_ ? "\n  \"" : ",\n  \"";
        first_ = false;
        out_.append(name).append("\" : ");
        return out_;
    }
    void close() { out_ += "\n}"; }

private:
    std::string& out_;
    bool first_ = true;
};

}  // namespace

std::string_view name_of(Notification::Type type) noexcept {
    switch (type) {
        case Notification::Type::notification: return "Notification";
        case Notification::Type::subscription_confirmation: return "SubscriptionConfirmation";
        case Notification::Type::unsubscribe_confirmation: return "UnsubscribeConfirmation";
    }
    return "Notification";
}

std::string iso_time(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), (time - seconds).count());
}

std::string text_to_sign(const Notification& n) {
    std::string out;
    const auto line = [&](std::string_view name, std::string_view value) { out.append(name).append("\n").append(value).append("\n"); };
    line("Message", n.message);
    line("MessageId", n.message_id);
    if (n.type == Notification::Type::notification) {
        if (n.subject) line("Subject", *n.subject);
        line("Timestamp", n.timestamp);
    } else {
        line("SubscribeURL", n.subscribe_url.value_or(""));
        line("Timestamp", n.timestamp);
        line("Token", n.token.value_or(""));
    }
    line("TopicArn", n.topic_arn);
    line("Type", name_of(n.type));
    return out;
}

std::string envelope(const Notification& n, std::string_view signature, std::string_view certificate_url) {
    std::string out;
    Members members(out);
    members.text("Type", name_of(n.type));
    members.text("MessageId", std::string_view(n.message_id));
    members.text("SequenceNumber", n.sequence_number);
    members.text("Token", n.token);
    members.text("TopicArn", std::string_view(n.topic_arn));
    members.text("Subject", n.subject);
    members.text("Message", std::string_view(n.message));
    members.text("SubscribeURL", n.subscribe_url);
    members.text("Timestamp", std::string_view(n.timestamp));
    if (!signature.empty()) {
        members.text("SignatureVersion", std::string_view(n.signature_version == SignatureVersion::sha256 ? "2" : "1"));
        members.text("Signature", signature);
        members.text("SigningCertURL", certificate_url);
    }
    if (n.type == Notification::Type::notification) members.text("UnsubscribeURL", std::string_view(n.unsubscribe_url));
    if (!n.attributes.empty()) {
        std::string& to = members.key("MessageAttributes");
        to += '{';
        for (const auto& attribute : n.attributes) {
            to += &attribute == n.attributes.data() ? "\n    " : ",\n    ";
            append_json_text(to, attribute.first);
            to += " : {\"Type\":";
            append_json_text(to, attribute.second.type);
            to += ",\"Value\":";
            append_json_text(to, attribute.second.value);
            to += '}';
        }
        to += "\n  }";
    }
    members.close();
    return out;
}

std::string note_of(const Subscribed& subscribed) { return fmt::format("{}{}:{}", note_prefix, subscribed.id, subscribed.topic); }

std::optional<Subscribed> subscribed_of(const Delivery& delivery) {
    std::string_view note = delivery.note;
    if (!note.starts_with(note_prefix)) return std::nullopt;
    note.remove_prefix(note_prefix.size());
    const auto colon = note.find(':');
    if (colon != std::string_view::npos)
        return Subscribed{.topic = std::string(note.substr(colon + 1)), .id = std::string(note.substr(0, colon))};
    return Subscribed{.topic = delivery.message.properties ? delivery.message.properties->exchange : std::string(),
                      .id = std::string(note)};
}

Notifications::Notifications(Broker& broker, const Place& place, Signer* signer)
    : broker_(broker), place_(place), signer_(signer), seal_(broker.health().store_id) {}

awaitable<std::string> Notifications::render(Delivery delivery, Subscribed by, std::string origin, Text message) {
    static const Properties none;
    const Properties& p = delivery.message.properties ? *delivery.message.properties : none;
    Notification n;
    n.message_id = seal_.message_id(delivery.message_id);
    n.topic_arn = fmt::format("arn:aws:sns:{}:{}:{}", place_.region, place_.account, by.topic);
    n.message = message ? *std::move(message) : std::string(delivery.message.text());
    n.timestamp = iso_time(delivery.published_at);
    if (const auto subject = p.opaque.find(std::string(opaque_subject)); subject != p.opaque.end()) n.subject = subject->second;
    if (by.topic.ends_with(".fifo")) n.sequence_number = fmt::format("{:020}", value_of(delivery.lease.sequence));
    n.unsubscribe_url = fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}:{}", origin, n.topic_arn, by.id);
    for (const Header& header : p.headers)
        if (auto attribute = is_utf8(header.name) ? attribute_of(header.value) : std::nullopt)
            n.attributes.emplace_back(header.name, *std::move(attribute));
    if (!is_utf8(n.message)) {  // JSON is text: as the SQS room says it
        n.message = base64_encode(n.message);
        n.attributes.emplace_back(body_encoding, Notification::Attribute{"String", "base64"});
    }
    if (const auto topic = broker_.exchange(by.topic); topic && !n.sequence_number) {
        const auto version = topic->options.attributes.find(std::string(attribute_signature));
        if (version != topic->options.attributes.end() && version->second == "2") n.signature_version = SignatureVersion::sha256;
    }
    co_return co_await render(std::move(n), std::move(origin));
}

awaitable<std::string> Notifications::render(Notification notification, std::string origin) {
    if (!signer_ || notification.sequence_number) co_return envelope(notification, {}, {});
    std::string text = text_to_sign(notification);
    const Result<std::string> signature = co_await signer_->sign(std::move(text), notification.signature_version);
    if (!signature) spdlog::warn("sns: a notification goes out without its signature: {}", signature.error().text);
    co_return envelope(notification, signature ? *signature : std::string(), origin + std::string(certificate_path));
}

}  // namespace rowmq::aws
