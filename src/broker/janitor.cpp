// What happens by itself: delayed messages become due, purged rows are swept, deduplication tables take turns, idle queues
// and expired messages go. Never more than a slice a commit.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {

void BrokerState::due() {
    if (due_under_way || closing) {
        due_again = true;
        return;
    }
    due_under_way = true;
    boost::asio::co_spawn(parts.executor, run_due(shared_from_this()), boost::asio::detached);
}

awaitable<void> BrokerState::run_due(std::shared_ptr<BrokerState> self) {
    std::optional<WallTime> next;
    milliseconds retry{0};
    for (;;) {
        self->due_again = false;
        storage::PageRequest request = storage::Due{.until = self->now_wall(), .max = self->limits.background_rows};
        if (planted(Bug::delay_ignored_after_restart) && self->epoch > 1) std::get<storage::Due>(request).until = WallTime::max();
        const storage::Page page = co_await self->parts.engine->page(std::move(request));
        if (self->abandoned) co_return;
        if (page.failure || self->closing || self->committer.broken()) {
            if (page.failure) self->ask_whether_failed();
            retry = std::chrono::seconds(1);
            break;
        }
        next = page.next_due;
        std::size_t rows = 0;
        for (const storage::DelayedRow& row : page.delayed) {
            if (self->cancelled_while_due.contains(row.entry.key.sequence)) continue;
            self->move_due(row);
            ++rows;
        }
        if (rows == 0) break;
        const Ticket ticket = self->committer.touch(rows * 2, 0);
        const Result<void> stored = co_await self->committer.committed(ticket);
        if (self->abandoned) co_return;
        self->moving_due.clear();
        if (!stored) {
            retry = std::chrono::seconds(1);
            break;
        }
        if (page.end && !self->due_again) break;
    }
    self->due_under_way = false;
    self->cancelled_while_due.clear();
    if (self->closing) co_return;
    if (retry > milliseconds(0)) {  // not before: what is due stays due
        self->due_timer.arm_by(self->now() + retry);
        co_return;
    }
    if (self->due_again) self->due_timer.arm_by(self->now());
    if (next)
        self->due_timer.arm_by(self->now() + std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(*next - self->now_wall())));
}

void BrokerState::move_due(const storage::DelayedRow& row) {
    storage::Batch& batch = committer.open();
    Queue* queue = catalog.find(row.entry.key.queue);
    const bool nobodys = !queue || queue->deleted || row.entry.key.sequence <= queue->delayed_floor;
    batch.delayed_removals.push_back(
        {.due_at = row.due_at,
         .removal = {.key = row.entry.key, .message = row.entry.message, .copies = row.entry.copies, .keep_message = !nobodys}});
    if (nobodys) return;
    moving_due.insert(row.entry.key.sequence);
    storage::EntryRow entry = row.entry;
    entry.key.sequence = Sequence{next_id()};
    entry.unit = storage::Unit::always;
    --counter(batch, *queue).delayed;
    ++queue->pending_entries;
    --queue->pending_delayed;
    queue->pending_bytes += entry.bytes;
    batch.entries.push_back(std::move(entry));
}

void BrokerState::sweep(QueueId queue) {
    if (std::find(to_sweep.begin(), to_sweep.end(), queue) == to_sweep.end()) to_sweep.push_back(queue);
    if (std::exchange(sweeping, true)) return;
    boost::asio::co_spawn(parts.executor, run_sweeps(shared_from_this()), boost::asio::detached);
}

namespace {

/// One queue's part of a commit.
struct Sweeping {
    QueueId id;
    bool deleted = false;
    Sequence floor{}, delayed_floor{};
    std::size_t first = 0, count = 1;  ///< of the batch's sweeps
};

/// The first of those that wait, so many that a commit a queue does not keep the rest waiting. All together stay a slice.
std::vector<Sweeping> put_sweeps(BrokerState& state, storage::Batch& batch, std::size_t& rows_each) {
    constexpr std::size_t most_queues = 100;
    std::erase_if(state.to_sweep, [&](QueueId id) { return !state.catalog.find(id); });
    const std::size_t queues = std::min(state.to_sweep.size(), most_queues);
    rows_each = queues == 0 ? 0 : std::max<std::size_t>(1, state.limits.background_rows / queues);
    std::vector<Sweeping> all;
    for (std::size_t i = 0; i < queues; ++i) {
        const Queue& queue = *state.catalog.find(state.to_sweep[i]);
        Sweeping& one = all.emplace_back();
        one = {.id = queue.id,
               .deleted = queue.deleted,
               .floor = queue.floor,
               .delayed_floor = queue.delayed_floor,
               .first = batch.sweeps.size()};
        // Rows of batches under way are swept too: they have been folded, or come before this in order.
        const Sequence everything{std::numeric_limits<std::int64_t>::max()};
        batch.sweeps.push_back(
            {.queue = queue.id, .up_to = queue.deleted ? everything : queue.floor, .max = rows_each, .delayed_too = queue.deleted});
        if (queue.deleted || queue.delayed_floor <= Sequence{}) continue;
        batch.sweeps.push_back({.queue = queue.id, .up_to = queue.delayed_floor, .max = rows_each, .delayed_too = true});
        one.count = 2;
    }
    return all;
}

}  // namespace

