// queue.declare, bind, unbind, purge, delete.

#include <fmt/format.h>

#include <utility>

#include "amqp/binding.hpp"
#include "amqp/channel_say.hpp"
#include "amqp/limits.hpp"
#include "amqp/queue_arguments.hpp"

namespace rowmq::amqp {

std::optional<std::string> Channel::queue_named(const std::string& name, MethodId method) {
    if (!name.empty()) return name;
    if (last_queue_.empty()) {
        fail(Refusal(Code::not_found, "no previously declared queue"), method);
        return std::nullopt;
    }
    return last_queue_;
}

bool Channel::may_use(const std::string& queue, MethodId method) {
    const auto owner = service_.exclusive.find({connection_.vhost(), queue});
    if (owner == service_.exclusive.end() || owner->second == &connection_) return true;
    refuse_locked(queue, method);
    return false;
}

void Channel::refuse_locked(const std::string& queue, MethodId method) {
    fail(Refusal(Code::resource_locked,
                 fmt::format("cannot obtain exclusive access to locked {}. It could be originally declared on another connection or the "
                             "exclusive property value does not match that of the original declaration.",
                             queue_text(queue, connection_.vhost()))),
         method);
}

awaitable<void> Channel::on(QueueDeclare method) {
    drop_line_ends(method.queue);
    const std::string& vhost = connection_.vhost();
    const bool named_here = method.queue.empty() && !method.passive;
    if (named_here) method.queue = Service::generated("amq.gen-");
    const std::string what = queue_text(method.queue, vhost);
    constexpr std::string_view reply_address = "amq.rabbitmq.reply-to";
    if (method.queue.starts_with(reply_address)) {  // there while somebody awaits answers
        const bool there =
            method.queue.size() > reply_address.size() + 1 && service_.replies.contains(method.queue.substr(reply_address.size() + 1));
        if (there || method.queue == reply_address) say(QueueDeclareOk{.queue = method.queue, .messages = 0, .consumers = 1});
        else fail(Refusal(Code::not_found, "no " + what), method.id);
        co_return;
    }
    Rights& rights = connection_.rights();
    if (!method.passive && !allowed(rights.queue(Right::configure, method.queue), method.id)) co_return;
    if (!may_use(method.queue, method.id)) co_return;
    if (method.passive) {
        co_await see_all_publishes();
        if (stopped_) co_return;
    }
    Result<QueueInfo> info = service_.broker.queue(method.queue, vhost);
    if (!info && method.passive) {
        fail(Refusal(Code::not_found, "no " + what), method.id);
        co_return;
    }
    if (info && !method.passive) {
        if (method.exclusive != is_exclusive(info->options)) {
            refuse_locked(method.queue, method.id);
            co_return;
        }
        if (const auto refusal = difference(method, info->options, what)) {
            fail(*refusal, method.id);
            co_return;
        }
    }
    if (!info) {
        if (!named_here && method.queue.starts_with("amq.")) {
            fail(Refusal(Code::access_refused, fmt::format("queue name '{}' contains reserved prefix 'amq.*'", method.queue)), method.id);
            co_return;
        }
        if (!allowed(refusal_of_queue(service_.broker, vhost, method.queue), method.id)) co_return;
        auto options = options_of(method, vhost, service_.settings.message_bytes);
        if (!options) {
            fail(options.error(), method.id);
            co_return;
        }
        if (options->dead_letter && (!allowed(rights.queue(Right::read, method.queue), method.id) ||
                                     !allowed(rights.exchange(Right::write, options->dead_letter->exchange), method.id)))
            co_return;
        const Applied applied = service_.policies.of_queue(vhost, method.queue, *options);
        *options = with(applied, *std::move(options));
        // Nobody else comes in between; when the connection ends meanwhile, the queue goes with it.
        if (method.exclusive) service_.exclusive[{vhost, method.queue}] = &connection_;
        info = co_await service_.broker.declare_queue(method.queue, *std::move(options), vhost);
        if (!info) {
            service_.exclusive.erase({vhost, method.queue});
            fail(refusal_of(info.error(), what), method.id);
            co_return;
        }
        ++service_.traffic.queues_created;
    }
    service_.broker.touch_queue(method.queue, vhost);
    service_.traffic.queues_declared += !method.passive;
    last_queue_ = method.queue;
    if (!method.no_wait)
        say(QueueDeclareOk{.queue = method.queue, .messages = ready_in(*info), .consumers = static_cast<std::uint32_t>(info->consumers)});
}

bool Channel::may_bind(const std::string& queue, const std::string& exchange, const std::string& key, MethodId method) {
    Rights& rights = connection_.rights();
    if (!allowed(rights.queue(Right::write, queue), method)) return false;
    if (!exchange.empty() && !allowed(rights.exchange(Right::read, exchange), method)) return false;
    return allowed(rights.topic(Right::read, exchange, key), method);
}

bool Channel::may_bind_here(const std::string& queue, const std::string& exchange, const std::string& key, MethodId method) {
    return may_bind(queue, exchange, key, method) && may_use(queue, method);
}

awaitable<void> Channel::on(QueueBind method) {
    drop_line_ends(method.queue);
    drop_line_ends(method.exchange);
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_bind_here(*queue, method.exchange, method.routing_key, method.id)) co_return;
    const std::string& vhost = connection_.vhost();
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    Binding binding = binding_of(service_.broker, vhost, method.exchange,
                                 method.routing_key.empty() && method.queue.empty() ? *queue : method.routing_key, method.arguments);
    binding.queue = *queue;
    if (!allowed(refusal_of(service_.broker, vhost, binding, method.arguments), method.id)) co_return;
    const Result<void> bound = co_await bind_with(service_.broker, vhost, std::move(binding), method.arguments);
    if (stopped_) co_return;
    if (!is_content_with(bound)) {
        const bool no_exchange = bound.error().code == Errc::no_such_exchange;
        fail(refusal_of(bound.error(), no_exchange ? exchange_text(method.exchange, vhost) : queue_text(*queue, vhost)), method.id);
        co_return;
    }
    service_.note_bound(vhost, method.exchange);
    if (!method.no_wait) say(QueueBindOk{});
}

