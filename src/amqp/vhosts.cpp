// Virtual hosts come and go, and what policies say in them holds.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "amqp/connection.hpp"
#include "amqp/service.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t listed_at_once = 1'000;

/// It is gone meanwhile, or a value of a policy is out of the queue's range: that must not keep a server from starting.
bool may_pass(const Error& error, const std::string& name) {
    if (error.code != Errc::invalid_argument) return error.code == Errc::no_such_queue || error.code == Errc::no_such_exchange;
    spdlog::warn("amqp: a policy does not hold for '{}': {}", name, error.text);
    return true;
}

Error no_vhost(std::string_view vhost) { return {Errc::no_such_namespace, fmt::format("vhost {} not found", vhost)}; }

}  // namespace

bool Service::has_vhost(std::string_view vhost) const {
    if (is_started(vhost)) return true;
    const std::vector<std::string> names = broker.namespaces();
    return std::binary_search(names.begin(), names.end(), vhost);
}

awaitable<Result<void>> Service::open_vhost(std::string vhost) {
    if (!has_vhost(vhost)) co_return no_vhost(vhost);
    if (is_started(vhost)) co_return Result<void>();
    // It was made while this server runs, so nothing in it is left from before; others may be opening it as well.
    for (const ExchangeInfo& exchange : broker.exchanges(vhost)) note_exchange(vhost, exchange.name, exchange.options);
    const Result<void> declared = co_await declare_standing(vhost);
    if (!declared) co_return declared;
    vhosts_.insert(vhost);
    co_return Result<void>();
}

awaitable<Result<bool>> Service::create_vhost(std::string vhost) {
    const Result<bool> created = co_await broker.create_namespace(vhost);
    // Not the Result itself: as a const one it would be made a bool first, whether it has a value.
    if (!created) co_return created.error();
    const Result<void> opened = co_await open_vhost(vhost);
    if (!opened) co_return opened.error();
    co_return *created;
}

awaitable<Result<void>> Service::delete_vhost(std::string vhost) {
    if (!has_vhost(vhost)) co_return no_vhost(vhost);
    if (vhost == default_namespace) co_return Error{Errc::in_use, "the vhost '/' cannot be deleted: other protocols are served from it"};
    vhosts_.erase(vhost);
    const auto in_it = [&](const Connection& one) { return one.vhost() == vhost; };
    close_connections(in_it, fmt::format("vhost '{}' is deleted", vhost));
    const auto of_it = [&](const auto& place) { return place.first == vhost; };
    std::erase_if(internal, of_it);
    std::erase_if(delaying, of_it);
    std::erase_if(auto_delete_exchanges, [&](const auto& one) { return one.first.first == vhost; });
    const Result<void> deleted = co_await broker.delete_namespace(vhost);
    std::erase_if(exclusive, [&](const auto& one) { return one.first.first == vhost; });
    co_return deleted;
}

void Service::close_connections(const std::function<bool(const Connection&)>& is_meant, const std::string& why) {
    for (Connection* connection : std::vector<Connection*>(connections.begin(), connections.end()))
        if (is_meant(*connection)) connection->fail(Refusal(Code::connection_forced, why), {});
}

awaitable<Result<void>> Service::apply_policies(std::string vhost) {
    std::string after;
    for (;;) {
        const std::vector<QueueInfo> some = broker.queues("", after, listed_at_once, vhost);
        if (some.empty()) break;
        after = some.back().name;
        for (const QueueInfo& queue : some) {
            const Applied applied = policies.of_queue(vhost, queue.name, queue.options);
            QueueOptions options = with(applied, queue.options);
            if (options == queue.options) continue;
            const Result<QueueInfo> altered = co_await broker.alter_queue(queue.name, std::move(options), vhost);
            if (!altered && !may_pass(altered.error(), queue.name)) co_return altered.error();
        }
    }
    for (const ExchangeInfo& exchange : broker.exchanges(vhost)) {
        ExchangeOptions options = with(policies.of_exchange(vhost, exchange.name), exchange.options);
        if (options == exchange.options) continue;
        const Result<ExchangeInfo> altered = co_await broker.alter_exchange(exchange.name, std::move(options), vhost);
        if (!altered && !may_pass(altered.error(), exchange.name)) co_return altered.error();
    }
    co_return Result<void>();
}

}  // namespace rowmq::amqp
