// Settling: leases end by a verdict, by expiry, by their session; receive counts are stored behind.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>

#include "base/planted.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

Error gone() { return {Errc::lease_gone, "the lease is gone: settled, expired and leased anew, or never given"}; }

}  // namespace

void BrokerState::remove(storage::Batch& batch, Queue& queue, Held& held, std::int64_t storage::CounterDelta::*counted,
                         storage::Unit unit) {
    const storage::EntryRow& row = held.entry.row;
    if (planted(Bug::settlement_outside_its_transaction)) unit = storage::Unit::always;
    batch.removals.push_back({.key = row.key, .message = row.message, .copies = row.copies, .keep_message = false, .unit = unit});
    storage::CounterDelta& delta = counter(batch, queue, unit);
    ++(delta.*counted);
    if (counted == &storage::CounterDelta::done || counted == &storage::CounterDelta::dead_lettered) count_receives(row);
    delta.bytes -= row.bytes;
    held.state = Held::State::settling;
}

void BrokerState::end_lease(Queue& queue, Held& held) {
    if (held.session) --held.session->leases;
    SubscriptionState* subscription = std::exchange(held.subscription, nullptr);
    held.session = nullptr;
    held.deadline.reset();
    if (!subscription) return;
    --subscription->leased;
    if (subscription->waiter) wake(queue);
}

milliseconds BrokerState::backoff(const Queue& queue, std::uint32_t receives) {
    const Backoff& b = queue.options->backoff;
    if (b.initial <= milliseconds(0)) return milliseconds(0);
    const double exponent = receives > 1 ? static_cast<double>(receives - 1) : 0.0;
    double delay = std::min(static_cast<double>(b.max.count()), static_cast<double>(b.initial.count()) * std::pow(b.multiplier, exponent));
    delay *= 1.0 + b.jitter * (2.0 * parts.random->unit() - 1.0);
    return milliseconds(static_cast<std::int64_t>(std::max(0.0, delay)));
}

// Returns whether rows were added; without any, the entry is ready again at once.
bool BrokerState::release_held(storage::Batch& batch, Queue& queue, Held& held, std::optional<milliseconds> delay, bool expired,
                               storage::Unit unit) {
    storage::EntryRow& row = held.entry.row;
    const std::uint32_t max_receives = queue.options->max_receives;
    if (planted(Bug::dead_letter_one_early)) ++row.receives;
    if (max_receives > 0 && row.receives >= max_receives + planted(Bug::dead_letter_one_late) &&
        dead_letter(batch, queue, held, DeadLetterRecord::Reason::max_receives, unit))
        return true;
    const bool backs_off = !delay && (!expired || queue.options->backoff.on_expiry);
    const milliseconds wait = delay ? *delay : backs_off ? backoff(queue, row.receives) : milliseconds(0);
    const bool still_delayed = row.available_at && *row.available_at > now_wall();  // by the release before
    if (wait <= milliseconds(0) && !still_delayed && unit == storage::Unit::always) {
        if (!counts_first(queue, held.entry)) count_behind(held.entry);
        return false;
    }
    held.entry.count_behind = false;
    held.state = Held::State::settling;
    if ((queue.fifo() && !planted(Bug::fifo_redelivery_after_next)) || wait <= milliseconds(0)) {  // keeps its place; its group waits
        batch.updates.push_back({.key = row.key, .receives = row.receives, .available_at = now_wall() + wait, .unit = unit});
        return true;
    }
    batch.removals.push_back({.key = row.key, .message = row.message, .copies = row.copies, .keep_message = true, .unit = unit});
    storage::EntryRow later = row;
    later.key.sequence = Sequence{next_id()};
    later.unit = unit;
    batch.delayed.push_back({.due_at = now_wall() + wait, .entry = std::move(later)});
    ++counter(batch, queue, unit).delayed;
    ++queue.pending_delayed;
    queue.pending_bytes += row.bytes;
    if (unit != storage::Unit::always) ++queue.pending_conditional;
    return true;
}

