#pragma once
// Sends notifications to HTTP endpoints: one coroutine a confirmed subscription takes what waits in its queue and posts it,
// again after the delays of its delivery policy, and gives what nobody takes to its dead-letter queue. What is not delivered
// yet is a row, so a restart goes on where it was. That a subscription has ended is told in the same way, by a farewell.
//
// Threads: the broker's executor. Ownership: the broker, place and notifications outlive close().

#include <memory>
#include <string>

#include "aws/notification.hpp"
#include "aws/place.hpp"
#include "net/http_client.hpp"
#include "rowmq/broker.hpp"
#include "sns/subscription.hpp"

namespace rowmq::sns {

class Deliveries final {
public:
    Deliveries(Broker& broker, const aws::Place& place, aws::Notifications& notifications, net::HttpClientOptions options);
    ~Deliveries();
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;

    /// Begins to send for a subscription that is confirmed, or has ended untold; nothing when it does already.
    void start(const Subscription& subscription);
    /// Ends with the subscription.
    void stop(const std::string& subscription_id);
    /// Posts a confirmation: a few times, until somebody takes it.
    void confirm(const Subscription& subscription, aws::Notification confirmation);
    /// Puts the farewell to an ended subscription into its queue, in the place of all that waits there, and sends it; once somebody
    /// took it or it is given up, the subscription is told and stopped.
    awaitable<Result<void>> farewell(Subscription subscription);
    /// Ends all; what is under way is sent again by the next process.
    void close();

    struct Counts {
        std::uint64_t delivered = 0, failed = 0, given_up = 0;  ///< attempts, attempts, messages
    };
    Counts counts() const;

private:
    std::shared_ptr<struct DeliveriesState> state_;
};

}  // namespace rowmq::sns
