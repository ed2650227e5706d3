// Counting: the deltas of a batch, and what a queue's row and memory together say.

#include "broker/state.hpp"

namespace rowmq {

storage::CounterDelta& BrokerState::counter(storage::Batch& batch, Queue& queue, storage::Unit unit) {
    if (unit != storage::Unit::always) {
        for (auto delta = batch.counters.rbegin(); delta != batch.counters.rend() && delta->unit == unit; ++delta)
            if (delta->queue == queue.id) return *delta;
    } else if (queue.counter_ticket == batch.ticket && batch.ticket != Ticket{}) {
        return batch.counters[queue.counter_index];
    }
    storage::CounterDelta& delta = batch.counters.emplace_back();
    delta.queue = queue.id;
    delta.unit = unit;
    if (unit == storage::Unit::always) {
        queue.counter_ticket = batch.ticket;
        queue.counter_index = static_cast<std::uint32_t>(batch.counters.size() - 1);
    }
    return delta;
}

QueueCounts BrokerState::counts_of(const Queue& queue) const {
    const storage::Counters& c = queue.counters;
    const std::int64_t stored = queue.stored();
    return {.ready = std::max<std::int64_t>(0, stored - queue.held()),
            .delayed = c.delayed,
            .leased = std::min(stored, queue.held()),
            .sent = c.sent,
            .done = c.done,
            .dead_lettered = c.dead_lettered,
            .expired = c.expired,
            .purged = c.purged,
            .overflowed = c.overflowed,
            .redriven = c.redriven,
            .bytes = c.bytes,
            .delivered = queue.delivered,
            .redelivered = queue.redelivered};
}

QueueInfo BrokerState::info_of(const Queue& queue) const {
    const std::string* ns = catalog.name_of(queue.ns);
    return {.id = queue.id,
            .ns = ns ? *ns : std::string(),
            .name = queue.name,
            .options = *queue.options,
            .counts = counts_of(queue),
            .created_at = queue.created_at,
            .modified_at = queue.modified_at,
            .consumers = queue.live ? queue.live->subscriptions.size() : 0};
}

}  // namespace rowmq
