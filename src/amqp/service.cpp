#include "amqp/service.hpp"

#include <openssl/rand.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "amqp/exchange_arguments.hpp"
#include "amqp/queue_arguments.hpp"
#include "rowmq/look.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

struct Standing {
    std::string_view name, type;
    bool internal = false;
};
constexpr Standing standing_exchanges[] = {{"amq.direct", "direct"},   {"amq.fanout", "fanout"}, {"amq.topic", "topic"},
                                           {"amq.headers", "headers"}, {"amq.match", "headers"}, {"amq.rabbitmq.trace", "topic", true}};

constexpr std::size_t listed_at_once = 1'000;

bool has_bindings(const Broker& broker, const Place& exchange) {
    bool some = false;
    const auto see = [&](const BindingView&) {
        some = true;
        return false;
    };
    see_bindings(broker, exchange.second, "", see, exchange.first);
    return some;
}

}  // namespace

awaitable<Result<void>> Service::declare_standing(std::string vhost) {
    for (const Standing& standing : standing_exchanges) {
        if (broker.exchange(standing.name, vhost)) continue;
        const std::string name(standing.name);
        ExchangeDeclare as;
        as.type = standing.type;
        as.durable = true;
        as.internal = standing.internal;
        ExchangeOptions options = *options_of(as, vhost);
        const Result<ExchangeInfo> made = co_await broker.declare_exchange(name, std::move(options), vhost);
        // Where the disk is full a server starts all the same: what is there can be received.
        if (!made && made.error().code != Errc::already_exists && made.error().code != Errc::store_full) co_return made.error();
        if (made) note_exchange(vhost, name, made->options);
    }
    co_return Result<void>();
}

awaitable<Result<void>> Service::start(std::string vhost) {
    std::vector<std::string> transient;
    std::string after;
    for (;;) {
        const std::vector<QueueInfo> some = broker.queues("", after, listed_at_once, vhost);
        if (some.empty()) break;
        for (const QueueInfo& queue : some)
            if (!is_durable(queue.options) || is_exclusive(queue.options)) transient.push_back(queue.name);
        after = some.back().name;
    }
    co_await delete_queues(std::move(transient), vhost);
    for (const ExchangeInfo& exchange : broker.exchanges(vhost)) {
        if (is_durable(exchange.options)) {
            note_exchange(vhost, exchange.name, exchange.options);
            continue;
        }
        const Result<void> deleted = co_await broker.delete_exchange(exchange.name, false, vhost);
        if (!deleted) note_exchange(vhost, exchange.name, exchange.options);  // a full disk: another time
    }
    co_await delete_unbound_exchanges(vhost);
    const Result<void> declared = co_await declare_standing(vhost);
    if (!declared) co_return declared;
    vhosts_.insert(vhost);
    const Result<void> applied = co_await apply_policies(vhost);
    // As before: where the disk is full another start comes.
    if (!applied && applied.error().code != Errc::store_full) co_return applied;
    co_return Result<void>();
}

std::string Service::generated(std::string_view prefix) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<unsigned char, 22> random{};
    RAND_bytes(random.data(), static_cast<int>(random.size()));
    std::string name(prefix);
    for (const unsigned char byte : random) name += letters[byte % letters.size()];
    return name;
}

awaitable<void> Service::delete_queues(std::vector<std::string> names, std::string vhost) {
    if (names.empty()) co_return;
    // Not one after the other: their deletions share commits.
    std::size_t running = names.size();
    asio::steady_timer ended(broker.executor(), asio::steady_timer::time_point::max());
    for (std::string& name : names) {
        exclusive.erase({vhost, name});
        const DeleteConditions always;
        asio::co_spawn(broker.executor(), broker.delete_queue(std::move(name), always, vhost),
                       [this, &running, &ended](std::exception_ptr thrown, const Result<std::int64_t>& deleted) {
                           traffic.queues_deleted += !thrown && deleted.has_value();
                           if (--running == 0) ended.cancel();
                       });
    }
    boost::system::error_code ignored;
    while (running > 0) co_await ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await delete_unbound_exchanges(vhost);
}

awaitable<void> Service::delete_unused(std::vector<std::string> names, std::string vhost) {
    std::vector<std::string> unused;
    for (std::string& name : names) {
        const Result<QueueInfo> queue = broker.queue(name, vhost);
        if (queue && is_auto_delete(queue->options) && queue->consumers == 0) unused.push_back(std::move(name));
    }
    co_await delete_queues(std::move(unused), std::move(vhost));
}

awaitable<void> Service::delete_unbound_exchanges(std::string vhost) {
    for (bool some = true; some;) {  // one that goes may have been another's last binding
        some = false;
        std::string unbound;
        for (auto& [place, had_bindings] : auto_delete_exchanges) {
            if (place.first != vhost) continue;
            const bool bound = has_bindings(broker, place);
            if (bound || !had_bindings) {
                had_bindings |= bound;
                continue;
            }
            unbound = place.second;
            break;
        }
        if (unbound.empty()) co_return;
        forget_exchange(vhost, unbound);
        const Result<void> deleted = co_await broker.delete_exchange(unbound, true, vhost);
        some = deleted.has_value();
    }
}

void Service::note_exchange(const std::string& vhost, const std::string& name, const ExchangeOptions& options) {
    forget_exchange(vhost, name);  // another of that name may have gone by another protocol
    const Place place(vhost, name);
    if (is_internal(options)) internal.insert(place);
    if (is_delaying(options)) delaying.insert(place);
    if (is_auto_delete(options)) auto_delete_exchanges.emplace(place, has_bindings(broker, place));
}

void Service::note_bound(const std::string& vhost, const std::string& exchange) {
    const auto found = auto_delete_exchanges.find({vhost, exchange});
    if (found != auto_delete_exchanges.end()) found->second = true;
}

void Service::forget_exchange(const std::string& vhost, const std::string& name) {
    const Place place(vhost, name);
    internal.erase(place);
    delaying.erase(place);
    auto_delete_exchanges.erase(place);
}

}  // namespace rowmq::amqp
