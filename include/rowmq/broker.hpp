#pragma once
// The door: a durable broker of queues and exchanges whose messages are rows.
//
// Threads: every function is called from the broker's executor (one strand), coroutines resume there.
// Errors: Result values; nothing throws. After a broken disk every call answers Errc::store_failed.
// Durability: an awaited verb returns after the commit that contains its effect is on disk (synchronous=FULL), unless
// its docstring says otherwise.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/error.hpp"
#include "rowmq/ids.hpp"
#include "rowmq/message.hpp"
#include "rowmq/options.hpp"

struct sqlite3;

namespace rowmq {

using boost::asio::awaitable;

/// The namespace everybody has (AMQP vhost "/", SQS account 000000000000).
inline constexpr std::string_view default_namespace = "/";

// ---------------------------------------------------------------------------------------------- publishing

/// Awaited until when? `admitted`: ids are given and the rows are on their way; await Broker::committed(ticket) before
/// promising anything. Duplicates found by deduplication are known only after the commit.
enum class Confirm : std::uint8_t { committed, admitted };

struct PublishResult {
    std::optional<Error> error;   ///< this message was refused (and, without `atomic`, only this one)
    MessageId message{};          ///< with `duplicate`, the id of the first
    Sequence sequence{};          ///< in the (last) queue it went to
    std::uint32_t queues = 0;     ///< how many queues it reached; 0 is not an error (nothing was bound)
    bool duplicate = false;       ///< the deduplication id was seen within its window: nothing was stored
};

struct Receipt {
    Ticket ticket{};
    std::vector<PublishResult> results;  ///< one per publish, same order
};

struct PublishRequest {
    Confirm confirm = Confirm::committed;
    bool atomic = false;  ///< all or none: one refused refuses all (its error first, the others transaction_failed)
};

// ---------------------------------------------------------------------------------------------- consuming

/// Names one delivery. Comparable, copyable, printable by a protocol as a receipt handle.
struct Lease {
    QueueId queue{};
    Sequence sequence{};
    std::uint32_t number = 0;  ///< how manyth lease of the entry in this epoch
    std::uint32_t epoch = 0;   ///< of the store's owner
    std::uint8_t lane = 0;
    friend auto operator<=>(const Lease&, const Lease&) = default;
};

struct Delivery {
    Lease lease;                ///< of a no_lease subscription: settled already, naming it is lease_gone
    MessageId message_id{};
    Message message;
    std::uint32_t receives = 1;  ///< this one included
    bool redelivered = false;    ///< may have been seen before
    WallTime published_at{};
    WallTime first_received_at{};  ///< as far as this process knows
    std::optional<WallTime> expires_at;
    std::vector<DeadLetterRecord> dead_letters;  ///< newest first
};

struct SubscriptionOptions {
    int priority = 0;          ///< higher first; round robin among equals
    bool exclusive = false;    ///< nobody else may subscribe (Errc::in_use)
    bool single_active = false;///< only the first of the queue's subscriptions receives; the next takes over when it ends
    bool no_lease = false;     ///< delivered is done: at most once
    /// How long a lease lasts. None: as long as the session (AMQP, STOMP). Zero milliseconds: the queue's own `lease`.
    std::optional<milliseconds> lease = milliseconds{0};
    std::uint32_t max_leased = 0;  ///< next() waits while this many are unsettled; 0: no bound but the limits
};

struct NextRequest {
    std::size_t max = 1;                   ///< 1 to Limits::deliveries_per_next
    std::size_t max_bytes = 0;             ///< at least one message is given; 0: no bound but the limits
    std::optional<milliseconds> wait;      ///< none: the queue's own; 0: only what is there
    std::optional<milliseconds> lease;     ///< instead of the subscription's
};

enum class Verdict : std::uint8_t {
    done,     ///< consumed; removed
    release,  ///< back to the queue: at once, after `delay`, or after the queue's backoff when `delay` is none
    reject,   ///< dead-lettered, or dropped where there is no target
};

struct Settlement {
    Lease lease;
    Verdict verdict = Verdict::done;
    std::optional<milliseconds> delay;
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

class Broker;
class Session;

/// A named consumer of one queue, owned by its session. Ends with close(), the session, or the queue.
class Subscription {
public:
    Subscription() = default;
    /// The next messages: what is ready, at most `max`; when nothing is, waits until something is or `wait` is over and
    /// then answers an empty vector. One call at a time. Errors: queue_deleted, closed, too_many_leases.
    awaitable<Result<std::vector<Delivery>>> next(NextRequest request = {});
    /// Wakes a waiting next(), which answers Errc::closed. Leases stay with the session.
    void close();
    QueueId queue() const noexcept;
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class Session;
    friend struct BrokerState;
    std::shared_ptr<struct SubscriptionState> state_;
};

/// One connection, or one part of a program. Owns leases and subscriptions; when closed (or destroyed) they are released.
class Session {
public:
    Session() = default;
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    ~Session();

