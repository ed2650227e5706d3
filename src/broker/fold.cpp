// What a batch that returned means for memory.

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

class LeftOutUnits {
public:
    explicit LeftOutUnits(const storage::Outcome& outcome) : outcome_(outcome) {}
    bool operator()(storage::Unit unit) const {
        if (outcome_.failure) return true;
        if (unit == storage::Unit::always || outcome_.left_out.empty()) return false;
        return std::any_of(outcome_.left_out.begin(), outcome_.left_out.end(), [&](const storage::LeftOut& l) { return l.unit == unit; });
    }

private:
    const storage::Outcome& outcome_;
};

/// A batch's messages by id. Entries come in their order but for some, so what follows the last one found is looked at first.
class BatchMessages {
public:
    explicit BatchMessages(const std::vector<storage::MessageRow>& rows) : rows_(rows) {}

    const storage::MessageRow* find(MessageId id) {
        for (const std::size_t at : {last_, last_ + 1})
            if (at < rows_.size() && rows_[at].id == id) return &rows_[last_ = at];
        if (rows_.empty()) return nullptr;
        if (by_id_.empty()) {
            by_id_.resize(rows_.size());
            std::iota(by_id_.begin(), by_id_.end(), 0u);
            std::ranges::sort(by_id_, {}, [this](std::uint32_t at) { return rows_[at].id; });
        }
        const auto found = std::ranges::lower_bound(by_id_, id, {}, [this](std::uint32_t at) { return rows_[at].id; });
        if (found == by_id_.end() || rows_[*found].id != id) return nullptr;
        last_ = *found;
        return &rows_[last_];
    }

private:
    const std::vector<storage::MessageRow>& rows_;
    std::size_t last_ = 0;
    std::vector<std::uint32_t> by_id_;  ///< places, made when it is needed
};

}  // namespace

bool BrokerState::expires_as_it_comes(const Queue& queue, const Entry& entry) {
    return queue.options->ttl == milliseconds(0) || *entry.row.expires_at <= entry.published_at;
}

// Whether those whose next() is under way take another at once.
bool BrokerState::is_expected(const Queue& queue) const {
    if (queue.options->paused || queue.fifo()) return false;
    std::size_t places = 0;
    for (const SubscriptionState* s : queue.live->subscriptions)
        if (s->waiting && may_receive(queue, *s)) places += s->asked;
    return queue.live->window->ready() < places;
}

