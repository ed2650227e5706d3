#pragma once
// The same broker with plain blocking calls, for programs without coroutines. It owns a thread that runs the broker.
//
// Threads: every function may be called from any thread, at the same time. Not from inside a transaction's function or
// from on_store_failed: those answer invalid_argument instead of waiting for themselves.
// Ownership: sessions and subscriptions keep the broker's thread alive; the last handle to go ends it.
// Errors: Result values; nothing throws. After close(), and in a fork()ed child, every call answers Errc::closed.
// Durability and meaning of each verb: rowmq/broker.hpp.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rowmq/open_options.hpp"
#include "rowmq/values.hpp"

namespace rowmq::blocking {

class Runtime;

class Subscription {
public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

    /// The next messages; empty when `wait` is over. Threads that call it at the same time take turns.
    Result<std::vector<Delivery>> next(NextRequest request = {});
    /// Ends a next() that waits in another thread with Errc::closed.
    void close();
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class Session;
    struct State;
    explicit Subscription(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

class Session {
public:
    Session() = default;
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    ~Session();

    Result<Receipt> publish(std::vector<Publish> messages, PublishRequest request = {});
    Result<PublishResult> publish(Publish message);

    Result<Subscription> subscribe(std::string queue, SubscriptionOptions options = {});
    Result<std::vector<Delivery>> receive(std::string queue, NextRequest request = {}, SubscriptionOptions options = {});

    /// One result per settlement: those of the broker, or its error for each.
    Settled settle(std::vector<Settlement> settlements, Confirm confirm = Confirm::committed);
    Result<void> settle(Lease lease, Verdict verdict = Verdict::done, std::optional<milliseconds> delay = std::nullopt);
    std::vector<std::optional<Error>> extend(std::vector<Lease> leases, milliseconds from_now);

    Result<Receipt> commit(Work work);

    void close();
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    friend class Broker;
    struct State;
    explicit Session(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

class Broker {
public:
    /// Opens the store and starts the thread. Addresses and errors: rowmq/open.hpp.
    static Result<Broker> open(std::string url, OpenOptions options = {});

    Broker(Broker&&) noexcept;
    Broker& operator=(Broker&&) noexcept;
    /// Closes when nobody has yet.
    ~Broker();

    Result<Session> open_session(std::string ns = std::string(default_namespace));

    Result<QueueInfo> declare_queue(std::string name, QueueOptions options = {}, std::string ns = std::string(default_namespace));
    Result<QueueInfo> alter_queue(std::string name, QueueOptions options, std::string ns = std::string(default_namespace));
    Result<std::int64_t> delete_queue(std::string name, DeleteConditions conditions = {}, std::string ns = std::string(default_namespace));
    Result<std::int64_t> purge_queue(std::string name, PurgeScope scope = {}, std::string ns = std::string(default_namespace));
    Result<QueueInfo> queue(std::string name, std::string ns = std::string(default_namespace));
    Result<std::vector<QueueInfo>> queues(std::string prefix = "", std::string after = "", std::size_t max = 1000,
                                          std::string ns = std::string(default_namespace));
    Result<std::vector<std::string>> dead_letter_sources(std::string name, std::string ns = std::string(default_namespace));

    Result<ExchangeInfo> declare_exchange(std::string name, ExchangeOptions options = {}, std::string ns = std::string(default_namespace));
    Result<void> delete_exchange(std::string name, bool if_unused = false, std::string ns = std::string(default_namespace));
    Result<ExchangeInfo> alter_exchange(std::string name, ExchangeOptions options, std::string ns = std::string(default_namespace));
    Result<void> bind(Binding binding, std::string ns = std::string(default_namespace));
    Result<void> unbind(Binding binding, std::string ns = std::string(default_namespace));
    Result<std::vector<ExchangeInfo>> exchanges(std::string ns = std::string(default_namespace));
    Result<std::vector<Binding>> bindings(std::string ns = std::string(default_namespace));

    Result<Page> peek(std::string queue, PeekRequest request = {}, std::string ns = std::string(default_namespace));
    Result<void> cancel_delayed(std::string queue, MessageId message, std::string ns = std::string(default_namespace));

    Result<RedriveTask> redrive(RedriveRequest request, std::string ns = std::string(default_namespace));
    Result<RedriveTask> cancel_redrive(std::int64_t task);
    Result<std::vector<RedriveTask>> redrives(std::string source = "", std::string ns = std::string(default_namespace));

    Result<void> committed(Ticket ticket);
    /// `fn` runs on the storage thread, not on the caller's, while the caller waits.
    Result<Receipt> transaction(TransactionFunction fn, std::string ns = std::string(default_namespace));

    Result<BrokerHealth> health();
    Result<void> backup(std::string to_path);

    /// Commits what is under way, ends every session and wakes everybody who waits. Idempotent.
    void close();

private:
    explicit Broker(std::shared_ptr<Runtime> runtime) noexcept;
    std::shared_ptr<Runtime> runtime_;
};

}  // namespace rowmq::blocking
