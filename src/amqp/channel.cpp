#include "amqp/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t bytes_of_a_method = 512;  // what one that waits takes, roughly
constexpr std::int64_t unlimited = std::int64_t{1} << 40u;

}  // namespace

Channel::Channel(Connection& connection, std::uint16_t number, Session session)
    : connection_(connection),
      service_(connection.service()),
      number_(number),
      session_(std::move(session)),
      assembler_(service_.settings.message_bytes),
      pause_(service_.broker.executor()),
      channel_credit_(std::make_shared<std::int64_t>(unlimited)),
      credit_(service_.broker.executor()) {
    credit_.expires_at(std::chrono::steady_clock::time_point::max());
    ++service_.traffic.channels_opened;
}

Channel::~Channel() {
    service_.replies.erase(reply_token_);
    ++service_.traffic.channels_closed;
    service_.traffic.publishers -= publishes_;
}

std::size_t Channel::hear(const Frame& frame) {
    if (closing_) {
        // All is ignored but the answer to channel.close, and a close that crossed it.
        if (frame.kind != FrameKind::method) return 0;
        const MethodId id = read_method(frame.payload).id;
        if (id == ChannelClose::id) connection_.say(number_, ChannelCloseOk{});
        if (id == ChannelCloseOk::id) connection_.closed(number_);
        return 0;
    }
    Assembler::Step step = assembler_.take(frame);
    if (step.refusal) {
        fail(*step.refusal, step.method);
        return 0;
    }
    if (!step.whole) return 0;
    std::size_t bytes = bytes_of_a_method;
    if (const auto* published = std::get_if<Published>(&*step.whole)) bytes += published->body.size() + published->properties_bytes;
    inbox_.push_back({*std::move(step.whole), bytes});
    return bytes;
}

void Channel::go_on() {
    due_ = false;
    if (!inbox_.empty() && !std::exchange(running_, true)) spawn(run());
}

void Channel::spawn(awaitable<void> work) { connection_.spawn(std::move(work), shared_from_this()); }

awaitable<void> Channel::run() {
    while (!inbox_.empty() && !closing_ && !stopped_) {
        if (std::holds_alternative<Published>(inbox_.front().what)) {
            co_await publish_run();
        } else if (is_settlement(inbox_.front().what)) {
            co_await settle_run();
        } else {
            const std::size_t bytes = inbox_.front().bytes;
            ClientMethod method = std::get<ClientMethod>(std::move(inbox_.front().what));
            inbox_.pop_front();
            co_await see_own_publishes();
            if (!stopped_) co_await run_one(std::move(method));
            connection_.done(bytes);
        }
    }
    running_ = false;
}

/// What a channel publishes is there for what it asks next, as with RabbitMQ.
awaitable<void> Channel::see_own_publishes() {
    if (last_publish_ == Ticket{}) co_return;
    const Result<void> stored = co_await service_.broker.committed(std::exchange(last_publish_, Ticket{}));
    (void)stored;  // whether it was is told by confirms
}

/// What others published is there as well, for who counts or asks for messages.
awaitable<void> Channel::see_all_publishes() {
    const Result<void> stored = co_await service_.broker.committed(service_.last_publish);
    (void)stored;
}

awaitable<void> Channel::run_one(ClientMethod method) {
    awaitable<void> doing = std::visit([this](auto& m) { return on(std::move(m)); }, method);
    co_await std::move(doing);
}

void Channel::fail(const Refusal& refusal, MethodId method) {
    if (closing_ || stopped_) return;
    if (is_hard(refusal.code)) return connection_.fail(refusal, method);
    // What it held is free before the client hears of it.
    closing_ = true;
    const bool closed_too = std::any_of(inbox_.begin(), inbox_.end(), [](const Waiting& waiting) {
        const auto* waits = std::get_if<ClientMethod>(&waiting.what);
        return waits && std::holds_alternative<ChannelClose>(*waits);
    });
    stop();
    connection_.say(number_, ChannelClose{refusal.closing(method)});
    if (closed_too) connection_.say(number_, ChannelCloseOk{});  // the two crossed
}

bool Channel::allowed(const std::optional<Refusal>& refusal, MethodId method) {
    if (refusal) fail(*refusal, method);
    return !refusal;
}

Channel::Facts Channel::facts() const {
    Facts facts;
    facts.prefetch = prefetch_;
    facts.channel_prefetch = channel_prefetch_;
    facts.unacknowledged = unsettled_.count();
    facts.unconfirmed = static_cast<std::size_t>(
        std::count_if(unconfirmed_.begin(), unconfirmed_.end(), [](const Unconfirmed& one) { return one.tag != unasked; }));
    facts.uncommitted = transaction_.publishes.size();
    facts.acks_uncommitted = transaction_.settlements.size();
    facts.confirms = confirms_;
    facts.transactional = transactional_;
    return facts;
}

void Channel::deliver_nothing() {
    for (auto& [tag, consumer] : consumers_) {
        consumer->cancelled = true;
        consumer->subscription.close();
    }
    credit_.cancel();
}

void Channel::stop() {
    if (std::exchange(stopped_, true)) return;
    std::size_t bytes = 0;
    for (const Waiting& waiting : inbox_) bytes += waiting.bytes;
    inbox_.clear();
    connection_.done(bytes);
    std::vector<std::string> queues;
    for (auto& [tag, consumer] : consumers_) {
        consumer->cancelled = true;
        consumer->subscription.close();
        queues.push_back(consumer->queue);
    }
    consumers_.clear();
    credit_.cancel();
    pause_.cancel();
    assembler_.reset();
    unconfirmed_.clear();
    transaction_ = {};
    service_.replies.erase(reply_token_);
    reply_token_.clear();
    session_.close();
    if (!queues.empty()) spawn(service_.delete_unused(std::move(queues), connection_.vhost()));
}

awaitable<void> Channel::on(ChannelClose) {
    closing_ = true;
    stop();
    connection_.say(number_, ChannelCloseOk{});
    connection_.closed(number_);
    co_return;
}

awaitable<void> Channel::on(ChannelFlow method) {
    if (!method.active) fail(Refusal(Code::not_implemented, "active=false"), ChannelFlow::id);
    else say(ChannelFlowOk{{true}});
    co_return;
}

awaitable<void> Channel::on(AccessRequest) {
    say(AccessRequestOk{});
    co_return;
}

/// Of methods that make no sense on an open channel, and those that need no answer.
template <typename Other>
awaitable<void> Channel::on(Other) {
    if constexpr (std::is_same_v<Other, ChannelOpen>) fail(Refusal(Code::channel_error, "second 'channel.open' seen"), Other::id);
    else if constexpr (!std::is_same_v<Other, ChannelFlowOk> && !std::is_same_v<Other, BasicCancelOk> &&
                       !std::is_same_v<Other, ChannelCloseOk>)
        fail(Refusal(Code::command_invalid, fmt::format("method {}.{} is not for an open channel", Other::id.klass, Other::id.method)),
             Other::id);
    co_return;
}

}  // namespace rowmq::amqp