awaitable<void> Channel::on(QueueUnbind method) {
    drop_line_ends(method.queue);
    drop_line_ends(method.exchange);
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !may_bind(*queue, method.exchange, method.routing_key, method.id)) co_return;
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    Binding binding = binding_of(service_.broker, connection_.vhost(), method.exchange, method.routing_key, method.arguments);
    binding.queue = *queue;
    if (is_bound(service_.broker, connection_.vhost(), binding) && !may_use(*queue, method.id)) co_return;
    // What is not there is unbound: RabbitMQ is content with that, whatever is missing.
    const Result<void> unbound = co_await unbind_with(service_.broker, connection_.vhost(), std::move(binding), method.arguments);
    (void)unbound;
    co_await service_.delete_unbound_exchanges(connection_.vhost());
    say(QueueUnbindOk{});
}

awaitable<void> Channel::on(QueuePurge method) {
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !allowed(connection_.rights().queue(Right::read, *queue), method.id) || !may_use(*queue, method.id)) co_return;
    const PurgeScope ready;
    const Result<std::int64_t> purged = co_await service_.broker.purge_queue(*queue, ready, connection_.vhost());
    if (stopped_) co_return;
    if (!purged) fail(refusal_of(purged.error(), queue_text(*queue, connection_.vhost())), method.id);
    else if (!method.no_wait) say(QueuePurgeOk{{static_cast<std::uint32_t>(*purged)}});
}

awaitable<void> Channel::on(QueueDelete method) {
    drop_line_ends(method.queue);
    const auto queue = queue_named(method.queue, method.id);
    if (!queue || !allowed(connection_.rights().queue(Right::configure, *queue), method.id) || !may_use(*queue, method.id)) co_return;
    const std::string what = queue_text(*queue, connection_.vhost());
    if (method.if_empty) {
        co_await see_all_publishes();
        if (stopped_) co_return;
    }
    const Result<QueueInfo> info = service_.broker.queue(*queue, connection_.vhost());
    if (info && method.if_empty && info->counts.ready > 0) {
        fail(Refusal(Code::precondition_failed, what + " not empty"), method.id);
        co_return;
    }
    DeleteConditions conditions;
    conditions.if_unused = method.if_unused;
    deleting_ = true;
    const Result<std::int64_t> deleted = co_await service_.broker.delete_queue(*queue, conditions, connection_.vhost());
    if (stopped_) co_return;
    // Deleting what is not there is done.
    if (!deleted && deleted.error().code != Errc::no_such_queue) {
        fail(refusal_of(deleted.error(), what), method.id);
        co_return;
    }
    service_.traffic.queues_deleted += deleted.has_value();
    service_.exclusive.erase({connection_.vhost(), *queue});
    co_await service_.delete_unbound_exchanges(connection_.vhost());
    if (!method.no_wait) say(QueueDeleteOk{{info ? ready_in(*info) : 0}});
    tell_cancelled();
}

}  // namespace rowmq::amqp
