// What is at hand of the queues in use: windows filled by pages, forgotten when memory is short; timers; waking.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {

Live& BrokerState::live(Queue& queue) {
    if (!queue.live) {
        const QueueId id = queue.id;
        queue.live = std::make_unique<Live>(timers, [this, id] {
            if (Queue* found = catalog.find(id); found && found->live) on_timer(*found);
        });
        const bool stored = queue.stored() > 0 || queue.pending_entries > 0;
        queue.live->window =
            queue.fifo() ? make_group_window(id, queue.floor, stored, limits) : make_lane_window(id, queue.floor, stored, limits);
        queue.live->place_in_use_order = live_queues.insert(live_queues.end(), &queue);
    }
    return *queue.live;
}

void BrokerState::touch_live(Queue& queue) {
    Live& at_hand = live(queue);
    live_queues.splice(live_queues.end(), live_queues, at_hand.place_in_use_order);
    queue.last_used = now();
}

void BrokerState::drop_live(Queue& queue) {
    if (!queue.live) return;
    Live& at_hand = *queue.live;
    if (!at_hand.held.empty() || !at_hand.subscriptions.empty() || !at_hand.waiters.empty() || at_hand.loading ||
        !at_hand.counted_ahead.empty() || queue.pending_entries > 0)
        return;
    forget_live(queue);
}

void BrokerState::forget_live(Queue& queue) {
    if (!queue.live) return;
    remember_head(queue);
    if (const auto first = queue.live->window->first_expiry(); first && !queue.deleted) expect_expiry(queue, *first);
    window_entries -= queue.live->window->entries();
    window_bytes -= queue.live->window->bytes();
    live_queues.erase(queue.live->place_in_use_order);
    queue.live.reset();
}

// Room for another entry. When there is none, the windows used least recently are forgotten: their rows remain.
bool BrokerState::window_room() {
    const auto full = [&] { return window_entries >= limits.windows_entries || window_bytes >= limits.windows_bytes; };
    constexpr std::size_t most_live = 4'096;
    if (!full() && live_queues.size() <= most_live) return true;
    std::size_t looked_at = 0;
    for (auto next = live_queues.begin(); next != live_queues.end() && looked_at < 64 && (full() || live_queues.size() > most_live);
         ++looked_at) {
        Queue& queue = **next++;
        if (queue.live->loading || (queue.live->window->entries() == 0 && live_queues.size() <= most_live)) continue;
        if (std::next(queue.live->place_in_use_order) == live_queues.end()) break;  // the one in use now
        if (!queue.live->waiters.empty()) continue;
        Window& window = *queue.live->window;
        {
            const WindowChange change(*this, window);
            remember_head(queue);
            window.shrink();
        }
        if (window.entries() == 0) drop_live(queue);
    }
    return !full();
}

void BrokerState::load(Queue& queue) {
    Live& at_hand = live(queue);
    if (at_hand.loading || queue.deleted || closing || committer.broken()) return;
    at_hand.loading = true;
    at_hand.removed_since_page.clear();
    boost::asio::co_spawn(parts.executor, run_load(shared_from_this(), queue.id), boost::asio::detached);
}

awaitable<void> BrokerState::run_load(std::shared_ptr<BrokerState> self, QueueId id) {
    Queue* queue = self->catalog.find(id);
    if (!queue || !queue->live) co_return;
    self->window_room();
    const std::size_t room = self->limits.windows_bytes > self->window_bytes ? self->limits.windows_bytes - self->window_bytes : 0;
    queue->live->window->allow(
        self->limits.windows_entries > self->window_entries ? self->limits.windows_entries - self->window_entries : 0, room);
    const storage::PageRequest request = queue->live->window->next_page();
    storage::Page page = co_await self->parts.engine->page(request);
    if (self->abandoned) co_return;
    queue = self->catalog.find(id);
    if (!queue || !queue->live) co_return;
    Live& at_hand = *queue->live;
    const bool failed = page.failure.has_value();
    at_hand.load_failure = page.failure;
    if (!failed) {
        for (storage::EntryRow& row : page.entries) {
            if (!planted(Bug::marked_count_forgotten)) queue->add_marked_count(row);
            if (planted(Bug::count_reset_by_restart) && self->epoch > 1) row.receives = 0;
            if (at_hand.counted_ahead.contains(row.key.sequence)) row.receives = 0;
        }
        Window& window = *at_hand.window;
        const WindowChange change(*self, window);
        window.loaded(request, std::move(page), [&](std::uint8_t, Sequence sequence) {
            return (at_hand.held.contains(sequence) && !planted(Bug::page_brings_what_is_held)) ||
                   (at_hand.removed_since_page.contains(sequence) && !planted(Bug::page_brings_what_was_removed));
        });
    }
    at_hand.loading = false;
    at_hand.removed_since_page.clear();
    for (Event* waiting : std::exchange(at_hand.load_waiters, {})) waiting->set();
    if (failed) co_return self->ask_whether_failed();
    self->trim(*queue);
    self->write_through_ahead(*queue);
    self->wake(*queue);
    self->set_timer(*queue);
    at_hand.looks_for_expired &= at_hand.window->ready() == 0;
    const bool wanted = !at_hand.waiters.empty() || queue->moves_expired() || at_hand.looks_for_expired;
    if (wanted && at_hand.window->ready() == 0 && at_hand.window->needs_page()) self->load(*queue);
}

