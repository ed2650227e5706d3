#include "amqp/queue_arguments.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "amqp/mapping.hpp"
#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

using Options = boost::system::result<QueueOptions, Refusal>;

constexpr std::string_view durable = "amqp.durable", auto_delete = "amqp.auto-delete", exclusive = "amqp.exclusive";

/// Only these are compared when a queue is declared again, as in RabbitMQ: those that decide what it is, and some that decide nothing here.
constexpr std::array<std::string_view, 23> compared{"x-expires",
                                                    "x-message-ttl",
                                                    "x-dead-letter-exchange",
                                                    "x-dead-letter-routing-key",
                                                    "x-max-length",
                                                    "x-max-length-bytes",
                                                    "x-overflow",
                                                    "x-max-priority",
                                                    "x-queue-type",
                                                    "x-single-active-consumer",
                                                    "x-delivery-limit",
                                                    "x-retry-backoff",
                                                    "x-retry-backoff-multiplier",
                                                    "x-retry-backoff-max",
                                                    "x-retry-backoff-jitter",
                                                    "x-queue-mode",
                                                    "x-queue-version",
                                                    "x-queue-master-locator",
                                                    "x-queue-leader-locator",
                                                    "x-max-in-memory-length",
                                                    "x-max-in-memory-bytes",
                                                    "x-dead-letter-strategy",
                                                    "x-quorum-initial-group-size"};

/// A value as RabbitMQ words it in errors: "the value '60000' of type 'signedint'". Numbers are compared without their width.
struct Worded {
    std::string type, text;
    bool number = false;
};

Worded worded(const HeaderValue& value) {
    std::string type(type_name(value));
    if (const auto* number = std::get_if<std::int64_t>(&value.value)) return {std::move(type), std::to_string(*number), true};
    if (const auto* text = std::get_if<std::string>(&value.value)) return {std::move(type), *text};
    if (const auto* flag = std::get_if<bool>(&value.value)) return {std::move(type), *flag ? "true" : "false"};
    if (const auto* number = std::get_if<double>(&value.value)) return {std::move(type), fmt::format("{}", *number), true};
    return {std::move(type), ""};
}

bool is_number(std::string_view type) {
    return type == "long" || type == "signedint" || type == "unsignedint" || type == "short" || type == "unsignedshort" || type == "byte" ||
           type == "unsignedbyte" || type == "double" || type == "float" || type == "decimal";
}

std::string kept(const Worded& value) { return value.type + ":" + value.text; }

Worded unkept(const std::string& text) {
    const auto colon = text.find(':');
    Worded value{text.substr(0, colon), colon == std::string::npos ? std::string() : text.substr(colon + 1)};
    value.number = is_number(value.type);
    return value;
}

bool is_fraction(std::string_view type) { return type == "double" || type == "float" || type == "decimal"; }

/// 2.0 is 2 in arguments of ours only.
bool equal(const Worded& a, const Worded& b, std::string_view name) {
    if (a.text != b.text) return false;
    const bool alike = name.starts_with("x-retry-") || is_fraction(a.type) == is_fraction(b.type);
    return a.type == b.type || (a.number && b.number && alike);
}

std::string said(const std::optional<Worded>& value) {
    return value ? fmt::format("the value '{}' of type '{}'", value->text, value->type) : std::string("none");
}

bool has(const QueueOptions& options, std::string_view name) {
    const auto found = options.attributes.find(std::string(name));
    return found != options.attributes.end() && found->second == "true";
}

/// Reads the arguments one after the other; the first that is wrong stays, in RabbitMQ's words.
class Arguments {
public:
    explicit Arguments(const QueueDeclare& method, std::string_view vhost)
        : table_(method.arguments), what_(queue_text(method.queue, vhost)) {}

