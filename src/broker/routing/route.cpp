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
    Collect(const Catalog& catalog, NamespaceId ns, Keys keys, const Message& message, Take take, std::vector<Reached>& into)
        : catalog_(catalog), ns_(ns), keys_(keys), message_(message), take_(take), into_(into), route_(catalog.next_route()) {}

    /// Everything the exchange leads to; an exchange that is reached again leads nowhere new.
    void through(const Exchange& exchange) {
        if (std::find(visited_.begin(), visited_.end(), &exchange) != visited_.end()) return;
        visited_.push_back(&exchange);
        const std::size_t before = led_;
        switch (exchange.options.kind) {
            case ExchangeKind::direct:
                for_each_key([&](std::string_view key) {
                    if (const auto bound = exchange.by_key.find(key); bound != exchange.by_key.end()) follow(bound->second);
                });
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
                for_each_key([&](std::string_view key) {
                    patterns.clear();
                    exchange.patterns.match(key, patterns);
                    for (const std::string* pattern : patterns) follow(exchange.by_key.find(*pattern)->second);
                });
                break;
            }
            case ExchangeKind::hash:
                if (const auto* share = exchange.shares.pick(hash_of(exchange.options.hash_on, keys_.first, message_.properties.get()))) {
                    if (const auto* id = std::get_if<QueueId>(&share->to)) follow(*id, share->terms);
                    else follow(std::get<ExchangeId>(share->to), share->terms);
                }
                break;
        }
        if (led_ > before || exchange.options.alternate.empty()) return;
        if (const Exchange* other = catalog_.find_exchange(ns_, exchange.options.alternate)) through(*other);
    }
    /// The queues the keys are names of.
    void by_name() {
        for_each_key([&](std::string_view key) {
            if (Queue* named = catalog_.find(ns_, key)) queue(*named);
        });
    }

private:
    template <typename F>
    void for_each_key(const F& f) const {
        f(keys_.first);
        for (const std::string& key : keys_.more) f(key);
    }
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
        Queue* found = catalog_.find(id);
        if (found && !found->deleted) queue(*found);
    }
    void queue(Queue& queue) {
        ++led_;
        if (std::exchange(queue.routed, route_) == route_) return;  // reached already
        into_.push_back({&queue, nullptr});
    }

    const Catalog& catalog_;
    NamespaceId ns_;
    Keys keys_;
    const Message& message_;
    Take take_;
    std::vector<Reached>& into_;
    const std::uint64_t route_;
    std::size_t led_ = 0;  ///< how often it led to a queue
    std::vector<const Exchange*> visited_;
};

Result<void> route_by(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Keys keys, const Message& message,
                      Collect::Take take, std::vector<Reached>& reached) {
    if (exchange.empty()) {
        Collect(catalog, ns, keys, message, take, reached).by_name();
        if (reached.empty()) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", keys.first)};
        return {};
    }
    const Exchange* found = catalog.find_exchange(ns, exchange);
    if (!found) return Error{Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", exchange)};
    Collect(catalog, ns, keys, message, take, reached).through(*found);
    return {};
}

}  // namespace

Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Keys keys, const Message& message,
                   std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, keys, message, &Terms::take, reached);
}

Result<void> route_dead_letter(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Keys keys, const Message& message,
                               std::vector<Reached>& reached) {
    return route_by(catalog, ns, exchange, keys, message, &Terms::take_dead_letter, reached);
}

}  // namespace rowmq
