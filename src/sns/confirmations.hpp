#pragma once
// What an HTTP endpoint is told about its subscription itself: that it should confirm it, and that it has ended.
// Values.

#include <string>

#include "aws/notification.hpp"
#include "aws/place.hpp"
#include "base/clock.hpp"
#include "rowmq/broker.hpp"
#include "sns/subscription.hpp"

namespace rowmq::sns {

/// Where and when it is said. `origin`: of the link in it ("http://localhost:9324").
struct Saying {
    const Broker& broker;
    const aws::Place& place;
    std::string origin, message_id;
    WallTime at{};
};
/// Type SubscriptionConfirmation, with the token and link that confirm.
aws::Notification subscription_confirmation(const Subscription& subscription, Saying saying);
/// Type UnsubscribeConfirmation, with the token and link that restore the subscription.
aws::Notification unsubscribe_confirmation(const Subscription& subscription, Saying saying);

}  // namespace rowmq::sns