void BrokerState::release(Queue& queue, Sequence sequence, std::optional<milliseconds> delay, bool expired) {
    Held& held = queue.live->held.at(sequence);
    if (held.early) return end_early(queue, held, expired ? Early::Then::has_run_out : Early::Then::is_released, delay);
    if (release_held(committer.open(), queue, held, delay, expired, storage::Unit::always)) {
        if (!expired) return void(committer.touch(2, 0));
        end_lease(queue, held);  // it is over whatever becomes of the commit
        committer.touch(2, 0);
        return;
    }
    put_back(queue, sequence);
}

void BrokerState::settle_held(storage::Batch& batch, Queue& queue, Held& held, Verdict verdict, std::optional<milliseconds> delay,
                              storage::Unit unit) {
    const Sequence sequence = held.entry.sequence();
    held.entry.row.receives = std::max<std::uint32_t>(held.entry.row.receives, 1);  // a crash may have forgotten it
    if (held.early) {
        if (verdict == Verdict::done) return end_early(queue, held, Early::Then::is_done, std::nullopt);
        return end_early(queue, held, verdict == Verdict::release ? Early::Then::is_released : Early::Then::is_rejected, delay);
    }
    switch (verdict) {
        case Verdict::done: remove(batch, queue, held, &storage::CounterDelta::done, unit); return;
        case Verdict::release:
            if (!release_held(batch, queue, held, delay, false, unit)) put_back(queue, sequence);
            return;
        case Verdict::reject:
            if (!dead_letter(batch, queue, held, DeadLetterRecord::Reason::rejected, unit) &&
                !release_held(batch, queue, held, std::nullopt, false, unit))
                put_back(queue, sequence);
            return;
    }
}

std::optional<Error> BrokerState::settle_one(storage::Batch& batch, const Settlement& settlement, storage::Unit unit) {
    if (settlement.delay && *settlement.delay < milliseconds(0)) return Error{Errc::invalid_argument, "the delay must be 0 ms or more"};
    const Lease& lease = settlement.lease;
    Queue* queue = catalog.find(lease.queue);
    if (!queue || queue->deleted || lease.epoch > epoch || lease.number == 0) return gone();
    if (settlement.while_held && lease.epoch == epoch && !has_time_left(lease)) return gone();
    Live& at_hand = live(*queue);
    auto found = at_hand.held.find(lease.sequence);
    if (found == at_hand.held.end()) {
        const Entry* entry = at_hand.window->find(lease.lane, lease.sequence);
        if (!entry || !still_names(lease, *entry)) return gone();
        const WindowChange change(*this, *at_hand.window);
        std::optional<Entry> taken = at_hand.window->extract(lease.lane, lease.sequence);
        found = at_hand.held.emplace(lease.sequence, Held{}).first;
        found->second.entry = *std::move(taken);
    } else {
        const Held& held = found->second;
        const bool recalled = held.recalled && held.state == Held::State::picked && still_names(lease, held.entry);
        if (!recalled && !leased(lease)) return gone();
    }
    settle_held(batch, *queue, found->second, settlement.verdict, settlement.delay, unit);
    return std::nullopt;
}

// An entry nobody holds: was it leased anew since the name was given? In this process that is known. Of those before, the
// row counts each lease but a first one, which it may have forgotten; so a first one's name is believed only when it is of
// the process just before this one.
bool BrokerState::still_names(const Lease& lease, const Entry& entry) const {
    if (lease.epoch == epoch) return entry.last_lease == lease.number;
    if (planted(Bug::old_handle_believed)) return true;
    if (entry.last_lease != 0) return false;
    if (lease.number > 1) return entry.row.receives == lease.number;
    return lease.epoch + 1 == epoch && entry.row.receives <= 1;
}

