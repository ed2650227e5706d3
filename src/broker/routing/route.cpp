#include "broker/routing/route.hpp"

#include <fmt/format.h>

namespace rowmq {

Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, std::vector<Queue*>& queues) {
    if (exchange.empty()) {
        Queue* queue = catalog.find(ns, key);
        if (!queue) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", key)};
        queues.push_back(queue);
        return {};
    }
    const Exchange* found = catalog.find_exchange(ns, exchange);
    if (!found) return Error{Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", exchange)};
    const auto add = [&](QueueId id) {
        if (Queue* queue = catalog.find(id); queue && !queue->deleted) queues.push_back(queue);
    };
    switch (found->options.kind) {
        case ExchangeKind::direct:
            if (const auto bound = found->by_key.find(key); bound != found->by_key.end())
                for (const QueueId id : bound->second) add(id);
            break;
        case ExchangeKind::fanout:
            for (const auto& [id, count] : found->queues) add(id);
            break;
    }
    return {};
}

}  // namespace rowmq
