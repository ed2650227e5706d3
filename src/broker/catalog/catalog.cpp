#include "broker/catalog/catalog.hpp"

#include "broker/catalog/options.hpp"

namespace rowmq {

const std::string* Catalog::name_of(NamespaceId ns) const {
    const auto found = namespaces_.find(ns);
    return found == namespaces_.end() ? nullptr : found->second.get();
}

std::optional<NamespaceId> Catalog::find_namespace(std::string_view name) const {
    for (const auto& [id, known] : namespaces_)
        if (*known == name) return id;
    return std::nullopt;
}

void Catalog::add_namespace(NamespaceId id, std::string name) { namespaces_[id] = std::make_unique<std::string>(std::move(name)); }

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
    for (const auto& [queue, count] : exchange->queues) bindings_ -= count;
    exchange_names_.erase(Name{exchange->ns, exchange->name});
    by_name_.erase({exchange->ns, exchange->name});
    exchanges_.erase(id);
}

std::optional<std::shared_ptr<const Terms>> Catalog::find_binding(const Exchange& exchange, QueueId queue, std::string_view key) const {
    const auto found = exchange.by_key.find(key);
    if (found == exchange.by_key.end()) return std::nullopt;
    const auto bound = found->second.find(queue);
    return bound == found->second.end() ? std::nullopt : std::optional(bound->second);
}

void Catalog::bind(Exchange& exchange, QueueId queue, const std::string& key, std::shared_ptr<const Terms> terms) {
    const auto [at, made] = exchange.by_key[key].try_emplace(queue);
    if (made) {
        ++exchange.queues[queue];
        ++bindings_;
    }
    if (at->second) --exchange.with_terms;
    at->second = std::move(terms);
    if (at->second) ++exchange.with_terms;
}

bool Catalog::unbind(Exchange& exchange, QueueId queue, std::string_view key) {
    const auto found = exchange.by_key.find(key);
    if (found == exchange.by_key.end()) return false;
    const auto bound = found->second.find(queue);
    if (bound == found->second.end()) return false;
    if (bound->second) --exchange.with_terms;
    found->second.erase(bound);
    if (found->second.empty()) exchange.by_key.erase(found);
    if (--exchange.queues[queue] == 0) exchange.queues.erase(queue);
    --bindings_;
    return true;
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
