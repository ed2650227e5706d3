// Early delivery: a message goes to a consumer while the commit that stores it is under way. What is acknowledged before its
// batch leaves is taken out of it again; everything else that ends such a lease waits for the commit, and is done then.

#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {

/// Nothing but its place decides when a message of it is delivered, and nothing is stored for that beforehand.
bool BrokerState::is_plain(const Queue& queue) {
    const QueueOptions& o = *queue.options;
    return !queue.fifo() && !queue.strict && !queue.deleted && !o.paused && o.max_priority == 0 && o.max_receives == 0 &&
           o.delay == milliseconds(0) && !o.ttl && !o.max_length && !o.max_bytes && !o.deduplication.enabled;
}

bool BrokerState::may_be_early(const Staged& staged) const {
    if (staged.conditional || staged.reached.size() != 1) return false;
    const Publish& publish = *staged.publish;
    if (publish.ttl || publish.delay.value_or(milliseconds(0)) != milliseconds(0) || publish.deliver_at) return false;
    const Queue& queue = *staged.reached.front().queue;
    if (!queue.live || queue.early_stopped > 0 || !is_plain(queue)) return false;
    const Live& at_hand = *queue.live;
    // Others would wait in vain beside them: they take only what is stored.
    if (at_hand.early_subscriptions == 0 || at_hand.early_subscriptions < at_hand.subscriptions.size()) return false;
    if (at_hand.early_unleased > 0 && !publish.transient) return false;
    // What stands behind something ready is mostly stored before its turn comes; and that it could be early costs.
    if (queue.ready_soon() >= near_head || at_hand.window->ready() > 0 || at_hand.window->needs_page()) return false;
    return queue.pending_entries == std::ssize(at_hand.coming) + static_cast<std::int64_t>(at_hand.early);
}

void BrokerState::expect(storage::Batch& batch, Queue& queue, const Publish& publish, std::shared_ptr<EarlyNews> news) {
    const storage::EntryRow& row = batch.entries.back();
    const storage::MessageRow& message = batch.messages.back();
    Coming& coming = queue.live->coming.emplace_back();
    coming.entry.row = row;
    coming.entry.message = message.message;
    coming.entry.published_at = message.published_at;
    coming.place = {.ticket = batch.ticket,
                    .entry = static_cast<std::uint32_t>(batch.entries.size() - 1),
                    .message = static_cast<std::uint32_t>(batch.messages.size() - 1)};
    coming.news = std::move(news);
    coming.transient = publish.transient;
    storage::CounterDelta& delta = counter(batch, queue);  // stored together, so that after a crash it comes as seen before
    delta.delivered_through = std::max(delta.delivered_through, row.key.sequence);
}

std::size_t BrokerState::ready_early(const Queue& queue) const {
    const Live& at_hand = *queue.live;
    if (at_hand.coming.empty() || queue.early_stopped > 0 || !is_plain(queue)) return 0;
    if (at_hand.early_subscriptions < at_hand.subscriptions.size()) return 0;
    // A transaction whose rows are being made has sequences of before.
    const bool is_next = at_hand.coming_back == 0 && preparing.empty() && at_hand.window->ready() == 0 && !at_hand.window->needs_page();
    return is_next || planted(Bug::early_overtakes) ? at_hand.coming.size() : 0;
}

std::optional<Coming> BrokerState::take_early(Queue& queue, const SubscriptionState& subscription, std::size_t max_bytes) {
    if (!takes_early(subscription.options) || ready_early(queue) == 0) return std::nullopt;
    auto& all = queue.live->coming;
    if (subscription.options.no_lease && !all.front().transient) return std::nullopt;
    if (static_cast<std::size_t>(all.front().entry.row.bytes) > max_bytes) return std::nullopt;
    std::optional<Coming> first = std::move(all.front());
    all.pop_front();
    return first;
}

void BrokerState::tell_done(const std::shared_ptr<EarlyNews>& news, MessageId message) {
    if (!news) return;
    news->done.push_back(message);
    if (news->waiter) news->waiter->set();
}

// It is done and was never stored, where its batch is still here.
bool BrokerState::strike(Queue& queue, Held& held) {
    storage::Batch* batch = committer.strike(held.early.place);
    if (!batch) return planted(Bug::early_ack_strikes_written_row);
    storage::CounterDelta& delta = counter(*batch, queue);
    ++delta.done;
    ++delta.never_stored;
    delta.bytes -= held.entry.row.bytes;
    --queue.pending_entries;
    queue.pending_bytes -= held.entry.row.bytes;
    ++never_stored;
    return true;
}

