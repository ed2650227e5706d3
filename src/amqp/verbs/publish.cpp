// basic.publish, and what confirms it.

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "amqp/channel_say.hpp"
#include "amqp/mapping.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t publishes_at_once = 1'024, bytes_at_once = 1024 * 1024;

/// Why a publish ends its channel, before the broker is asked.
std::optional<Refusal> unfit(const Published& published, const std::string& user) {
    if (published.method.immediate) return Refusal(Code::not_implemented, "immediate=true");
    if (published.properties.user_id && *published.properties.user_id != user)
        return Refusal(Code::precondition_failed,
                       fmt::format("user_id property set to '{}' but authenticated user was '{}'", *published.properties.user_id, user));
    return std::nullopt;
}

}  // namespace

/// Everything that waits to be published, up to the next other method, in one call of the broker.
awaitable<void> Channel::publish_run() {
    std::vector<Publish> publishes;
    std::vector<Published> mandatory;       // copies of those that may have to be returned
    std::vector<std::size_t> mandatory_at;  // their places in `publishes`
    std::size_t bytes = 0, taken = 0;
    std::optional<Refusal> refusal;
    while (!inbox_.empty() && publishes.size() < publishes_at_once && taken < bytes_at_once) {
        auto* published = std::get_if<Published>(&inbox_.front().what);
        if (!published) break;
        bytes += inbox_.front().bytes;
        taken += published->body.size();
        refusal = unfit(*published, connection_.user());
        if (!refusal) {
            if (published->method.mandatory && !transactional_) {
                mandatory.push_back(*published);
                mandatory_at.push_back(publishes.size());
            }
            auto publish = publish_of(std::move(published->method.exchange), std::move(published->method.routing_key),
                                      std::move(published->properties), std::move(published->body));
            if (publish) publishes.push_back(*std::move(publish));
            else refusal = publish.error();
        }
        inbox_.pop_front();
        if (refusal) break;
    }

    if (transactional_) {
        for (Publish& publish : publishes) work_.publishes.push_back(std::move(publish));
    } else if (!publishes.empty()) {
        std::vector<std::string> exchanges;
        exchanges.reserve(publishes.size());
        for (const Publish& publish : publishes) exchanges.push_back(publish.exchange);
        PublishRequest request;
        request.confirm = Confirm::admitted;
        Result<Receipt> receipt = co_await session_.publish(std::move(publishes), request);
        if (stopped_ || closing_) {
            connection_.done(bytes);
            co_return;
        }
        if (!receipt) {
            connection_.fail(refusal_of(receipt.error(), "message"), BasicPublish::id);
        } else {
            std::size_t next = 0;
            for (std::size_t i = 0; i < receipt->results.size() && !closing_; ++i) {
                const PublishResult& result = receipt->results[i];
                const bool unroutable = result.error ? result.error->code == Errc::no_such_queue : result.queues == 0 && !result.duplicate;
                if (next < mandatory_at.size() && mandatory_at[next] == i) {
                    const Published& back = mandatory[next++];
                    if (unroutable)
                        connection_.say(number_,
                                        BasicReturn{.code = static_cast<std::uint16_t>(Code::no_route),
                                                    .text = "NO_ROUTE",
                                                    .exchange = back.method.exchange,
                                                    .routing_key = back.method.routing_key},
                                        back.properties, back.body);
                }
                if (result.error && result.error->code == Errc::no_such_exchange) {
                    fail(Refusal(Code::not_found, fmt::format("no {}", exchange_text(exchanges[i], connection_.vhost()))),
                         BasicPublish::id);
                    break;
                }
                const bool refused = result.error && !unroutable;
                if (refused && !confirms_ && result.error->code != Errc::queue_full) {
                    fail(refusal_of(*result.error, "message"), BasicPublish::id);
                    break;
                }
                if (confirms_) {
                    unconfirmed_.push_back({++published_, unroutable ? Ticket{} : receipt->ticket, refused});
                    if (!std::exchange(confirming_, true)) asio::co_spawn(service_.broker.executor(), confirm_committed(), asio::detached);
                }
            }
        }
    }
    if (refusal) fail(*refusal, BasicPublish::id);
    connection_.done(bytes);
}

/// In the order of publishing: each is answered when its commit has returned, several at once where nothing stands between.
awaitable<void> Channel::confirm_committed() {
    const auto self = shared_from_this();
    const auto connection = connection_.shared_from_this();
    while (!unconfirmed_.empty() && !stopped_ && !closing_) {
        const Ticket ticket = unconfirmed_.front().ticket;
        if (ticket != Ticket{}) {
            const Result<void> stored = co_await service_.broker.committed(ticket);
            if (stopped_ || closing_) break;
            if (!stored && stored.error().code != Errc::store_full) {
                connection_.fail(refusal_of(stored.error(), "message"), BasicPublish::id);
                break;
            }
            if (!stored)
                for (auto& one : unconfirmed_)
                    if (one.ticket == ticket) one.refused = true;
        }
        while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket) {
            const bool refused = unconfirmed_.front().refused;
            std::uint64_t last = 0;
            const std::uint64_t first = unconfirmed_.front().tag;
            while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket && unconfirmed_.front().refused == refused) {
                last = unconfirmed_.front().tag;
                unconfirmed_.pop_front();
            }
            if (refused) say(BasicNack{.delivery_tag = last, .multiple = last != first, .requeue = false});
            else say(BasicAck{.delivery_tag = last, .multiple = last != first});
        }
    }
    confirming_ = false;
}

awaitable<void> Channel::on(ConfirmSelect method) {
    if (transactional_) {
        fail(Refusal(Code::precondition_failed, "cannot switch from tx to confirm mode"), ConfirmSelect::id);
        co_return;
    }
    confirms_ = true;
    if (!method.no_wait) say(ConfirmSelectOk{});
}

}  // namespace rowmq::amqp