    std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) {
        const HeaderValue* value = find(table_, name);
        if (!value) return std::nullopt;
        const auto* number = std::get_if<std::int64_t>(&value->value);
        if (!number || !is_number(type_name(*value))) return wrong(name, fmt::format("\"expected integer, got {}\"", type_name(*value)));
        if (*number < 0) return wrong(name, fmt::format("{{value_negative,{}}}", *number));
        if (*number < least) return wrong(name, fmt::format("{{value_zero,{}}}", *number));
        if (*number > most) return wrong(name, fmt::format("{{{},{}}}", most == 255 ? "max_value_exceeded" : "value_too_big", *number));
        return *number;
    }
    /// One that need not be whole.
    std::optional<double> real(std::string_view name, double least, double most) {
        const HeaderValue* value = find(table_, name);
        if (!value) return std::nullopt;
        const auto* whole = std::get_if<std::int64_t>(&value->value);
        const auto* fraction = std::get_if<double>(&value->value);
        const double number = whole ? static_cast<double>(*whole) : fraction ? *fraction : least - 1;
        if (number >= least && number <= most) return number;
        wrong(name, fmt::format("\"expected a number from {} to {}\"", least, most));
        return std::nullopt;
    }
    std::optional<std::string> text(std::string_view name) {
        const HeaderValue* value = find(table_, name);
        if (!value) return std::nullopt;
        if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
        if (!refusal_)
            refusal_ =
                Refusal(Code::precondition_failed, fmt::format("invalid type '{}' for arg '{}' in {}", type_name(*value), name, what_));
        return std::nullopt;
    }
    void flag(std::string_view name) {
        const HeaderValue* value = find(table_, name);
        if (value && !std::holds_alternative<bool>(value->value)) wrong(name, fmt::format("{{unacceptable_type,{}}}", type_name(*value)));
    }
    std::optional<std::int64_t> wrong(std::string_view name, std::string_view why) {
        if (!refusal_) refusal_ = Refusal(Code::precondition_failed, fmt::format("invalid arg '{}' for {}: {}", name, what_, why));
        return std::nullopt;
    }
    const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    const HeaderTable& table_;
    const std::string what_;
    std::optional<Refusal> refusal_;
};

constexpr std::int64_t longest_time = std::int64_t{366} * 24 * 3'600 * 1'000 * 100;  // a hundred years
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();

/// How long what is given back waits for its next delivery: arguments of RowMQ's own.
Backoff backoff_of(Arguments& arguments) {
    Backoff out;
    const auto first = arguments.number("x-retry-backoff", 0, longest_time);
    const auto multiplier = arguments.real("x-retry-backoff-multiplier", 1, 10);
    const auto most = arguments.number("x-retry-backoff-max", 0, longest_time);
    const auto jitter = arguments.real("x-retry-backoff-jitter", 0, 1);
    if (!first && (multiplier || most || jitter)) arguments.wrong("x-retry-backoff", "\"the others need it\"");
    out.initial = milliseconds(first.value_or(0));
    out.multiplier = multiplier.value_or(out.multiplier);
    if (most) out.max = milliseconds(*most);
    out.jitter = jitter.value_or(out.jitter);
    return out;
}

std::optional<milliseconds> time(std::optional<std::int64_t> ms) { return ms ? std::optional(milliseconds(*ms)) : std::nullopt; }

}  // namespace

