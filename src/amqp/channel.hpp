#pragma once
// One channel: what it is told is done in order, each verb in a file of its own under verbs/. A channel is a session of the
// broker: it owns the leases that delivery tags name.
//
// Runs of publishes, and of acknowledgements, are handed to the broker together; nothing waits for a commit but what is
// answered by one. Threads: the broker's executor.

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "amqp/incoming.hpp"
#include "amqp/service.hpp"
#include "amqp/unsettled.hpp"

namespace rowmq::amqp {

class Connection;

struct Consumer {
    std::string tag, queue;
    bool no_ack = false;
    bool cancelled = false;
    std::uint32_t prefetch = 0;  ///< 0: no limit
    std::uint32_t unacked = 0;
    Subscription subscription;
};

class Channel final : public std::enable_shared_from_this<Channel> {
public:
    Channel(Connection& connection, std::uint16_t number, Session session);

    /// One frame; returns how many bytes of memory wait because of it. They are given back by Connection::done.
    std::size_t hear(const Frame& frame);
    /// The connection ends: nothing more is said.
    void stop();

private:
    struct Waiting {
        Incoming what;
        std::size_t bytes = 0;
    };

    awaitable<void> run();
    awaitable<void> run_one(ClientMethod method);
    awaitable<void> publish_run();
    awaitable<void> settle_run();
    void fail(const Refusal& refusal, MethodId method);
    template <typename Method>
    void say(const Method& method);

    // verbs/exchange.cpp, verbs/queue.cpp
    awaitable<void> on(ExchangeDeclare method);
    awaitable<void> on(ExchangeDelete method);
    awaitable<void> on(ExchangeBind method);
    awaitable<void> on(ExchangeUnbind method);
    awaitable<void> on(QueueDeclare method);
    awaitable<void> on(QueueBind method);
    awaitable<void> on(QueueUnbind method);
    awaitable<void> on(QueuePurge method);
    awaitable<void> on(QueueDelete method);
    Binding binding_of(const std::string& exchange, const std::string& key, const HeaderTable& arguments) const;
    // verbs/consume.cpp, verbs/get.cpp
    awaitable<void> on(BasicConsume method);
    awaitable<void> on(BasicCancel method);
    awaitable<void> on(BasicQos method);
    awaitable<void> on(BasicGet method);
    awaitable<void> on(BasicRecover method);
    awaitable<void> on(BasicRecoverAsync method);
    awaitable<void> deliver(std::shared_ptr<Consumer> consumer);
    void deliver_one(const std::shared_ptr<Consumer>& consumer, const Delivery& delivery);
    void wake_consumers();
    std::size_t credit(const Consumer& consumer) const;
    awaitable<void> recover();
    // verbs/confirm.cpp, verbs/tx.cpp
    awaitable<void> on(ConfirmSelect method);
    awaitable<void> on(TxSelect method);
    awaitable<void> on(TxCommit method);
    awaitable<void> on(TxRollback method);
    void confirm(std::uint64_t tag, Ticket ticket);
    awaitable<void> confirm_committed();
    // the rest
    awaitable<void> on(ChannelClose method);
    awaitable<void> on(ChannelFlow method);
    awaitable<void> on(AccessRequest method);
    template <typename Other>
    awaitable<void> on(Other method);

    /// The queue a method means: its own name, or the last one declared here when that is empty.
    std::optional<std::string> queue_named(const std::string& name, MethodId method);
    /// False, and refused, when the queue is exclusive to another connection.
    bool may_use(const std::string& queue, MethodId method);

    Connection& connection_;
    Service& service_;
    const std::uint16_t number_;
    Session session_;
    Assembler assembler_;
    std::deque<Waiting> inbox_;
    bool running_ = false, closing_ = false, stopped_ = false;
    std::string last_queue_;

    bool confirms_ = false, transactional_ = false;
    std::uint64_t published_ = 0;  ///< the tag of the last publish since confirm.select
    struct Unconfirmed {
        std::uint64_t tag;
        Ticket ticket;
        bool refused;
    };
    std::deque<Unconfirmed> unconfirmed_;
    bool confirming_ = false;
    Work work_;                                 ///< of a transaction
    std::vector<Unsettled::One> acknowledged_;  ///< in it

    Unsettled unsettled_;
    std::map<std::string, std::shared_ptr<Consumer>> consumers_;
    std::uint32_t prefetch_ = 0;          ///< of consumers to come
    std::uint32_t channel_prefetch_ = 0;  ///< over all; 0: no limit
    boost::asio::steady_timer credit_;    ///< cancelled when there may be more credit
};

}  // namespace rowmq::amqp