Held* BrokerState::leased(const Lease& lease, Queue** found) {
    Queue* queue = catalog.find(lease.queue);
    if (!queue || queue->deleted || !queue->live || lease.epoch != epoch) return nullptr;
    if (found) *found = queue;
    const auto place = queue->live->held.find(lease.sequence);
    if (place == queue->live->held.end() || place->second.state != Held::State::leased) return nullptr;
    if (planted(Bug::handle_not_compared) || (planted(Bug::stale_handle_extends) && found)) return &place->second;
    return place->second.entry.last_lease == lease.number ? &place->second : nullptr;
}

bool BrokerState::has_time_left(const Lease& lease) {
    const Held* held = leased(lease);
    return held && (!held->deadline || *held->deadline > now());
}

// Leases of an earlier epoch name entries that may be in rows only.
awaitable<std::vector<Lease>> BrokerState::recall(std::vector<Lease> leases, std::optional<Error>& unread) {
    std::vector<Lease> recalled;
    for (const Lease& lease : leases) {
        Queue* queue = catalog.find(lease.queue);
        if (lease.epoch >= epoch || !queue || queue->deleted || lease.sequence <= queue->floor) continue;
        Live* at_hand = &live(*queue);
        if (at_hand->held.contains(lease.sequence) || at_hand->window->find(lease.lane, lease.sequence)) continue;
        storage::PageRequest request = storage::EntriesAfter{.queue = lease.queue,
                                                             .lane = lease.lane,
                                                             .after = Sequence{value_of(lease.sequence) - 1},
                                                             .max = 1,
                                                             .max_bytes = 0,
                                                             .without_groups = {},
                                                             .only_group = {},
                                                             .scan = 0};
        storage::Page page = co_await parts.engine->page(std::move(request));
        if (page.failure) unread = page.failure;
        queue = catalog.find(lease.queue);
        if (!queue || queue->deleted || page.entries.empty() || page.entries.front().key.sequence != lease.sequence) continue;
        at_hand = &live(*queue);
        if (lease.sequence <= queue->floor || at_hand->held.contains(lease.sequence) || at_hand->window->find(lease.lane, lease.sequence))
            continue;
        // Somebody may have taken and ended it while the page was read: a removed row would be removed twice, which the
        // unit's precondition finds.
        Entry entry = std::move(join(std::move(page)).front());
        queue->add_marked_count(entry.row);
        if (!still_names(lease, entry)) continue;
        Held& held = at_hand->held[lease.sequence];
        held.entry = std::move(entry);
        held.recalled = true;
        at_hand->window->adopt(held.entry);
        recalled.push_back(lease);
    }
    co_return recalled;
}

void BrokerState::forgo(const std::vector<Lease>& recalled) {
    for (const Lease& lease : recalled) {
        Queue* queue = catalog.find(lease.queue);
        if (!queue || queue->deleted || !queue->live) continue;
        const auto found = queue->live->held.find(lease.sequence);
        if (found == queue->live->held.end()) continue;
        if (found->second.recalled && found->second.state == Held::State::picked) put_back(*queue, lease.sequence);
    }
}

