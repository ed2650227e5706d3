// Consuming: entries are picked from the window, prepared (bodies read, counts stored where that comes first), leased.

#include <fmt/format.h>

#include "base/planted.hpp"
#include "broker/properties.hpp"
#include "broker/state.hpp"

namespace rowmq {

bool BrokerState::may_receive(const Queue& queue, const SubscriptionState& subscription) const {
    if (subscription.options.max_leased > 0 && subscription.leased >= subscription.options.max_leased) return false;
    if (subscription.options.credit && *subscription.options.credit <= 0) return false;
    const auto& all = queue.live->subscriptions;
    if (!subscription.options.single_active) return true;
    return !all.empty() && all.front() == &subscription;
}

std::vector<BrokerState::Pick> BrokerState::pick(Queue& queue, SubscriptionState& subscription, std::size_t max, std::size_t max_bytes) {
    std::vector<Pick> picks;
    Live& at_hand = *queue.live;
    Window& window = *at_hand.window;
    SessionState& session = *subscription.session;
    if (!refused_lately()) trim(queue);  // what came back may be too many
    if (subscription.options.max_leased > 0) max = std::min(max, subscription.options.max_leased - subscription.leased);
    std::int64_t* const credit = subscription.options.no_lease ? nullptr : subscription.options.credit.get();
    if (credit) max = std::min(max, static_cast<std::size_t>(std::max<std::int64_t>(0, *credit)));
    const WindowChange change(*this, window);
    const WallTime wall_now = now_wall(), expired_now = expired_by();
    const std::uint32_t max_receives = queue.options->max_receives;
    std::size_t bytes = 0, side_rows = 0;
    std::optional<Entry> last;  // only its group is looked at
    constexpr std::size_t most_stuck = 64;
    std::vector<Entry> stuck;
    if (!queue.strict && window.highest() > queue.counters.delivered_through) write_through_ahead(queue);

    while (picks.size() < max && session.leases < limits.leases_per_session && at_hand.held.size() < limits.leases_per_queue) {
        std::optional<Entry> entry;
        std::optional<Coming> early;
        if (!planted(Bug::early_overtakes)) entry = last ? window.take_more(*last, wall_now) : window.take(wall_now);
        if (!entry && last && picks.empty()) entry = window.take(wall_now);
        if (!entry && (early = take_early(queue, subscription, picks.empty() ? SIZE_MAX : max_bytes - std::min(bytes, max_bytes))))
            entry = std::move(early->entry);
        if (!entry && planted(Bug::early_overtakes)) entry = window.take(wall_now);
        if (!entry) break;
        const Sequence sequence = entry->sequence();
        const bool expired = entry->is_expired(expired_now) && !planted(Bug::expired_is_delivered);
        const bool used_up = max_receives > 0 && entry->row.receives >= max_receives + planted(Bug::dead_letter_one_late);
        if ((expired || used_up) && refused_lately()) {  // there is no room to move or remove it: not tried all the time
            stuck.push_back(*std::move(entry));          // what stands behind it is delivered, but for its group
            last.reset();
            if (stuck.size() == most_stuck) break;
            continue;
        }
        if (!picks.empty() && bytes + static_cast<std::size_t>(entry->row.bytes) > max_bytes) {
            window.returned(*std::move(entry));
            break;
        }
        Held& held = at_hand.held[sequence];
        held.entry = *std::move(entry);
        if (early) {
            held.early.place = early->place;
            held.early.news = std::move(early->news);
            ++at_hand.early;
        }
        if (held.entry.row.damaged) continue;  // stays out of everybody's way; `rowmq check` names it
        if (queue.fifo()) {                    // goes on with what stands behind it, also where this one turns out to be gone
            last.emplace();
            last->row.group = held.entry.row.group;
        }
        if (expired) {
            if (!dead_letter(committer.open(), queue, held, DeadLetterRecord::Reason::expired, storage::Unit::always))
                remove(committer.open(), queue, held, &storage::CounterDelta::expired, storage::Unit::always);
            ++side_rows;
            continue;
        }
        if (used_up && dead_letter(committer.open(), queue, held, DeadLetterRecord::Reason::max_receives, storage::Unit::always)) {
            ++side_rows;
            continue;
        }
        held.entry.awaited = false;
        ++held.entry.row.receives;
        held.number = ++last_pick;
        held.session = &session;
        held.subscription = subscription.options.max_leased > 0 ? &subscription : nullptr;
        ++session.leases;
        if (held.subscription) ++subscription.leased;
        bytes += static_cast<std::size_t>(held.entry.row.bytes);
        if (credit) --*credit;
        picks.push_back({sequence, held.number});
        if (picks.size() == 1 && subscription.options.budget) max_bytes = std::min(max_bytes, subscription.options.budget->take());
    }
    for (Entry& entry : stuck) window.returned(std::move(entry));
    if (!picks.empty()) session.touched.insert(queue.id);
    if (side_rows > 0) committer.touch(side_rows, 0);
    if (window.wants_page(limits.page_entries / 2)) load(queue);
    return picks;
}

awaitable<Result<std::vector<Delivery>>> BrokerState::next(std::shared_ptr<SubscriptionState> subscription, NextRequest request) {
    using Deliveries = std::vector<Delivery>;
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (request.max < 1 || request.max > limits.deliveries_per_next)
        co_return Error{Errc::invalid_argument,
                        fmt::format("max of {} messages: 1 to {} are allowed", request.max, limits.deliveries_per_next)};
    if (subscription->waiting) co_return Error{Errc::in_use, "another next() of this subscription is under way"};
    const std::size_t max_bytes = request.max_bytes > 0 ? std::min(request.max_bytes, limits.next_bytes) : limits.next_bytes;
    std::optional<MonotonicTime> until;
    struct Flag {
        bool& flag;
        explicit Flag(bool& f) : flag(f) { flag = true; }
        ~Flag() { flag = false; }
    } waiting(subscription->waiting);

    for (;;) {
        if (const auto ok = usable(); !ok) co_return ok.error();
        if (subscription->closed) {
            // Woken and closed in the same turn: the message it was woken for is for the next.
            if (Queue* others = catalog.find(subscription->queue); others && others->live) wake(*others);
            const bool deleted = subscription->ended == Errc::queue_deleted;
            co_return Error{subscription->ended, deleted ? "the queue was deleted" : "the subscription is closed"};
        }
        Queue* queue = catalog.find(subscription->queue);
        if (!queue || queue->deleted) co_return Error{Errc::queue_deleted, "the queue was deleted"};
        if (!until) until = now() + std::clamp(request.wait.value_or(queue->options->wait), milliseconds(0), limits.wait);
        touch_live(*queue);
        Live& at_hand = *queue->live;
        Window& window = *at_hand.window;
        at_hand.asked += request.max - std::exchange(subscription->asked, request.max);
        if (!queue->options->paused && may_receive(*queue, *subscription)) {
            std::vector<Pick> picks = pick(*queue, *subscription, request.max, max_bytes);
            for (int pages = 0; pages < 4 && !picks.empty() && picks.size() < request.max && !queue->fifo(); ++pages) {
                if (!queue->live->window->needs_page()) break;
                load(*queue);  // the next lane may have more
                co_await page_or_nothing(subscription->queue);
                queue = catalog.find(subscription->queue);
                if (!queue || queue->deleted || !queue->live || subscription->closed || !may_receive(*queue, *subscription)) break;
                const auto more = pick(*queue, *subscription, request.max - picks.size(), max_bytes);
                picks.insert(picks.end(), more.begin(), more.end());
            }
            if (!queue || queue->deleted || !queue->live) {
                if (subscription->options.credit && !subscription->options.no_lease) *subscription->options.credit += std::ssize(picks);
                continue;
            }
            if (!picks.empty()) {
                wake(*queue);
                set_timer(*queue);
                Result<Deliveries> deliveries = co_await deliver(subscription, std::move(picks), request.lease);
                if (!deliveries || !deliveries->empty()) co_return deliveries;
                continue;
            }
            const bool full = subscription->session->leases >= limits.leases_per_session || at_hand.held.size() >= limits.leases_per_queue;
            if (full && window.ready() > 0)
                co_return Error{Errc::too_many_leases, fmt::format("too many leases: at most {} a session and {} a queue",
                                                                   limits.leases_per_session, limits.leases_per_queue)};
            if (!full && window.needs_page()) load(*queue);
            if (at_hand.loading && window.needs_page()) {
                co_await page_or_nothing(subscription->queue);
                Queue* still = catalog.find(subscription->queue);
                if (still && still->live && still->live->load_failure) co_return *still->live->load_failure;
                continue;
            }
        }
        if (now() >= *until) co_return Deliveries{};

        Waiter waiter;
        waiter.subscription = subscription.get();
        waiter.priority = subscription->options.priority;
        waiter.max = request.max;
        const auto place =
            std::find_if(at_hand.waiters.begin(), at_hand.waiters.end(), [&](const Waiter* w) { return w->priority < waiter.priority; });
        at_hand.waiters.insert(place, &waiter);
        subscription->waiter = &waiter.event;
        set_timer(*queue);
        {
            Timer timer(timers, [&waiter] { waiter.event.set(); });
            timer.arm(*until);
            co_await waiter.event.wait();
        }
        subscription->waiter = nullptr;
        queue = catalog.find(subscription->queue);
        if (queue && queue->live) queue->live->waiters.remove(&waiter);
    }
}

awaitable<void> BrokerState::page_or_nothing(QueueId id) {
    Queue* queue = catalog.find(id);
    if (!queue || !queue->live || !queue->live->loading || abandoned) co_return;
    Event loaded;
    queue->live->load_waiters.push_back(&loaded);
    co_await loaded.wait();
}

// Whether the row has to say how often the entry was received before it is handed out again. Always but the first time, so
// that after a restart the names of its earlier leases are known for what they are.
bool BrokerState::counts_first(const Queue& queue, const Entry& entry) { return queue.strict || entry.row.receives > 1; }

// What has to be done before picked entries may be handed out. Afterwards some may be gone (purged, their session closed).
awaitable<std::optional<Error>> BrokerState::prepare(QueueId id, const std::vector<Pick>& picks) {
    storage::MessagesById missing;
    for (const Pick& p : picks)
        if (const Held* h = held(id, p.sequence, p.number); h && !h->entry.has_body()) missing.ids.push_back(h->entry.row.message);
    if (!missing.ids.empty()) {
        std::sort(missing.ids.begin(), missing.ids.end());
        missing.ids.erase(std::unique(missing.ids.begin(), missing.ids.end()), missing.ids.end());
        storage::PageRequest request = std::move(missing);
        storage::Page page = co_await parts.engine->page(std::move(request));
        if (page.failure) co_return page.failure;
        for (const Pick& p : picks) {
            Held* h = held(id, p.sequence, p.number);
            if (!h || h->entry.has_body()) continue;
            const auto found = std::lower_bound(page.messages.begin(), page.messages.end(), h->entry.row.message,
                                                [](const storage::MessageRow& m, MessageId wanted) { return m.id < wanted; });
            if (found == page.messages.end() || found->id != h->entry.row.message || found->damaged) {
                h->entry.row.damaged = true;
                continue;
            }
            h->entry.message = planted(Bug::body_of_another) ? page.messages.front().message : found->message;
            h->entry.properties = found->properties;
            h->entry.published_at = found->published_at;
        }
    }
    Queue* queue = catalog.find(id);
    if (!queue || queue->deleted) co_return std::nullopt;
    std::size_t rows = 0;
    storage::Batch& batch = committer.open();
    Sequence highest = queue->live ? queue->live->window->highest() : Sequence{};
    bool marked = true;
    for (const Pick& p : picks) {
        highest = std::max(highest, p.sequence);
        const Held* h = held(id, p.sequence, p.number);
        marked &= queue->strict || p.sequence <= queue->counters.delivered_through || (h && h->early);
    }
    if (!marked) {
        storage::CounterDelta& delta = counter(batch, *queue);
        delta.delivered_through = std::max(delta.delivered_through, highest);
        ++rows;
    }
    Sequence mark{};  // what it passes has been taken before, or is being taken now
    for (const Pick& p : picks) {
        Held* h = held(id, p.sequence, p.number);
        if (!h || !counts_first(*queue, h->entry)) continue;
        if (queue->counts_by_mark() && h->entry.row.receives == 1) {
            if (p.sequence > queue->counters.counted_through) mark = std::max(mark, p.sequence);
        } else if (queue->live->counted_ahead.erase(p.sequence) == 0) {
            batch.updates.push_back({.key = h->entry.row.key, .receives = h->entry.row.receives, .available_at = {}});
            h->entry.count_behind = false;
            ++rows;
        }
    }
    if (mark > Sequence{}) {
        storage::CounterDelta& delta = counter(batch, *queue);
        delta.counted_through = std::max(delta.counted_through, mark);
        ++rows;
    }
    if (rows == 0) co_return std::nullopt;
    const Ticket ticket = committer.touch(rows, 0);
    if (planted(Bug::count_after_delivery)) co_return std::nullopt;
    const Result<void> counted = co_await committer.committed(ticket);
    if (!counted) co_return counted.error();
    co_return std::nullopt;
}

awaitable<Result<std::vector<Delivery>>> BrokerState::deliver(std::shared_ptr<SubscriptionState> subscription, std::vector<Pick> picks,
                                                              std::optional<milliseconds> asked) {
    const QueueId id = subscription->queue;
    Queue* queue = catalog.find(id);
    bool needs_work = queue->strict;
    for (const Pick& p : picks) {
        const Held* h = held(id, p.sequence, p.number);
        if (!h || h->early) continue;  // this one is marked, and counted, by the commit that stores it
        needs_work |= p.sequence > queue->counters.delivered_through || !h->entry.has_body() || counts_first(*queue, h->entry);
    }
    std::optional<Error> failed;
    if (needs_work) failed = co_await prepare(id, picks);
    queue = catalog.find(id);
    std::int64_t* const credit = subscription->options.no_lease ? nullptr : subscription->options.credit.get();
    if (credit) *credit += std::ssize(picks);  // until it is known what of them is delivered
    if (!queue || queue->deleted) co_return Error{Errc::queue_deleted, "the queue was deleted"};
    if (failed) {  // nothing was counted
        for (const Pick& p : picks) {
            Held* h = held(id, p.sequence, p.number);
            if (!h) continue;
            if (queue->strict && h->entry.row.receives > 0) --h->entry.row.receives;  // else by put_back
            put_back(*queue, p.sequence);
        }
        co_return *failed;
    }

    std::optional<milliseconds> lease = asked ? asked : subscription->options.lease;
    if (!asked && lease && *lease == milliseconds(0)) lease = queue->options->lease;
    const MonotonicTime time = planted(Bug::lease_by_wall_clock) ? guessed_by_wall(*parts.clock) : now();
    const WallTime wall_now = now_wall();
    std::vector<Delivery> deliveries;
    deliveries.reserve(picks.size());
    std::size_t removed = 0;
    Ticket ticket{};
    const bool keep_properties = dead_letter_reads_message(*queue);
    for (const Pick& p : picks) {
        Held* h = held(id, p.sequence, p.number);
        if (!h) continue;
        if (h->entry.row.damaged || !decode(h->entry)) {
            end_lease(*queue, *h);
            continue;
        }
        if (subscription->closed) {
            put_back(*queue, p.sequence);
            continue;
        }
        if (h->entry.first_received_at == WallTime{}) h->entry.first_received_at = wall_now;
        h->entry.last_lease = h->entry.row.receives;
        deliveries.push_back(delivery_of(*queue, h->entry));
        Delivery& delivery = deliveries.back();
        ++queue->delivered;
        if (delivery.redelivered) ++queue->redelivered;
        if (subscription->options.no_lease) {
            if (h->early) ++delivered_early;
            else ++removed;
            settle_held(committer.open(), *queue, *h, Verdict::done, {}, storage::Unit::always);
            continue;
        }
        delivery.lease.number = h->entry.last_lease;
        h->state = Held::State::leased;
        h->entry.drop_body(keep_properties);
        if (h->early) ++delivered_early;
        if (h->early && planted(Bug::early_confirm_at_delivery)) tell_done(h->early.news, h->entry.row.message);
        if (!lease) continue;
        h->deadline = time + std::clamp(*lease, milliseconds(0), limits.lease) - milliseconds(planted(Bug::lease_ends_early));
        auto& deadlines = queue->live->deadlines;
        deadlines.push_back({*h->deadline, p.sequence, p.number});
        std::push_heap(deadlines.begin(), deadlines.end(), std::greater<>());
    }
    if (credit) *credit -= std::ssize(deliveries);
    if (lease && !deliveries.empty()) set_timer(*queue);
    if (removed > 0) {
        ticket = committer.touch(removed, 0);
        const Result<void> done = co_await committer.committed(ticket);
        if (!done) co_return done.error();
    }
    co_return deliveries;
}

bool BrokerState::decode(Entry& entry) {
    try {
        if (!entry.properties.empty() && !entry.message.properties) {
            if (entry.properties != decoded_properties.second)
                decoded_properties = {std::make_shared<const Properties>(decode_properties(entry.properties)), entry.properties};
            entry.message.properties = decoded_properties.first;
        }
        entry.properties.clear();
        if (entry.row.notes) static_cast<void>(decode_notes(entry.row.notes.get()));
    } catch (const Failure&) {  // notes have no checksum
        entry.row.damaged = true;
    }
    return !entry.row.damaged;
}

Delivery BrokerState::delivery_of(const Queue& queue, Entry& entry) const {
    Delivery delivery;
    delivery.lease = {.queue = queue.id, .sequence = entry.sequence(), .number = 0, .epoch = epoch, .lane = entry.row.key.lane};
    delivery.message_id = entry.row.message;
    delivery.message = entry.message;
    if (!delivery.message.body) delivery.message.body = std::make_shared<const std::string>();
    if (!entry.row.group.empty() && (!delivery.message.properties || delivery.message.properties->group != entry.row.group)) {
        Properties p = delivery.message.properties ? *delivery.message.properties : Properties{};
        p.group = entry.row.group;
        delivery.message.properties = std::make_shared<const Properties>(std::move(p));
    }
    delivery.receives = entry.row.receives;
    delivery.redelivered = entry.row.receives > 1 || (entry.sequence() <= queue.through_at_start && !planted(Bug::redelivery_not_marked));
    delivery.published_at = entry.published_at;
    delivery.first_received_at = entry.first_received_at;
    delivery.expires_at = entry.row.expires_at;
    if (entry.row.notes) {
        Notes notes = decode_notes(entry.row.notes.get());
        delivery.dead_letters = std::move(notes.dead_letters);
        delivery.came_by = std::move(notes.came_by);
        delivery.note = std::move(notes.note);
    }
    return delivery;
}

Held* BrokerState::held(QueueId id, Sequence sequence, std::uint32_t number, Queue** found) {
    Queue* queue = catalog.find(id);
    if (!queue || queue->deleted || !queue->live) return nullptr;
    if (found) *found = queue;
    const auto place = queue->live->held.find(sequence);
    return place != queue->live->held.end() && place->second.number == number ? &place->second : nullptr;
}

void BrokerState::put_back(Queue& queue, Sequence sequence) {
    Live& at_hand = *queue.live;
    const auto found = at_hand.held.find(sequence);
    Held& held = found->second;
    if (held.early) return end_early(queue, held, Early::Then::was_never_given, std::nullopt);
    if (held.state == Held::State::picked && held.number != 0 && !queue.strict && held.entry.row.receives > 0) --held.entry.row.receives;
    end_lease(queue, held);
    Entry entry = std::move(held.entry);
    const bool expires = entry.row.expires_at.has_value();
    at_hand.held.erase(found);
    {
        const WindowChange change(*this, *at_hand.window);
        at_hand.window->returned(std::move(entry));
    }
    if (is_too_long(queue) && !refused_lately() && !abandoned) at_hand.timer.arm_by(now());  // who settles is in the midst of it
    if (expires) set_timer(queue);
    wake(queue);
}

}  // namespace rowmq
