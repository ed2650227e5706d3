#pragma once
// What the actions share: the broker, the place, ids, what was published lately, and who sends to HTTP endpoints.
// Threads: the broker's executor.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aws/notification.hpp"
#include "aws/place.hpp"
#include "aws/request_id.hpp"
#include "aws/seal.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "rowmq/broker.hpp"
#include "sns/deliveries.hpp"
#include "sns/directory.hpp"
#include "sns/errors.hpp"
#include "sns/subscription.hpp"

namespace rowmq::sns {

/// Who asks.
struct Caller {
    std::string origin;  ///< of URLs: "http://localhost:9324"
    bool known = true;   ///< it signed, or nobody has to
};

/// What was published to FIFO topics within five minutes, by deduplication id. Queues remember for themselves, also over a
/// restart; this also covers topics whose subscribers are no FIFO queues.
class Recent {
public:
    struct Key {
        ExchangeId topic;
        std::string id;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    const PublishResult* find(const Key& key, MonotonicTime now);
    void add(Key key, const PublishResult& result, MonotonicTime now);

private:
    static constexpr std::chrono::minutes window{5};
    static constexpr std::size_t kept = 100'000;
    std::map<Key, PublishResult> known_;
    std::deque<std::pair<MonotonicTime, Key>> order_;
};

struct Service final {
    Service(Broker& broker, Clock& clock, Random& random, aws::Place place, aws::Notifications& notifications, aws::Signer* signer,
            net::HttpClientOptions outbound);

    /// The topic an ARN names. Errors: invalid_parameter, not_found.
    Answer<ExchangeInfo> topic(const Text& arn, std::string_view parameter = "TopicArn") const;
    /// The subscription an ARN names, not one that has ended. Errors: invalid_parameter, not_found.
    Answer<Subscription> subscription(const Text& arn) const;
    /// To publish with. Errors: service_unavailable.
    Answer<Session*> session();
    std::string new_id() { return aws::new_request_id(random); }

    Broker& broker;
    Clock& clock;
    Random& random;
    const aws::Place place;
    aws::Notifications& notifications;
    aws::Signer* signer;
    const aws::Seal seal;
    Session publisher;
    Recent recent;
    Directory directory;
    Deliveries deliveries;
};

}  // namespace rowmq::sns
