#include "broker/routing/route.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/planted.hpp"

namespace rowmq {
namespace {

class Collect {
public:
    using Take = bool (Terms::*)(const Message&) const;
    Collect(const Catalog& catalog, const Message& message, Take take, std::vector<Reached>& into)
        : catalog_(catalog), message_(message), take_(take), into_(into), begin_(into.size()) {}

    void queue(QueueId id) {
        if (Queue* queue = catalog_.find(id); queue && !queue->deleted) into_.push_back({queue, nullptr});
    }
    void binding(QueueId id, const Terms* terms) {
        if (terms && (terms->*take_)(message_) == planted(Bug::filter_negated)) return;
        const auto same = [&](const Reached& r) { return r.queue->id == id; };
        if (std::any_of(into_.begin() + static_cast<std::ptrdiff_t>(begin_), into_.end(), same)) return;
        const std::size_t before = into_.size();
        queue(id);
        if (into_.size() > before && terms) into_.back().notes = terms->notes;
    }

private:
    const Catalog& catalog_;
    const Message& message_;
    Take take_;
    std::vector<Reached>& into_;
    std::size_t begin_;
};

Result<void> route_by(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, const Message& message,
                      Collect::Take take, std::vector<Reached>& reached) {
    if (exchange.empty()) {
        Queue* queue = catalog.find(ns, key);
        if (!queue) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", key)};
        reached.push_back({queue, nullptr});
        return {};
    }
    const Exchange* found = catalog.find_exchange(ns, exchange);
    if (!found) return Error{Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", exchange)};
    Collect collect(catalog, message, take, reached);
    switch (found->options.kind) {
        case ExchangeKind::direct:
            if (const auto bound = found->by_key.find(key); bound != found->by_key.end())
                for (const auto& [id, terms] : bound->second) collect.binding(id, terms.get());
            break;
        case ExchangeKind::fanout:
            if (found->with_terms == 0) {
                for (const auto& [id, count] : found->queues) collect.queue(id);
                break;
            }
            for (const auto& [bound_by, queues] : found->by_key)
                for (const auto& [id, terms] : queues) collect.binding(id, terms.get());
            break;
    }
    return {};
}

}  // namespace

Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, const Message& message,
                   std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, key, message, &Terms::take, reached);
}

Result<void> route_dead_letter(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key,
                               const Message& message, std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, key, message, &Terms::take_dead_letter, reached);
}

}  // namespace rowmq
