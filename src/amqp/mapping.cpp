#include "amqp/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
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

/// The keys a message came to a queue with: those of CC, too, until a dead-letter routing key replaced them. Nobody hears of BCC.
HeaderList keys_told(const Route& route, const std::string& queue, const Properties& properties) {
    HeaderList keys{text(route.routing_key)};
    const bool by_default = properties.exchange.empty() && properties.routing_key.empty();
    if (route.routing_key != (by_default ? queue : properties.routing_key)) return keys;
    const HeaderValue* more = find(properties.headers, "CC");
    const auto* list = more ? std::get_if<HeaderList>(&more->value) : nullptr;
    if (list) keys.insert(keys.end(), list->begin(), list->end());
    return keys;
}

/// How the message had come to the queue that this is about.
Route came_by(const DeadLetterRecord& record, const Properties& properties) {
    if (record.came_by != Route{}) return record.came_by;
    if (properties.exchange.empty() && properties.routing_key.empty()) return {"", record.queue};
    return {properties.exchange, properties.routing_key};
}

/// Null: it is not there, or no text.
const std::string* text_in(const HeaderTable& table, std::string_view name) {
    const HeaderValue* value = find(table, name);
    return value ? std::get_if<std::string>(&value->value) : nullptr;
}

/// What the client that published it says of earlier deaths, where it names queue and reason: it had received it here before, and publishes it once more.
std::vector<HeaderTable> deaths_before(const HeaderTable& headers) {
    std::vector<HeaderTable> deaths;
    const HeaderValue* said = find(headers, "x-death");
    const auto* list = said ? std::get_if<HeaderList>(&said->value) : nullptr;
    if (!list) return deaths;
    for (const HeaderValue& one : *list)
        if (const auto* death = std::get_if<HeaderTable>(&one.value); death && text_in(*death, "queue") && text_in(*death, "reason"))
            deaths.push_back(*death);
    return deaths;
}

/// An entry that is counted on: the rest of it stays as it was.
HeaderTable counted_on(HeaderTable death, std::int64_t count) {
    const HeaderValue* said = find(death, "count");
    const auto* before = said ? std::get_if<std::int64_t>(&said->value) : nullptr;
    if (before) count += std::clamp<std::int64_t>(*before, 0, std::numeric_limits<std::int64_t>::max() - count);
    std::erase_if(death, [](const Header& h) { return h.name == "count"; });
    death.insert(death.begin(), {"count", {count, {}}});
    return death;
}

/// x-death and its summaries, as RabbitMQ writes them: newest first.
void add_deaths(HeaderTable& headers, const Delivery& delivery, const Properties& properties) {
    if (delivery.dead_letters.empty()) return;
    std::vector<HeaderTable> before = deaths_before(headers);
    const bool is_first = before.empty();
    std::erase_if(headers, [](const Header& h) { return h.name == "x-death"; });
    // A record keeps the time of its first death, but stands where its last one put it.
    const auto first = std::min_element(delivery.dead_letters.rbegin(), delivery.dead_letters.rend(),
                                        [](const DeadLetterRecord& a, const DeadLetterRecord& b) { return a.first < b.first; });
    HeaderList deaths;
    for (const DeadLetterRecord& record : delivery.dead_letters) {
        const auto known = std::ranges::find_if(before, [&](const HeaderTable& death) {
            return *text_in(death, "queue") == record.queue && *text_in(death, "reason") == reason_text(record.reason);
        });
        if (known != before.end()) {
            deaths.push_back({counted_on(std::move(*known), record.count), {}});
            before.erase(known);
            continue;
        }
        const Route route = came_by(record, properties);
        HeaderTable death;
        death.push_back({"count", {std::int64_t{record.count}, {}}});
        death.push_back({"reason", text(std::string(reason_text(record.reason)))});
        death.push_back({"queue", text(record.queue)});
        death.push_back({"time", {record.first, {}}});
        death.push_back({"exchange", text(route.exchange)});
        death.push_back({"routing-keys", {keys_told(route, record.queue, properties), {}}});
        if (&record == &*first && properties.expiration)
            death.push_back({"original-expiration", text(std::to_string(properties.expiration->count()))});
        deaths.push_back({std::move(death), {}});
    }
    for (HeaderTable& death : before) deaths.push_back({std::move(death), {}});
    headers.push_back({"x-death", {std::move(deaths), {}}});
    const auto summary = [&](std::string name, std::string value) {
        std::erase_if(headers, [&](const Header& h) { return h.name == name; });
        headers.push_back({std::move(name), text(std::move(value))});
    };
    const auto summaries = [&](const std::string& which, const DeadLetterRecord& record) {
        summary(which + "exchange", came_by(record, properties).exchange);
        summary(which + "queue", record.queue);
        summary(which + "reason", std::string(reason_text(record.reason)));
    };
    if (is_first || !find(headers, "x-first-death-queue")) summaries("x-first-death-", *first);
    summaries("x-last-death-", delivery.dead_letters.front());
}

