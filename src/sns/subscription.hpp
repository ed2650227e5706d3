#pragma once
// A subscription: a binding of the topic's exchange, whose attributes say what SNS needs to know of it. One to a queue binds
// that queue; one to an HTTP endpoint binds a queue of its own, from which Deliveries sends.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/broker.hpp"
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
    bool authenticated = false;  ///< only its owner may end it
    /// As given: FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy, DeliveryPolicy, ...
    std::map<std::string, std::string> attributes;

    std::string place() const;  ///< its topic and id: they are listed in this order
    bool is_http() const noexcept { return protocol != "sqs"; }
    bool is_raw() const;
    /// "" where there is none.
    std::string attribute(const std::string& name) const;
};

/// None when the binding is not one of SNS.
std::optional<Subscription> subscription_of(const Binding& binding);
Binding binding_of(const Subscription& subscription);

/// Those of a topic, in the order of their ids; also those that wait to be confirmed.
std::vector<Subscription> subscriptions_of(const Broker& broker, std::string_view topic);
/// Of all topics.
std::vector<Subscription> all_subscriptions(const Broker& broker);

/// Sets one attribute, checked as AWS checks it; an empty value clears where that makes sense. What is wrong, in AWS's words.
std::optional<std::string> set_attribute(Subscription& subscription, const std::string& name, const std::string& value);

/// The queue a RedrivePolicy names; none without one.
std::optional<std::string> dead_letter_arn(const Subscription& subscription);

}  // namespace rowmq::sns