    /// Routes and stores each message; waits for admission while the write budget (bytes) is full.
    awaitable<Result<Receipt>> publish(std::vector<Publish> messages, PublishRequest request = {});
    /// One message: its result, or its error.
    awaitable<Result<PublishResult>> publish(Publish message);

    /// Errors: no_such_queue, in_use, limit_exceeded.
    Result<Subscription> subscribe(std::string_view queue, SubscriptionOptions options = {});
    Result<Subscription> subscribe(QueueId queue, SubscriptionOptions options = {});

    /// A subscription of one call.
    awaitable<Result<std::vector<Delivery>>> receive(std::string_view queue, NextRequest request = {},
                                                     SubscriptionOptions options = {});

    /// Ends leases. A lease of another session is settled as well: its name is enough. A refused settlement leaves its
    /// lease as it was. `admitted`: returns when the rows are on their way.
    awaitable<Settled> settle(std::vector<Settlement> settlements, Confirm confirm = Confirm::committed);
    awaitable<Result<void>> settle(Lease lease, Verdict verdict = Verdict::done,
                                   std::optional<milliseconds> delay = std::nullopt);
    /// The lease now ends `from_now` from now; 0 ends it at once. Not stored: a crash ends every lease.
    std::vector<std::optional<Error>> extend(std::span<const Lease> leases, milliseconds from_now);

    /// All or none, in one commit. Results are those of the publishes, in order.
    awaitable<Result<Receipt>> commit(Work work);

    /// Releases leases, ends subscriptions. Nothing waits afterwards. Idempotent.
    void close();
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class Broker;
    friend struct BrokerState;
    std::shared_ptr<struct SessionState> state_;
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

/// From an exchange to a queue.
struct Binding {
    std::string exchange;
    std::string queue;
    std::string routing_key;
    friend auto operator<=>(const Binding&, const Binding&) = default;
};

struct Page {
    std::vector<Delivery> messages;   ///< Delivery::lease names the place only; it is not a lease
    std::optional<std::string> next;  ///< cursor of the following page; none at the end
};

struct PeekRequest {
    std::size_t max = 100;
    std::optional<std::string> after;  ///< Page::next of the page before
    bool delayed = false;              ///< the delayed messages instead of the ready and leased ones
};

struct RedriveRequest {
    std::string source;                         ///< the dead-letter queue (any queue)
    std::optional<std::string> destination;     ///< a queue; none: each message's own origin
    std::uint32_t per_second = 0;               ///< 0: as fast as commits allow
    std::vector<Sequence> selected;             ///< empty: all that is there now
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
    bool serving = true;         ///< false after store_failed
    std::string problem;         ///< why not
    std::int64_t pending_bytes = 0;    ///< of the write budget
    std::uint64_t commits = 0;
    std::size_t queues = 0, sessions = 0;
    std::string store;           ///< "sqlite:orders.db", "memory:"
    std::string durability;      ///< "full", or what was chosen instead
};

class Broker {
public:
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    boost::asio::any_io_executor executor() const;

    // Namespaces are created on first declare in them; names are 1-255 bytes of UTF-8.
    /// A session in a namespace. Errors: invalid_argument, closed.
    Result<Session> open_session(std::string_view ns = default_namespace);