awaitable<void> BrokerState::run_sweeps(std::shared_ptr<BrokerState> self) {
    while (!self->to_sweep.empty() && !self->closing && !self->committer.broken()) {
        std::size_t rows_each = 0;
        const std::vector<Sweeping> all = put_sweeps(*self, self->committer.open(), rows_each);
        if (all.empty()) break;
        const Ticket ticket = self->committer.touch(self->limits.background_rows, 0);
        auto swept = std::make_shared<std::vector<std::size_t>>();
        self->committer.then([swept](const storage::Outcome& outcome) { *swept = outcome.swept; });
        const Result<void> stored = co_await self->committer.committed(ticket);
        if (self->abandoned) co_return;
        if (!stored) break;
        for (const Sweeping& one : all) {
            std::size_t rows = 0;
            for (std::size_t i = one.first; i < one.first + one.count && i < swept->size(); ++i) rows = std::max(rows, (*swept)[i]);
            if (rows >= rows_each) continue;
            Queue* empty = self->catalog.find(one.id);
            // Purged again or deleted meanwhile: there is more to sweep than was asked for.
            if (empty && (empty->deleted != one.deleted || empty->floor != one.floor || empty->delayed_floor != one.delayed_floor))
                continue;
            std::erase(self->to_sweep, one.id);
            if (!one.deleted || !empty) continue;
            self->committer.open().catalog.emplace_back(storage::QueueErased{one.id});
            self->committer.touch(1, 0);
            self->forget_live(*empty);
            for (SessionState* session : self->sessions) session->touched.erase(one.id);
            self->catalog.erase(one.id);
        }
    }
    self->sweeping = false;
}

void BrokerState::housekeeping() {
    if (closing || committer.broken()) return;
    const WallTime wall_now = now_wall();
    if (deduplication_window > milliseconds(0) && wall_now - deduplications_since >= deduplication_window) {
        committer.open().rotate_deduplications = wall_now;
        committer.touch(1, 0);
        deduplications_since = wall_now;
    }
    const MonotonicTime time = now();
    for (const QueueId id : std::vector(idle_expiring.begin(), idle_expiring.end())) {
        Queue* queue = catalog.find(id);
        if (!queue || queue->deleted || !queue->options->idle_expiry) {
            idle_expiring.erase(id);
            continue;
        }
        if (queue->live && !queue->live->subscriptions.empty()) queue->last_used = time;
        if (time - queue->last_used < *queue->options->idle_expiry) continue;
        end_suspended(*queue, remove_queue(*queue));
        sweep(id);
    }
    if (!to_sweep.empty()) sweep(to_sweep.front());
    look_for_expired();
    std::size_t ended = 0;
    for (auto task = tasks.rbegin(); task != tasks.rend(); ++task)
        if (task->second.row.state != static_cast<std::uint8_t>(TaskState::running) && ++ended > limits.ended_tasks) {
            committer.open().catalog.emplace_back(storage::TaskErased{task->first});
            committer.touch(1, 0);
            tasks.erase(task->first);
            break;
        }
    arm_housekeeping();
}

// Only for what there is: a broker with nothing to look after sleeps.
void BrokerState::arm_housekeeping() {
    if (closing) return;
    std::optional<milliseconds> in;
    const auto within = [&](milliseconds ms) { in = std::min(in.value_or(ms), std::max(ms, milliseconds(1))); };
    if (!idle_expiring.empty() || !to_sweep.empty()) within(std::chrono::seconds(1));
    if (some_queue_has_ttl) within(expiry_scan_interval);
    if (!expiry_looks.empty())
        within(stored_time.diverged() || refused_lately()  // nothing can go just now
                   ? std::chrono::seconds(1)
                   : std::chrono::duration_cast<milliseconds>(expiry_looks.begin()->first - now_wall()));
    if (deduplication_window > milliseconds(0))
        within(std::chrono::duration_cast<milliseconds>(deduplications_since + deduplication_window - now_wall()));
    if (in) housekeeping_timer.arm_by(now() + *in);
}

}  // namespace rowmq
