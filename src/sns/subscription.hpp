#pragma once
// A subscription: a binding of the topic's exchange, whose attributes say what SNS needs to know of it. One to a queue binds
// that queue; one to an HTTP endpoint binds a queue of its own, from which Deliveries sends. Such a one that has ended stays
// bound, paused, for as long as its endpoint may restore it.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/look.hpp"
#include "sns/errors.hpp"
#include "sns/messages.hpp"

namespace rowmq::sns {

/// Queues of HTTP subscriptions are called so, and the subscription's id: no name SQS would take.
inline constexpr std::string_view delivery_queue_prefix = "sns/";

struct Subscription {
    std::string id, topic;
    std::string protocol;  ///< "sqs", "http", "https"
    std::string endpoint;  ///< as it was given: an ARN or a URL
    std::string queue;     ///< the one that is bound
    std::string token;     ///< to confirm with, also later
    bool pending = false;
    bool authenticated = false;     ///< only its owner may end it
    std::optional<WallTime> ended;  ///< since then nobody has it, but its token restores it
    bool told = false;              ///< its endpoint knows that it has ended, or does not want to
    /// As given: FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy, DeliveryPolicy, ...
    std::map<std::string, std::string> attributes;

    bool is_http() const noexcept { return protocol != "sqs"; }
    bool is_raw() const;
    /// "" where there is none.
    std::string attribute(const std::string& name) const;
    /// As given, or by default.
    bool has(const std::string& name, const std::string& value) const;
};

/// An ended subscription may be restored for so long (SNS: "confirmation tokens are valid for two days").
inline constexpr std::chrono::hours restorable{48};

/// None when the binding is not one of SNS.
std::optional<Subscription> subscription_of(const BindingView& binding);
Binding binding_of(const Subscription& subscription);

/// That of a topic with this id, ended or not.
std::optional<Subscription> find_subscription(const Broker& broker, std::string_view topic, std::string_view id);
/// Shows those of a topic in the order of their ids, the ended ones too, those after `after`, until `see` answers false.
void see_subscriptions(const Broker& broker, std::string_view topic, std::string_view after, const std::function<bool(Subscription)>& see);
/// Those of a topic that have queues of their own, the ended ones too.
std::vector<Subscription> http_subscriptions_of(const Broker& broker, std::string_view topic);
/// How many of a topic there are.
struct SubscriptionCounts {
    std::size_t confirmed = 0, pending = 0;
};
SubscriptionCounts count_subscriptions(const Broker& broker, std::string_view topic);

/// Sets one attribute, checked as AWS checks it; an empty value clears where that makes sense. What is wrong, in AWS's words.
std::optional<std::string> set_attribute(Subscription& subscription, const std::string& name, const std::string& value);

/// The queue a RedrivePolicy names; none without one.
std::optional<std::string> dead_letter_arn(const Subscription& subscription);

}  // namespace rowmq::sns
