#include "sqs/own_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "sqs/instructions.hpp"
#include "sqs/policy_json.hpp"

namespace rowmq::sqs {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using Value = std::optional<std::string>;

constexpr std::int64_t max_count = std::int64_t{1} << 53;
constexpr std::int64_t max_bytes_of_a_message = std::int64_t{128} * 1024 * 1024;
constexpr std::int64_t max_priorities = 255;
constexpr double max_multiplier = 10;

std::optional<std::int64_t> number(const std::string& text, std::int64_t min, std::int64_t max) {
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || stop != text.data() + text.size() || n < min || n > max) return std::nullopt;
    return n;
}

std::optional<bool> boolean(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
}

std::string text_of(milliseconds time) { return std::to_string(std::chrono::duration_cast<seconds>(time).count()); }
std::string text_of(bool b) { return b ? "true" : "false"; }

/// A member of the backoff that is a number in its range; what is not there stays as it is.
template <typename Set>
bool take(const json::object& from, std::string_view name, double min, double max, Set set) {
    const auto* member = from.if_contains(name);
    if (!member) return true;
    if (!member->is_number()) return false;
    const double value = member->to_number<double>();
    if (!(value >= min && value <= max)) return false;
    set(value);
    return true;
}

milliseconds from_seconds(double value) { return milliseconds(std::llround(value * 1'000)); }

/// {"initialSeconds": 1, "multiplier": 2, "maxSeconds": 3600, "jitter": 0.1, "onExpiry": false}
bool set_backoff(Backoff& out, const std::string& text) {
    Backoff backoff;
    if (!text.empty()) {
        const auto object = parse_json_object(text);
        if (!object) return false;
        const double most = static_cast<double>(max_seconds);
        const bool right = take(*object, "initialSeconds", 0, most, [&](double v) { backoff.initial = from_seconds(v); }) &&
                           take(*object, "maxSeconds", 0, most, [&](double v) { backoff.max = from_seconds(v); }) &&
                           take(*object, "multiplier", 1, max_multiplier, [&](double v) { backoff.multiplier = v; }) &&
                           take(*object, "jitter", 0, 1, [&](double v) { backoff.jitter = v; });
        if (!right) return false;
        if (const auto* on_expiry = object->if_contains("onExpiry")) {
            if (!on_expiry->is_bool()) return false;
            backoff.on_expiry = on_expiry->as_bool();
        }
        for (const auto& [name, value] : *object)
            if (name != "initialSeconds" && name != "maxSeconds" && name != "multiplier" && name != "jitter" && name != "onExpiry")
                return false;
    }
    out = backoff;
    return true;
}

Value backoff_of(const QueueOptions& o) {
    if (o.backoff == Backoff{}) return std::nullopt;
    const auto as_seconds = [](milliseconds time) { return static_cast<double>(time.count()) / 1'000; };
    return fmt::format(R"({{"initialSeconds":{},"multiplier":{},"maxSeconds":{},"jitter":{},"onExpiry":{}}})",
                       as_seconds(o.backoff.initial), o.backoff.multiplier, as_seconds(o.backoff.max), o.backoff.jitter,
                       o.backoff.on_expiry);
}

/// Sets a member that is a number, or its default when there is no text.
template <typename Set>
bool set_number(const std::string& text, std::int64_t min, std::int64_t max, Set set) {
    if (text.empty()) {
        set(std::nullopt);
        return true;
    }
    const auto n = number(text, min, max);
    if (n) set(n);
    return n.has_value();
}

struct Own {
    std::string_view name;
    std::string_view range;  ///< what it may be, for the error
    bool (*set)(QueueOptions&, const std::string&);
    Value (*get)(const QueueOptions&);
};
using Wanted = std::optional<std::int64_t>;

// In name order.
constexpr std::array own{
    Own{"RowMQ.Backoff", "a JSON object of initialSeconds, multiplier (1 to 10), maxSeconds, jitter (0 to 1), onExpiry",
        [](QueueOptions& o, const std::string& t) { return set_backoff(o.backoff, t); }, &backoff_of},
    Own{"RowMQ.DelaySeconds", "0 to 3162240000 seconds",
        [](QueueOptions& o, const std::string& t) {
            return set_number(t, 0, max_seconds, [&](Wanted n) { o.delay = seconds(n.value_or(0)); });
        },
        [](const QueueOptions& o) -> Value { return text_of(o.delay); }},
    Own{"RowMQ.IdleExpirySeconds", "1 to 3162240000 seconds",
        [](QueueOptions& o, const std::string& t) {
            return set_number(t, 1, max_seconds,
                              [&](Wanted n) { o.idle_expiry = n ? std::optional<milliseconds>(seconds(*n)) : std::nullopt; });
        },
        [](const QueueOptions& o) -> Value { return o.idle_expiry ? Value(text_of(*o.idle_expiry)) : std::nullopt; }},
    Own{"RowMQ.MaxBytes", "1 to 9007199254740992",
        [](QueueOptions& o, const std::string& t) { return set_number(t, 1, max_count, [&](Wanted n) { o.max_bytes = n; }); },
        [](const QueueOptions& o) -> Value { return o.max_bytes ? Value(std::to_string(*o.max_bytes)) : std::nullopt; }},
    Own{"RowMQ.MaxLength", "1 to 9007199254740992",
        [](QueueOptions& o, const std::string& t) { return set_number(t, 1, max_count, [&](Wanted n) { o.max_length = n; }); },
        [](const QueueOptions& o) -> Value { return o.max_length ? Value(std::to_string(*o.max_length)) : std::nullopt; }},
    Own{"RowMQ.MaxPriority", "0 to 255",
        [](QueueOptions& o, const std::string& t) {
            return set_number(t, 0, max_priorities, [&](Wanted n) { o.max_priority = static_cast<std::uint8_t>(n.value_or(0)); });
        },
        [](const QueueOptions& o) -> Value { return std::to_string(o.max_priority); }},
    Own{"RowMQ.MaximumMessageSize", "1 to 134217728 bytes",
        [](QueueOptions& o, const std::string& t) {
            return set_number(t, 1, max_bytes_of_a_message,
                              [&](Wanted n) { o.max_message_bytes = n.value_or(QueueOptions{}.max_message_bytes); });
        },
        [](const QueueOptions& o) -> Value { return std::to_string(o.max_message_bytes); }},
    Own{"RowMQ.Overflow", "dropOldest, reject or rejectDeadLetter",
        [](QueueOptions& o, const std::string& t) {
            if (t.empty() || t == "dropOldest") o.overflow = Overflow::drop_oldest;
            else if (t == "reject") o.overflow = Overflow::reject;
            else if (t == "rejectDeadLetter") o.overflow = Overflow::reject_dead_letter;
            else return false;
            return true;
        },
        [](const QueueOptions& o) -> Value {
            if (o.overflow == Overflow::drop_oldest) return "dropOldest";
            return o.overflow == Overflow::reject ? "reject" : "rejectDeadLetter";
        }},
    Own{"RowMQ.Paused", "true or false",
        [](QueueOptions& o, const std::string& t) {
            const auto on = t.empty() ? false : boolean(t);
            if (on) o.paused = *on;
            return on.has_value();
        },
        [](const QueueOptions& o) -> Value { return text_of(o.paused); }},
    Own{"RowMQ.RetentionSeconds", "1 to 3162240000 seconds, or unlimited",
        [](QueueOptions& o, const std::string& t) {
            if (t == "unlimited") {
                o.ttl.reset();
                return true;
            }
            return set_number(t, 1, max_seconds,
                              [&](Wanted n) { o.ttl = n ? milliseconds(seconds(*n)) : milliseconds(std::chrono::days(4)); });
        },
        [](const QueueOptions& o) -> Value { return o.ttl ? text_of(*o.ttl) : "unlimited"; }},
    Own{"RowMQ.StrictCounting", "true or false",
        [](QueueOptions& o, const std::string& t) {
            const auto on = boolean(t);
            if (on || t.empty()) o.strict_counting = on;
            return on || t.empty();
        },
        [](const QueueOptions& o) -> Value { return o.strict_counting ? Value(text_of(*o.strict_counting)) : std::nullopt; }},
};

const Own* find_own(std::string_view name) noexcept {
    const auto found = std::find_if(own.begin(), own.end(), [&](const Own& o) { return o.name == name; });
    return found == own.end() ? nullptr : &*found;
}

}  // namespace

bool is_own_attribute(std::string_view name) noexcept { return find_own(name) != nullptr; }

std::vector<std::string_view> own_attributes() {
    std::vector<std::string_view> names;
    for (const Own& o : own) names.push_back(o.name);
    return names;
}

std::optional<Refusal> set_own_attribute(QueueOptions& options, std::string_view name, const std::string& value) {
    const Own* attribute = find_own(name);
    if (!attribute) return Refusal{Fault::invalid_attribute_name, fmt::format("Unknown Attribute {}.", name)};
    if (attribute->set(options, value)) return std::nullopt;
    return Refusal{Fault::invalid_attribute_value,
                   fmt::format("Invalid value for the parameter {}. Reason: it is {}.", name, attribute->range)};
}

std::optional<std::string> own_attribute_of(const QueueOptions& options, std::string_view name) {
    const Own* attribute = find_own(name);
    return attribute ? attribute->get(options) : std::nullopt;
}

}  // namespace rowmq::sqs
