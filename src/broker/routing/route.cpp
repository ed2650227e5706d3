#include "broker/routing/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/planted.hpp"

namespace rowmq {
namespace {

class Collect {
public:
    using Take = bool (Terms::*)(const Message&) const;
    struct Keys {
        std::string_view key, hashed;
    };
    Collect(const Catalog& catalog, NamespaceId ns, Keys keys, const Message& message, Take take, std::vector<Reached>& into)
        : catalog_(catalog),
          ns_(ns),
          key_(keys.key),
          hashed_key_(keys.hashed),
          message_(message),
          take_(take),
          into_(into),
          route_(catalog.next_route()) {}

    /// Everything the exchange leads to; an exchange that is reached again leads nowhere new.
    void through(const Exchange& exchange) {
        if (std::find(visited_.begin(), visited_.end(), &exchange) != visited_.end()) return;
        visited_.push_back(&exchange);
        const std::size_t before = into_.size();
        switch (exchange.options.kind) {
            case ExchangeKind::direct:
                if (const auto bound = exchange.by_key.find(key_); bound != exchange.by_key.end()) follow(bound->second);
                break;
            case ExchangeKind::fanout:
            case ExchangeKind::headers:
                if (exchange.with_terms == 0 && exchange.to_exchanges == 0) {
                    for (const auto& [id, count] : exchange.queues) queue(id);
                    break;
                }
                for (const auto& [bound_by, bound] : exchange.by_key) follow(bound);
                break;
            case ExchangeKind::topic: {
                std::vector<const std::string*> patterns;
                exchange.patterns.match(key_, patterns);
                for (const std::string* pattern : patterns) follow(exchange.by_key.find(*pattern)->second);
                break;
            }
            case ExchangeKind::hash:
                if (const auto* share = exchange.shares.pick(hash_of(exchange.options.hash_on, hashed_key_, message_.properties.get()))) {
                    if (const auto* id = std::get_if<QueueId>(&share->to)) follow(*id, share->terms);
                    else follow(std::get<ExchangeId>(share->to), share->terms);
                }
                break;
        }
        if (into_.size() > before || exchange.options.alternate.empty()) return;
        if (const Exchange* other = catalog_.find_exchange(ns_, exchange.options.alternate)) through(*other);
    }

private:
    void follow(const Bound& bound) {
        for (const auto& [id, terms] : bound.queues) follow(id, terms);
        for (const auto& [id, terms] : bound.exchanges) follow(id, terms);
    }
    void follow(QueueId id, const std::shared_ptr<const Terms>& terms) {
        if (terms && (terms.get()->*take_)(message_) == planted(Bug::filter_negated)) return;
        const std::size_t before = into_.size();
        queue(id);
        if (into_.size() > before && terms) into_.back().notes = terms->notes;
    }
    void follow(ExchangeId id, const std::shared_ptr<const Terms>& terms) {
        if (terms && (terms.get()->*take_)(message_) == planted(Bug::filter_negated)) return;
        if (const Exchange* next = catalog_.find_exchange(id)) through(*next);
    }
    void queue(QueueId id) {
        Queue* queue = catalog_.find(id);
        if (!queue || queue->deleted) return;
        if (std::exchange(queue->routed, route_) == route_) return;  // reached already
        into_.push_back({queue, nullptr});
    }

    const Catalog& catalog_;
    NamespaceId ns_;
    std::string_view key_, hashed_key_;
    const Message& message_;
    Take take_;
    std::vector<Reached>& into_;
    const std::uint64_t route_;
    std::vector<const Exchange*> visited_;
};

Result<void> route_by(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Collect::Keys keys, const Message& message,
                      Collect::Take take, std::vector<Reached>& reached) {
    if (exchange.empty()) {
        Queue* queue = catalog.find(ns, keys.key);
        if (!queue) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", keys.key)};
        reached.push_back({queue, nullptr});
        return {};
    }
    const Exchange* found = catalog.find_exchange(ns, exchange);
    if (!found) return Error{Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", exchange)};
    Collect(catalog, ns, keys, message, take, reached).through(*found);
    return {};
}

}  // namespace

Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, std::string_view hashed_key,
                   const Message& message, std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, {key, hashed_key}, message, &Terms::take, reached);
}

Result<void> route_dead_letter(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key,
                               const Message& message, std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, {key, key}, message, &Terms::take_dead_letter, reached);
}

}  // namespace rowmq