awaitable<Settled> BrokerState::settle(std::shared_ptr<SessionState> session, std::vector<Settlement> settlements, Confirm confirm) {
    Settled settled;
    settled.results.resize(settlements.size());
    const auto refuse = [&](const Error& error) { std::fill(settled.results.begin(), settled.results.end(), std::optional<Error>(error)); };
    if (const auto ok = usable(); !ok) {
        refuse(ok.error());
        co_return settled;
    }
    std::vector<Lease> old;
    for (const Settlement& s : settlements)
        if (s.lease.epoch < epoch) old.push_back(s.lease);
    std::vector<Lease> recalled;
    std::optional<Error> unread;  // whether such a lease is gone
    if (!old.empty()) recalled = co_await recall(std::move(old), unread);
    if (!session->broker) {
        forgo(recalled);
        refuse({Errc::closed, "the session is closed"});
        co_return settled;
    }

    storage::Batch& batch = committer.open();
    const std::size_t rows_before = batch.removals.size() + batch.updates.size();
    std::vector<std::pair<storage::Unit, std::size_t>> conditional;
    std::vector<std::size_t> ending, early;
    const Ticket early_ticket = confirm == Confirm::committed ? early_until(settlements) : Ticket{};
    for (std::size_t i = 0; i < settlements.size(); ++i) {
        if (const Held* held = early_ticket == Ticket{} ? nullptr : leased(settlements[i].lease); held && held->early) early.push_back(i);
        storage::Unit unit = storage::Unit::always;
        if (settlements[i].lease.epoch < epoch) {
            unit = batch.new_unit();
            conditional.emplace_back(unit, i);
        }
        settled.results[i] = settle_one(batch, settlements[i], unit);
        if (settled.results[i] && unread && settlements[i].lease.epoch < epoch) settled.results[i] = unread;
        if (settled.results[i] && confirm == Confirm::committed && is_ending(settlements[i].lease)) ending.push_back(i);
    }
    forgo(recalled);
    const std::size_t rows = batch.removals.size() + batch.updates.size() - rows_before;
    if (rows == 0) {
        if (!early.empty()) co_await settle_first_stored(session, early_ticket, std::move(early), settled);
        if (!ending.empty()) co_await settle_anew(std::move(session), settlements, std::move(ending), settled);
        co_return settled;
    }
    settled.ticket = committer.touch(rows, 0);
    committer.hurry();
    if (confirm == Confirm::admitted) co_return settled;
    if (planted(Bug::deletion_answered_before_commit) && conditional.empty()) co_return settled;
    const Committer::OutcomePointer outcome = co_await committer.outcome(settled.ticket);
    if (outcome->failure) {
        for (const std::size_t i : ending) settled.results[i] = outcome->failure;  // nobody has waited for what becomes of them
        for (auto& result : settled.results)
            if (!result) result = outcome->failure;
        co_return settled;
    }
    for (const auto& [unit, i] : conditional)
        for (const storage::LeftOut& left : outcome->left_out)
            if (left.unit == unit && !settled.results[i]) settled.results[i] = gone();
    if (!early.empty()) co_await settle_first_stored(session, early_ticket, std::move(early), settled);
    if (!ending.empty()) co_await settle_anew(std::move(session), settlements, std::move(ending), settled);
    co_return settled;
}

/// Of leases whose messages' commits were under way: until what was said of them is on disk too.
awaitable<void> BrokerState::settle_first_stored(std::shared_ptr<SessionState> session, Ticket until, std::vector<std::size_t> early,
                                                 Settled& settled) {
    const std::shared_ptr<SessionState> keeps = std::move(session);
    const Result<void> stored = co_await committer.committed(until);
    if (!stored) co_return;  // they are gone with their messages
    settled.ticket = std::max(settled.ticket, committer.last_ticket());
    const Result<void> done = co_await committer.committed(settled.ticket);
    if (done) co_return;
    for (const std::size_t i : early)
        if (!settled.results[i]) settled.results[i] = done.error();
}

// Somebody else's settlement, a purge or a deletion ends it, and is under way.
bool BrokerState::is_ending(const Lease& lease) const {
    const Queue* queue = catalog.find(lease.queue);
    if (!queue) return false;
    if (queue->emptying > 0) return true;
    if (!queue->live) return false;
    const auto found = queue->live->held.find(lease.sequence);
    return found != queue->live->held.end() && found->second.state == Held::State::settling;
}

// Gone is what is gone on disk: who is told so may rely on it. When it did not go after all, it is settled now.
awaitable<void> BrokerState::settle_anew(std::shared_ptr<SessionState> session, const std::vector<Settlement>& settlements,
                                         std::vector<std::size_t> ending, Settled& settled) {
    const Result<void> stored = co_await committer.committed(committer.last_ticket());
    std::vector<Settlement> again;
    for (const std::size_t i : ending) {
        if (!stored) settled.results[i] = stored.error();
        again.push_back(settlements[i]);
    }
    if (!stored) co_return;
    co_await boost::asio::post(parts.executor, boost::asio::use_awaitable);  // the other one goes on first
    for (const Settlement& s : again) co_await page_or_nothing(s.lease.queue);
    const Settled second = co_await settle(std::move(session), std::move(again), Confirm::committed);
    for (std::size_t i = 0; i < ending.size(); ++i) settled.results[ending[i]] = second.results[i];
}