void BrokerState::ask_whether_failed() {
    if (closing || committer.broken()) return;
    committer.open();
    committer.touch(1, 0);
}

// Where deliveries are not counted beforehand, what may be delivered is marked so before it is.
void BrokerState::write_through_ahead(Queue& queue) {
    if (queue.strict || queue.deleted || !queue.live || queue.live->subscriptions.empty() || queue.live->through_under_way) return;
    if (refused_lately()) return;  // who is woken afterwards would try again at once; what is delivered meanwhile marks itself
    const Sequence highest = queue.live->window->highest();
    if (highest <= queue.counters.delivered_through) return;
    queue.live->through_under_way = true;
    storage::Batch& batch = committer.open();
    storage::CounterDelta& delta = counter(batch, queue);
    delta.delivered_through = std::max(delta.delivered_through, highest);
    committer.touch(1, 0);
    const QueueId id = queue.id;
    committer.then([this, id](const storage::Outcome&) {
        Queue* found = catalog.find(id);
        if (!found || !found->live) return;
        found->live->through_under_way = false;
        for (Event* waiting : std::exchange(found->live->load_waiters, {})) waiting->set();
        wake(*found);
    });
}

bool BrokerState::wake(Queue& queue) {
    Live& at_hand = *queue.live;
    if (at_hand.waiters.empty()) return false;
    std::size_t ready = at_hand.window->ready();
    const bool page = ready == 0 && at_hand.window->needs_page();
    if (page) load(queue);
    const bool early = ready == 0;  // then only what is under way may be taken
    if (early) ready = ready_early(queue);
    if (ready == 0 || queue.options->paused) return false;
    bool any = false;
    for (auto next = at_hand.waiters.begin(); next != at_hand.waiters.end() && ready > 0;) {
        Waiter* waiter = *next;
        if (!may_receive(queue, *waiter->subscription) || (early && !takes_early(waiter->subscription->options))) {
            ++next;
            continue;
        }
        next = at_hand.waiters.erase(next);
        waiter->subscription->waiter = nullptr;
        ready -= std::min(ready, waiter->max);
        waiter->event.set();
        any = true;
    }
    return any;
}

void BrokerState::set_timer(Queue& queue) {
    if (abandoned) return;  // the timers have stopped
    Live& at_hand = *queue.live;
    std::optional<MonotonicTime> when;
    const auto earlier = [&](MonotonicTime t) {
        if (!when || t < *when) when = t;
    };
    if (!at_hand.deadlines.empty()) earlier(at_hand.deadlines.front().when);
    const auto at_wall = [&](std::optional<WallTime> t, milliseconds at_least) {
        if (t) earlier(now() + std::max(at_least, std::chrono::duration_cast<milliseconds>(*t - now_wall())));
    };
    at_wall(at_hand.window->first_wake(), milliseconds(1));
    // Where it could not be removed just now (a full disk), it is not tried all the time.
    if (!at_hand.loading && !stored_time.diverged()) at_wall(at_hand.window->first_expiry(), milliseconds(refused_lately() ? 1'000 : 1));
    if (refused_lately() && !at_hand.waiters.empty() && at_hand.window->ready() > 0) earlier(*refused_at + std::chrono::seconds(1));
    if (when) at_hand.timer.arm_by(*when);
}

void BrokerState::on_timer(Queue& queue) {
    Live& at_hand = *queue.live;
    const MonotonicTime time = planted(Bug::lease_by_wall_clock) ? guessed_by_wall(*parts.clock) : now();
    while (!at_hand.deadlines.empty() && at_hand.deadlines.front().when <= time) {
        const Deadline deadline = at_hand.deadlines.front();
        std::pop_heap(at_hand.deadlines.begin(), at_hand.deadlines.end(), std::greater<>());
        at_hand.deadlines.pop_back();
        const auto found = at_hand.held.find(deadline.sequence);
        if (found == at_hand.held.end() || found->second.number != deadline.number || found->second.state != Held::State::leased ||
            !found->second.deadline || *found->second.deadline > time)
            continue;
        release(queue, deadline.sequence, std::nullopt, true);
    }
    at_hand.window->advance(now_wall());
    if (!refused_lately()) trim(queue);
    expire_heads(queue);
    wake(queue);
    set_timer(queue);
}

}  // namespace rowmq
