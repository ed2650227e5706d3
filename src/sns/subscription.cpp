#include "sns/subscription.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "aws/notification.hpp"
#include "base/bounded_json.hpp"
#include "sns/filter_policy.hpp"
#include "sns/names.hpp"
#include "sns/retry.hpp"

namespace rowmq::sns {
namespace {

constexpr std::string_view mine = "sns.";  // before the names of what is not an attribute of SNS
constexpr std::string_view attribute_prefix = "sns:";

using Problem = std::optional<std::string>;

/// Whatever its case, as AWS takes it. None: it is neither "true" nor "false".
std::optional<std::string> flag(std::string value) {
    for (char& c : value)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return value == "true" || value == "false" ? std::optional(std::move(value)) : std::nullopt;
}

Problem check_redrive(const Subscription& s, const std::string& value) {
    const auto policy = parse_bounded_object(value);
    if (!policy) return "RedrivePolicy: failed to parse JSON.";
    const auto* target = policy->if_contains("deadLetterTargetArn");
    if (!target || !target->is_string()) return "RedrivePolicy: deadLetterTargetArn is missing";
    const auto arn = parse_arn(std::string_view(target->get_string()));
    if (!arn || arn->service != "sqs") return "RedrivePolicy: deadLetterTargetArn is an invalid arn";
    if (is_fifo_name(s.topic) && is_fifo_name(s.endpoint) && !is_fifo_name(arn->resource))
        return "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.";
    return std::nullopt;
}

}  // namespace

bool Subscription::is_raw() const { return flag(attribute("RawMessageDelivery")) == "true"; }

bool Subscription::has(const std::string& name, const std::string& value) const {
    const std::string own = attribute(name);
    if (!own.empty()) return own == value;
    return value == (name == "FilterPolicyScope" ? "MessageAttributes" : name == "RawMessageDelivery" ? "false" : "");
}

std::string Subscription::attribute(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string() : found->second;
}

std::optional<Subscription> subscription_of(const BindingView& binding) {
    const auto& kept = binding.options.attributes;
    const auto get = [&](std::string_view name) {
        const auto found = kept.find(std::string(mine) + std::string(name));
        return found == kept.end() ? std::string() : found->second;
    };
    Subscription s;
    s.id = get("id");
    if (s.id.empty()) return std::nullopt;
    s.topic = binding.exchange;
    s.queue = binding.queue;
    s.protocol = get("protocol");
    s.endpoint = get("endpoint");
    s.token = get("token");
    s.pending = get("pending") == "true";
    s.authenticated = get("authenticated") == "true";
    s.told = get("told") == "true";
    if (const std::string ended = get("ended"); !ended.empty())
        s.ended = WallTime(std::chrono::milliseconds(std::strtoll(ended.c_str(), nullptr, 10)));
    for (const auto& [name, value] : kept)
        if (name.starts_with(attribute_prefix)) s.attributes[name.substr(attribute_prefix.size())] = value;
    return s;
}

Binding binding_of(const Subscription& s) {
    Binding binding{.exchange = s.topic, .queue = s.queue, .routing_key = s.id, .options = {}};
    auto& kept = binding.options.attributes;
    const auto put = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) kept[std::string(mine) + std::string(name)] = value;
    };
    put("id", s.id);
    put("protocol", s.protocol);
    put("endpoint", s.endpoint);
    put("token", s.token);
    if (s.pending) put("pending", "true");
    if (s.authenticated) put("authenticated", "true");
    if (s.ended) put("ended", std::to_string(s.ended->time_since_epoch().count()));
    if (s.told) put("told", "true");
    for (const auto& [name, value] : s.attributes) kept[std::string(attribute_prefix) + name] = value;
    binding.options.paused = s.pending || s.ended;
    binding.options.filter = s.attribute("FilterPolicy");
    if (s.attribute("FilterPolicyScope") == "MessageBody") binding.options.filter_on = BindingOptions::FilterOn::body;
    if (!s.is_raw()) binding.options.note = aws::note_of({.topic = s.topic, .id = s.id});
    return binding;
}