Held* BrokerState::revive(const Lease& lease, Queue** found) {
    Queue* queue = catalog.find(lease.queue);
    if (!queue || queue->deleted || !queue->live || lease.epoch != epoch || lease.number == 0) return nullptr;
    Live& at_hand = *queue->live;
    if (at_hand.held.contains(lease.sequence) || at_hand.held.size() >= limits.leases_per_queue) return nullptr;
    const Entry* entry = at_hand.window->find(lease.lane, lease.sequence);
    if (!entry || !still_names(lease, *entry) || entry->is_expired(expired_by())) return nullptr;
    const WindowChange change(*this, *at_hand.window);
    std::optional<Entry> taken = at_hand.window->extract(lease.lane, lease.sequence);
    Held& held = at_hand.held.emplace(lease.sequence, Held{}).first->second;
    held.entry = *std::move(taken);
    if (!dead_letter_reads_message(*queue)) held.entry.drop_body(false);
    held.state = Held::State::leased;
    held.number = ++last_pick;
    *found = queue;
    return &held;
}

std::vector<std::optional<Error>> BrokerState::extend(std::span<const Lease> leases, milliseconds from_now, RunOut run_out) {
    std::vector<std::optional<Error>> results(leases.size());
    for (std::size_t i = 0; i < leases.size(); ++i) {
        Queue* queue = nullptr;
        Held* found = leased(leases[i], &queue);
        const bool in_range = from_now > milliseconds(0) && from_now <= limits.lease;
        if (!found && in_range && run_out == RunOut::revive && usable()) found = revive(leases[i], &queue);
        if (const auto ok = usable(); !ok) {
            results[i] = ok.error();
        } else if (from_now < milliseconds(0) || from_now > limits.lease) {
            results[i] = Error{Errc::invalid_argument, "a lease is extended by 0 ms to " + std::to_string(limits.lease.count()) + " ms"};
        } else if (!found) {
            results[i] = gone();
        } else if (from_now == milliseconds(0)) {
            release(*queue, leases[i].sequence, milliseconds(0), true);
        } else {
            if (!planted(Bug::extension_not_applied) || !found->deadline) found->deadline = now() + from_now;
            auto& deadlines = queue->live->deadlines;
            deadlines.push_back({*found->deadline, leases[i].sequence, found->number});
            std::push_heap(deadlines.begin(), deadlines.end(), std::greater<>());
            set_timer(*queue);
        }
    }
    return results;
}

void BrokerState::count_behind(Entry& entry) {
    if (std::exchange(entry.count_behind, true)) return;
    behind.push_back(entry.row.key);
    count_timer.arm_by(now() + limits.count_flush);
}

void BrokerState::take_counts_along(storage::Batch& batch) {
    const std::size_t most = std::min(behind.size(), limits.background_rows);
    for (std::size_t i = behind.size() - most; i < behind.size(); ++i) {
        const storage::EntryKey key = behind[i];
        Queue* queue = catalog.find(key.queue);
        if (!queue || !queue->live) continue;
        Entry* entry = nullptr;
        if (const auto found = queue->live->held.find(key.sequence); found != queue->live->held.end()) {
            if (found->second.state != Held::State::settling) entry = &found->second.entry;
        } else {
            entry = queue->live->window->find(key.lane, key.sequence);
        }
        if (!entry || !std::exchange(entry->count_behind, false)) continue;
        batch.updates.push_back({.key = entry->row.key, .receives = entry->row.receives, .available_at = entry->row.available_at});
    }
    behind.resize(behind.size() - most);
    if (!behind.empty()) count_timer.arm_by(now() + limits.count_flush);
}

}  // namespace rowmq
