// Purging: one fact (the floor) when nothing of the queue has to survive, else row by row.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_set>

#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {

namespace {

/// While there is one, nothing of the queue is given away early.
class EarlyStop final {
public:
    EarlyStop(BrokerState& broker, Queue& queue) : broker_(broker), id_(queue.id) { ++queue.early_stopped; }
    ~EarlyStop() {
        if (Queue* queue = broker_.catalog.find(id_)) --queue->early_stopped;
    }
    EarlyStop(const EarlyStop&) = delete;
    EarlyStop& operator=(const EarlyStop&) = delete;

private:
    BrokerState& broker_;
    const QueueId id_;
};

}  // namespace

awaitable<Result<std::int64_t>> BrokerState::purge_queue(std::string name, bool leased, bool delayed, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const Result<Queue*> found = find_queue(name, ns);
    if (!found) co_return found.error();
    const QueueId id = found.value()->id;
    Queue* queue = found.value();
    // What may turn out to be a duplicate cannot be counted before its commit returned; what becomes due is counted twice.
    // What is held early may turn out to be gone as well.
    const EarlyStop stop(*this, *queue);
    while (queue->pending_conditional > 0 || !moving_due.empty() || (queue->live && queue->live->early > 0)) {
        co_await boost::asio::post(parts.executor, boost::asio::use_awaitable);
        const Result<void> stored = co_await committer.committed(committer.last_ticket());
        if (!stored) co_return stored.error();
        queue = catalog.find(id);
        if (!queue || queue->deleted) co_return Error{Errc::queue_deleted, "the queue was deleted"};
    }
    std::int64_t settling = 0, settling_bytes = 0;
    bool others = false;
    if (queue->live)
        for (const auto& [sequence, held] : queue->live->held) {
            if (held.state == Held::State::settling) {
                ++settling;
                settling_bytes += held.entry.row.bytes;
            } else {
                others = true;
            }
        }
    const std::int64_t remaining = delayed ? 0 : queue->counters.delayed + queue->pending_delayed;
    if (remaining > 0 || (!leased && others)) co_return co_await purge_rows(id, Sequence{last_id}, leased);

    const Sequence floor{last_id}, old_floor = queue->floor, old_delayed_floor = queue->delayed_floor;
    const std::int64_t entries = queue->stored() + queue->pending_entries - settling;
    const std::int64_t waiting = delayed ? queue->counters.delayed + queue->pending_delayed : 0;
    const std::int64_t bytes = queue->counters.bytes + queue->pending_bytes - settling_bytes;
    queue->floor = floor;
    if (delayed) queue->delayed_floor = floor;
    std::unordered_set<Sequence> counted_ahead;
    if (queue->live) {
        counted_ahead = queue->live->counted_ahead;
        std::erase_if(queue->live->counted_ahead, [&](Sequence sequence) { return sequence <= floor; });
    }
    const std::vector<Sequence> suspended = suspend_leases(*queue, floor);
    ++queue->emptying;
    storage::Batch& batch = committer.open();
    storage::CounterDelta& delta = counter(batch, *queue);
    if (!planted(Bug::purge_not_counted)) delta.purged += entries + waiting;
    delta.delayed -= waiting;
    delta.bytes -= bytes;
    batch.catalog.emplace_back(row_of(*queue));
    const Ticket ticket = committer.touch(2, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    queue = catalog.find(id);
    if (queue) --queue->emptying;
    if (!stored && queue && queue->floor == floor) {
        queue->floor = old_floor;
        queue->delayed_floor = old_delayed_floor;
        if (queue->live) queue->live->counted_ahead.merge(counted_ahead);
        co_await resume_leases(id, suspended);
        co_return stored.error();
    }
    if (queue) end_suspended(*queue, suspended);
    if (!stored) co_return stored.error();
    ROWMQ_FAILPOINT(purged);
    sweep(id);
    co_return entries + waiting;
}

std::vector<Sequence> BrokerState::suspend_leases(Queue& queue, Sequence floor) {
    std::vector<Sequence> suspended, taken;
    if (!queue.live) return suspended;
    Live& at_hand = *queue.live;
    at_hand.coming.clear();  // they are below the floor
    for (auto& [sequence, held] : at_hand.held) {
        if (held.early.comes_back()) {
            --at_hand.coming_back;
            held.early.then = Early::Then::stays;
            suspended.push_back(sequence);
        }
        if (held.state == Held::State::picked) taken.push_back(sequence);
        if (held.state != Held::State::leased) continue;
        held.state = Held::State::settling;
        suspended.push_back(sequence);
    }
    for (const Sequence sequence : taken) {
        Held& held = at_hand.held.at(sequence);
        end_lease(queue, held);
        forget_early(at_hand, held);
        if (std::exchange(held.number, 0) != 0 && held.entry.row.receives > 0) --held.entry.row.receives;  // nobody gets it
        if (held.entry.is_remembered()) {
            held.state = Held::State::settling;
            suspended.push_back(sequence);
            continue;
        }
        at_hand.window->settled(held.entry);
        at_hand.held.erase(sequence);
    }
    const WindowChange change(*this, *at_hand.window);
    for (Entry& entry : at_hand.window->purge(floor)) {
        at_hand.window->adopt(entry);
        const Sequence sequence = entry.sequence();
        Held& held = at_hand.held[sequence];
        held.entry = std::move(entry);
        held.state = Held::State::settling;
        suspended.push_back(sequence);
    }
    std::sort(suspended.begin(), suspended.end());
    return suspended;
}

void BrokerState::end_suspended(Queue& queue, const std::vector<Sequence>& suspended) {
    if (!queue.live) return;
    for (const Sequence sequence : suspended) {
        const auto found = queue.live->held.find(sequence);
        if (found == queue.live->held.end()) continue;
        end_lease(queue, found->second);
        forget_early(*queue.live, found->second);
        queue.live->window->settled(found->second.entry);
        queue.live->held.erase(found);
    }
    if (!suspended.empty() && !queue.deleted) wake(queue);
}

awaitable<void> BrokerState::resume_leases(QueueId id, std::vector<Sequence> suspended) {
    Queue* queue = catalog.find(id);
    while (queue && queue->live && queue->live->loading && !abandoned) {  // for the window as it was
        Event loaded;
        queue->live->load_waiters.push_back(&loaded);
        co_await loaded.wait();
        queue = catalog.find(id);
    }
    if (abandoned || !queue || queue->deleted || !queue->live) co_return;
    Live& at_hand = *queue->live;
    window_entries -= at_hand.window->entries();
    window_bytes -= at_hand.window->bytes();
    at_hand.window = queue->fifo() ? make_group_window(id, queue->floor, true, limits) : make_lane_window(id, queue->floor, true, limits);
    for (const auto& [sequence, held] : at_hand.held) at_hand.window->adopt(held.entry);
    for (const Sequence sequence : suspended)
        if (at_hand.held.contains(sequence)) unsettle(*queue, sequence);
    wake(*queue);
    set_timer(*queue);
}

awaitable<Result<std::int64_t>> BrokerState::purge_rows(QueueId id, Sequence floor, bool leased) {
    std::int64_t purged = 0;
    if (Queue* queue = catalog.find(id); leased && queue && queue->live) {
        for (auto& [sequence, held] : queue->live->held) {
            if (held.state == Held::State::settling) continue;
            end_lease(*queue, held);
            remove(committer.open(), *queue, held, &storage::CounterDelta::purged, storage::Unit::always);
            ++purged;
        }
        if (purged > 0) committer.touch(static_cast<std::size_t>(purged), 0);
    }
    for (;;) {
        Queue* queue = catalog.find(id);
        if (!queue || queue->deleted) co_return Error{Errc::queue_deleted, "the queue was deleted"};
        touch_live(*queue);
        Live& at_hand = *queue->live;
        std::size_t rows = 0;
        bool over = false;
        {
            const WindowChange change(*this, *at_hand.window);
            while (rows < limits.background_rows) {
                std::optional<Entry> entry = at_hand.window->take(now_wall());
                if (!entry) break;
                if (entry->sequence() > floor && !planted(Bug::purge_takes_what_came_later)) {
                    at_hand.window->returned(*std::move(entry));
                    over = !queue->fifo();
                    break;
                }
                const Sequence sequence = entry->sequence();
                Held& held = at_hand.held[sequence];
                held.entry = *std::move(entry);
                remove(committer.open(), *queue, held, &storage::CounterDelta::purged, storage::Unit::always);
                ++rows;
            }
        }
        if (rows > 0) {
            purged += static_cast<std::int64_t>(rows);
            const Ticket ticket = committer.touch(rows, 0);
            const Result<void> stored = co_await committer.committed(ticket);
            if (!stored) co_return stored.error();
            continue;
        }
        if (over || !at_hand.window->needs_page()) co_return purged;
        load(*queue);
        if (!at_hand.loading) co_return purged;
        Event loaded;
        at_hand.load_waiters.push_back(&loaded);
        co_await loaded.wait();
        if (const auto ok = usable(); !ok) co_return ok.error();
    }
}

}  // namespace rowmq
