// Exchanges and bindings.

#include <fmt/format.h>

#include "broker/catalog/options.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

Error no_exchange(std::string_view name) { return {Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", name)}; }

bool have_equal_options(const Terms* a, const Terms* b) { return a && b ? a->options == b->options : a == b; }

std::optional<Error> check(const ExchangeOptions& options, const Limits& limits) {
    std::size_t bytes = 0;
    for (const auto& [name, text] : options.attributes) bytes += name.size() + text.size();
    bytes += options.hash_on.header.size();
    if (bytes <= limits.attributes_bytes) return std::nullopt;
    return Error{Errc::invalid_argument,
                 fmt::format("the attributes of an exchange have {} bytes: at most {} are allowed", bytes, limits.attributes_bytes)};
}

}  // namespace

awaitable<Result<ExchangeInfo>> BrokerState::declare_exchange(std::string name, ExchangeOptions options, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check_name("the namespace's name", ns, limits)) co_return *std::move(e);
    if (auto e = check_name("the exchange's name", name, limits)) co_return *std::move(e);
    if (auto e = check(options, limits)) co_return *std::move(e);
    const NamespaceId space = namespace_of(ns);
    if (const Exchange* known = catalog.find_exchange(space, name)) {
        if (!(known->options == options))
            co_return Error{Errc::already_exists, fmt::format("exchange \"{}\" exists with other options", name)};
        ExchangeInfo info{.id = known->id, .ns = ns, .name = name, .options = known->options};
        const Result<void> stored = co_await committer.committed(committer.last_ticket());
        if (!stored) co_return stored.error();
        co_return info;
    }
    if (catalog.exchange_count() >= limits.exchanges)
        co_return Error{Errc::limit_exceeded, fmt::format("at most {} exchanges", limits.exchanges)};
    auto made = std::make_unique<Exchange>();
    made->id = ExchangeId{next_id()};
    made->ns = space;
    made->name = name;
    made->options = options;
    const Exchange& exchange = catalog.add(std::move(made));
    const ExchangeId id = exchange.id;
    committer.open().catalog.emplace_back(storage::ExchangeRow{.id = id, .ns = space, .name = name, .options = encode(options)});
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        catalog.erase(id);
        co_return stored.error();
    }
    co_return ExchangeInfo{.id = id, .ns = std::move(ns), .name = std::move(name), .options = std::move(options)};
}

awaitable<Result<ExchangeInfo>> BrokerState::alter_exchange(std::string name, ExchangeOptions options, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check(options, limits)) co_return *std::move(e);
    const auto space = catalog.find_namespace(ns);
    Exchange* exchange = space ? catalog.find_exchange(*space, name) : nullptr;
    if (!exchange) co_return no_exchange(name);
    if (exchange->options.kind != options.kind)
        co_return Error{Errc::invalid_argument, fmt::format("the kind of exchange \"{}\" cannot change", name)};
    const ExchangeId id = exchange->id;
    const ExchangeOptions before = std::exchange(exchange->options, options);
    committer.open().catalog.emplace_back(storage::ExchangeRow{.id = id, .ns = *space, .name = name, .options = encode(options)});
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        if (Exchange* still = catalog.find_exchange(id)) still->options = before;
        co_return stored.error();
    }
    co_return ExchangeInfo{.id = id, .ns = std::move(ns), .name = std::move(name), .options = std::move(options)};
}

awaitable<Result<void>> BrokerState::delete_exchange(std::string name, bool if_unused, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const auto space = catalog.find_namespace(ns);
    Exchange* exchange = space ? catalog.find_exchange(*space, name) : nullptr;
    if (!exchange) co_return no_exchange(name);
    if (if_unused && exchange->used()) co_return Error{Errc::in_use, fmt::format("exchange \"{}\" has bindings", name)};
    committer.open().catalog.emplace_back(storage::ExchangeErased{exchange->id});
    struct Before {
        ExchangeId id;
        NamespaceId ns;
        std::string name;
        ExchangeOptions options;
        std::map<std::string, Bound, std::less<>> by_key;
    };
    const Before before{exchange->id, exchange->ns, exchange->name, exchange->options, exchange->by_key};
    struct Leading {
        ExchangeId from;
        std::string key;
        std::shared_ptr<const Terms> terms;
    };
    std::vector<Leading> leading;  // bindings of others to it
    catalog.for_each_exchange([&](const Exchange& other) {
        if (other.to_exchanges == 0) return;
        for (const auto& [key, bound] : other.by_key)
            if (const auto found = bound.exchanges.find(before.id); found != bound.exchanges.end())
                leading.push_back({other.id, key, found->second});
    });
    catalog.erase(exchange->id);
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored && !catalog.find_exchange(before.ns, before.name)) {  // nothing was stored: it exists as before
        auto again = std::make_unique<Exchange>();
        again->id = before.id;
        again->ns = before.ns;
        again->name = before.name;
        again->options = before.options;
        Exchange& back = catalog.add(std::move(again));
        for (const auto& [key, bound] : before.by_key) {
            for (const auto& [queue, terms] : bound.queues)
                if (catalog.has(queue)) catalog.bind(back, queue, key, terms);
            for (const auto& [other, terms] : bound.exchanges)
                if (catalog.has(other)) catalog.bind(back, other, key, terms);
        }
        for (const Leading& one : leading)
            if (Exchange* from = catalog.find_exchange(one.from)) catalog.bind(*from, back.id, one.key, one.terms);
    }
    co_return stored;
}

