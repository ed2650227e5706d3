// Queues nobody uses: what expires in them goes, too. Those in use have timers of their own.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "broker/state.hpp"

namespace rowmq {

void BrokerState::expect_expiry(Queue& queue, WallTime when) {
    if (queue.expiry_look && *queue.expiry_look <= when) return;
    forget_expiry(queue);
    queue.expiry_look = when;
    const auto place = expiry_looks.emplace(when, queue.id).first;
    if (place == expiry_looks.begin()) arm_housekeeping();
}

void BrokerState::forget_expiry(Queue& queue) {
    if (queue.expiry_look) expiry_looks.erase({*queue.expiry_look, queue.id});
    queue.expiry_look.reset();
}

void BrokerState::look_for_expired() {
    constexpr std::size_t queues_at_once = 200;
    const WallTime until = expired_by();
    for (std::size_t n = 0; n < queues_at_once && !expiry_looks.empty() && expiry_looks.begin()->first <= until; ++n) {
        Queue* queue = catalog.find(expiry_looks.begin()->second);
        expiry_looks.erase(expiry_looks.begin());
        if (!queue) continue;
        queue->expiry_look.reset();
        if (queue->deleted) continue;
        touch_live(*queue);
        queue->live->looks_for_expired = true;
        load(*queue);
    }
    // What was there before this process began, and what a look did not see.
    if (!some_queue_has_ttl || now() - expiry_scanned_at < expiry_scan_interval || std::exchange(expiry_scan_under_way, true)) return;
    expiry_scanned_at = now();
    boost::asio::co_spawn(parts.executor, run_expiry_scan(shared_from_this()), boost::asio::detached);
}

// The heads of some of those whose messages expire are read each time.
awaitable<void> BrokerState::run_expiry_scan(std::shared_ptr<BrokerState> self) {
    std::vector<QueueId> some;
    constexpr std::size_t queues_at_once = 200;
    QueueId last{};
    self->catalog.for_each_queue([&](const Queue& queue) {
        const bool may_expire = queue.options->ttl || queue.moves_expired();  // there by what a message itself says
        if (queue.id > self->expiry_scan_at && may_expire && !queue.live && !queue.deleted && queue.stored() > 0) some.push_back(queue.id);
        last = std::max(last, queue.id);
    });
    std::sort(some.begin(), some.end());
    if (some.size() > queues_at_once) some.resize(queues_at_once);
    self->expiry_scan_at = some.empty() ? QueueId{} : some.back();
    for (const QueueId id : some) {
        Queue* queue = self->catalog.find(id);
        if (!queue || queue->deleted || queue->live || self->closing) continue;
        storage::PageRequest heads = storage::LaneHeads{.queue = id, .after = queue->floor};
        const storage::Page page = co_await self->parts.engine->page(std::move(heads));
        if (self->abandoned) co_return;
        for (const storage::EntryRow& head : page.entries) {
            storage::PageRequest first = storage::EntriesAfter{.queue = id,
                                                               .lane = head.key.lane,
                                                               .after = Sequence{value_of(head.key.sequence) - 1},
                                                               .max = 1,
                                                               .max_bytes = 0,
                                                               .without_groups = {},
                                                               .only_group = {},
                                                               .scan = 0};
            const storage::Page entry = co_await self->parts.engine->page(std::move(first));
            if (self->abandoned) co_return;
            queue = self->catalog.find(id);
            if (!queue || queue->deleted || self->closing) break;
            if (entry.entries.empty() || !entry.entries.front().expires_at || *entry.entries.front().expires_at > self->expired_by())
                continue;
            self->touch_live(*queue);
            // Which lanes there are, then what is in them; from there its window reads on and expires what it finds.
            for (std::size_t pages = 0; pages <= page.entries.size() && queue && queue->live && queue->live->window->needs_page();
                 ++pages) {
                self->load(*queue);
                if (!queue->live->loading) break;
                Event loaded;
                queue->live->load_waiters.push_back(&loaded);
                co_await loaded.wait();
                if (self->abandoned) co_return;
                queue = self->catalog.find(id);
            }
            break;
        }
    }
    self->expiry_scan_under_way = false;
}

}  // namespace rowmq