/// Milliseconds; or what RabbitMQ says is wrong with them.
boost::system::result<std::int64_t, std::string> milliseconds_of(std::string_view said) {
    constexpr std::int64_t most = 4'294'967'295;  // RabbitMQ's
    std::int64_t ms = 0;
    const char* const end = said.data() + said.size();
    const auto [stop, error] = std::from_chars(said.data(), end, ms);
    if (error == std::errc::invalid_argument) return std::string("no_integer");
    if (error == std::errc() && stop != end) return fmt::format("{{leftover_string,\"{}\"}}", std::string_view(stop, end));
    if (error == std::errc() && ms < 0) return fmt::format("{{value_negative,{}}}", ms);
    if (error != std::errc() || ms > most) return fmt::format("{{value_too_big,{}}}", said);
    return ms;
}

/// Adds the keys of CC or BCC.
std::optional<Refusal> add_keys(std::vector<std::string>& keys, const HeaderTable& headers, std::string_view name) {
    const HeaderValue* said = find(headers, name);
    if (!said) return std::nullopt;
    const auto* list = std::get_if<HeaderList>(&said->value);
    if (!list)
        return Refusal(Code::precondition_failed,
                       fmt::format("invalid message: {{unacceptable_type_in_header,\"{}\",{}}}", name, type_name(*said)));
    for (const HeaderValue& one : *list) {
        if (const auto* key = std::get_if<std::string>(&one.value)) keys.push_back(*key);  // what is no text is passed over, as by RabbitMQ
    }
    return std::nullopt;
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
        for (const char* name : {"CC", "BCC"})
            if (auto refusal = add_keys(publish.more_keys, *wire.headers, name)) return *std::move(refusal);
        std::erase_if(*wire.headers, [](const Header& h) { return h.name == "BCC"; });
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
        const auto ms = milliseconds_of(*wire.expiration);
        if (!ms) return Refusal(Code::precondition_failed, fmt::format("invalid expiration '{}': {}", *wire.expiration, ms.error()));
        publish.ttl = milliseconds(*ms);
        neutral.expiration = milliseconds(*ms);
        if (std::to_string(*ms) != *wire.expiration) neutral.opaque[opaque_expiration] = *wire.expiration;
    }
    if (wire.cluster_id) neutral.opaque[opaque_cluster] = *wire.cluster_id;
    if (!empty.empty()) neutral.opaque[opaque_empty] = std::move(empty);
    if (!exchange.empty() || !publish.more_keys.empty()) {
        neutral.more_keys = publish.more_keys;
        neutral.exchange = exchange;
        neutral.routing_key = routing_key;
    }
    publish.exchange = std::move(exchange);
    publish.routing_key = std::move(routing_key);
    publish.transient = wire.delivery_mode != std::uint8_t{2};
    publish.message = Message(std::move(body), std::move(neutral));
    return publish;
}

boost::system::result<Publish, Refusal> Ready::publish(BasicPublish& method, const std::shared_ptr<const BasicProperties>& properties,
                                                       std::string body) {
    const bool by_default = method.exchange.empty() && publish_.more_keys.empty();
    const bool same =
        properties == properties_ && method.exchange == publish_.exchange && (by_default || method.routing_key == publish_.routing_key);
    if (!same) {
        auto made = publish_of(std::move(method.exchange), method.routing_key, *properties, {});
        if (!made) return made.error();
        publish_ = *std::move(made);
        properties_ = properties;
    }
    Publish publish = publish_;
    if (by_default) publish.routing_key = std::move(method.routing_key);
    publish.message.body = std::make_shared<const std::string>(std::move(body));
    return publish;
}

bool says_only_properties(const Delivery& delivery, Counts counts) { return counts == Counts::untold && delivery.dead_letters.empty(); }

BasicProperties properties_of(const Delivery& delivery, Counts counts) {
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
    if (counts == Counts::told) {
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
    if (delivery.came_by) return {delivery.came_by->exchange, delivery.came_by->routing_key};
    const Properties* neutral = delivery.message.properties.get();
    const bool by_default = !neutral || (neutral->exchange.empty() && neutral->routing_key.empty());
    if (by_default || !delivery.dead_letters.empty()) return {"", queue};
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
