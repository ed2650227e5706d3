// queue.declare, bind, unbind, purge, delete.

#include <fmt/format.h>

#include <utility>

#include "amqp/channel_say.hpp"
#include "amqp/queue_arguments.hpp"

namespace rowmq::amqp {

awaitable<void> Channel::on(QueueDeclare method) {
    const std::string& vhost = connection_.vhost();
    if (method.queue.empty()) {
        if (method.passive) {
            const auto name = queue_named(method.queue, method.id);
            if (!name) co_return;
            method.queue = *name;
        } else {
            method.queue = service_.generated("amq.gen-");
        }
    } else if (!method.passive && method.queue.starts_with("amq.") && !service_.broker.queue(method.queue, vhost)) {
        fail(Refusal(Code::access_refused, fmt::format("queue name '{}' contains reserved prefix 'amq.*'", method.queue)), method.id);
        co_return;
    }
    if (!may_use(method.queue, method.id)) co_return;
    const std::string what = queue_text(method.queue, vhost);
    Result<QueueInfo> info = service_.broker.queue(method.queue, vhost);
    if (!info && method.passive) {
        fail(Refusal(Code::not_found, "no " + what), method.id);
        co_return;
    }
    if (info && !method.passive)
        if (const auto refusal = difference(method, info->options, what)) {
            fail(*refusal, method.id);
            co_return;
        }
    if (!info) {
        auto options = options_of(method, service_.settings.message_bytes);
        if (!options) {
            fail(options.error(), method.id);
            co_return;
        }
        info = co_await service_.broker.declare_queue(method.queue, *std::move(options), vhost);
        if (stopped_) co_return;
        if (!info) {
            fail(refusal_of(info.error(), what), method.id);
            co_return;
        }
        if (method.exclusive) service_.exclusive[{vhost, method.queue}] = &connection_;
    }
    last_queue_ = method.queue;
    if (!method.no_wait)
        say(QueueDeclareOk{.queue = method.queue,
                           .messages = static_cast<std::uint32_t>(info->counts.ready),
                           .consumers = static_cast<std::uint32_t>(info->consumers)});
}

awaitable<void> Channel::on(QueueBind method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    const std::string& vhost = connection_.vhost();
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    Binding binding =
        binding_of(method.exchange, method.routing_key.empty() && method.queue.empty() ? *queue : method.routing_key, method.arguments);
    binding.queue = *queue;
    const Result<void> bound = co_await service_.broker.bind(std::move(binding), vhost);
    if (stopped_) co_return;
    if (!bound) {
        const bool no_exchange = bound.error().code == Errc::no_such_exchange;
        fail(refusal_of(bound.error(), no_exchange ? exchange_text(method.exchange, vhost) : queue_text(*queue, vhost)), method.id);
        co_return;
    }
    if (!method.no_wait) say(QueueBindOk{});
}

awaitable<void> Channel::on(QueueUnbind method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    Binding binding = binding_of(method.exchange, method.routing_key, method.arguments);
    binding.queue = *queue;
    // What is not there is unbound: RabbitMQ is content with that, whatever is missing.
    const Result<void> unbound = co_await service_.broker.unbind(std::move(binding), connection_.vhost());
    (void)unbound;
    say(QueueUnbindOk{});
}

awaitable<void> Channel::on(QueuePurge method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    const PurgeScope ready;
    const Result<std::int64_t> purged = co_await service_.broker.purge_queue(*queue, ready, connection_.vhost());
    if (stopped_) co_return;
    if (!purged) fail(refusal_of(purged.error(), queue_text(*queue, connection_.vhost())), method.id);
    else if (!method.no_wait) say(QueuePurgeOk{{static_cast<std::uint32_t>(*purged)}});
}

awaitable<void> Channel::on(QueueDelete method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_use(*queue, method.id)) co_return;
    DeleteConditions conditions;
    conditions.if_unused = method.if_unused;
    conditions.if_empty = method.if_empty;
    const Result<std::int64_t> deleted = co_await service_.broker.delete_queue(*queue, conditions, connection_.vhost());
    if (stopped_) co_return;
    // Deleting what is not there is done.
    if (!deleted && deleted.error().code != Errc::no_such_queue) {
        fail(refusal_of(deleted.error(), queue_text(*queue, connection_.vhost())), method.id);
        co_return;
    }
    service_.exclusive.erase({connection_.vhost(), *queue});
    if (!method.no_wait) say(QueueDeleteOk{{deleted ? static_cast<std::uint32_t>(*deleted) : 0}});
}

}  // namespace rowmq::amqp
