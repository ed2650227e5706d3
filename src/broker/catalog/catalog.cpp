#include "broker/catalog/catalog.hpp"

#include <algorithm>

#include "broker/catalog/options.hpp"

namespace rowmq {

const std::string* Catalog::name_of(NamespaceId ns) const {
    const auto found = namespaces_.find(ns);
    return found == namespaces_.end() ? nullptr : found->second.get();
}

std::optional<NamespaceId> Catalog::find_namespace(std::string_view name) const {
    const auto found = namespace_names_.find(name);
    return found == namespace_names_.end() ? std::nullopt : std::optional(found->second);
}

void Catalog::add_namespace(NamespaceId id, std::string name) {
    namespace_names_[name] = id;
    namespaces_[id] = std::make_unique<std::string>(std::move(name));
}

void Catalog::erase(NamespaceId id) {
    const auto found = namespaces_.find(id);
    if (found == namespaces_.end()) return;
    namespace_names_.erase(*found->second);
    namespaces_.erase(found);
}

Queue* Catalog::find(QueueId id) const {
    const auto found = queues_.find(id);
    return found == queues_.end() ? nullptr : found->second.get();
}

Queue* Catalog::find(NamespaceId ns, std::string_view name) const {
    const auto found = queue_names_.find(Name{ns, name});
    return found == queue_names_.end() ? nullptr : found->second;
}

Queue& Catalog::add(std::unique_ptr<Queue> queue) {
    Queue& added = *queue;
    queues_[added.id] = std::move(queue);
    if (!added.deleted) queue_names_[Name{added.ns, added.name}] = &added;
    return added;
}

void Catalog::unname(Queue& queue) {
    queue.deleted = true;
    queue_names_.erase(Name{queue.ns, queue.name});
}

void Catalog::erase(QueueId id) {
    Queue* queue = find(id);
    if (!queue) return;
    if (!queue->deleted) unname(*queue);
    queues_.erase(id);
}

Exchange* Catalog::find_exchange(ExchangeId id) const {
    const auto found = exchanges_.find(id);
    return found == exchanges_.end() ? nullptr : found->second.get();
}

Exchange* Catalog::find_exchange(NamespaceId ns, std::string_view name) const {
    const auto found = exchange_names_.find(Name{ns, name});
    return found == exchange_names_.end() ? nullptr : found->second;
}

Exchange& Catalog::add(std::unique_ptr<Exchange> exchange) {
    Exchange& added = *exchange;
    exchanges_[added.id] = std::move(exchange);
    exchange_names_[Name{added.ns, added.name}] = &added;
    by_name_[{added.ns, added.name}] = &added;
    return added;
}

void Catalog::erase(ExchangeId id) {
    Exchange* exchange = find_exchange(id);
    if (!exchange) return;
    for (auto& [other, from] : exchanges_) {
        if (from->to_exchanges == 0) continue;
        std::vector<std::string> keys;
        for (const auto& [key, bound] : from->by_key)
            if (bound.exchanges.contains(id)) keys.push_back(key);
        for (const std::string& key : keys) unbind(*from, id, key);  // its own to itself as well
    }
    for (const auto& [queue, count] : exchange->queues) bindings_ -= count;
    bindings_ -= exchange->to_exchanges;
    exchange_names_.erase(Name{exchange->ns, exchange->name});
    by_name_.erase({exchange->ns, exchange->name});
    exchanges_.erase(id);
}

bool Catalog::has(Destination to) const {
    if (const auto* exchange = std::get_if<ExchangeId>(&to)) return find_exchange(*exchange) != nullptr;
    const Queue* queue = find(std::get<QueueId>(to));
    return queue && !queue->deleted;
}

std::optional<std::shared_ptr<const Terms>> Catalog::find_binding(const Exchange& exchange, Destination to, std::string_view key) const {
    const auto found = exchange.by_key.find(key);
    if (found == exchange.by_key.end()) return std::nullopt;
    const auto in = [](const auto& bound, auto id) -> std::optional<std::shared_ptr<const Terms>> {
        const auto at = bound.find(id);
        return at == bound.end() ? std::nullopt : std::optional(at->second);
    };
    if (const auto* queue = std::get_if<QueueId>(&to)) return in(found->second.queues, *queue);
    return in(found->second.exchanges, std::get<ExchangeId>(to));
}

std::optional<std::string> Catalog::key_to(const Exchange& exchange, Destination to) const {
    const auto* queue = std::get_if<QueueId>(&to);
    if (queue ? !exchange.queues.contains(*queue) : exchange.to_exchanges == 0) return std::nullopt;
    for (const auto& [key, bound] : exchange.by_key)
        if (queue ? bound.queues.contains(*queue) : bound.exchanges.contains(std::get<ExchangeId>(to))) return key;
    return std::nullopt;
}

void Catalog::bind(Exchange& exchange, Destination to, const std::string& key, std::shared_ptr<const Terms> terms) {
    if (const auto weight = exchange.options.kind == ExchangeKind::hash ? weight_of(key) : std::nullopt) {
        const auto* queue = std::get_if<QueueId>(&to);
        const Queue* leads = queue ? find(*queue) : nullptr;
        const Exchange* on = queue ? nullptr : find_exchange(std::get<ExchangeId>(to));
        if (leads || on) exchange.shares.put(to, leads ? leads->name : on->name, *weight, terms);
    }
    const auto [by_key, new_key] = exchange.by_key.try_emplace(key);
    if (new_key && exchange.options.kind == ExchangeKind::topic) exchange.patterns.add(key);
    const auto put = [&](auto& bound, auto id) {
        const auto [at, made] = bound.try_emplace(id);
        if (at->second) --exchange.with_terms;
        at->second = std::move(terms);
        if (at->second) ++exchange.with_terms;
        if (made) ++bindings_;
        return made;
    };
    if (const auto* queue = std::get_if<QueueId>(&to)) {
        if (put(by_key->second.queues, *queue)) ++exchange.queues[*queue];
    } else {
        if (put(by_key->second.exchanges, std::get<ExchangeId>(to))) ++exchange.to_exchanges;
    }
}

bool Catalog::unbind(Exchange& exchange, Destination to, std::string_view key) {
    const auto by_key = exchange.by_key.find(key);
    if (by_key == exchange.by_key.end()) return false;
    const auto take = [&](auto& bound, auto id) {
        const auto at = bound.find(id);
        if (at == bound.end()) return false;
        if (at->second) --exchange.with_terms;
        bound.erase(at);
        --bindings_;
        return true;
    };
    if (const auto* queue = std::get_if<QueueId>(&to)) {
        if (!take(by_key->second.queues, *queue)) return false;
        if (--exchange.queues[*queue] == 0) exchange.queues.erase(*queue);
    } else {
        if (!take(by_key->second.exchanges, std::get<ExchangeId>(to))) return false;
        --exchange.to_exchanges;
    }
    if (exchange.options.kind == ExchangeKind::hash) exchange.shares.remove(to);
    if (by_key->second.queues.empty() && by_key->second.exchanges.empty()) {
        if (exchange.options.kind == ExchangeKind::topic) exchange.patterns.remove(key);
        exchange.by_key.erase(by_key);
    }
    return true;
}

std::size_t Catalog::reach_of(const Exchange& exchange) const {
    std::vector<const Exchange*> seen{&exchange};
    std::size_t queues = 0;
    const auto see = [&](const Exchange* next) {
        if (next && std::find(seen.begin(), seen.end(), next) == seen.end()) seen.push_back(next);
    };
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const Exchange& at = *seen[i];
        queues += at.queues.size();
        if (!at.options.alternate.empty()) see(find_exchange(at.ns, at.options.alternate));
        if (at.to_exchanges == 0) continue;
        for (const auto& [key, bound] : at.by_key)
            for (const auto& [id, terms] : bound.exchanges) see(find_exchange(id));
    }
    return queues;
}

std::pair<std::shared_ptr<const QueueOptions>, std::shared_ptr<const std::string>> Catalog::intern(const QueueOptions& options) {
    return intern_text(std::make_shared<const std::string>(encode(options)));
}

std::pair<std::shared_ptr<const QueueOptions>, std::shared_ptr<const std::string>> Catalog::intern_text(
    std::shared_ptr<const std::string> text) {
    auto& known = options_[*text];
    auto options = known.first.lock();
    auto kept = known.second.lock();
    if (!options) {
        options = std::make_shared<const QueueOptions>(decode_queue_options(*text));
        known.first = options;
    }
    if (!kept) {
        kept = std::move(text);
        known.second = kept;
    }
    if (options_.size() > 10'000) std::erase_if(options_, [](const auto& item) { return item.second.first.expired(); });
    return {std::move(options), std::move(kept)};
}

}  // namespace rowmq