/// The queue or the exchange a binding leads to.
Result<Destination> BrokerState::destination_of(const Binding& binding, const std::string& ns) const {
    if (binding.to_exchange.empty()) {
        const Result<Queue*> queue = find_queue(binding.queue, ns);
        if (!queue) return queue.error();
        return Destination(queue.value()->id);
    }
    const auto space = catalog.find_namespace(ns);
    const Exchange* exchange = space ? catalog.find_exchange(*space, binding.to_exchange) : nullptr;
    if (!exchange) return no_exchange(binding.to_exchange);
    return Destination(exchange->id);
}

storage::BindingRow BrokerState::row_of(ExchangeId from, Destination to, const std::string& key, std::string options) {
    storage::BindingRow row{from, QueueId{}, key, std::move(options), ExchangeId{}};
    if (const auto* queue = std::get_if<QueueId>(&to)) row.queue = *queue;
    else row.to_exchange = std::get<ExchangeId>(to);
    return row;
}

/// What a hash exchange does not take: a key that is no weight, and another weight for what has one.
std::optional<Error> BrokerState::refusal_of(const Exchange& exchange, Destination to, const std::string& key) const {
    if (exchange.options.kind != ExchangeKind::hash) return std::nullopt;
    if (!weight_of(key))
        return Error{Errc::invalid_argument, fmt::format("exchange \"{}\": the key of a binding is its weight, a whole number from 1 to {}",
                                                         exchange.name, highest_weight)};
    const auto bound = catalog.key_to(exchange, to);
    if (!bound || *bound == key) return std::nullopt;
    return Error{Errc::already_exists,
                 fmt::format("exchange \"{}\" leads there with the weight {} already: unbind that first", exchange.name, *bound)};
}

awaitable<Result<void>> BrokerState::bind(Binding binding, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (binding.routing_key.size() > limits.name_bytes)
        co_return Error{Errc::invalid_argument,
                        fmt::format("a routing key of {} bytes: at most {} are allowed", binding.routing_key.size(), limits.name_bytes)};
    const auto space = catalog.find_namespace(ns);
    Exchange* exchange = space ? catalog.find_exchange(*space, binding.exchange) : nullptr;
    if (!exchange) co_return no_exchange(binding.exchange);
    const Result<Destination> to = destination_of(binding, ns);
    if (!to) co_return to.error();
    const auto terms = terms_of(std::move(binding.options), limits);
    if (!terms) co_return terms.error();
    if (auto e = refusal_of(*exchange, *to, binding.routing_key)) co_return *std::move(e);
    const ExchangeId from = exchange->id;
    const auto before = catalog.find_binding(*exchange, *to, binding.routing_key);
    if (!before && catalog.binding_count() >= limits.bindings)
        co_return Error{Errc::limit_exceeded, fmt::format("at most {} bindings", limits.bindings)};
    Ticket ticket = committer.last_ticket();
    const bool changed = !before || !have_equal_options(before->get(), terms->get());
    if (changed) {
        catalog.bind(*exchange, *to, binding.routing_key, *terms);
        std::string options = *terms ? encode((*terms)->options) : std::string();
        committer.open().catalog.emplace_back(row_of(from, *to, binding.routing_key, std::move(options)));
        ticket = committer.touch(1, 0);
    }
    const Result<void> stored = co_await committer.committed(ticket);
    if (Exchange* still = stored || !changed ? nullptr : catalog.find_exchange(from)) {
        if (before) catalog.bind(*still, *to, binding.routing_key, *before);
        else catalog.unbind(*still, *to, binding.routing_key);
    }
    co_return stored;
}

awaitable<Result<void>> BrokerState::unbind(Binding binding, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const auto space = catalog.find_namespace(ns);
    Exchange* exchange = space ? catalog.find_exchange(*space, binding.exchange) : nullptr;
    if (!exchange) co_return no_exchange(binding.exchange);
    const Result<Destination> to = destination_of(binding, ns);
    if (!to) co_return to.error();
    const ExchangeId from = exchange->id;
    const auto before = catalog.find_binding(*exchange, *to, binding.routing_key);
    if (!catalog.unbind(*exchange, *to, binding.routing_key)) {
        const std::string where =
            binding.to_exchange.empty() ? fmt::format("queue \"{}\"", binding.queue) : fmt::format("exchange \"{}\"", binding.to_exchange);
        co_return Error{Errc::no_such_binding, fmt::format("exchange \"{}\" has no binding to {} with that key", binding.exchange, where)};
    }
    committer.open().catalog.emplace_back(storage::BindingErased{row_of(from, *to, binding.routing_key, {})});
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (Exchange* still = stored ? nullptr : catalog.find_exchange(from); still && before && catalog.has(*to))
        if (!catalog.find_binding(*still, *to, binding.routing_key)) catalog.bind(*still, *to, binding.routing_key, *before);
    co_return stored;
}

}  // namespace rowmq
