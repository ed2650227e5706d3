#pragma once
// The door: a durable broker of queues and exchanges whose messages are rows.
//
// Threads: every function is called from the broker's executor (one strand), coroutines resume there.
// Errors: Result values; nothing throws. After a broken disk every call answers Errc::store_failed.
// Durability: an awaited verb returns after the commit that contains its effect is on disk (synchronous=FULL), unless
// its docstring says otherwise.
// Lifetime: the executor outlives open(), the broker, and the calls under way. A call keeps what it needs, so handles may
// be destroyed, and closed, while calls are under way, also from a coroutine that a call resumes; see ~Broker. Strings and
// views given to a function that is not awaited are only looked at within it.

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

#include "rowmq/access.hpp"
#include "rowmq/error.hpp"
#include "rowmq/ids.hpp"
#include "rowmq/message.hpp"
#include "rowmq/metrics.hpp"
#include "rowmq/options.hpp"
#include "rowmq/values.hpp"

namespace rowmq {

using boost::asio::awaitable;

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
    /// There is more credit (SubscriptionOptions::credit): a next() that waits for it goes on.
    void look_again();
    QueueId queue() const noexcept;
    /// Not one that waits for another of a single active consumer's queue to end.
    bool is_active() const noexcept;
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
    awaitable<Result<std::vector<Delivery>>> receive(std::string queue, NextRequest request = {}, SubscriptionOptions options = {});

    /// Ends leases. A lease of another session is settled as well: its name is enough. A refused settlement leaves its
    /// lease as it was. `admitted`: returns when the rows are on their way.
    awaitable<Settled> settle(std::vector<Settlement> settlements, Confirm confirm = Confirm::committed);
    awaitable<Result<void>> settle(Lease lease, Verdict verdict = Verdict::done, std::optional<milliseconds> delay = std::nullopt);
    /// The lease now ends `from_now` from now; 0 ends it at once. Not stored: a crash ends every lease.
    std::vector<std::optional<Error>> extend(std::span<const Lease> leases, milliseconds from_now, RunOut run_out = RunOut::refuse);

    /// All or none, in one commit. Results are those of the publishes, in order.
    awaitable<Result<Receipt>> commit(Work work);

    /// Releases leases (what they held is ready at once), ends subscriptions. Nothing waits afterwards. Idempotent.
    void close();
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class Broker;
    friend struct BrokerState;
    std::shared_ptr<struct SessionState> state_;
};

class Broker {
public:
    /// Without close() before, the broker ends as in a crash, in order: what was handed to the store is committed, what was
    /// not is not, and calls under way resume later through the executor with Errc::closed (or with what they had come
    /// to), as do all later calls of its sessions and subscriptions. Errc::closed leaves open whether a publish or a
    /// settlement was stored. Waits for the store's threads, so also for a transaction's function that runs; an executor
    /// that never runs again destroys the calls with itself.
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    boost::asio::any_io_executor executor() const;

    // Namespaces are created on first declare in them; names are 1-255 bytes of UTF-8.
    /// A session in a namespace. Errors: invalid_argument, closed.
    Result<Session> open_session(std::string_view ns = default_namespace);

    /// In name order.
    std::vector<std::string> namespaces() const;
    /// False: it was there.
    awaitable<Result<bool>> create_namespace(std::string name);
    /// With its queues, exchanges, permissions and parameters. Errors: no_such_namespace, in_use (the default one, or one that is
    /// filled meanwhile).
    awaitable<Result<void>> delete_namespace(std::string name);

    /// Users, permissions and parameters; good until the next call of this broker.
    const Access& access() const;
    /// All or none, in one commit. What is already gone may go. Errors: no_such_namespace, invalid_argument (no such user, too long),
    /// limit_exceeded.
    awaitable<Result<void>> change_access(std::vector<AccessChange> changes);

