// basic.publish, and what comes back of it.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t publishes_at_once = 1'024, bytes_at_once = 1024 * 1024;
constexpr auto between_looks = std::chrono::milliseconds(250);  // at a disk that is full
constexpr auto counted = std::chrono::milliseconds(1);          // the broker's clock says whole ones: with one more nothing is early
constexpr std::size_t nowhere = SIZE_MAX;

}  // namespace

/// One call of the broker, and what is to be told of each message taken for it.
struct Channel::Call {
    struct One {
        std::size_t place = nowhere;  ///< in `publishes`; nowhere: it went to a consumer of replies, if it was `routed`
        bool routed = false;
        std::size_t back = nowhere;  ///< in `mandatory`
    };
    std::vector<Publish> publishes;
    std::vector<std::string> exchanges;  ///< of each of them
    std::vector<Published> mandatory;    ///< copies of those that may have to be returned
    std::vector<One> all;
};

/// Why a publish ends its channel, before the broker is asked.
std::optional<Refusal> Channel::unfit(const Published& published) {
    Rights& rights = connection_.rights();
    if (!rights.may_publish(published.method.exchange, published.method.routing_key))
        return rights.publish_refusal(published.method.exchange, published.method.routing_key);
    if (published.method.immediate) return Refusal(Code::not_implemented, "immediate=true");
    const std::string& exchange = published.method.exchange;
    if (!service_.internal.empty() && service_.internal.contains({connection_.vhost(), exchange}))
        return Refusal(Code::access_refused, "cannot publish to internal " + exchange_text(exchange, connection_.vhost()));
    const auto& user = published.properties->user_id;
    if (user && *user != connection_.user() && !connection_.impersonates())
        return Refusal(Code::precondition_failed,
                       fmt::format("user_id property set to '{}' but authenticated user was '{}'", *user, connection_.user()));
    return std::nullopt;
}

/// As the broker takes it; the body is moved.
boost::system::result<Publish, Refusal> Channel::to_publish(Published& published) {
    const bool delaying = !service_.delaying.empty() && service_.delaying.contains({connection_.vhost(), published.method.exchange});
    auto publish = ready_.publish(published.method, published.properties, std::move(published.body));
    if (publish && delaying)
        if (const auto delay = number_of(find(publish->message.properties->headers, "x-delay")); delay && *delay > 0)
            publish->delay = milliseconds(*delay) + counted;
    return publish;
}

std::optional<Refusal> Channel::take(Published& published, Call& call) {
    Call::One one;
    one.routed = is_reply(published) && hand_over(published);
    if (published.method.mandatory && !one.routed) {
        one.back = call.mandatory.size();
        call.mandatory.push_back(published);
    }
    if (!one.routed) {
        call.exchanges.push_back(published.method.exchange);
        auto publish = to_publish(published);
        if (!publish) return publish.error();
        one.place = call.publishes.size();
        call.publishes.push_back(*std::move(publish));
    }
    call.all.push_back(one);
    return std::nullopt;
}

/// Everything that waits to be published, up to the next other method, in one call of the broker.
awaitable<void> Channel::publish_run() {
    co_await publishing_allowed();
    Call call;
    const std::size_t at_most = std::min(inbox_.size(), publishes_at_once);
    call.publishes.reserve(at_most);
    call.exchanges.reserve(at_most);
    call.all.reserve(at_most);
    std::size_t bytes = 0, taken = 0;
    std::optional<Refusal> refusal;
    while (!inbox_.empty() && call.all.size() < publishes_at_once && taken < bytes_at_once && !refusal) {
        auto* waiting = std::get_if<Published>(&inbox_.front().what);
        if (!waiting) break;
        bytes += inbox_.front().bytes;
        taken += waiting->body.size();
        Published& published = *waiting;
        ++service_.traffic.received;
        service_.traffic.received_with_confirm += confirms_;
        begin_publishing();
        refusal = unfit(published);
        if (!refusal) refusal = give_reply_address(published);
        if (!refusal) refusal = transactional_ ? take_in_transaction(published) : take(published, call);
        inbox_.pop_front();
    }
    Receipt receipt;
    if (!call.publishes.empty()) {
        PublishRequest request;
        request.confirm = Confirm::admitted;
        request.taken = true;
        request.early = service_.settings.early_delivery;
        if (confirms_) request.news = news_;
        Result<Receipt> stored = co_await session_.publish(std::move(call.publishes), request);
        if (stopped_ || closing_) {
            connection_.done(bytes);
            co_return;
        }
        if (stored) {
            receipt = *std::move(stored);
            if (receipt.ticket != Ticket{}) last_publish_ = receipt.ticket;
            service_.last_publish = std::max(service_.last_publish, receipt.ticket);
            if (receipt.ticket != Ticket{} && !confirms_) await_commit({.tag = unasked, .ticket = receipt.ticket, .refused = false});
        } else if (confirms_ && stored.error().code == Errc::store_full) {
            PublishResult refused;
            refused.error = stored.error();
            receipt.results.assign(call.exchanges.size(), refused);
        } else {
            connection_.fail(refusal_of(stored.error(), "message"), BasicPublish::id);
        }
    }
    if (!stopped_) told(call, receipt);
    if (!call.mandatory.empty()) co_await connection_.writable();  // who does not read what comes back publishes no more
    if (refusal) fail(*refusal, BasicPublish::id);
    connection_.done(bytes);
}

void Channel::told(Call& call, const Receipt& receipt) {
    for (const Call::One& one : call.all) {
        if (closing_ || stopped_) return;
        const PublishResult* result = one.place == nowhere ? nullptr : &receipt.results[one.place];
        const Error* error = result && result->error ? &*result->error : nullptr;
        if (error && error->code == Errc::no_such_exchange)
            return fail(Refusal(Code::not_found, "no " + exchange_text(call.exchanges[one.place], connection_.vhost())), BasicPublish::id);
        bool unroutable = !one.routed;
        if (error) unroutable = error->code == Errc::no_such_queue;
        else if (result) unroutable = result->queues == 0 && !result->duplicate;
        if (unroutable) service_.traffic.reached(0, one.back != nowhere);
        else if (!error) service_.traffic.routed += result ? result->queues : 1;
        if (unroutable && one.back != nowhere) send_back(call.mandatory[one.back]);
        const bool refused = error && !unroutable;
        if (refused && !confirms_ && error->code != Errc::queue_full) return fail(refusal_of(*error, "message"), BasicPublish::id);
        // Of a message that may be delivered early the sequence is its id; those of all that a channel publishes rise.
        const MessageId message{result && !result->duplicate ? value_of(result->sequence) : 0};
        if (confirms_) confirm(unroutable || !result ? Ticket{} : receipt.ticket, refused, message);
    }
}

void Channel::send_back(const Published& published) {
    connection_.say(number_,
                    BasicReturn{.code = static_cast<std::uint16_t>(Code::no_route),
                                .text = "NO_ROUTE",
                                .exchange = published.method.exchange,
                                .routing_key = published.method.routing_key},
                    *published.properties, published.body);
}

void Channel::begin_publishing() {
    if (std::exchange(publishes_, true)) return;
    ++service_.traffic.publishers;
    connection_.publishes();
}

/// While the disk is too full for messages they wait here; what else comes waits behind them, then in the socket.
awaitable<void> Channel::publishing_allowed() {
    while (!stopped_) {
        const Alarms alarms = service_.broker.alarms();
        if (!alarms.disk) break;
        connection_.block(alarms);
        pause_.expires_after(between_looks);
        boost::system::error_code ignored;
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace rowmq::amqp
