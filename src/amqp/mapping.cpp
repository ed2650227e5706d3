#include "amqp/mapping.hpp"

#include <charconv>
#include <utility>

#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

/// Of the opaque part: which properties were there but empty, and those the neutral message has no place for.
constexpr const char* opaque_empty = "amqp.empty";
constexpr const char* opaque_cluster = "amqp.cluster_id";
constexpr const char* opaque_expiration = "amqp.expiration";
constexpr const char* opaque_timestamp = "amqp.timestamp";

constexpr std::uint64_t most_seconds = 9'000'000'000'000'000;  // what milliseconds in 63 bits hold

/// The text properties both sides have, with the letter that stands for each in opaque_empty.
template <typename Wire, typename Neutral, typename F>
void for_each_text(Wire& wire, Neutral& neutral, F&& f) {
    f('c', wire.content_type, neutral.content_type);
    f('e', wire.content_encoding, neutral.content_encoding);
    f('o', wire.correlation_id, neutral.correlation_id);
    f('r', wire.reply_to, neutral.reply_to);
    f('m', wire.message_id, neutral.message_id);
    f('t', wire.type, neutral.type);
    f('u', wire.user_id, neutral.user_id);
    f('a', wire.app_id, neutral.app_id);
}

std::string_view reason_text(DeadLetterRecord::Reason reason) {
    switch (reason) {
        case DeadLetterRecord::Reason::max_receives: return "delivery_limit";
        case DeadLetterRecord::Reason::rejected: return "rejected";
        case DeadLetterRecord::Reason::expired: return "expired";
        case DeadLetterRecord::Reason::max_length: return "maxlen";
    }
    return "rejected";
}

HeaderValue text(std::string value) { return {std::move(value), {}}; }

/// x-death and its summaries, as RabbitMQ writes them: newest first.
void add_deaths(HeaderTable& headers, const Delivery& delivery, const Properties& properties) {
    if (delivery.dead_letters.empty()) return;
    std::erase_if(headers, [](const Header& h) { return h.name == "x-death"; });
    HeaderList deaths;
    for (const DeadLetterRecord& record : delivery.dead_letters) {
        HeaderTable death;
        death.push_back({"count", {std::int64_t{record.count}, {}}});
        death.push_back({"reason", text(std::string(reason_text(record.reason)))});
        death.push_back({"queue", text(record.queue)});
        death.push_back({"time", {record.last, {}}});
        death.push_back({"exchange", text(properties.exchange)});
        death.push_back({"routing-keys", {HeaderList{text(properties.routing_key)}, {}}});
        if (record.reason == DeadLetterRecord::Reason::expired && properties.expiration)
            death.push_back({"original-expiration", text(std::to_string(properties.expiration->count()))});
        deaths.push_back({std::move(death), {}});
    }
    const auto& first = delivery.dead_letters.back();
    const auto& last = delivery.dead_letters.front();
    headers.push_back({"x-death", {std::move(deaths), {}}});
    const auto summary = [&](std::string name, std::string value) {
        std::erase_if(headers, [&](const Header& h) { return h.name == name; });
        headers.push_back({std::move(name), text(std::move(value))});
    };
    summary("x-first-death-exchange", properties.exchange);
    summary("x-first-death-queue", first.queue);
    summary("x-first-death-reason", std::string(reason_text(first.reason)));
    summary("x-last-death-exchange", properties.exchange);
    summary("x-last-death-queue", last.queue);
    summary("x-last-death-reason", std::string(reason_text(last.reason)));
}

}  // namespace