std::optional<Subscription> find_subscription(const Broker& broker, std::string_view topic, std::string_view id) {
    std::optional<Subscription> found;
    see_bindings(broker, topic, id, [&](const BindingView& binding) {
        if (binding.routing_key != id) return false;
        if (auto s = subscription_of(binding); s && s->id == id) found = std::move(s);
        return !found;
    });
    return found;
}

void see_subscriptions(const Broker& broker, std::string_view topic, std::string_view after, const std::function<bool(Subscription)>& see) {
    see_bindings(broker, topic, after, [&](const BindingView& binding) {
        auto s = binding.routing_key == after ? std::nullopt : subscription_of(binding);
        return !s || see(*std::move(s));
    });
}

std::vector<Subscription> http_subscriptions_of(const Broker& broker, std::string_view topic) {
    std::vector<Subscription> found;
    see_bindings(broker, topic, "", [&](const BindingView& binding) {
        if (!binding.queue.starts_with(delivery_queue_prefix)) return true;
        if (auto s = subscription_of(binding)) found.push_back(*std::move(s));
        return true;
    });
    return found;
}

SubscriptionCounts count_subscriptions(const Broker& broker, std::string_view topic) {
    static const std::string id = std::string(mine) + "id", ended = std::string(mine) + "ended";
    SubscriptionCounts counts;
    // Without making a Subscription of each: a topic may have very many.
    see_bindings(broker, topic, "", [&](const BindingView& binding) {
        const auto& kept = binding.options.attributes;
        if (!kept.contains(id) || (binding.options.paused && kept.contains(ended))) return true;
        ++(binding.options.paused ? counts.pending : counts.confirmed);
        return true;
    });
    return counts;
}

std::optional<std::string> set_attribute(Subscription& s, const std::string& name, const std::string& value) {
    Problem wrong;
    const bool clears = value.empty() || value == "{}";
    const auto scope_of = [](const std::string& text) { return text == "MessageBody" ? FilterScope::body : FilterScope::attributes; };
    if (name == "FilterPolicy") {
        if (!clears) wrong = check_filter_policy(value, scope_of(s.attribute("FilterPolicyScope")));
    } else if (name == "FilterPolicyScope") {
        if (value != "MessageAttributes" && value != "MessageBody")
            return fmt::format("FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or MessageAttributes", value);
        if (const std::string policy = s.attribute("FilterPolicy"); !policy.empty()) wrong = check_filter_policy(policy, scope_of(value));
    } else if (name == "RawMessageDelivery") {
        const auto read = flag(value);
        if (!read) return fmt::format("{}: Invalid value [{}]. Must be true or false.", name, value);
        s.attributes[name] = *read;
        return std::nullopt;
    } else if (name == "RedrivePolicy") {
        if (!clears) wrong = check_redrive(s, value);
    } else if (name == "DeliveryPolicy") {
        if (!s.is_http()) return "DeliveryPolicy: Delivery policies can only be set on HTTP and HTTPS subscriptions.";
        if (!value.empty()) wrong = check_delivery_policy(value, PolicyOf::subscription);
    } else if (name == "ReplayPolicy") {
        return "ReplayPolicy: Message archiving and replaying is not supported.";
    } else if (name == "SubscriptionRoleArn") {
        return "SubscriptionRoleArn: Only Firehose subscriptions have a role, and they are not supported.";
    } else {
        return "AttributeName";
    }
    if (wrong) return wrong;
    const bool optional = name == "FilterPolicy" || name == "RedrivePolicy" || name == "DeliveryPolicy";
    if (optional && clears) s.attributes.erase(name);
    else s.attributes[name] = value;
    return std::nullopt;
}

std::optional<std::string> dead_letter_arn(const Subscription& s) {
    const std::string policy = s.attribute("RedrivePolicy");
    if (policy.empty()) return std::nullopt;
    const auto parsed = parse_bounded_object(policy);
    const auto* target = parsed ? parsed->if_contains("deadLetterTargetArn") : nullptr;
    return target && target->is_string() ? std::optional(std::string(target->get_string())) : std::nullopt;
}

}  // namespace rowmq::sns
