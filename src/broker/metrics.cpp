// The snapshot for monitoring: what each queue counts, how long its head has waited, what commits took.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "broker/state.hpp"

namespace rowmq {
namespace {

constexpr std::size_t heads_at_once = 1'000;  // read after one snapshot

std::int64_t messages_of(const QueueCounts& counts) { return counts.ready + counts.leased + counts.delayed; }

bool comes_first(const QueueCounts& a, const QueueCounts& b) {
    return std::pair(messages_of(a), a.sent) > std::pair(messages_of(b), b.sent);
}

void sum_up(QueueCounts& sum, const QueueCounts& counts) {
    for (const auto member : {&QueueCounts::ready, &QueueCounts::delayed, &QueueCounts::leased, &QueueCounts::sent, &QueueCounts::done,
                              &QueueCounts::dead_lettered, &QueueCounts::expired, &QueueCounts::purged, &QueueCounts::overflowed,
                              &QueueCounts::redriven, &QueueCounts::bytes, &QueueCounts::delivered, &QueueCounts::redelivered})
        sum.*member += counts.*member;
}

}  // namespace

void BrokerState::remember_head(Queue& queue) const {
    if (!queue.live) return;
    if (const auto head = queue.live->window->head()) queue.head = *head;
}

// A head of this process: since its sequence was given. One of before: since it was published, once its row was read for it,
// and until then since this process began.
milliseconds BrokerState::oldest_of(Queue& queue, const QueueCounts& counts, WallTime now) {
    if (counts.ready == 0) return milliseconds(0);
    remember_head(queue);
    std::optional<WallTime> since = arrivals.at(queue.head);
    bool moved_on = false;
    if (const auto known = heads_read.find(queue.id); known != heads_read.end()) {
        if (since) {
            heads_read.erase(known);
        } else {  // one that has gone meanwhile was older, and does until the new one is read
            since = known->second.published_at;
            moved_on = queue.head > known->second.sequence;
        }
    }
    if ((!since || moved_on) && !reading_heads && heads_to_read.size() < heads_at_once) heads_to_read.push_back(queue.id);
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(now - since.value_or(started_at)));
}

BrokerHealth BrokerState::health() const {
    const auto& broken = committer.broken();
    return {.serving = !broken && !closing,
            .problem = broken ? broken->text : std::string(),
            .pending_bytes = static_cast<std::int64_t>(committer.pending_bytes()),
            .commits = committer.commits(),
            .queues = catalog.queue_count(),
            .sessions = sessions.size(),
            .store = parts.engine->name(),
            .store_id = store_id,
            .durability = parts.engine->durability()};
}

BrokerMetrics BrokerState::metrics() {
    struct Seen {
        Queue* queue;
        QueueCounts counts;
    };
    std::vector<Seen> seen;
    seen.reserve(catalog.queue_count());
    catalog.for_each_queue([&](Queue& queue) {
        if (!queue.deleted) seen.push_back({&queue, counts_of(queue)});
    });
    const std::size_t named = std::min(limits.metrics_queues, seen.size());
    const auto others = seen.begin() + static_cast<std::ptrdiff_t>(named);
    const auto larger = [](const Seen& a, const Seen& b) { return comes_first(a.counts, b.counts); };
    std::nth_element(seen.begin(), others, seen.end(), larger);
    std::sort(seen.begin(), others, larger);

    const WallTime now = now_wall();
    BrokerMetrics out;
    out.queues.reserve(named);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        Queue& queue = *seen[i].queue;
        const std::size_t consumers = queue.live ? queue.live->subscriptions.size() : 0;
        const milliseconds oldest = oldest_of(queue, seen[i].counts, now);
        if (i < named) {
            const std::string* ns = catalog.name_of(queue.ns);
            out.queues.push_back({ns ? *ns : std::string(), queue.name, seen[i].counts, consumers, oldest});
            continue;
        }
        sum_up(out.others.counts, seen[i].counts);
        out.others.consumers += consumers;
        out.others.oldest = std::max(out.others.oldest, oldest);
    }
    out.left_out = seen.size() - named;
    if (!heads_to_read.empty() && !closing && !std::exchange(reading_heads, true))
        boost::asio::co_spawn(parts.executor, run_read_heads(shared_from_this()), boost::asio::detached);

    const CommitFigures& commits = committer.figures();
    out.health = health();
    out.commits_failed = commits.failed;
    out.commit_rows = commits.rows.value();
    out.commit_bytes = commits.bytes.value();
    out.commit_duration = commits.duration.value(seconds_of_nanoseconds);
    out.receives = receives_seen.value();
    out.delivered_early = delivered_early;
    out.never_stored = never_stored;
    out.write_bytes_limit = static_cast<std::int64_t>(limits.write_bytes);
    out.window_entries = window_entries;
    out.window_entries_limit = limits.windows_entries;
    out.window_bytes = window_bytes;
    out.window_bytes_limit = limits.windows_bytes;
    out.queues_to_sweep = to_sweep.size();
    for (const auto& [id, task] : tasks)
        if (task.row.state == static_cast<std::uint8_t>(TaskState::running)) ++out.redrives_running;
    out.alarms = {.disk = disk_is_short(), .memory = memory_is_short()};
    out.clocks = {.diverged = stored_time.diverged(), .by = stored_time.divergence()};
    out.store = parts.engine->stats();
    return out;
}

// What was stored before this process began says when only in its row.
awaitable<void> BrokerState::run_read_heads(std::shared_ptr<BrokerState> self) {
    while (!self->heads_to_read.empty() && !self->closing) {
        const QueueId id = self->heads_to_read.back();
        self->heads_to_read.pop_back();
        Queue* queue = self->catalog.find(id);
        if (!queue || queue->deleted) continue;
        storage::PageRequest lanes = storage::LaneHeads{.queue = id, .after = queue->floor};
        const storage::Page heads = co_await self->parts.engine->page(std::move(lanes));
        if (self->abandoned) co_return;
        const auto first = std::min_element(heads.entries.begin(), heads.entries.end(),
                                            [](const auto& a, const auto& b) { return a.key.sequence < b.key.sequence; });
        if (first == heads.entries.end()) continue;
        storage::PageRequest one = storage::EntriesAfter{.queue = id,
                                                         .lane = first->key.lane,
                                                         .after = Sequence{value_of(first->key.sequence) - 1},
                                                         .max = 1,
                                                         .max_bytes = 1,
                                                         .without_groups = {},
                                                         .only_group = {},
                                                         .scan = 0};
        const storage::Page page = co_await self->parts.engine->page(std::move(one));
        if (self->abandoned) co_return;
        if (page.failure || page.entries.empty() || page.messages.empty()) continue;
        self->heads_read[id] = {page.entries.front().key.sequence, page.messages.front().published_at};
    }
    std::erase_if(self->heads_read, [&](const auto& head) { return !self->catalog.find(head.first); });
    self->heads_to_read.clear();
    self->reading_heads = false;
}

}  // namespace rowmq
