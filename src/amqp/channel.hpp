#pragma once
// One channel: what it is told is done in order, each verb in a file under verbs/. A channel is a session of the broker: it
// owns the leases that delivery tags name.
//
// Runs of publishes, and of acknowledgements, are handed to the broker together; nothing waits for a commit but what is
// answered by one. Threads: the broker's executor.

#include <boost/asio/steady_timer.hpp>
#include <boost/container/deque.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "amqp/held_bytes.hpp"
#include "amqp/incoming.hpp"
#include "amqp/mapping.hpp"
#include "amqp/service.hpp"
#include "amqp/share.hpp"
#include "amqp/unsettled.hpp"

namespace rowmq::amqp {

class Connection;

struct Consumer {
    std::string tag, queue;
    bool no_ack = false, exclusive = false;
    bool cancelled = false;
    HeaderTable arguments;
    Counts counts = Counts::untold;
    std::uint32_t prefetch = 0;  ///< 0: no limit
    std::uint32_t unacked = 0;
    std::shared_ptr<const Properties> said;  ///< of the last delivery, and
    std::string header;                      ///< how it was said: a content header
    std::shared_ptr<Share> share;            ///< of what all clients may be told
    Subscription subscription;
};

class Channel final : public std::enable_shared_from_this<Channel> {
public:
    Channel(Connection& connection, std::uint16_t number, Session session);
    ~Channel();

    /// One frame; returns how many bytes of memory wait because of it. They are given back by Connection::done. What it makes
    /// whole waits for go_on(), so that all of one read is done together.
    std::size_t hear(const Frame& frame);
    /// Whether go_on() has to be called; told once.
    bool begins() { return !inbox_.empty() && !running_ && !std::exchange(due_, true); }
    void go_on();
    /// The client has gone: what it said before is done, but nothing is delivered.
    void deliver_nothing();
    /// For those who look at it from outside.
    struct Facts {
        std::uint32_t prefetch = 0, channel_prefetch = 0;
        std::size_t unacknowledged = 0, unconfirmed = 0, uncommitted = 0, acks_uncommitted = 0;
        bool confirms = false, transactional = false, blocked = false;
    };
    Facts facts() const;
    const std::map<std::string, std::shared_ptr<Consumer>>& consumers() const noexcept { return consumers_; }

    /// The connection ends: nothing more is said.
    void stop();
    /// An answer for the consumer of amq.rabbitmq.reply-to. False: it does not read what it is told.
    bool take_reply(const Published& answer);

private:
    struct Waiting {
        Incoming what;
        std::size_t bytes = 0;
    };

    awaitable<void> run();
    awaitable<void> run_one(ClientMethod method);
    awaitable<void> see_own_publishes();
    awaitable<void> see_all_publishes();
    void spawn(awaitable<void> work);
    void fail(const Refusal& refusal, MethodId method);
    /// False: there is a refusal, and the channel has ended by it.
    bool allowed(const std::optional<Refusal>& refusal, MethodId method);
    template <typename Method>
    void say(const Method& method);

