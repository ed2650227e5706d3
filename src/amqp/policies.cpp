#include "amqp/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "amqp/queue_arguments.hpp"

namespace rowmq::amqp {
namespace {

namespace json = boost::json;
constexpr const char *mark = "amqp.policy", *exchange_mark = "amqp.policy";

enum class Form : std::uint8_t { number, text, overflow, any };
struct Setting {
    std::string_view name;
    Form form;
    bool operators;  ///< an operator may set it
    std::string_view called;
};
/// Those RabbitMQ knows, and two of our own (retry-backoff). What changes nothing here is kept and shown.
constexpr std::array<Setting, 32> settings{{
    {"message-ttl", Form::number, true, "message TTL"},
    {"expires", Form::number, true, "queue expiry"},
    {"max-length", Form::number, true, "maximum length"},
    {"max-length-bytes", Form::number, true, "maximum length in bytes"},
    {"delivery-limit", Form::number, true, "delivery limit"},
    {"overflow", Form::overflow, true, "overflow value"},
    {"dead-letter-exchange", Form::text, false, "dead letter exchange name"},
    {"dead-letter-routing-key", Form::text, false, "dead letter routing key"},
    {"alternate-exchange", Form::text, false, "alternate exchange name"},
    {"retry-backoff", Form::number, false, "time before the first retry"},
    {"retry-backoff-max", Form::number, false, "longest time before a retry"},
    {"max-in-memory-length", Form::any, true, ""},
    {"max-in-memory-bytes", Form::any, true, ""},
    {"dead-letter-strategy", Form::any, false, ""},
    {"queue-mode", Form::any, false, ""},
    {"queue-version", Form::any, true, ""},
    {"queue-master-locator", Form::any, false, ""},
    {"queue-leader-locator", Form::any, false, ""},
    {"ha-mode", Form::any, true, ""},
    {"ha-params", Form::any, true, ""},
    {"ha-sync-mode", Form::any, true, ""},
    {"ha-sync-batch-size", Form::any, false, ""},
    {"ha-promote-on-shutdown", Form::any, false, ""},
    {"ha-promote-on-failure", Form::any, false, ""},
    {"max-age", Form::any, false, ""},
    {"consumer-timeout", Form::any, false, ""},
    {"initial-cluster-size", Form::any, false, ""},
    {"target-group-size", Form::any, true, ""},
    {"stream-filter-size-bytes", Form::any, false, ""},
    {"stream-max-segment-size-bytes", Form::any, false, ""},
    {"federation-upstream", Form::any, false, ""},
    {"federation-upstream-set", Form::any, false, ""},
}};

constexpr milliseconds longest_backoff = std::chrono::hours(24 * 365);

Error refused(std::string why) { return {Errc::invalid_argument, "Validation failed\n\n" + std::move(why) + "\n"}; }

std::string erlang(const json::value& value) {
    return value.is_string() ? fmt::format("<<\"{}\">>", std::string_view(value.get_string())) : json::serialize(value);
}

std::optional<Error> check(std::string_view name, const json::value& value, PolicyKind kind) {
    const auto* found = std::find_if(settings.begin(), settings.end(), [&](const Setting& one) { return one.name == name; });
    if (found == settings.end() || (kind == PolicyKind::operators && !found->operators))
        return refused(fmt::format("[{{<<\"{}\">>,{}}}] are not recognised policy settings", name, erlang(value)));
    const bool right =
        found->form == Form::any || (found->form == Form::number && value.is_int64() && value.get_int64() >= 0) ||
        (found->form == Form::text && value.is_string()) ||
        (found->form == Form::overflow && (value == "drop-head" || value == "reject-publish" || value == "reject-publish-dlx"));
    if (!right) return refused(fmt::format("{} is not a valid {}", erlang(value), found->called));
    return std::nullopt;
}

std::optional<std::int64_t> number_in(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}
std::optional<std::string> text_in(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::optional(std::string(std::string_view(value->get_string()))) : std::nullopt;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Of those the smaller holds; of all others the operator's.
bool is_limit(std::string_view name) {
    return is_one_of(name, {"message-ttl", "expires", "max-length", "max-length-bytes", "max-in-memory-length", "max-in-memory-bytes",
                            "delivery-limit"});
}

// What a queue was declared with, of what a policy may change.

json::object declared(const QueueOptions& o) {
    json::object out;
    const auto put = [&](std::string_view name, const auto& value) {
        if (value) out[name] = *value;
    };
    put("ttl", o.ttl ? std::optional(o.ttl->count()) : std::nullopt);
    put("expiry", o.idle_expiry ? std::optional(o.idle_expiry->count()) : std::nullopt);
    put("length", o.max_length);
    put("bytes", o.max_bytes);
    if (o.overflow != Overflow::drop_oldest) out["reject"] = true;
    if (o.overflow == Overflow::reject_dead_letter) out["reject-dlx"] = true;
    if (o.max_receives > 0) out["receives"] = o.max_receives;
    if (o.backoff.initial <= milliseconds(0)) out["no-backoff"] = true;
    if (o.dead_letter) {
        json::object target{
            {"exchange", o.dead_letter->exchange}, {"expired", o.dead_letter->expired}, {"or_drop", o.dead_letter->or_drop}};
        if (o.dead_letter->routing_key) target["key"] = *o.dead_letter->routing_key;
        out["dead"] = std::move(target);
    }
    return out;
}

void restore(QueueOptions& o, const json::object& was) {
    const auto time = [&](std::string_view name) {
        const auto ms = number_in(was, name);
        return ms ? std::optional(milliseconds(*ms)) : std::nullopt;
    };
    o.ttl = time("ttl");
    o.idle_expiry = time("expiry");
    o.max_length = number_in(was, "length");
    o.max_bytes = number_in(was, "bytes");
    o.overflow = was.contains("reject") ? Overflow::reject : Overflow::drop_oldest;
    if (was.contains("reject-dlx")) o.overflow = Overflow::reject_dead_letter;
    o.max_receives = static_cast<std::uint32_t>(number_in(was, "receives").value_or(0));
    if (was.contains("no-backoff")) o.backoff = {};
    o.dead_letter.reset();
    if (const auto* dead = was.if_contains("dead"); dead && dead->is_object()) {
        const json::object& target = dead->get_object();
        const auto flag = [&](std::string_view name) {
            const auto* value = target.if_contains(name);
            return value && value->is_bool() && value->get_bool();
        };
        o.dead_letter = DeadLetter{.exchange = text_in(target, "exchange").value_or(""),
                                   .routing_key = text_in(target, "key"),
                                   .expired = flag("expired"),
                                   .or_drop = flag("or_drop")};
    }
}

json::object parsed(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse({text.data(), text.size()}, failed);
    return !failed && value.is_object() ? std::move(value.get_object()) : json::object();
}

/// Of limits the smallest holds, whoever gave it.
template <typename T>
void limit(std::optional<T>& own, std::optional<std::int64_t> by_policy, std::optional<std::int64_t> by_operator) {
    for (const auto& by : {by_policy, by_operator})
        if (by) own = own ? std::min(*own, T(*by)) : T(*by);
}

}  // namespace

Result<Policy> read_policy(std::string name, const json::object& value, PolicyKind kind) {
    Policy policy;
    policy.name = std::move(name);
    const auto* pattern = value.if_contains("pattern");
    const auto* definition = value.if_contains("definition");
    if (!pattern || !pattern->is_string()) return refused("pattern should be binary");
    if (!definition || !definition->is_object()) return refused("definition should be an object");
    policy.pattern = std::string(std::string_view(pattern->get_string()));
    if (const auto compiled = Pattern::compile(policy.pattern); !compiled)
        return refused("pattern should be regular expression but is invalid: " + compiled.error().text);
    policy.apply_to = text_in(value, "apply-to").value_or("all");
    if (!is_one_of(policy.apply_to, {"all", "queues", "exchanges", "classic_queues", "quorum_queues", "streams"}))
        return refused(fmt::format("apply-to '{}' unrecognised; should be one of: 'queues', 'exchanges', 'all'", policy.apply_to));
    if (const auto* priority = value.if_contains("priority"); priority && !priority->is_int64())
        return refused(fmt::format("priority should be number, actually was {}", erlang(*priority)));
    policy.priority = number_in(value, "priority").value_or(0);
    policy.definition = definition->get_object();
    if (policy.definition.empty()) return refused("no policy provided");
    for (const auto& [key, one] : policy.definition)
        if (auto error = check(key, one, kind)) return *std::move(error);
    return policy;
}

json::object to_json(const Policy& policy) {
    return {{"pattern", policy.pattern}, {"apply-to", policy.apply_to}, {"priority", policy.priority}, {"definition", policy.definition}};
}

json::object Applied::definition() const {
    json::object all = policy ? policy->definition : json::object();
    if (!operators) return all;
    for (const auto& [name, value] : operators->definition) {
        const auto* own = all.if_contains(name);
        const bool both_limit = own && own->is_int64() && value.is_int64() && is_limit(name);
        if (both_limit && own->get_int64() <= value.get_int64()) continue;
        all[name] = value;
    }
    return all;
}

void Policies::read(const std::string& vhost) {
    const Access& access = broker_.access();
    std::vector<Known>& all = known_[vhost];
    for (const auto kind : {PolicyKind::user, PolicyKind::operators}) {
        const std::string component(kind == PolicyKind::user ? policy_component : operator_component);
        for (auto at = access.parameters.lower_bound({component, vhost, ""}); at != access.parameters.end(); ++at) {
            const auto& [of, ns, name] = at->first;
            if (of != component || ns != vhost) break;
            Result<Policy> policy = read_policy(name, parsed(at->second), kind);
            if (!policy) continue;
            Result<Pattern> pattern = Pattern::compile(policy->pattern);
            if (pattern) all.push_back({*std::move(policy), *std::move(pattern), kind});
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Known& a, const Known& b) { return a.policy.priority > b.policy.priority; });
}

template <typename AppliesTo>
Applied Policies::applied(const std::string& vhost, std::string_view name, const AppliesTo& applies_to) {
    if (version_ != broker_.access().version) {
        known_.clear();
        version_ = broker_.access().version;
    }
    if (!known_.contains(vhost)) read(vhost);
    Applied out;
    for (const Known& one : known_[vhost]) {
        auto& place = one.kind == PolicyKind::user ? out.policy : out.operators;
        if (!place && applies_to(one.policy.apply_to) && one.pattern.matches(name)) place = one.policy;
    }
    return out;
}

Applied Policies::of_queue(const std::string& vhost, std::string_view queue, const QueueOptions& options) {
    const std::string_view own = is_quorum(options) ? "quorum_queues" : "classic_queues";
    return applied(vhost, queue, [&](std::string_view to) { return is_one_of(to, {"all", "queues", own}); });
}

Applied Policies::of_exchange(const std::string& vhost, std::string_view exchange) {
    return applied(vhost, exchange, [](std::string_view to) { return is_one_of(to, {"all", "exchanges"}); });
}

QueueOptions with(const Applied& applied, QueueOptions options) {
    if (const auto kept = options.attributes.find(mark); kept != options.attributes.end()) {
        restore(options, parsed(kept->second));
        options.attributes.erase(kept);
    }
    if (!applied.policy && !applied.operators) return options;
    const json::object before = declared(options);
    static const json::object nothing;
    const json::object& policy = applied.policy ? applied.policy->definition : nothing;
    const json::object& operators = applied.operators ? applied.operators->definition : nothing;
    limit(options.ttl, number_in(policy, "message-ttl"), number_in(operators, "message-ttl"));
    limit(options.idle_expiry, number_in(policy, "expires"), number_in(operators, "expires"));
    limit(options.max_length, number_in(policy, "max-length"), number_in(operators, "max-length"));
    limit(options.max_bytes, number_in(policy, "max-length-bytes"), number_in(operators, "max-length-bytes"));
    std::optional<std::int64_t> deliveries;
    if (options.max_receives > 0) deliveries = std::int64_t{options.max_receives} - 1;
    limit(deliveries, number_in(policy, "delivery-limit"), number_in(operators, "delivery-limit"));
    if (deliveries) options.max_receives = static_cast<std::uint32_t>(std::min<std::int64_t>(*deliveries, 1'000'000)) + 1;
    auto overflow = text_in(operators, "overflow");
    if (!overflow) overflow = text_in(policy, "overflow");
    if (overflow && !options.attributes.contains("amqp.x-overflow")) {
        if (*overflow == "reject-publish") options.overflow = Overflow::reject;
        if (*overflow == "reject-publish-dlx") options.overflow = Overflow::reject_dead_letter;
    }
    if (const auto exchange = text_in(policy, "dead-letter-exchange"); exchange && !options.dead_letter)
        options.dead_letter = DeadLetter{.exchange = *exchange, .routing_key = text_in(policy, "dead-letter-routing-key"), .or_drop = true};
    if (const auto first = number_in(policy, "retry-backoff"); first && options.backoff.initial <= milliseconds(0)) {
        options.backoff.initial = std::min(milliseconds(*first), longest_backoff);
        if (const auto most = number_in(policy, "retry-backoff-max")) options.backoff.max = std::min(milliseconds(*most), longest_backoff);
    }
    options.attributes[mark] = json::serialize(before);
    return options;
}

ExchangeOptions with(const Applied& applied, ExchangeOptions options) {
    if (const auto kept = options.attributes.find(exchange_mark); kept != options.attributes.end()) {
        options.alternate = kept->second;
        options.attributes.erase(kept);
    }
    const auto alternate = applied.policy ? text_in(applied.policy->definition, "alternate-exchange") : std::nullopt;
    if (!alternate || !options.alternate.empty()) return options;
    options.attributes[exchange_mark] = options.alternate;
    options.alternate = *alternate;
    return options;
}

}  // namespace rowmq::amqp
