#pragma once
// What the actions share: the broker, the sessions that own SQS's leases, names and digests.
// Threads: the broker's executor.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/notification.hpp"
#include "aws/seal.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/http.hpp"
#include "rowmq/broker.hpp"
#include "sqs/attempts.hpp"
#include "sqs/digest.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

/// Who asks.
struct Caller {
    std::string origin;         ///< of queue URLs: "http://localhost:9324"
    std::string key_id;         ///< of the access key that signed; empty: nobody has to sign
    net::Peer* peer = nullptr;  ///< null: nobody can hang up
    std::string trace;          ///< "Root=1-..;Parent=..;Sampled=1": of what the request is a part, as X-Ray says; or ""
    std::function<awaitable<void>()>* unsent = nullptr;  ///< what to do when the answer does not reach the client
};

/// The newest deletions, by which a second one is told from one that comes too late.
class Deletions {
public:
    void add(const Lease& lease);
    bool contains(const Lease& lease) const { return set_.contains(lease); }

private:
    static constexpr std::size_t kept = 4'096;
    std::set<Lease> set_;
    std::deque<Lease> order_;
};

/// When each queue was last purged; SQS takes one purge a minute.
class Purges {
public:
    /// False when the queue was purged less than a minute ago.
    bool begin(QueueId queue, MonotonicTime now);
    void forget(QueueId queue) { last_.erase(queue); }

private:
    static constexpr std::chrono::seconds pause{60};
    std::map<QueueId, MonotonicTime> last_;
};

/// The names of queues deleted lately, which SQS does not give to new ones for a while.
class DeletedQueues {
public:
    /// Zero: every name may be used again at once.
    explicit DeletedQueues(std::chrono::milliseconds kept) : kept_(kept) {}
    void add(const std::string& name, MonotonicTime now);
    bool contains(const std::string& name, MonotonicTime now) const;

private:
    static constexpr std::size_t most = 10'000;  ///< beyond it the oldest is forgotten
    std::chrono::milliseconds kept_;
    std::map<std::string, MonotonicTime> since_;
    std::deque<std::pair<MonotonicTime, std::string>> order_;
};

struct Service final {
    Service(Broker& broker, Clock& clock, Random& random, Settings settings, aws::Notifications* notifications);

    /// The queue that a QueueUrl means. Errors: missing_parameter, queue_does_not_exist.
    Answer<QueueInfo> queue(const Text& url) const;
    /// To publish and settle with; also owns leases. Lives as long as this. Errors: service_unavailable.
    Answer<Session*> session();
    /// A further one, when those there are own as many leases as a session may.
    Answer<Session*> another_session();
    /// The lease a handle names, and when it was given. Errors: missing_parameter, receipt_handle_is_invalid (malformed, or of another queue).
    Answer<aws::Handle> handle(const Text& handle, const QueueInfo& queue) const;
    /// Of what is given now.
    std::uint32_t second();

    Broker& broker;
    Clock& clock;
    Random& random;
    const Settings settings;
    aws::Notifications* const notifications;  ///< null: nothing comes from SNS
    const WallTime opened_at;                 ///< handles are dated by the monotonic clock since then: the wall clock may be set
    const MonotonicTime opened;
    const aws::Seal seal;
    Digests digests;
    std::deque<Session> sessions;  ///< the first is for everything, each owns leases
    Deletions deletions;
    Purges purges;
    DeletedQueues deleted_queues;
    Attempts attempts;
};

}  // namespace rowmq::sqs