boost::system::result<Publish, Refusal> publish_of(std::string exchange, std::string routing_key, BasicProperties wire, std::string body) {
    Publish publish;
    Properties neutral;
    std::string empty;
    for_each_text(wire, neutral, [&](char letter, BasicProperties::Text& from, std::string& to) {
        if (!from) return;
        if (from->empty()) empty += letter;
        to = std::move(*from);
    });
    if (wire.headers) {
        if (wire.headers->empty()) empty += 'h';
        // What a client says of earlier deaths is not believed (RabbitMQ 4.0).
        std::erase_if(*wire.headers, [](const Header& h) { return h.name == "x-death"; });
        neutral.headers = std::move(*wire.headers);
    }
    neutral.delivery_mode = wire.delivery_mode;
    neutral.priority = wire.priority;
    publish.priority = wire.priority.value_or(0);
    if (wire.timestamp) {
        if (*wire.timestamp < most_seconds) neutral.timestamp = WallTime(std::chrono::seconds(*wire.timestamp));
        else neutral.opaque[opaque_timestamp] = std::to_string(*wire.timestamp);
    }
    if (wire.expiration) {
        std::int64_t ms = 0;
        const auto& said = *wire.expiration;
        const auto [stop, error] = std::from_chars(said.data(), said.data() + said.size(), ms);
        if (said.empty() || error != std::errc() || stop != said.data() + said.size() || ms < 0)
            return Refusal(Code::precondition_failed, "invalid expiration '" + said + "': not a number of milliseconds from 0");
        publish.ttl = milliseconds(ms);
        neutral.expiration = milliseconds(ms);
        if (std::to_string(ms) != said) neutral.opaque[opaque_expiration] = said;
    }
    if (wire.cluster_id) neutral.opaque[opaque_cluster] = *wire.cluster_id;
    if (!empty.empty()) neutral.opaque[opaque_empty] = std::move(empty);
    if (!exchange.empty()) {
        neutral.exchange = exchange;
        neutral.routing_key = routing_key;
    }
    publish.exchange = std::move(exchange);
    publish.routing_key = std::move(routing_key);
    publish.message = Message(std::move(body), std::move(neutral));
    return publish;
}

BasicProperties properties_of(const Delivery& delivery) {
    static const Properties none;
    const Properties& neutral = delivery.message.properties ? *delivery.message.properties : none;
    BasicProperties wire;
    const auto opaque = [&](const char* key) -> const std::string* {
        const auto found = neutral.opaque.find(key);
        return found == neutral.opaque.end() ? nullptr : &found->second;
    };
    const std::string* empty = opaque(opaque_empty);
    const auto was_empty = [&](char letter) { return empty && empty->find(letter) != std::string::npos; };
    for_each_text(wire, neutral, [&](char letter, BasicProperties::Text& to, const std::string& from) {
        if (!from.empty() || was_empty(letter)) to = from;
    });
    HeaderTable headers = neutral.headers;
    add_deaths(headers, delivery, neutral);
    if (delivery.redelivered || delivery.receives > 1) {
        std::erase_if(headers, [](const Header& h) { return h.name == "x-delivery-count"; });
        headers.push_back({"x-delivery-count", {std::int64_t{delivery.receives} - 1, {}}});
    }
    if (!headers.empty() || was_empty('h')) wire.headers = std::move(headers);
    wire.delivery_mode = neutral.delivery_mode;
    wire.priority = neutral.priority;
    if (neutral.timestamp) {
        wire.timestamp =
            static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(*neutral.timestamp).time_since_epoch().count());
    } else if (const auto* seconds = opaque(opaque_timestamp)) {
        std::uint64_t number = 0;
        std::from_chars(seconds->data(), seconds->data() + seconds->size(), number);
        wire.timestamp = number;
    }
    if (neutral.expiration && delivery.dead_letters.empty()) {
        const auto* said = opaque(opaque_expiration);
        wire.expiration = said ? *said : std::to_string(neutral.expiration->count());
    }
    if (const auto* cluster = opaque(opaque_cluster)) wire.cluster_id = *cluster;
    return wire;
}

Origin origin_of(const Delivery& delivery, std::string_view queue) {
    const Properties* neutral = delivery.message.properties.get();
    if (!neutral || (neutral->exchange.empty() && neutral->routing_key.empty())) return {"", std::string(queue)};
    return {neutral->exchange, neutral->routing_key};
}

std::optional<std::int64_t> number_of(const HeaderValue* value) {
    if (!value) return std::nullopt;
    if (const auto* number = std::get_if<std::int64_t>(&value->value)) return *number;
    if (const auto* text = std::get_if<std::string>(&value->value)) {
        std::int64_t number = 0;
        const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        if (error == std::errc() && stop == text->data() + text->size()) return number;
    }
    return std::nullopt;
}

}  // namespace rowmq::amqp
