// basic.consume, basic.cancel, basic.qos: deliveries.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <utility>

#include "amqp/channel_say.hpp"
#include "amqp/queue_arguments.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t deliveries_at_once = 256;
constexpr auto for_ever = std::chrono::hours(24);
constexpr std::int64_t unlimited = std::int64_t{1} << 40u;

std::int64_t limit_of(std::uint32_t prefetch) { return prefetch == 0 ? unlimited : std::int64_t{prefetch}; }

boost::system::result<int, Refusal> priority_of(const HeaderTable& arguments, std::string_view what) {
    const HeaderValue* said = find(arguments, "x-priority");
    if (!said) return 0;
    const auto* number = std::get_if<std::int64_t>(&said->value);
    if (!number)
        return Refusal(Code::precondition_failed,
                       fmt::format("invalid arg 'x-priority' for {}: \"expected integer, got {}\"", what, type_name(*said)));
    return static_cast<int>(std::clamp<std::int64_t>(*number, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

}  // namespace

awaitable<void> Channel::on(BasicConsume method) {
    const auto queue = queue_named(method.queue, method.id);
    const bool replies = queue == "amq.rabbitmq.reply-to";
    if (!queue || (!replies && !allowed(connection_.rights().queue(Right::read, *queue), method.id)) || !may_use(*queue, method.id))
        co_return;
    if (method.consumer_tag.empty()) method.consumer_tag = Service::generated("amq.ctag-");
    if (consumers_.contains(method.consumer_tag) || (!reply_token_.empty() && method.consumer_tag == reply_tag_)) {
        fail(Refusal(Code::not_allowed, fmt::format("attempt to reuse consumer tag '{}'", method.consumer_tag)), method.id);
        co_return;
    }
    if (replies) {
        consume_replies(method);
        co_return;
    }
    if (consumers_.size() >= service_.settings.consumers_per_channel) {
        fail(Refusal(Code::resource_error, fmt::format("at most {} consumers a channel", service_.settings.consumers_per_channel)),
             method.id);
        co_return;
    }
    const std::string what = queue_text(*queue, connection_.vhost());
    const Result<QueueInfo> info = service_.broker.queue(*queue, connection_.vhost());
    if (!info) {
        fail(refusal_of(info.error(), what), method.id);
        co_return;
    }
    SubscriptionOptions options;
    const auto priority = priority_of(method.arguments, what);
    if (!priority) {
        fail(priority.error(), method.id);
        co_return;
    }
    options.priority = *priority;
    options.exclusive = method.exclusive;
    options.single_active = is_single_active(info->options);
    if (options.single_active && options.exclusive) {
        fail(Refusal(Code::access_refused, what + " in exclusive use"), method.id);
        co_return;
    }
    options.no_lease = method.no_ack;
    options.lease = std::nullopt;  // as long as the channel
    options.credit = channel_credit_;
    options.early = service_.settings.early_delivery;
    const auto share = std::make_shared<Share>(connection_);
    options.budget = share;
    Result<Subscription> subscription = session_.subscribe(*queue, options);
    if (!subscription) {
        if (subscription.error().code == Errc::in_use) fail(Refusal(Code::access_refused, what + " in exclusive use"), method.id);
        else fail(refusal_of(subscription.error(), what), method.id);
        co_return;
    }
    auto consumer = std::make_shared<Consumer>();
    consumer->tag = method.consumer_tag;
    consumer->queue = *queue;
    consumer->no_ack = method.no_ack;
    consumer->exclusive = method.exclusive;
    consumer->arguments = std::move(method.arguments);
    consumer->counts = tells_counts(info->options) ? Counts::told : Counts::untold;
    consumer->prefetch = prefetch_;
    consumer->share = share;
    consumer->subscription = *std::move(subscription);
    consumers_.emplace(consumer->tag, consumer);
    if (!method.no_wait) say(BasicConsumeOk{{consumer->tag}});
    spawn(deliver(consumer));
}

awaitable<void> Channel::on(BasicCancel method) {
    if (const auto found = consumers_.find(method.consumer_tag); found != consumers_.end()) {
        const std::shared_ptr<Consumer> consumer = found->second;
        consumers_.erase(found);
        consumer->cancelled = true;
        consumer->subscription.close();
        credit_.cancel();
        std::vector<std::string> queue{consumer->queue};
        co_await service_.delete_unused(std::move(queue), connection_.vhost());
    } else {
        cancel_replies(method.consumer_tag);
    }
    if (!method.no_wait) say(BasicCancelOk{{std::move(method.consumer_tag)}});
}

awaitable<void> Channel::on(BasicQos method) {
    if (method.prefetch_size != 0) {
        fail(Refusal(Code::not_implemented, fmt::format("prefetch_size!=0 ({})", method.prefetch_size)), method.id);
        co_return;
    }
    if (method.global) {
        *channel_credit_ += limit_of(method.prefetch_count) - limit_of(channel_prefetch_);
        channel_prefetch_ = method.prefetch_count;
        wake_consumers();
    } else {
        prefetch_ = method.prefetch_count;
    }
    say(BasicQosOk{});
}

std::size_t Channel::credit(const Consumer& consumer) const {
    if (consumer.no_ack || consumer.prefetch == 0) return deliveries_at_once;
    return std::min<std::size_t>(deliveries_at_once, consumer.prefetch - std::min(consumer.prefetch, consumer.unacked));
}

void Channel::wake_consumers() {
    credit_.cancel();
    // Who was served last comes last: one after the other has its share of what is left for all.
    const auto next = consumers_.upper_bound(last_served_);
    for (auto one = next; one != consumers_.end(); ++one) one->second->subscription.look_again();
    for (auto one = consumers_.begin(); one != next; ++one) one->second->subscription.look_again();
}

void Channel::free_credit(const std::vector<Unsettled::One>& settled) {
    const bool was_short = *channel_credit_ <= 0;
    for (const Unsettled::One& one : settled) {
        if (!one.consumer) continue;
        if (one.consumer->unacked > 0) --one.consumer->unacked;
        ++*channel_credit_;
    }
    if (was_short) wake_consumers();
    else credit_.cancel();
}

/// Push is a loop over pull.
awaitable<void> Channel::deliver(std::shared_ptr<Consumer> consumer) {
    boost::system::error_code ignored;
    while (!consumer->cancelled && !stopped_ && !connection_.gone()) {
        const std::size_t free = credit(*consumer);
        if (free == 0) {
            co_await credit_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        co_await connection_.ready_for_deliveries();
        if (consumer->cancelled || stopped_) break;
        NextRequest request;
        request.max = free;
        request.wait = for_ever;
        const Share::Turn turn(*consumer->share);
        Result<std::vector<Delivery>> deliveries = co_await consumer->subscription.next(request);
        if (stopped_) break;  // and the session has given them back
        if (!deliveries) {
            if (consumer->cancelled) break;
            if (deliveries.error().code == Errc::too_many_leases) {
                co_await credit_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                continue;
            }
            // The queue went away: clients that know of it are told, as RabbitMQ does.
            consumers_.erase(consumer->tag);
            if (deliveries.error().code == Errc::queue_deleted && connection_.has_capability("consumer_cancel_notify")) {
                cancelled_.push_back(consumer->tag);
                if (!deleting_) tell_cancelled();
            }
            break;
        }
        if (consumer->cancelled) {
            co_await give_back(consumer, *std::move(deliveries));
            break;
        }
        for (const Delivery& delivery : *deliveries) deliver_one(consumer, delivery);
    }
}

/// Where this channel deletes the queue itself, behind its answer: clients close the channel when they have heard of it.
void Channel::tell_cancelled() {
    deleting_ = false;
    for (std::string& tag : std::exchange(cancelled_, {})) say(BasicCancel{.consumer_tag = std::move(tag), .no_wait = true});
}

/// What was on its way when the client cancelled.
awaitable<void> Channel::give_back(std::shared_ptr<Consumer> consumer, std::vector<Delivery> deliveries) {
    if (consumer->no_ack) co_return;  // gone with them, as they would be on the wire
    std::vector<Settlement> settlements;
    for (const Delivery& delivery : deliveries) settlements.push_back({delivery.lease, Verdict::release, milliseconds(0)});
    *channel_credit_ += std::ssize(settlements);
    const Settled settled = co_await session_.settle(std::move(settlements), Confirm::admitted);
    (void)settled;
}

void Channel::deliver_one(const std::shared_ptr<Consumer>& consumer, const Delivery& delivery) {
    const std::uint64_t tag = unsettled_.next_tag();
    if (!consumer->no_ack) {
        unsettled_.add(tag, delivery.lease, consumer);
        last_served_ = consumer->tag;
        ++consumer->unacked;
    }
    ++(consumer->no_ack ? service_.traffic.delivered_no_ack : service_.traffic.delivered);
    service_.traffic.redelivered += delivery.redelivered;
    const Origin origin = origin_of(delivery, consumer->queue);
    const DeliverView method{.consumer_tag = consumer->tag,
                             .delivery_tag = tag,
                             .redelivered = delivery.redelivered,
                             .exchange = origin.exchange,
                             .routing_key = origin.routing_key};
    if (!says_only_properties(delivery, consumer->counts)) {
        connection_.say(number_, method, properties_of(delivery, consumer->counts), delivery.message.text());
        return;
    }
    // Most deliveries of a queue say the same of their messages.
    if (consumer->header.empty() || delivery.message.properties != consumer->said) {
        consumer->header.clear();
        write_content_header(consumer->header, {.klass = 60, .body_bytes = 0, .properties = properties_of(delivery)});
        consumer->said = delivery.message.properties;
    }
    connection_.say(number_, method, ReadyHeader(consumer->header), delivery.message.text());
}

}  // namespace rowmq::amqp