Options options_of(const QueueDeclare& method, std::string_view vhost, std::size_t message_bytes) {
    Arguments arguments(method, vhost);
    QueueOptions options;
    options.max_message_bytes = static_cast<std::int64_t>(message_bytes);
    const auto type = arguments.text("x-queue-type");
    if (type == "stream") return Refusal(Code::not_implemented, "queues of type 'stream' are not served: 'classic' and 'quorum' are");
    if (type && *type != "classic" && *type != "quorum")
        arguments.wrong("x-queue-type", fmt::format("\"unsupported queue type '{}'\"", *type));
    options.ttl = time(arguments.number("x-message-ttl", 0, longest_time));
    options.idle_expiry = time(arguments.number("x-expires", 1, longest_time));
    options.max_length = arguments.number("x-max-length", 0, any);
    options.max_bytes = arguments.number("x-max-length-bytes", 0, any);
    if (const auto overflow = arguments.text("x-overflow")) {
        if (*overflow == "reject-publish") options.overflow = Overflow::reject;
        else if (*overflow == "reject-publish-dlx") options.overflow = Overflow::reject_dead_letter;
        else if (*overflow != "drop-head") arguments.wrong("x-overflow", "invalid_overflow");
    }
    const auto exchange = arguments.text("x-dead-letter-exchange"), key = arguments.text("x-dead-letter-routing-key");
    if (exchange) options.dead_letter = DeadLetter{.exchange = *exchange, .routing_key = key, .or_drop = true};
    else if (key) arguments.wrong("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined");
    // RabbitMQ counts returns to the queue, we count deliveries: one more.
    if (const auto limit = arguments.number("x-delivery-limit", 0, 1'000'000))
        options.max_receives = static_cast<std::uint32_t>(*limit) + 1;
    if (const auto priorities = arguments.number("x-max-priority", 0, 255)) options.max_priority = static_cast<std::uint8_t>(*priorities);
    arguments.flag("x-single-active-consumer");
    options.backoff = backoff_of(arguments);
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
    for (const std::string_view name : compared) {
        const HeaderValue* value = find(method.arguments, name);
        std::optional<Worded> received, current;
        if (value) received = worded(*value);
        const auto found = existing.attributes.find("amqp." + std::string(name));
        if (found != existing.attributes.end()) current = unkept(found->second);
        if (name == "x-queue-type") {  // what nobody named is classic
            const Worded classic{"longstr", "classic"};
            if (equal(received.value_or(classic), current.value_or(classic), name)) continue;
        }
        if (received.has_value() == current.has_value() && (!received || equal(*received, *current, name))) continue;
        if (received && current) return inequivalent(name, fmt::format("'{}'", received->text), fmt::format("'{}'", current->text));
        return inequivalent(name, said(received), said(current));
    }
    return std::nullopt;
}

bool is_durable(const QueueOptions& options) {
    const auto found = options.attributes.find(std::string(durable));
    return found == options.attributes.end() || found->second != "false";
}
bool is_quorum(const QueueOptions& options) {
    const auto type = options.attributes.find("amqp.x-queue-type");
    return type != options.attributes.end() && type->second == "longstr:quorum";
}
HeaderTable arguments_of(const QueueOptions& options) {
    constexpr std::string_view prefix = "amqp.x-";
    HeaderTable table;
    for (auto at = options.attributes.lower_bound(std::string(prefix)); at != options.attributes.end() && at->first.starts_with(prefix);
         ++at) {
        const Worded kept = unkept(at->second);
        HeaderValue value;
        std::int64_t number = 0;
        const auto read = std::from_chars(kept.text.data(), kept.text.data() + kept.text.size(), number);
        if (kept.type == "bool") value.value = kept.text == "true";
        else if (kept.number && read.ec == std::errc{} && read.ptr == kept.text.data() + kept.text.size()) value.value = number;
        else if (kept.type == "longstr") value.value = kept.text;
        else if (kept.type == "double" || kept.type == "float" || kept.type == "decimal")
            value.value = std::strtod(kept.text.c_str(), nullptr);
        else continue;  // a table or a list, which nothing reads
        table.push_back({at->first.substr(5), std::move(value)});
    }
    return table;
}
bool tells_counts(const QueueOptions& options) {
    return options.max_receives > 0 || options.backoff.initial > milliseconds(0) || is_quorum(options);
}
bool is_auto_delete(const QueueOptions& options) { return has(options, auto_delete); }
bool is_exclusive(const QueueOptions& options) { return has(options, exclusive); }
bool is_single_active(const QueueOptions& options) {
    const auto found = options.attributes.find("amqp.x-single-active-consumer");
    return found != options.attributes.end() && found->second == "bool:true";
}

std::uint32_t ready_in(const QueueInfo& queue) {
    const QueueOptions& o = queue.options;
    const bool drops = o.max_length && o.overflow == Overflow::drop_oldest;
    return static_cast<std::uint32_t>(drops ? std::min(queue.counts.ready, *o.max_length) : queue.counts.ready);
}

}  // namespace rowmq::amqp