    /// Creates a queue, or finds it when it exists with equal options (else already_exists, naming the first difference).
    awaitable<Result<QueueInfo>> declare_queue(std::string name, QueueOptions options = {},
                                               std::string ns = std::string(default_namespace));
    /// Replaces the options; `kind` and `max_priority` cannot change (invalid_argument).
    awaitable<Result<QueueInfo>> alter_queue(std::string name, QueueOptions options,
                                             std::string ns = std::string(default_namespace));
    struct DeleteConditions { bool if_unused = false, if_empty = false; };
    /// Answers when the queue is gone for everybody; its rows are removed in the background. Returns how many waited.
    awaitable<Result<std::int64_t>> delete_queue(std::string name, DeleteConditions conditions,
                                                 std::string ns = std::string(default_namespace));
    struct PurgeScope { bool leased = false, delayed = false; };
    /// Removes what is ready (and leased, and delayed, where asked). Returns how many.
    awaitable<Result<std::int64_t>> purge_queue(std::string name, PurgeScope scope,
                                                std::string ns = std::string(default_namespace));
    Result<QueueInfo> queue(std::string_view name, std::string_view ns = default_namespace) const;
    /// In name order, those starting with `prefix` and after `after`; at most `max`.
    std::vector<QueueInfo> queues(std::string_view prefix = "", std::string_view after = "", std::size_t max = 1000,
                                  std::string_view ns = default_namespace) const;
    /// Names of queues whose dead letters go to `name` through the default exchange, in name order.
    std::vector<std::string> dead_letter_sources(std::string_view name, std::string_view ns = default_namespace) const;

    awaitable<Result<ExchangeInfo>> declare_exchange(std::string name, ExchangeOptions options = {},
                                                     std::string ns = std::string(default_namespace));
    awaitable<Result<void>> delete_exchange(std::string name, bool if_unused = false,
                                            std::string ns = std::string(default_namespace));
    awaitable<Result<void>> bind(Binding binding, std::string ns = std::string(default_namespace));
    awaitable<Result<void>> unbind(Binding binding, std::string ns = std::string(default_namespace));
    std::vector<ExchangeInfo> exchanges(std::string_view ns = default_namespace) const;
    std::vector<Binding> bindings(std::string_view ns = default_namespace) const;

    /// Without side effects: no lease, no count.
    awaitable<Result<Page>> peek(std::string queue, PeekRequest request = {}, std::string ns = std::string(default_namespace));
    /// Removes a delayed message before it is due. Errors: no_such_queue, no_such_message (not delayed, or due already).
    awaitable<Result<void>> cancel_delayed(std::string queue, MessageId message, std::string ns = std::string(default_namespace));

    /// Starts moving messages out of `source`. One running task a source (already_exists).
    awaitable<Result<RedriveTask>> redrive(RedriveRequest request, std::string ns = std::string(default_namespace));
    awaitable<Result<RedriveTask>> cancel_redrive(std::int64_t task);
    /// Newest first; ended ones are kept for a while (Limits::ended_tasks).
    std::vector<RedriveTask> redrives(std::string_view source = "", std::string_view ns = default_namespace) const;

    /// When everything up to `ticket` is on disk; store_full or store_failed when it is not and will not be.
    awaitable<Result<void>> committed(Ticket ticket);

    /// Runs `fn` on the storage thread inside a savepoint and commits it with what it staged. It fails alone when `fn`
    /// throws, runs longer than Limits::transaction_time, or a staged part is refused. Everybody's commit waits while it
    /// runs. Errors: transaction_failed (the text says why), invalid_argument where the store has no SQL.
    awaitable<Result<Receipt>> transaction(TransactionFunction fn, std::string ns = std::string(default_namespace));

    BrokerHealth health() const;
    /// A consistent copy of the whole store while it is in use. Errors: already_exists (the file), store_full.
    awaitable<Result<void>> backup(std::string to_path);

    /// Stops timers, ends sessions, waits for what is under way to commit. Afterwards every call answers Errc::closed.
    awaitable<void> close();

    explicit Broker(std::unique_ptr<struct BrokerState> state);  // by library/open.cpp and tests
private:
    friend struct BrokerState;
    std::unique_ptr<struct BrokerState> state_;
};

}  // namespace rowmq
