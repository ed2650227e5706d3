#pragma once
// What exists, by name and by id: namespaces, queues, exchanges, bindings. Memory only; the rows are written by who
// changes it.
// Threads: the strand.

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "broker/queue/queue.hpp"
#include "broker/routing/hash_shares.hpp"
#include "broker/routing/terms.hpp"
#include "broker/routing/topic_keys.hpp"
#include "rowmq/options.hpp"

namespace rowmq {

/// What is bound by one key. Null: no terms.
struct Bound {
    std::map<QueueId, std::shared_ptr<const Terms>> queues;
    std::map<ExchangeId, std::shared_ptr<const Terms>> exchanges;
};

struct Exchange {
    ExchangeId id{};
    NamespaceId ns{};
    std::string name;
    ExchangeOptions options;
    std::map<std::string, Bound, std::less<>> by_key;
    TopicKeys patterns;                     ///< the keys of by_key, where the kind is topic
    HashShares shares;                      ///< of what is bound, where the kind is hash
    std::map<QueueId, std::size_t> queues;  ///< how many bindings each has
    std::size_t to_exchanges = 0;           ///< bindings to exchanges
    std::size_t with_terms = 0;             ///< bindings that have some
    bool used() const noexcept { return !queues.empty() || to_exchanges > 0; }
};

class Catalog final {
public:
    const std::string* name_of(NamespaceId ns) const;
    std::optional<NamespaceId> find_namespace(std::string_view name) const;
    void add_namespace(NamespaceId id, std::string name);
    void erase(NamespaceId id);
    const std::map<std::string, NamespaceId, std::less<>>& namespaces() const { return namespace_names_; }

    Queue* find(QueueId id) const;
    Queue* find(NamespaceId ns, std::string_view name) const;
    /// `queue.ns` and `queue.name` are its place.
    Queue& add(std::unique_ptr<Queue> queue);
    /// The name is free again; the queue stays until erase().
    void unname(Queue& queue);
    /// What unname() undid, when nobody has taken the name since.
    void rename(Queue& queue) { queue_names_.try_emplace(Name{queue.ns, queue.name}, &queue); }
    void erase(QueueId id);
    template <typename F>
    void for_each_queue(F&& f) const {
        for (const auto& [id, queue] : queues_) f(*queue);
    }
    std::size_t queue_count() const { return queues_.size(); }

    Exchange* find_exchange(ExchangeId id) const;
    Exchange* find_exchange(NamespaceId ns, std::string_view name) const;
    Exchange& add(std::unique_ptr<Exchange> exchange);
    void erase(ExchangeId id);
    template <typename F>
    void for_each_exchange(F&& f) const {
        for (const auto& [id, exchange] : exchanges_) f(*exchange);
    }
    /// In name order, those of `ns` after `name`, until `f` answers false.
    template <typename F>
    void exchanges_after(NamespaceId ns, std::string_view name, F&& f) const {
        for (auto at = by_name_.upper_bound({ns, name}); at != by_name_.end() && at->first.first == ns; ++at)
            if (!f(*at->second)) return;
    }
    std::size_t exchange_count() const { return exchanges_.size(); }
    /// The queue is there and not deleted, or the exchange is there.
    bool has(Destination to) const;

    /// The binding's terms, null too when it has none; none when there is no such binding.
    std::optional<std::shared_ptr<const Terms>> find_binding(const Exchange& exchange, Destination to, std::string_view key) const;
    /// With which key a hash exchange leads there: it does so once. None: it does not.
    std::optional<std::string> key_to(const Exchange& exchange, Destination to) const;
    /// Puts the binding, or replaces its terms.
    void bind(Exchange& exchange, Destination to, const std::string& key, std::shared_ptr<const Terms> terms);
    /// False when there was none.
    bool unbind(Exchange& exchange, Destination to, std::string_view key);
    std::size_t binding_count() const { return bindings_; }
    /// How many queues a message to the exchange can reach at most.
    std::size_t reach_of(const Exchange& exchange) const;
    /// A number no route before had: what Queue::routed is set to by the route that reaches it.
    std::uint64_t next_route() const { return ++routes_; }

    /// One shared copy of equal options.
    std::pair<std::shared_ptr<const QueueOptions>, std::shared_ptr<const std::string>> intern(const QueueOptions& options);
    std::pair<std::shared_ptr<const QueueOptions>, std::shared_ptr<const std::string>> intern_text(std::shared_ptr<const std::string> text);

private:
    struct Name {
        NamespaceId ns;
        std::string_view name;
        friend bool operator==(const Name&, const Name&) = default;
        friend std::size_t hash_value(const Name& n) {
            return std::hash<std::string_view>()(n.name) ^ (static_cast<std::size_t>(n.ns) * 0x9e3779b97f4a7c15u);
        }
    };

    boost::unordered_flat_map<NamespaceId, std::unique_ptr<std::string>> namespaces_;
    std::map<std::string, NamespaceId, std::less<>> namespace_names_;
    boost::unordered_flat_map<QueueId, std::unique_ptr<Queue>> queues_;
    boost::unordered_flat_map<Name, Queue*> queue_names_;
    boost::unordered_flat_map<ExchangeId, std::unique_ptr<Exchange>> exchanges_;
    boost::unordered_flat_map<Name, Exchange*> exchange_names_;
    std::map<std::pair<NamespaceId, std::string_view>, Exchange*> by_name_;  ///< exchanges, to list them a page at a time
    std::unordered_map<std::string, std::pair<std::weak_ptr<const QueueOptions>, std::weak_ptr<const std::string>>> options_;
    std::size_t bindings_ = 0;
    mutable std::uint64_t routes_ = 0;
};

}  // namespace rowmq
