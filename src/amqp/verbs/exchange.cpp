// exchange.declare, delete, bind, unbind.

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "amqp/binding.hpp"
#include "amqp/channel_say.hpp"
#include "amqp/exchange_arguments.hpp"

namespace rowmq::amqp {

awaitable<void> Channel::on(ExchangeDeclare method) {
    drop_line_ends(method.exchange);
    const std::string& vhost = connection_.vhost();
    const std::string what = exchange_text(method.exchange, vhost);
    const Result<ExchangeInfo> existing = service_.broker.exchange(method.exchange, vhost);
    if (method.passive) {
        if (method.exchange.empty()) {
            fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        } else if (existing) {
            if (!method.no_wait) say(ExchangeDeclareOk{});
        } else {
            fail(Refusal(Code::not_found, "no " + what), method.id);
        }
        co_return;
    }
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    Rights& rights = connection_.rights();
    if (!allowed(rights.exchange(Right::configure, method.exchange), method.id)) co_return;
    auto options = options_of(method, vhost);
    if (!options) {
        fail(options.error(), method.id);
        co_return;
    }
    if (!options->alternate.empty() && (!allowed(rights.exchange(Right::read, method.exchange), method.id) ||
                                        !allowed(rights.exchange(Right::write, options->alternate), method.id)))
        co_return;
    if (existing) {
        if (const auto refusal = difference(method, existing->options, what)) {
            fail(*refusal, method.id);
            co_return;
        }
    } else if (method.exchange.starts_with("amq.")) {
        fail(Refusal(Code::access_refused, fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", method.exchange)), method.id);
        co_return;
    } else {
        const Applied applied = service_.policies.of_exchange(vhost, method.exchange);
        *options = with(applied, *std::move(options));
        const Result<ExchangeInfo> made = co_await service_.broker.declare_exchange(method.exchange, *std::move(options), vhost);
        if (!made) {
            if (!stopped_) fail(refusal_of(made.error(), what), method.id);
            co_return;
        }
        service_.note_exchange(vhost, method.exchange, made->options);
    }
    if (!method.no_wait) say(ExchangeDeclareOk{});
}

awaitable<void> Channel::on(ExchangeDelete method) {
    drop_line_ends(method.exchange);
    const std::string& vhost = connection_.vhost();
    const std::string what = exchange_text(method.exchange, vhost);
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    if (!allowed(connection_.rights().exchange(Right::configure, method.exchange), method.id)) co_return;
    if (method.exchange.starts_with("amq.")) {
        fail(Refusal(Code::access_refused, fmt::format("deletion of system {} not allowed", what)), method.id);
        co_return;
    }
    const Result<void> deleted = co_await service_.broker.delete_exchange(method.exchange, method.if_unused, vhost);
    if (!deleted && deleted.error().code != Errc::no_such_exchange) {
        if (!stopped_) fail(refusal_of(deleted.error(), what), method.id);
        co_return;
    }
    service_.forget_exchange(vhost, method.exchange);
    co_await service_.delete_unbound_exchanges(vhost);
    if (!method.no_wait) say(ExchangeDeleteOk{});
}

bool Channel::may_bind_exchanges(const std::string& source, const std::string& destination, const std::string& key, MethodId method) {
    Rights& rights = connection_.rights();
    return allowed(rights.exchange(Right::write, destination), method) && allowed(rights.exchange(Right::read, source), method) &&
           allowed(rights.topic(Right::read, source, key), method);
}

awaitable<void> Channel::on(ExchangeBind method) {
    drop_line_ends(method.source);
    drop_line_ends(method.destination);
    const std::string& vhost = connection_.vhost();
    if (method.source.empty() || method.destination.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    if (!may_bind_exchanges(method.source, method.destination, method.routing_key, method.id)) co_return;
    for (const std::string& name : {method.source, method.destination})
        if (!service_.broker.exchange(name, vhost)) {
            fail(Refusal(Code::not_found, "no " + exchange_text(name, vhost)), method.id);
            co_return;
        }
    Binding binding = binding_of(service_.broker, vhost, method.source, method.routing_key, method.arguments);
    binding.to_exchange = method.destination;
    if (!allowed(refusal_of(service_.broker, vhost, binding, method.arguments), method.id)) co_return;
    const Result<void> bound = co_await bind_with(service_.broker, vhost, std::move(binding), method.arguments);
    if (stopped_) co_return;
    if (!is_content_with(bound)) {
        fail(refusal_of(bound.error(), exchange_text(method.source, vhost)), method.id);
        co_return;
    }
    service_.note_bound(vhost, method.source);
    if (!method.no_wait) say(ExchangeBindOk{});
}

awaitable<void> Channel::on(ExchangeUnbind method) {
    if (method.source.empty() || method.destination.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    if (!may_bind_exchanges(method.source, method.destination, method.routing_key, method.id)) co_return;
    Binding binding = binding_of(service_.broker, connection_.vhost(), method.source, method.routing_key, method.arguments);
    binding.to_exchange = method.destination;
    // What is not there is unbound.
    const Result<void> unbound = co_await unbind_with(service_.broker, connection_.vhost(), std::move(binding), method.arguments);
    (void)unbound;
    co_await service_.delete_unbound_exchanges(connection_.vhost());
    if (!method.no_wait) say(ExchangeUnbindOk{});
}

}  // namespace rowmq::amqp
