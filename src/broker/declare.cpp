// Queues come, change and go.

#include <fmt/format.h>

#include "broker/catalog/options.hpp"
#include "broker/state.hpp"

namespace rowmq {

NamespaceId BrokerState::namespace_of(std::string_view name) {
    if (const auto known = catalog.find_namespace(name)) return *known;
    const auto id = NamespaceId{next_id()};
    catalog.add_namespace(id, std::string(name));
    committer.open().catalog.emplace_back(storage::NamespaceRow{.id = id, .name = std::string(name)});
    committer.touch(1, 0);
    return id;
}

void BrokerState::look_after(const Queue& queue) {
    const QueueOptions& o = *queue.options;
    if (o.idle_expiry) idle_expiring.insert(queue.id);
    some_queue_has_ttl |= o.ttl || queue.moves_expired();
    if (o.deduplication.enabled) deduplication_window = std::max(deduplication_window, o.deduplication.window);
}

storage::QueueRow BrokerState::row_of(const Queue& queue) const {
    return {.id = queue.id,
            .ns = queue.ns,
            .name = queue.name,
            .options = queue.options_text,
            .created_at = queue.created_at,
            .modified_at = queue.modified_at,
            .floor = queue.floor,
            .delayed_floor = queue.delayed_floor,
            .deleted = queue.deleted};
}

Result<Queue*> BrokerState::find_queue(std::string_view name, std::string_view ns) const {
    const auto id = catalog.find_namespace(ns);
    Queue* queue = id ? catalog.find(*id, name) : nullptr;
    if (!queue) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", name)};
    return queue;
}

awaitable<Result<QueueInfo>> BrokerState::declare_queue(std::string name, QueueOptions options, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check_name("the namespace's name", ns, limits)) co_return *std::move(e);
    if (auto e = check_name("the queue's name", name, limits)) co_return *std::move(e);
    if (auto e = check(options, limits)) co_return *std::move(e);
    const NamespaceId space = namespace_of(ns);
    if (Queue* known = catalog.find(space, name)) {
        known->last_used = now();
        if (const std::string difference = first_difference(*known->options, options); !difference.empty())
            co_return Error{Errc::already_exists, fmt::format("queue \"{}\" exists with another {}", name, difference)};
        QueueInfo info = info_of(*known);
        // Declared by somebody else this very moment: the answer waits for the same commit.
        const Result<void> stored = co_await committer.committed(committer.last_ticket());
        if (!stored) co_return stored.error();
        co_return info;
    }
    if (catalog.queue_count() >= limits.queues) co_return Error{Errc::limit_exceeded, fmt::format("at most {} queues", limits.queues)};

    auto made = std::make_unique<Queue>();
    made->id = QueueId{next_id()};
    made->ns = space;
    made->name = std::move(name);
    std::tie(made->options, made->options_text) = catalog.intern(options);
    made->created_at = made->modified_at = now_wall();
    made->strict = options.strict_counting.value_or(options.max_receives > 0 || parts.strict_counting);
    made->last_used = now();
    made->counters.queue = made->id;
    Queue& queue = catalog.add(std::move(made));
    look_after(queue);
    arm_housekeeping();
    const QueueId id = queue.id;
    storage::Batch& batch = committer.open();
    batch.catalog.emplace_back(row_of(queue));
    counter(batch, queue);
    QueueInfo info = info_of(queue);
    const Ticket ticket = committer.touch(2, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        if (Queue* found = catalog.find(id); found && !found->deleted) end_suspended(*found, remove_queue(*found));
        co_return stored.error();
    }
    co_return info;
}

