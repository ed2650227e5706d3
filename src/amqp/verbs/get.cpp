// basic.get: one message, or the news that there is none.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "amqp/channel_say.hpp"
#include "amqp/queue_arguments.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;

awaitable<void> Channel::on(BasicGet method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !allowed(connection_.rights().queue(Right::read, *queue), method.id) || !may_use(*queue, method.id)) co_return;
    co_await connection_.ready_for_deliveries();  // who does not read what it asked for is given no more
    if (stopped_) co_return;
    SubscriptionOptions options;
    options.no_lease = method.no_ack;
    options.beside = true;
    options.lease = std::nullopt;  // as long as the channel
    NextRequest request;
    request.wait = milliseconds(0);
    co_await asio::post(service_.broker.executor(), asio::use_awaitable);  // a consumer that was woken goes first
    if (stopped_) co_return;
    Result<std::vector<Delivery>> deliveries = co_await session_.receive(*queue, request, options);
    if (!stopped_ && deliveries && deliveries->empty()) {
        co_await see_all_publishes();
        if (!stopped_) deliveries = co_await session_.receive(*queue, request, options);
    }
    if (stopped_) co_return;
    if (!deliveries) {
        const std::string what = queue_text(*queue, connection_.vhost());
        if (deliveries.error().code == Errc::in_use) fail(Refusal(Code::access_refused, what + " in exclusive use"), method.id);
        else fail(refusal_of(deliveries.error(), what), method.id);
        co_return;
    }
    if (deliveries->empty()) {
        ++service_.traffic.got_nothing;
        say(BasicGetEmpty{});
        co_return;
    }
    connection_.is_told();
    const Delivery& delivery = deliveries->front();
    ++(method.no_ack ? service_.traffic.got_no_ack : service_.traffic.got);
    service_.traffic.redelivered += delivery.redelivered;
    const std::uint64_t tag = unsettled_.next_tag();
    if (!method.no_ack) unsettled_.add(tag, delivery.lease, nullptr);
    const Origin origin = origin_of(delivery, *queue);
    const Result<QueueInfo> info = service_.broker.queue(*queue, connection_.vhost());
    const Counts counts = info && tells_counts(info->options) ? Counts::told : Counts::untold;
    connection_.say(number_,
                    BasicGetOk{.delivery_tag = tag,
                               .redelivered = delivery.redelivered,
                               .exchange = std::string(origin.exchange),
                               .routing_key = std::string(origin.routing_key),
                               .messages = info ? ready_in(*info) : 0},
                    properties_of(delivery, counts), delivery.message.text());
}

}  // namespace rowmq::amqp