bool BrokerState::fold(const storage::Batch& batch, const storage::Outcome& outcome) {
    const LeftOutUnits out(outcome);
    if (outcome.failure) {
        refused_at = now();
        if (batch.highest_wall) wall_stored = WallTime{};  // it was not
    } else if (batch.reserve_ids) {
        reserved_ids = std::max(reserved_ids, *batch.reserve_ids);
    }
    if (planted(Bug::sequence_reused_after_failed_commit) && outcome.failure) last_id -= std::ssize(batch.entries);

    for (const storage::CounterDelta& d : batch.counters) {
        if (outcome.failure && d.never_stored > 0) owe_counts(d.queue, d.never_stored);
        if (out(d.unit)) continue;
        Queue* queue = catalog.find(d.queue);
        if (!queue) continue;
        storage::add(queue->counters, d);
        if (queue->stored() <= 0) queue->head = Sequence{};
    }

    std::vector<Queue*> woken;
    Queue* queue = nullptr;
    BatchMessages messages(batch.messages);
    for (const storage::EntryRow& row : batch.entries) {
        if (!queue || queue->id != row.key.queue) queue = catalog.find(row.key.queue);
        if (!queue) continue;
        --queue->pending_entries;
        queue->pending_bytes -= row.bytes;
        if (row.unit != storage::Unit::always) --queue->pending_conditional;
        if (queue->live && (queue->live->early > 0 || !queue->live->coming.empty()) && fold_early(*queue, row, outcome.failure.has_value()))
            continue;
        if (out(row.unit) || queue->deleted) continue;
        if (queue->head == Sequence{}) queue->head = row.key.sequence;
        const bool room = queue->live && window_room();
        if (!queue->live && row.expires_at && queue->moves_expired()) {  // also when nobody looks
            touch_live(*queue);
            load(*queue);
            continue;  // the page brings it
        }
        if (!queue->live) {  // nobody looks (any more), but its length may be bounded
            if (row.expires_at) expect_expiry(*queue, *row.expires_at);
            const bool bounded = queue->options->max_length || queue->options->max_bytes;
            if (bounded && (woken.empty() || woken.back() != queue)) woken.push_back(queue);
            continue;
        }
        Entry entry;
        entry.row = row;
        entry.row.unit = storage::Unit::always;
        if (const storage::MessageRow* message = messages.find(row.message)) {
            entry.message = message->message;
            entry.published_at = message->published_at;
            if (queue->strict && row.receives == 1) {
                queue->live->counted_ahead.insert(row.key.sequence);
                entry.row.receives = 0;
            }
        }
        entry.awaited = row.expires_at && expires_as_it_comes(*queue, entry) && is_expected(*queue);
        Window& window = *queue->live->window;
        const WindowChange change(*this, window);
        window.committed(std::move(entry), batch.ticket, room);
        if (woken.empty() || woken.back() != queue) woken.push_back(queue);
    }

    for (const storage::DelayedRemoval& removal : batch.delayed_removals)
        if (Queue* of = catalog.find(removal.removal.key.queue); of && removal.removal.keep_message) ++of->pending_delayed;

    for (const storage::DelayedRow& row : batch.delayed) {
        Queue* of = catalog.find(row.entry.key.queue);
        if (of) {
            of->pending_bytes -= row.entry.bytes;
            --of->pending_delayed;
        }
        if (of && row.entry.unit != storage::Unit::always) --of->pending_conditional;
        if (!out(row.entry.unit))
            due_timer.arm_by(now() + std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(row.due_at - now_wall())));
    }

    for (const storage::EntryUpdate& update : batch.updates) {
        Queue* of = catalog.find(update.key.queue);
        if (!of || !of->live) continue;
        if (!update.available_at) {
            if (outcome.failure) count_again(*of, update.key);
            continue;
        }
        const auto found = of->live->held.find(update.key.sequence);
        if (found == of->live->held.end() || found->second.state != Held::State::settling) continue;
        Held& held = found->second;
        if (out(update.unit) && held.recalled && !outcome.failure) {
            of->live->window->settled(held.entry);
            of->live->held.erase(found);
            continue;
        }
        if (out(update.unit)) {
            unsettle(*of, update.key.sequence);
            continue;
        }
        held.entry.row.available_at = update.available_at;
        if (*update.available_at <= now_wall()) of->live->window->advance(now_wall());  // else it would sleep till the next tick
        end_lease(*of, held);
        put_back(*of, update.key.sequence);
        woken.push_back(of);
    }

    queue = nullptr;
    for (const storage::Removal& removal : batch.removals) {
        if (!queue || queue->id != removal.key.queue) queue = catalog.find(removal.key.queue);
        if (!queue || !queue->live) continue;
        Live& at_hand = *queue->live;
        const auto found = at_hand.held.find(removal.key.sequence);
        if (out(removal.unit)) {
            if (found == at_hand.held.end()) continue;
            if (!found->second.recalled || outcome.failure) {
                unsettle(*queue, removal.key.sequence);
                continue;
            }
            at_hand.window->settled(found->second.entry);  // read before somebody else ended it: there is no such row
            at_hand.held.erase(found);
            continue;
        }
        if (at_hand.loading) at_hand.removed_since_page.insert(removal.key.sequence);
        if (found == at_hand.held.end() || found->second.state != Held::State::settling) continue;
        end_lease(*queue, found->second);
        at_hand.window->settled(found->second.entry);
        at_hand.held.erase(found);
        if (!at_hand.counted_ahead.empty()) at_hand.counted_ahead.erase(removal.key.sequence);
        if (queue->fifo() && (woken.empty() || woken.back() != queue)) woken.push_back(queue);
    }

    bool reached = false;
    for (Queue* awake : woken) {
        trim(*awake);
        if (!awake->live || planted(Bug::wakeup_lost)) continue;
        reached |= wake(*awake);
        set_timer(*awake);
    }
    return reached;
}

// A count that was not stored is still behind.
void BrokerState::count_again(Queue& queue, const storage::EntryKey& key) {
    const auto found = queue.live->held.find(key.sequence);
    Entry* entry = found != queue.live->held.end() ? &found->second.entry : queue.live->window->find(key.lane, key.sequence);
    if (entry) count_behind(*entry);
}

// A settlement that was not stored: the lease is as it was, if it has not ended and has time left.
void BrokerState::unsettle(Queue& queue, Sequence sequence) {
    Held& held = queue.live->held.at(sequence);
    if (planted(Bug::failed_settlement_loses_message)) {
        held.state = Held::State::leased;
        return held.deadline.reset();
    }
    if (!held.session && !held.deadline) {
        put_back(queue, sequence);
        return set_timer(queue);  // it may have expired
    }
    held.state = Held::State::leased;
    if (held.deadline && *held.deadline <= now()) release(queue, sequence, milliseconds(0), true);
}

}  // namespace rowmq
