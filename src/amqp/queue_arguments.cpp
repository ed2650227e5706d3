#include "amqp/queue_arguments.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "amqp/mapping.hpp"
#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

using Options = boost::system::result<QueueOptions, Refusal>;

constexpr std::string_view durable = "amqp.durable", auto_delete = "amqp.auto-delete", exclusive = "amqp.exclusive";
constexpr std::string_view argument_prefix = "amqp.x-";

/// Those that decide what a queue is: only they are compared when it is declared again (RabbitMQ ignores the others).
constexpr std::array<std::string_view, 11> compared{
    "x-expires",  "x-message-ttl",  "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-max-length",    "x-max-length-bytes",
    "x-overflow", "x-max-priority", "x-queue-type",           "x-single-active-consumer",  "x-delivery-limit"};

/// A value as RabbitMQ words it in errors: "the value '60000' of type 'signedint'". Numbers are compared without their width.
struct Worded {
    std::string type, text;
    bool number = false;
};

Worded worded(const HeaderValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.value))
        return {value.tag == "I" ? "signedint" : value.tag.empty() || value.tag == "L" ? "long" : "short", std::to_string(*number), true};
    if (const auto* text = std::get_if<std::string>(&value.value)) return {"longstr", *text};
    if (const auto* flag = std::get_if<bool>(&value.value)) return {"bool", *flag ? "true" : "false"};
    if (const auto* number = std::get_if<double>(&value.value)) return {"double", fmt::format("{}", *number)};
    return {"table", ""};
}

std::string kept(const Worded& value) { return value.type + ":" + value.text; }

Worded unkept(const std::string& text) {
    const auto colon = text.find(':');
    Worded value{text.substr(0, colon), colon == std::string::npos ? std::string() : text.substr(colon + 1)};
    value.number = value.type == "long" || value.type == "signedint" || value.type == "short";
    return value;
}

bool equal(const Worded& a, const Worded& b) { return a.text == b.text && (a.type == b.type || (a.number && b.number)); }

std::string said(const std::optional<Worded>& value) {
    return value ? fmt::format("the value '{}' of type '{}'", value->text, value->type) : std::string("none");
}

bool has(const QueueOptions& options, std::string_view name) {
    const auto found = options.attributes.find(std::string(name));
    return found != options.attributes.end() && found->second == "true";
}

Refusal invalid(std::string_view name, std::string_view why) {
    return Refusal(Code::precondition_failed, fmt::format("invalid arg '{}' for queue: {}", name, why));
}

/// Reads the arguments one after the other; the first that is wrong stays.
class Arguments {
public:
    explicit Arguments(const HeaderTable& table) : table_(table) {}

    std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) {
        const HeaderValue* value = find(table_, name);
        if (!value) return std::nullopt;
        const auto* number = std::get_if<std::int64_t>(&value->value);
        if (!number) return wrong(name, fmt::format("a number is expected, not {}", said(worded(*value))));
        if (*number < least || *number > most) return wrong(name, fmt::format("{} is not from {} to {}", *number, least, most));
        return *number;
    }
    std::optional<std::string> text(std::string_view name) {
        const HeaderValue* value = find(table_, name);
        if (!value) return std::nullopt;
        const auto* text = std::get_if<std::string>(&value->value);
        if (text) return *text;
        wrong(name, fmt::format("a text is expected, not {}", said(worded(*value))));
        return std::nullopt;
    }
    std::optional<std::int64_t> wrong(std::string_view name, std::string_view why) {
        if (!refusal_) refusal_ = invalid(name, why);
        return std::nullopt;
    }
    const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    const HeaderTable& table_;
    std::optional<Refusal> refusal_;
};

constexpr std::int64_t longest_time = std::int64_t{366} * 24 * 3'600 * 1'000 * 100;  // a hundred years
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();

std::optional<milliseconds> time(std::optional<std::int64_t> ms) { return ms ? std::optional(milliseconds(*ms)) : std::nullopt; }

}  // namespace

