#pragma once
// What goes through the door and comes back: requests, answers and facts, as values. Nothing of Asio is needed for them.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "rowmq/error.hpp"
#include "rowmq/ids.hpp"
#include "rowmq/message.hpp"
#include "rowmq/options.hpp"

struct sqlite3;

namespace rowmq {

/// The namespace everybody has (AMQP vhost "/", SQS account 000000000000).
inline constexpr std::string_view default_namespace = "/";

// ---------------------------------------------------------------------------------------------- publishing

/// Awaited until when? `admitted`: ids are given and the rows are on their way; await Broker::committed(ticket) before
/// promising anything. Duplicates found by deduplication are known only after the commit.
enum class Confirm : std::uint8_t { committed, admitted };

struct PublishResult {
    MessageId message{};         ///< with `duplicate`, the id of the first
    Sequence sequence{};         ///< in the (last) queue it went to
    std::uint32_t queues = 0;    ///< how many queues it reached; 0 is not an error (nothing was bound)
    bool duplicate = false;      ///< the deduplication id was seen within its window: nothing was stored
    std::optional<Error> error;  ///< this message was refused (and, without `atomic`, only this one)
};

struct Receipt {
    Ticket ticket{};
    std::vector<PublishResult> results;  ///< one per publish, same order
};

/// What became of messages published with PublishRequest::early. Shared: the broker adds, who published takes away.
struct EarlyNews {
    /// Acknowledged before their commit returned: they are done, and need not wait for it. In the order of acknowledgement.
    std::vector<MessageId> done;
    /// A commit failed that had to store messages somebody had been given and not acknowledged: they may be done, or not.
    bool unknown = false;
    class Event* waiter = nullptr;  ///< of Broker::committed
};

struct PublishRequest {
    Confirm confirm = Confirm::committed;
    bool taken = false;   ///< the caller holds these messages in any case: an alarm about memory does not refuse them
    bool atomic = false;  ///< all or none: one refused refuses all (its error first, the others transaction_failed)
    /// With `admitted`: a message for one plain queue (standard, without strict counting, deduplication, priorities, a delay, an
    /// expiry or a bound on its length) may be given to a subscription that is `early` while its commit is under way; to one
    /// without leases only when it is Publish::transient. What is acknowledged before its commit leaves is never stored.
    bool early = false;
    std::shared_ptr<EarlyNews> news{};  ///< of those messages; null: nobody asks
};

// ---------------------------------------------------------------------------------------------- consuming

/// Names one delivery. Comparable, copyable, printable by a protocol as a receipt handle. It settles its message as long as
/// nobody leased that anew, also when the lease has run out or ended with the process; a name given by the first delivery
/// of a message outlives one restart only. A message that moved (delayed, dead-lettered) has no name of before.
struct Lease {
    QueueId queue{};
    Sequence sequence{};
    std::uint32_t number = 0;  ///< how manyth receive of the entry
    std::uint32_t epoch = 0;   ///< of the store's owner
    std::uint8_t lane = 0;
    friend auto operator<=>(const Lease&, const Lease&) = default;
};

struct Delivery {
    Lease lease;  ///< of a no_lease subscription: settled already, naming it is lease_gone
    MessageId message_id{};
    Message message;
    std::uint32_t receives = 1;  ///< this one included
    bool redelivered = false;    ///< may have been seen before
    WallTime published_at{};
    WallTime first_received_at{};  ///< as far as this process knows
    std::optional<WallTime> expires_at;
    std::vector<DeadLetterRecord> dead_letters;  ///< newest first
    std::optional<Route> came_by;                ///< here, when it was dead-lettered through an exchange
    std::string note;                            ///< BindingOptions::note of the binding that brought it
    bool leased = true;                          ///< somebody has it; of a message looked at by peek that may be false
};

/// Bounds how many bytes of messages are given at a time by what is known only when there are some.
class ByteBudget {
public:
    virtual ~ByteBudget() = default;
    /// Called when the first message of a next() is at hand, which is given whatever it returns; beside NextRequest::max_bytes.
    /// Where a next() begins anew (its messages were purged meanwhile) it is called again. Threads: the broker's executor.
    virtual std::size_t take() = 0;
};

struct SubscriptionOptions {
    int priority = 0;            ///< higher first; round robin among equals
    bool exclusive = false;      ///< nobody else may subscribe (Errc::in_use)
    bool beside = false;         ///< also where somebody is `exclusive` (AMQP's basic.get)
    bool single_active = false;  ///< only the first of the queue's subscriptions receives; the next takes over when it ends
    bool no_lease = false;       ///< delivered is done: at most once
    /// How long a lease lasts. None: as long as the session (AMQP, STOMP). Zero milliseconds: the queue's own `lease`.
    std::optional<milliseconds> lease = milliseconds{0};
    std::uint32_t max_leased = 0;  ///< next() waits while this many are unsettled; 0: no bound but the limits
    /// How many more messages may be taken by all subscriptions that share it: what is taken is taken off; who owns it adds, and
    /// then calls Subscription::look_again. Null: no bound. Without leases nothing is taken off, but where none is left nothing is taken.
    std::shared_ptr<std::int64_t> credit{};
    std::shared_ptr<ByteBudget> budget{};  ///< null: none but NextRequest::max_bytes
    /// Takes messages whose commit is under way, where their publisher allows it (PublishRequest::early): when that fails, so does
    /// their settlement (lease_gone). Without effect together with `single_active`; with `no_lease` only Publish::transient ones.
    bool early = false;
};

struct NextRequest {
    std::size_t max = 1;                ///< 1 to Limits::deliveries_per_next
    std::size_t max_bytes = 0;          ///< at least one message is given; 0: no bound but the limits
    std::optional<milliseconds> wait;   ///< none: the queue's own; 0: only what is there
    std::optional<milliseconds> lease;  ///< instead of the subscription's
};

enum class Verdict : std::uint8_t {
    done,     ///< consumed; removed
    release,  ///< back to the queue: at once, after `delay`, or after the queue's backoff when `delay` is none
    reject,   ///< dead-lettered, or dropped where there is no target
};

/// What extend() does with a lease that has run out while nobody leased its message anew.
enum class RunOut : std::uint8_t {
    refuse,  ///< lease_gone
    revive,  ///< it begins anew, for nobody's session: only its deadline ends it. lease_gone when the message is not in memory
};

struct Settlement {
    Lease lease;
    Verdict verdict = Verdict::done;
    std::optional<milliseconds> delay;
    /// lease_gone when the lease has run out or was given back, also where nobody leased its message anew. A lease that ended with
    /// its process is believed: it was not its holder who was late.
    bool while_held = false;
};

struct Settled {
    Ticket ticket{};                            ///< Ticket{} when nothing had to be stored
    std::vector<std::optional<Error>> results;  ///< one per settlement; none: it holds (once the ticket committed)
};

/// Several publishes and settlements, all or none, in one commit.
struct Work {
    std::vector<Publish> publishes;
    std::vector<Settlement> settlements;
};

// ---------------------------------------------------------------------------------------------- administration

struct QueueInfo {
    QueueId id{};
    std::string ns, name;
    QueueOptions options;
    QueueCounts counts;
    WallTime created_at{}, modified_at{};
    std::size_t consumers = 0;
};

struct ExchangeInfo {
    ExchangeId id{};
    std::string ns, name;
    ExchangeOptions options;
};

/// What a binding does with the messages that reach its exchange.
struct BindingOptions {
    enum class FilterOn : std::uint8_t { headers, body };
    std::string filter;  ///< JSON in the language of Amazon SNS's filter policies (doc/filters.md); empty: all messages
    FilterOn filter_on = FilterOn::headers;
    std::string note;                               ///< told to who receives a copy that came this way: Delivery::note
    bool paused = false;                            ///< takes nothing
    std::map<std::string, std::string> attributes;  ///< a protocol's own, kept as they are
    HeaderTable headers{};                          ///< a message must have them, as `match` says; a null only asks for the name
    enum class Match : std::uint8_t { all, any };
    Match match = Match::all;
    friend bool operator==(const BindingOptions&, const BindingOptions&) = default;
};

/// From an exchange to a queue, or to another exchange.
struct Binding {
    std::string exchange;
    std::string queue;
    std::string routing_key;
    BindingOptions options{};
    std::string to_exchange{};  ///< instead of `queue`
    friend bool operator==(const Binding&, const Binding&) = default;
    /// By exchange, queue, other exchange and key, which together name it.
    friend bool operator<(const Binding& a, const Binding& b) {
        return std::tie(a.exchange, a.queue, a.to_exchange, a.routing_key) < std::tie(b.exchange, b.queue, b.to_exchange, b.routing_key);
    }
};

struct Page {
    std::vector<Delivery> messages;    ///< Delivery::lease names the place only; it is not a lease
    std::optional<std::string> next;   ///< cursor of the following page; none at the end
    std::vector<std::string> cursors;  ///< one a message: of the page that begins after it
};

struct PeekRequest {
    std::size_t max = 100;
    std::optional<std::string> after;  ///< Page::next of the page before
    bool delayed = false;              ///< the delayed messages instead of the ready and leased ones
};

struct RedriveRequest {
    std::string source;                      ///< the dead-letter queue (any queue)
    std::optional<std::string> destination;  ///< a queue; none: each message's own origin
    std::uint32_t per_second = 0;            ///< 0: as fast as commits allow
    std::vector<Sequence> selected;          ///< empty: all that is there now
};

enum class TaskState : std::uint8_t { running, completed, cancelling, cancelled, failed };

struct RedriveTask {
    std::int64_t id = 0;
    std::string source;
    std::optional<std::string> destination;
    std::uint32_t per_second = 0;
    TaskState state = TaskState::running;
    std::int64_t moved = 0;
    std::int64_t total = 0;  ///< ready when it began
    std::string failure;
    WallTime started_at{};
};

/// The application's own SQL beside publishes and settlements, in one database transaction (embedded SQLite).
class Transaction {
public:
    virtual ~Transaction() = default;
    /// The connection, inside the transaction's savepoint. COMMIT, ATTACH, PRAGMA and the broker's tables are refused by
    /// an authorizer. Valid only within the function.
    virtual sqlite3* sqlite() = 0;
    /// Runs one or more statements without results. Throws std::runtime_error with SQLite's text.
    virtual void execute(std::string_view sql) = 0;
    virtual void publish(Publish message) = 0;  ///< staged; stored when the function has returned
    virtual void settle(Settlement settlement) = 0;
};
using TransactionFunction = std::function<void(Transaction&)>;

struct BrokerHealth {
    bool serving = true;             ///< false after store_failed
    std::string problem;             ///< why not
    std::int64_t pending_bytes = 0;  ///< of the write budget
    std::uint64_t commits = 0;
    std::size_t queues = 0, sessions = 0;
    std::string store;       ///< "sqlite:orders.db", "memory:"
    std::string store_id;    ///< 32 hex digits, made with the store and kept for its life
    std::string durability;  ///< "full", or what was chosen instead
};

/// What keeps publishers waiting, as of the last 100 ms: each says what there is and what its limit is.
struct Alarms {
    std::optional<Error> disk;    ///< store_full: less is free than Limits::disk_free_bytes
    std::optional<Error> memory;  ///< memory_short: the process holds more than Limits::memory_bytes
};

/// Whether the machine's wall clock goes with its monotonic clock. While they diverge nothing expires.
struct Clocks {
    bool diverged = false;
    milliseconds by{0};  ///< the wall clock is ahead of where it should be; below 0: behind
};

struct DeleteConditions {
    bool if_unused = false, if_empty = false;
};
struct PurgeScope {
    bool leased = false, delayed = false;
};

}  // namespace rowmq