    // verbs/exchange.cpp
    awaitable<void> on(ExchangeDeclare method);
    awaitable<void> on(ExchangeDelete method);
    awaitable<void> on(ExchangeBind method);
    awaitable<void> on(ExchangeUnbind method);
    bool may_bind_exchanges(const std::string& source, const std::string& destination, const std::string& key, MethodId method);
    // verbs/queue.cpp
    awaitable<void> on(QueueDeclare method);
    awaitable<void> on(QueueBind method);
    awaitable<void> on(QueueUnbind method);
    bool may_bind(const std::string& queue, const std::string& exchange, const std::string& key, MethodId method);
    bool may_bind_here(const std::string& queue, const std::string& exchange, const std::string& key, MethodId method);
    awaitable<void> on(QueuePurge method);
    awaitable<void> on(QueueDelete method);
    /// The queue a method means: its own name, or the last one declared here when that is empty.
    std::optional<std::string> queue_named(const std::string& name, MethodId method);
    /// False, and refused, when the queue is exclusive to another connection.
    bool may_use(const std::string& queue, MethodId method);
    void refuse_locked(const std::string& queue, MethodId method);
    // verbs/consume.cpp
    awaitable<void> on(BasicConsume method);
    awaitable<void> on(BasicCancel method);
    awaitable<void> on(BasicQos method);
    awaitable<void> deliver(std::shared_ptr<Consumer> consumer);
    void tell_cancelled();
    awaitable<void> give_back(std::shared_ptr<Consumer> consumer, std::vector<Delivery> deliveries);
    void deliver_one(const std::shared_ptr<Consumer>& consumer, const Delivery& delivery);
    std::size_t credit(const Consumer& consumer) const;
    void wake_consumers();
    /// These are settled: what they took of the limits is free again.
    void free_credit(const std::vector<Unsettled::One>& settled);
    // verbs/get.cpp
    awaitable<void> on(BasicGet method);
    // verbs/reply.cpp
    void consume_replies(const BasicConsume& method);
    bool cancel_replies(const std::string& tag);
    std::optional<Refusal> give_reply_address(Published& request);
    static bool is_reply(const Published& published);
    /// False: nobody waits for it.
    bool hand_over(const Published& reply);
    // verbs/publish.cpp, verbs/confirm.cpp
    struct Call;
    awaitable<void> publish_run();
    void begin_publishing();
    awaitable<void> publishing_allowed();
    std::optional<Refusal> take(Published& published, Call& call);
    std::optional<Refusal> take_in_transaction(Published& published);
    boost::system::result<Publish, Refusal> to_publish(Published& published);
    std::optional<Refusal> unfit(const Published& published);
    void told(Call& call, const Receipt& receipt);
    void send_back(const Published& published);
    struct Unconfirmed {
        std::uint64_t tag;  ///< `unasked`: nobody asked for a confirm
        Ticket ticket;
        bool refused;
        MessageId message{};  ///< 0, or that of the one before: none that could be delivered early
        bool done = false;    ///< acknowledged, and that was told
    };
    static constexpr std::uint64_t unasked = 0;
    void confirm(Ticket ticket, bool refused, MessageId message);
    void confirm_early();
    void confirm_up_to(Ticket ticket);
    void await_commit(Unconfirmed one);
    awaitable<void> confirm_committed();
    awaitable<void> on(ConfirmSelect method);
    // verbs/settle.cpp
    awaitable<void> settle_run();
    static std::uint64_t acknowledged_by(const std::vector<Settlement>& settlements);
    awaitable<void> recover();
    awaitable<void> on(BasicRecover method);
    awaitable<void> on(BasicRecoverAsync method);
    // verbs/tx.cpp
    std::optional<Refusal> hold_for_transaction(std::size_t bytes);
    awaitable<void> on(TxSelect method);
    awaitable<void> on(TxCommit method);
    awaitable<void> on(TxRollback method);
    // the rest
    awaitable<void> on(ChannelClose method);
    awaitable<void> on(ChannelFlow method);
    awaitable<void> on(AccessRequest method);
    template <typename Other>
    awaitable<void> on(Other method);

    Connection& connection_;
    Service& service_;
    const std::uint16_t number_;
    Session session_;
    Assembler assembler_;
    boost::container::deque<Waiting, void, boost::container::deque_options<boost::container::block_size<32>>::type> inbox_;
    Ready ready_;
    bool due_ = false;  ///< go_on() will be called
    bool running_ = false, closing_ = false, stopped_ = false;
    bool deleting_ = false;               ///< a queue, and the answer is still to come
    std::vector<std::string> cancelled_;  ///< consumers whose client is still to be told
    std::string last_queue_;
    Ticket last_publish_{};            ///< of the latest call; what asks about queues finds it there
    boost::asio::steady_timer pause_;  ///< while nothing is published; cancelled by stop()

    bool confirms_ = false;
    std::uint64_t published_ = 0;  ///< the tag of the last publish since confirm.select
    std::deque<Unconfirmed> unconfirmed_;
    bool confirming_ = false;
    const std::shared_ptr<EarlyNews> news_ = std::make_shared<EarlyNews>();  ///< of what is not confirmed

    /// What a transaction has gathered.
    struct Transaction {
        std::vector<Publish> publishes;
        std::vector<Published> mandatory;       ///< copies of those that may have to be returned
        std::vector<std::size_t> mandatory_at;  ///< their places in `publishes`
        std::vector<Published> replies;         ///< for consumers of amq.rabbitmq.reply-to, handed over after the commit
        std::vector<Settlement> settlements;
        std::vector<Unsettled::One> acknowledged;
        std::size_t bytes = 0;  ///< of bodies
        HeldBytes held;         ///< of Service::transactions_bytes
        std::size_t size() const { return publishes.size() + replies.size() + settlements.size(); }
    };
    bool transactional_ = false;
    Transaction transaction_;

    Unsettled unsettled_;
    std::map<std::string, std::shared_ptr<Consumer>> consumers_;
    std::uint32_t prefetch_ = 0;                    ///< of consumers to come
    std::uint32_t channel_prefetch_ = 0;            ///< over all; 0: no limit
    std::shared_ptr<std::int64_t> channel_credit_;  ///< what is left of it, shared with the subscriptions
    std::string last_served_;                       ///< the consumer
    boost::asio::steady_timer credit_;              ///< cancelled when a consumer may have more

    bool publishes_ = false;               ///< it has published
    std::string reply_tag_, reply_token_;  ///< of the consumer of amq.rabbitmq.reply-to
    /// The last request's properties as they came, and with the place of its answer.
    std::shared_ptr<const BasicProperties> unaddressed_, addressed_;
};

}  // namespace rowmq::amqp