awaitable<Result<QueueInfo>> BrokerState::alter_queue(std::string name, QueueOptions options, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check(options, limits)) co_return *std::move(e);
    const Result<Queue*> found = find_queue(name, ns);
    if (!found) co_return found.error();
    Queue& queue = *found.value();
    if (options.kind != queue.options->kind) co_return Error{Errc::invalid_argument, "kind of a queue cannot change"};
    if (options.max_priority != queue.options->max_priority)
        co_return Error{Errc::invalid_argument, "max_priority of a queue cannot change"};
    const auto before = std::pair(queue.options, queue.options_text);
    const bool was_paused = queue.options->paused;
    std::tie(queue.options, queue.options_text) = catalog.intern(options);
    queue.modified_at = now_wall();
    queue.strict = options.strict_counting.value_or(options.max_receives > 0 || parts.strict_counting);
    queue.last_used = now();
    look_after(queue);
    arm_housekeeping();
    committer.open().catalog.emplace_back(row_of(queue));
    const QueueId id = queue.id;
    if (queue.stored() > 0) trim(queue);
    if (was_paused && queue.live) wake(queue);
    QueueInfo info = info_of(queue);
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        if (Queue* still = catalog.find(id)) std::tie(still->options, still->options_text) = before;
        co_return stored.error();
    }
    co_return info;
}

namespace {

struct KeptBinding {
    ExchangeId exchange{};
    std::string key;
    std::shared_ptr<const Terms> terms;
};

std::vector<KeptBinding> bindings_to(const Catalog& catalog, QueueId id) {
    std::vector<KeptBinding> all;
    catalog.for_each_exchange([&](const Exchange& exchange) {
        if (!exchange.queues.contains(id)) return;
        for (const auto& [key, bound] : exchange.by_key)
            if (const auto found = bound.queues.find(id); found != bound.queues.end()) all.push_back({exchange.id, key, found->second});
    });
    return all;
}

}  // namespace

// Gone for everybody from now on; its rows are swept when the commit says so.
std::vector<Sequence> BrokerState::remove_queue(Queue& queue) {
    catalog.unname(queue);
    idle_expiring.erase(queue.id);
    forget_expiry(queue);
    const std::vector<KeptBinding> bound = bindings_to(catalog, queue.id);
    storage::Batch& batch = committer.open();
    for (const KeptBinding& binding : bound) {
        catalog.unbind(*catalog.find_exchange(binding.exchange), queue.id, binding.key);
        batch.catalog.emplace_back(storage::BindingErased{{binding.exchange, queue.id, binding.key, {}, {}}});
    }
    batch.catalog.emplace_back(row_of(queue));
    committer.touch(1 + bound.size(), 0);
    if (!queue.live) return {};
    Live& at_hand = *queue.live;
    for (SubscriptionState* subscription : std::vector(at_hand.subscriptions)) unsubscribe(*subscription, Errc::queue_deleted);
    for (Event* waiting : std::exchange(at_hand.load_waiters, {})) waiting->set();
    at_hand.timer.disarm();
    return suspend_leases(queue, Sequence{last_id});
}

awaitable<Result<std::int64_t>> BrokerState::delete_queue(std::string name, bool if_unused, bool if_empty, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const Result<Queue*> found = find_queue(name, ns);
    if (!found) co_return found.error();
    Queue& queue = *found.value();
    const QueueCounts counts = counts_of(queue);
    const std::int64_t waiting = counts.ready + counts.delayed + counts.leased;
    if (if_unused && queue.live && !queue.live->subscriptions.empty())
        co_return Error{Errc::in_use, fmt::format("queue \"{}\" has {} consumers", name, queue.live->subscriptions.size())};
    if (if_empty && waiting + queue.pending_entries > 0)
        co_return Error{Errc::in_use, fmt::format("queue \"{}\" holds {} messages", name, waiting)};
    const QueueId id = queue.id;
    const std::vector<KeptBinding> bound = bindings_to(catalog, id);
    const std::vector<Sequence> suspended = remove_queue(queue);
    ++queue.emptying;
    const Result<void> stored = co_await committer.committed(committer.last_ticket());
    if (!stored) {
        if (Queue* still = catalog.find(id)) {  // nothing was stored: it exists as before
            --still->emptying;
            still->deleted = false;
            catalog.rename(*still);
            for (const KeptBinding& binding : bound)
                if (Exchange* from = catalog.find_exchange(binding.exchange)) catalog.bind(*from, id, binding.key, binding.terms);
            co_await resume_leases(id, suspended);
        }
        co_return stored.error();
    }
    if (Queue* gone = catalog.find(id)) {
        --gone->emptying;
        end_suspended(*gone, suspended);
    }
    sweep(id);
    co_return waiting;
}

}  // namespace rowmq
