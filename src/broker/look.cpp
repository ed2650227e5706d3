#include "rowmq/look.hpp"

#include "broker/state.hpp"

namespace rowmq {

void see_exchanges(const Broker& broker, std::string_view after, const std::function<bool(const ExchangeView&)>& see, std::string_view ns) {
    const Catalog& catalog = BrokerState::catalog_of(broker);
    if (const auto space = catalog.find_namespace(ns))
        catalog.exchanges_after(*space, after, [&](const Exchange& one) { return see({.name = one.name, .options = one.options}); });
}

std::size_t count_queues(const Broker& broker, std::string_view ns) {
    const Catalog& catalog = BrokerState::catalog_of(broker);
    const auto space = catalog.find_namespace(ns);
    std::size_t count = 0;
    if (space) catalog.for_each_queue([&](const Queue& queue) { count += queue.ns == *space && !queue.deleted ? 1 : 0; });
    return count;
}

void see_bindings(const Broker& broker, std::string_view exchange, std::string_view key, const std::function<bool(const BindingView&)>& see,
                  std::string_view ns) {
    static const BindingOptions none;
    const Catalog& catalog = BrokerState::catalog_of(broker);
    const auto space = catalog.find_namespace(ns);
    const Exchange* from = space ? catalog.find_exchange(*space, exchange) : nullptr;
    if (!from) return;
    for (auto at = from->by_key.lower_bound(key); at != from->by_key.end(); ++at) {
        for (const auto& [id, terms] : at->second.queues) {
            const Queue* queue = catalog.find(id);
            if (!queue) continue;
            const BindingView view{
                .exchange = from->name, .queue = queue->name, .routing_key = at->first, .options = terms ? terms->options : none};
            if (!see(view)) return;
        }
        for (const auto& [id, terms] : at->second.exchanges) {
            const Exchange* to = catalog.find_exchange(id);
            if (!to) continue;
            const BindingView view{.exchange = from->name,
                                   .queue = {},
                                   .routing_key = at->first,
                                   .options = terms ? terms->options : none,
                                   .to_exchange = to->name};
            if (!see(view)) return;
        }
    }
}

std::optional<BindingOptions> find_binding(const Broker& broker, const Binding& which, std::string_view ns) {
    const Catalog& catalog = BrokerState::catalog_of(broker);
    const auto space = catalog.find_namespace(ns);
    const Exchange* from = space ? catalog.find_exchange(*space, which.exchange) : nullptr;
    if (!from) return std::nullopt;
    std::optional<std::shared_ptr<const Terms>> found;
    if (which.to_exchange.empty()) {
        if (const Queue* queue = catalog.find(*space, which.queue)) found = catalog.find_binding(*from, queue->id, which.routing_key);
    } else if (const Exchange* to = catalog.find_exchange(*space, which.to_exchange)) {
        found = catalog.find_binding(*from, to->id, which.routing_key);
    }
    if (!found) return std::nullopt;
    return *found ? (*found)->options : BindingOptions();
}

}  // namespace rowmq
