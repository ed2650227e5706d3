#include "amqp/channel.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t bytes_of_a_method = 512;  // what one that waits takes, roughly

}  // namespace

Channel::Channel(Connection& connection, std::uint16_t number, Session session)
    : connection_(connection),
      service_(connection.service()),
      number_(number),
      session_(std::move(session)),
      assembler_(service_.settings.message_bytes),
      credit_(service_.broker.executor()) {
    credit_.expires_at(std::chrono::steady_clock::time_point::max());
}

std::size_t Channel::hear(const Frame& frame) {
    if (closing_) {
        // All is ignored but the answer to channel.close, and a close that crossed it.
        if (frame.kind != FrameKind::method) return 0;
        const MethodId id = read_method(frame.payload).id;
        if (id == ChannelClose::id) say(ChannelCloseOk{});
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
    if (const auto* published = std::get_if<Published>(&*step.whole)) bytes += published->body.size();
    inbox_.push_back({*std::move(step.whole), bytes});
    if (!std::exchange(running_, true)) asio::co_spawn(service_.broker.executor(), run(), asio::detached);
    return bytes;
}

awaitable<void> Channel::run() {
    const auto self = shared_from_this();
    const auto connection = connection_.shared_from_this();
    while (!inbox_.empty() && !closing_ && !stopped_) {
        if (std::holds_alternative<Published>(inbox_.front().what)) {
            co_await publish_run();
        } else if (is_settlement(inbox_.front().what)) {
            co_await settle_run();
        } else {
            const std::size_t bytes = inbox_.front().bytes;
            ClientMethod method = std::get<ClientMethod>(std::move(inbox_.front().what));
            inbox_.pop_front();
            co_await run_one(std::move(method));
            connection_.done(bytes);
        }
    }
    running_ = false;
}

awaitable<void> Channel::run_one(ClientMethod method) {
    awaitable<void> doing = std::visit([this](auto& m) { return on(std::move(m)); }, method);
    co_await std::move(doing);
}

void Channel::fail(const Refusal& refusal, MethodId method) {
    if (closing_ || stopped_) return;
    if (is_hard(refusal.code)) return connection_.fail(refusal, method);
    say(ChannelClose{refusal.closing(method)});
    closing_ = true;
    stop();
    stopped_ = false;  // the answer is still to be heard, and said
}

void Channel::stop() {
    stopped_ = true;
    std::size_t bytes = 0;
    for (const Waiting& waiting : inbox_) bytes += waiting.bytes;
    inbox_.clear();
    connection_.done(bytes);
    for (auto& [tag, consumer] : consumers_) {
        consumer->cancelled = true;
        consumer->subscription.close();
    }
    consumers_.clear();
    credit_.cancel();
    assembler_.reset();
    session_.close();
}

awaitable<void> Channel::on(ChannelClose) {
    closing_ = true;
    say(ChannelCloseOk{});
    stop();
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
    if constexpr (!std::is_same_v<Other, ChannelFlowOk> && !std::is_same_v<Other, BasicCancelOk> && !std::is_same_v<Other, ChannelCloseOk>)
        fail(Refusal(Code::command_invalid,
                     fmt::format("method {}.{} is not expected on an open channel", Other::id.klass, Other::id.method)),
             Other::id);
    co_return;
}

std::optional<std::string> Channel::queue_named(const std::string& name, MethodId method) {
    if (!name.empty()) return name;
    if (last_queue_.empty()) {
        fail(Refusal(Code::not_found, fmt::format("no previously declared queue")), method);
        return std::nullopt;
    }
    return last_queue_;
}

bool Channel::may_use(const std::string& queue, MethodId method) {
    const auto owner = service_.exclusive.find({connection_.vhost(), queue});
    if (owner == service_.exclusive.end() || owner->second == &connection_) return true;
    fail(Refusal(Code::resource_locked,
                 fmt::format(
                     "cannot obtain exclusive access to locked {}. It could be originally declared on another connection or the exclusive "
                     "property value does not match that of the original declaration.",
                     queue_text(queue, connection_.vhost()))),
         method);
    return false;
}

}  // namespace rowmq::amqp