Options options_of(const QueueDeclare& method, std::size_t message_bytes) {
    Arguments arguments(method.arguments);
    QueueOptions options;
    options.max_message_bytes = static_cast<std::int64_t>(message_bytes);
    const auto type = arguments.text("x-queue-type");
    if (type == "stream") return Refusal(Code::not_implemented, "queues of type 'stream' are not served; 'classic' and 'quorum' are");
    if (type && *type != "classic" && *type != "quorum")
        return Refusal(Code::precondition_failed, fmt::format("invalid queue type '{}': 'classic' and 'quorum' are known", *type));
    options.ttl = time(arguments.number("x-message-ttl", 0, longest_time));
    options.idle_expiry = time(arguments.number("x-expires", 1, longest_time));
    options.max_length = arguments.number("x-max-length", 0, any);
    options.max_bytes = arguments.number("x-max-length-bytes", 0, any);
    if (const auto overflow = arguments.text("x-overflow")) {
        if (*overflow == "drop-head") options.overflow = Overflow::drop_oldest;
        else if (*overflow == "reject-publish") options.overflow = Overflow::reject;
        else arguments.wrong("x-overflow", fmt::format("'{}' is not drop-head or reject-publish", *overflow));
    }
    const auto exchange = arguments.text("x-dead-letter-exchange"), key = arguments.text("x-dead-letter-routing-key");
    if (exchange) options.dead_letter = DeadLetter{*exchange, key};
    else if (key) arguments.wrong("x-dead-letter-routing-key", "there is no x-dead-letter-exchange");
    // RabbitMQ counts returns to the queue, we count deliveries: one more.
    if (const auto limit = arguments.number("x-delivery-limit", 0, 1'000'000))
        options.max_receives = static_cast<std::uint32_t>(*limit) + 1;
    if (const auto priorities = arguments.number("x-max-priority", 0, 255)) options.max_priority = static_cast<std::uint8_t>(*priorities);
    if (arguments.refusal()) return *arguments.refusal();

    if (!method.durable) options.attributes[std::string(durable)] = "false";
    if (method.auto_delete) options.attributes[std::string(auto_delete)] = "true";
    if (method.exclusive) options.attributes[std::string(exclusive)] = "true";
    for (const auto& [name, value] : method.arguments)
        if (name.starts_with("x-")) options.attributes["amqp." + name] = kept(worded(value));
    return options;
}

std::optional<Refusal> difference(const QueueDeclare& method, const QueueOptions& existing, std::string_view what) {
    const auto inequivalent = [&](std::string_view name, std::string_view received, std::string_view current) {
        return Refusal(Code::precondition_failed,
                       fmt::format("inequivalent arg '{}' for {}: received {} but current is {}", name, what, received, current));
    };
    const auto flag = [](bool value) { return value ? "'true'" : "'false'"; };
    if (method.durable != is_durable(existing)) return inequivalent("durable", flag(method.durable), flag(is_durable(existing)));
    if (method.auto_delete != is_auto_delete(existing))
        return inequivalent("auto_delete", flag(method.auto_delete), flag(is_auto_delete(existing)));
    if (method.exclusive != is_exclusive(existing)) return inequivalent("exclusive", flag(method.exclusive), flag(is_exclusive(existing)));
    for (const std::string_view name : compared) {
        const HeaderValue* value = find(method.arguments, name);
        std::optional<Worded> received, current;
        if (value) received = worded(*value);
        const auto found = existing.attributes.find("amqp." + std::string(name));
        if (found != existing.attributes.end()) current = unkept(found->second);
        if (received.has_value() == current.has_value() && (!received || equal(*received, *current))) continue;
        return inequivalent(name, said(received), said(current));
    }
    return std::nullopt;
}

bool is_durable(const QueueOptions& options) {
    const auto found = options.attributes.find(std::string(durable));
    return found == options.attributes.end() || found->second != "false";
}
bool is_auto_delete(const QueueOptions& options) { return has(options, auto_delete); }
bool is_exclusive(const QueueOptions& options) { return has(options, exclusive); }
bool is_single_active(const QueueOptions& options) {
    const auto found = options.attributes.find("amqp.x-single-active-consumer");
    return found != options.attributes.end() && found->second == "bool:true";
}

}  // namespace rowmq::amqp
