// basic.consume, basic.cancel, basic.qos, basic.get: deliveries.

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "amqp/channel_say.hpp"
#include "amqp/mapping.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t deliveries_at_once = 256, bytes_at_once = 1024 * 1024;
constexpr auto for_ever = std::chrono::hours(24);

}  // namespace

awaitable<void> Channel::on(BasicConsume method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    if (method.consumer_tag.empty()) method.consumer_tag = service_.generated("amq.ctag-");
    if (consumers_.contains(method.consumer_tag)) {
        fail(Refusal(Code::not_allowed, fmt::format("attempt to reuse consumer tag '{}'", method.consumer_tag)), method.id);
        co_return;
    }
    if (consumers_.size() >= service_.settings.consumers_per_channel) {
        fail(Refusal(Code::resource_error, fmt::format("at most {} consumers a channel", service_.settings.consumers_per_channel)),
             method.id);
        co_return;
    }
    SubscriptionOptions options;
    options.exclusive = method.exclusive;
    options.no_lease = method.no_ack;
    options.lease = std::nullopt;  // as long as the channel
    if (const auto priority = number_of(find(method.arguments, "x-priority"))) options.priority = static_cast<int>(*priority);
    Result<Subscription> subscription = session_.subscribe(*queue, options);
    if (!subscription) {
        const Error& error = subscription.error();
        const std::string what = queue_text(*queue, connection_.vhost());
        if (error.code == Errc::in_use) fail(Refusal(Code::access_refused, fmt::format("{} in exclusive use", what)), method.id);
        else fail(refusal_of(error, what), method.id);
        co_return;
    }
    auto consumer = std::make_shared<Consumer>();
    consumer->tag = method.consumer_tag;
    consumer->queue = *queue;
    consumer->no_ack = method.no_ack;
    consumer->prefetch = prefetch_;
    consumer->subscription = *std::move(subscription);
    consumers_.emplace(consumer->tag, consumer);
    if (!method.no_wait) say(BasicConsumeOk{{consumer->tag}});
    asio::co_spawn(service_.broker.executor(), deliver(consumer), asio::detached);
}

awaitable<void> Channel::on(BasicCancel method) {
    if (const auto found = consumers_.find(method.consumer_tag); found != consumers_.end()) {
        found->second->cancelled = true;
        found->second->subscription.close();
        consumers_.erase(found);
    }
    if (!method.no_wait) say(BasicCancelOk{{std::move(method.consumer_tag)}});
    co_return;
}

awaitable<void> Channel::on(BasicQos method) {
    if (method.prefetch_size != 0) {
        fail(Refusal(Code::not_implemented, fmt::format("prefetch_size!=0 ({})", method.prefetch_size)), method.id);
        co_return;
    }
    if (method.global) channel_prefetch_ = method.prefetch_count;
    else prefetch_ = method.prefetch_count;
    wake_consumers();
    say(BasicQosOk{});
}

std::size_t Channel::credit(const Consumer& consumer) const {
    if (consumer.no_ack) return deliveries_at_once;
    std::size_t free = deliveries_at_once;
    if (consumer.prefetch > 0) free = std::min<std::size_t>(free, consumer.prefetch - std::min(consumer.prefetch, consumer.unacked));
    if (channel_prefetch_ > 0) {
        const std::size_t unsettled = unsettled_.count();
        free = std::min<std::size_t>(free, channel_prefetch_ - std::min<std::size_t>(channel_prefetch_, unsettled));
    }
    return free;
}

void Channel::wake_consumers() { credit_.cancel(); }

/// Push is a loop over pull.
awaitable<void> Channel::deliver(std::shared_ptr<Consumer> consumer) {
    const auto self = shared_from_this();
    const auto connection = connection_.shared_from_this();
    while (!consumer->cancelled && !stopped_) {
        const std::size_t free = credit(*consumer);
        if (free == 0) {
            boost::system::error_code ignored;
            co_await credit_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        co_await connection_.writable();
        NextRequest request;
        request.max = free;
        request.max_bytes = bytes_at_once;
        request.wait = for_ever;
        Result<std::vector<Delivery>> deliveries = co_await consumer->subscription.next(request);
        if (stopped_) break;
        if (!deliveries) {
            if (consumer->cancelled) break;
            if (deliveries.error().code == Errc::too_many_leases) {
                boost::system::error_code ignored;
                co_await credit_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                continue;
            }
            // The queue went away: clients that know of it are told, as RabbitMQ does.
            consumers_.erase(consumer->tag);
            if (deliveries.error().code == Errc::queue_deleted && connection_.has_capability("consumer_cancel_notify"))
                say(BasicCancel{.consumer_tag = consumer->tag, .no_wait = true});
            break;
        }
        for (const Delivery& delivery : *deliveries) deliver_one(consumer, delivery);
    }
}

void Channel::deliver_one(const std::shared_ptr<Consumer>& consumer, const Delivery& delivery) {
    const std::uint64_t tag = unsettled_.next_tag();
    if (!consumer->no_ack) {
        unsettled_.add(tag, delivery.lease, consumer);
        ++consumer->unacked;
    }
    Origin origin = origin_of(delivery, consumer->queue);
    connection_.say(number_,
                    BasicDeliver{.consumer_tag = consumer->tag,
                                 .delivery_tag = tag,
                                 .redelivered = delivery.redelivered,
                                 .exchange = std::move(origin.exchange),
                                 .routing_key = std::move(origin.routing_key)},
                    properties_of(delivery), delivery.message.text());
}

awaitable<void> Channel::on(BasicGet method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    SubscriptionOptions options;
    options.no_lease = method.no_ack;
    options.lease = std::nullopt;
    NextRequest request;
    request.wait = milliseconds(0);
    Result<std::vector<Delivery>> deliveries = co_await session_.receive(*queue, request, options);
    if (stopped_) co_return;
    if (!deliveries) {
        fail(refusal_of(deliveries.error(), queue_text(*queue, connection_.vhost())), method.id);
        co_return;
    }
    if (deliveries->empty()) {
        say(BasicGetEmpty{});
        co_return;
    }
    const Delivery& delivery = deliveries->front();
    const std::uint64_t tag = unsettled_.next_tag();
    if (!method.no_ack) unsettled_.add(tag, delivery.lease, nullptr);
    Origin origin = origin_of(delivery, *queue);
    const Result<QueueInfo> info = service_.broker.queue(*queue, connection_.vhost());
    connection_.say(number_,
                    BasicGetOk{.delivery_tag = tag,
                               .redelivered = delivery.redelivered,
                               .exchange = std::move(origin.exchange),
                               .routing_key = std::move(origin.routing_key),
                               .messages = info ? static_cast<std::uint32_t>(info->counts.ready) : 0},
                    properties_of(delivery), delivery.message.text());
}

}  // namespace rowmq::amqp