    /// Creates a queue, or finds it when it exists with equal options (else already_exists, naming the first difference).
    awaitable<Result<QueueInfo>> declare_queue(std::string name, QueueOptions options = {},
                                               std::string ns = std::string(default_namespace));
    /// Replaces the options; `kind` and `max_priority` cannot change (invalid_argument).
    awaitable<Result<QueueInfo>> alter_queue(std::string name, QueueOptions options, std::string ns = std::string(default_namespace));
    using DeleteConditions = rowmq::DeleteConditions;
    /// Answers when the queue is gone for everybody; its rows are removed in the background. Returns how many waited.
    awaitable<Result<std::int64_t>> delete_queue(std::string name, DeleteConditions conditions,
                                                 std::string ns = std::string(default_namespace));
    using PurgeScope = rowmq::PurgeScope;
    /// Removes what is ready (and leased, and delayed, where asked). Returns how many.
    awaitable<Result<std::int64_t>> purge_queue(std::string name, PurgeScope scope, std::string ns = std::string(default_namespace));
    Result<QueueInfo> queue(std::string_view name, std::string_view ns = default_namespace) const;
    /// In name order, those starting with `prefix` and after `after`; at most `max`.
    std::vector<QueueInfo> queues(std::string_view prefix = "", std::string_view after = "", std::size_t max = 1000,
                                  std::string_view ns = default_namespace) const;
    /// Names of queues whose dead letters go to `name` through the default exchange, in name order.
    std::vector<std::string> dead_letter_sources(std::string_view name, std::string_view ns = default_namespace) const;

    awaitable<Result<ExchangeInfo>> declare_exchange(std::string name, ExchangeOptions options = {},
                                                     std::string ns = std::string(default_namespace));
    awaitable<Result<void>> delete_exchange(std::string name, bool if_unused = false, std::string ns = std::string(default_namespace));
    /// Replaces the options; `kind` cannot change (invalid_argument).
    awaitable<Result<ExchangeInfo>> alter_exchange(std::string name, ExchangeOptions options,
                                                   std::string ns = std::string(default_namespace));
    /// Between the same two by the same key there is one binding: binding again replaces its options.
    awaitable<Result<void>> bind(Binding binding, std::string ns = std::string(default_namespace));
    awaitable<Result<void>> unbind(Binding binding, std::string ns = std::string(default_namespace));
    std::vector<ExchangeInfo> exchanges(std::string_view ns = default_namespace) const;
    Result<ExchangeInfo> exchange(std::string_view name, std::string_view ns = default_namespace) const;
    /// All, or those of one exchange.
    std::vector<Binding> bindings(std::string_view ns = default_namespace, std::string_view exchange = "") const;

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
    /// The same, but also returns, with false, when there is something in `news->done`. One call at a time for each `news`.
    awaitable<Result<bool>> committed(Ticket ticket, std::shared_ptr<EarlyNews> news);

    /// Runs `fn` on the storage thread inside a savepoint and commits it with what it staged. It fails alone when `fn`
    /// throws, runs longer than Limits::transaction_time, or a staged part is refused. Everybody's commit waits while it
    /// runs. Errors: transaction_failed (the text says why), invalid_argument where the store has no SQL.
    awaitable<Result<Receipt>> transaction(TransactionFunction fn, std::string ns = std::string(default_namespace));

    BrokerHealth health() const;
    /// Somebody uses the queue, if it is there: its idle_expiry counts from now.
    void touch_queue(std::string_view name, std::string_view ns = default_namespace);

    /// While there is one, every publish is refused with it.
    Alarms alarms();
    /// A snapshot of all that is counted. Reads no disk; of queues whose oldest message was stored before the store was opened
    /// it begins to read when that was published, so that a later snapshot knows: until then their `oldest` counts from the
    /// opening. In FIFO queues `oldest` is of what may be delivered now, if anything may.
    BrokerMetrics metrics();
    /// A consistent copy of the whole store while it is in use. Errors: already_exists (the file), store_full.
    awaitable<Result<void>> backup(std::string to_path);

    /// Stops timers, ends sessions, waits for what is under way to commit. Afterwards every call answers Errc::closed.
    awaitable<void> close();

    explicit Broker(std::shared_ptr<struct BrokerState> state);  // by library/open.cpp and tests
private:
    friend struct BrokerState;
    std::shared_ptr<struct BrokerState> state_;
};

}  // namespace rowmq