void BrokerState::end_early(Queue& queue, Held& held, Early::Then then, std::optional<milliseconds> delay) {
    Live& at_hand = *queue.live;
    if (then == Early::Then::is_done) {
        tell_done(held.early.news, held.entry.row.message);
        if (strike(queue, held)) {
            end_lease(queue, held);
            count_receives(held.entry.row);
            forget_early(at_hand, held);
            at_hand.held.erase(held.entry.sequence());
            return;
        }
    } else {
        ++at_hand.coming_back;
    }
    if (then == Early::Then::has_run_out || then == Early::Then::was_never_given) end_lease(queue, held);
    if (then == Early::Then::was_never_given) {
        --held.entry.row.receives;
        held.number = 0;  // who picked it does not find it again
    } else {
        held.state = Held::State::settling;
    }
    held.early.then = then;
    held.early.delay = delay;
}

void BrokerState::forget_early(Live& at_hand, Held& held) {
    if (!held.early) return;
    --at_hand.early;
    if (held.early.comes_back()) --at_hand.coming_back;
    held.early = {};
}

bool BrokerState::fold_early(Queue& queue, const storage::EntryRow& row, bool failed) {
    Live& at_hand = *queue.live;
    if (!at_hand.coming.empty() && at_hand.coming.front().entry.sequence() == row.key.sequence) {
        at_hand.coming.pop_front();  // nobody took it
        return false;
    }
    const auto found = at_hand.held.find(row.key.sequence);
    if (found == at_hand.held.end() || !found->second.early) return false;
    if (failed) lost_at_last(queue, found->second);
    else stored_at_last(queue, found->second);
    return true;
}

/// Its commit has returned: from here on it is as any other.
void BrokerState::stored_at_last(Queue& queue, Held& held) {
    if (queue.head == Sequence{}) queue.head = held.entry.sequence();
    const Early early = held.early;
    forget_early(*queue.live, held);
    const Sequence sequence = held.entry.sequence();
    switch (early.then) {
        case Early::Then::stays: return;
        case Early::Then::was_never_given: return put_back(queue, sequence);
        case Early::Then::has_run_out: held.state = Held::State::leased; return release(queue, sequence, early.delay, true);
        case Early::Then::is_done: settle_held(committer.open(), queue, held, Verdict::done, {}, storage::Unit::always); break;
        case Early::Then::is_released:
            held.state = Held::State::leased;
            settle_held(committer.open(), queue, held, Verdict::release, early.delay, storage::Unit::always);
            break;
        case Early::Then::is_rejected:
            held.state = Held::State::leased;
            settle_held(committer.open(), queue, held, Verdict::reject, {}, storage::Unit::always);
            break;
    }
    committer.touch(1, 0);
    wake(queue);
}

/// Its commit has failed: there is no such message. Who was given it may have done with it what was to be done.
void BrokerState::lost_at_last(Queue& queue, Held& held) {
    const bool was_given = held.state != Held::State::picked;
    if (held.early.then == Early::Then::is_done) {
        owe_counts(queue.id, 1);
        count_receives(held.entry.row);
    } else if (was_given && held.early.news && !planted(Bug::early_failure_is_nacked)) {
        held.early.news->unknown = true;
    }
    end_lease(queue, held);
    forget_early(*queue.live, held);
    queue.live->held.erase(held.entry.sequence());
    wake(queue);
}

// Counted with the next commit that anybody needs, or after a while.
void BrokerState::owe_counts(QueueId queue, std::int64_t messages) {
    owed_counts[queue] += messages;
    count_timer.arm_by(now() + limits.count_flush);
}

void BrokerState::count_what_is_owed(storage::Batch& batch) {
    for (const auto& [id, messages] : std::exchange(owed_counts, {})) {
        Queue* queue = catalog.find(id);
        if (!queue || queue->deleted) continue;
        storage::CounterDelta& delta = counter(batch, *queue);
        delta.sent += messages;
        delta.done += messages;
        delta.never_stored += messages;
    }
}

Ticket BrokerState::early_until(const std::vector<Settlement>& settlements) {
    Ticket last{};
    for (const Settlement& s : settlements)
        if (const Held* held = leased(s.lease); held && held->early) last = std::max(last, held->early.place.ticket);
    return last;
}

awaitable<Result<bool>> BrokerState::committed(Ticket ticket, std::shared_ptr<EarlyNews> news) {
    if (!news->done.empty()) co_return false;
    const Committer::OutcomePointer outcome = co_await committer.outcome(ticket, &news->waiter);
    if (!outcome) co_return false;
    if (outcome->failure) co_return *outcome->failure;
    co_return true;
}

}  // namespace rowmq
