// exchange.declare, delete, bind, unbind.

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace {

std::optional<ExchangeKind> kind_of(std::string_view type) {
    if (type == "direct") return ExchangeKind::direct;
    if (type == "fanout") return ExchangeKind::fanout;
    return std::nullopt;
}

}  // namespace

awaitable<void> Channel::on(ExchangeDeclare method) {
    const std::string& vhost = connection_.vhost();
    const std::string what = exchange_text(method.exchange, vhost);
    const Result<ExchangeInfo> existing = service_.broker.exchange(method.exchange, vhost);
    if (method.passive && !existing && !method.exchange.empty()) {
        fail(Refusal(Code::not_found, "no " + what), method.id);
        co_return;
    }
    if (!method.passive) {
        const auto kind = kind_of(method.type);
        if (!kind) {
            fail(Refusal(Code::command_invalid, fmt::format("unknown exchange type '{}'", method.type)), method.id);
            co_return;
        }
        if (method.exchange.empty()) {
            fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
            co_return;
        }
        if (existing && existing->options.kind != *kind) {
            fail(Refusal(Code::precondition_failed,
                         fmt::format("inequivalent arg 'type' for {}: received '{}' but current is '{}'", what, method.type,
                                     existing->options.kind == ExchangeKind::direct ? "direct" : "fanout")),
                 method.id);
            co_return;
        }
        if (!existing && method.exchange.starts_with("amq.")) {
            fail(Refusal(Code::access_refused, fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", method.exchange)),
                 method.id);
            co_return;
        }
        if (!existing) {
            ExchangeOptions options;
            options.kind = *kind;
            const Result<ExchangeInfo> made = co_await service_.broker.declare_exchange(method.exchange, std::move(options), vhost);
            if (stopped_) co_return;
            if (!made) {
                fail(refusal_of(made.error(), what), method.id);
                co_return;
            }
        }
    }
    if (!method.no_wait) say(ExchangeDeclareOk{});
}

awaitable<void> Channel::on(ExchangeDelete method) {
    const std::string& vhost = connection_.vhost();
    if (method.exchange.empty()) {
        fail(Refusal(Code::access_refused, "operation not permitted on the default exchange"), method.id);
        co_return;
    }
    if (method.exchange.starts_with("amq.")) {
        fail(Refusal(Code::access_refused, fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", method.exchange)), method.id);
        co_return;
    }
    const Result<void> deleted = co_await service_.broker.delete_exchange(method.exchange, method.if_unused, vhost);
    if (stopped_) co_return;
    if (!deleted && deleted.error().code != Errc::no_such_exchange) {
        fail(refusal_of(deleted.error(), exchange_text(method.exchange, vhost)), method.id);
        co_return;
    }
    if (!method.no_wait) say(ExchangeDeleteOk{});
}

awaitable<void> Channel::on(ExchangeBind method) {
    fail(Refusal(Code::not_implemented, "bindings between exchanges are not served yet"), method.id);
    co_return;
}

awaitable<void> Channel::on(ExchangeUnbind method) {
    fail(Refusal(Code::not_implemented, "bindings between exchanges are not served yet"), method.id);
    co_return;
}

}  // namespace rowmq::amqp
