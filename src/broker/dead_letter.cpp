// Dead-lettering is routing: the entry moves to where an exchange and a key lead, the body stays where it is.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/planted.hpp"
#include "broker/properties.hpp"
#include "broker/routing/route.hpp"
#include "broker/state.hpp"

namespace rowmq {

// The target may depend on what only the message says: its own routing key, its priority.
bool BrokerState::dead_letter_reads_message(const Queue& queue) const {
    if (!queue.options->dead_letter) return false;
    const DeadLetter& target = *queue.options->dead_letter;
    if (!target.routing_key || !target.exchange.empty()) return true;
    const Queue* to = catalog.find(queue.ns, *target.routing_key);
    return to && to->options->max_priority > 0;
}

namespace {

/// What a copy is told that was dead-lettered through a binding with a note of its own.
std::shared_ptr<const std::string> noted(Notes notes, const std::string& binding) {
    notes.note = decode_notes(&binding).note;
    return encode(notes);
}

/// Whether a message that died so would come back to where it died before, without anybody having had a say since (RabbitMQ).
bool goes_round(const std::vector<DeadLetterRecord>& deaths, std::string_view queue) {
    for (const DeadLetterRecord& death : deaths) {
        if (death.reason == DeadLetterRecord::Reason::rejected || death.reason == DeadLetterRecord::Reason::max_receives) return false;
        if (death.queue == queue) return true;
    }
    return false;
}

/// What it came to `queue` with: dead-lettering may have changed it since it was published.
std::string key_of(const Notes& notes, const Properties& own, const std::string& queue) {
    if (notes.came_by) return notes.came_by->routing_key;
    const bool by_default = !notes.dead_letters.empty() || (own.exchange.empty() && own.routing_key.empty());
    return by_default ? queue : own.routing_key;
}

/// Whether its further keys (CC) still count: a dead-letter routing key replaces them all.
bool keeps_keys(const Notes& notes, const Properties& own, const std::string& queue) {
    return key_of(notes, own, queue) == (own.exchange.empty() && own.routing_key.empty() ? queue : own.routing_key);
}

}  // namespace

bool BrokerState::dead_letter(storage::Batch& batch, Queue& queue, Held& held, DeadLetterRecord::Reason reason, storage::Unit unit) {
    using Reason = DeadLetterRecord::Reason;
    auto counted = &storage::CounterDelta::dead_lettered;
    if (reason == Reason::expired) counted = &storage::CounterDelta::expired;
    if (reason == Reason::max_length) counted = &storage::CounterDelta::overflowed;
    const bool dropped = reason == Reason::expired && queue.options->dead_letter && !queue.options->dead_letter->expired;
    if (!queue.options->dead_letter || dropped) {
        remove(batch, queue, held, counted, unit);
        return true;
    }

    if (!decode(held.entry)) return true;  // stays where it is, out of everybody's way
    const storage::EntryRow& row = held.entry.row;
    const DeadLetter& target = *queue.options->dead_letter;
    Properties own;
    if (dead_letter_reads_message(queue)) {
        if (!held.entry.has_properties()) {
            if (unit != storage::Unit::always) return false;  // cannot wait: it stays for another try
            boost::asio::co_spawn(parts.executor, run_dead_letter(shared_from_this(), queue.id, held.entry.sequence(), reason),
                                  boost::asio::detached);
            return true;
        }
        if (held.entry.message.properties) own = *held.entry.message.properties;
    }
    Notes notes = decode_notes(row.notes.get());
    const std::string key = target.routing_key ? *target.routing_key : key_of(notes, own, queue.name);
    Keys keys{key};
    if (!target.routing_key && keeps_keys(notes, own, queue.name)) keys.more = own.more_keys;
    std::vector<Reached> reached;
    const Result<void> routed = route_dead_letter(catalog, queue.ns, target.exchange, keys, held.entry.message, reached);
    if (!routed || reached.empty()) {
        if (!target.or_drop) return false;
        remove(batch, queue, held, counted, unit);
        return true;
    }
    const WallTime now = now_wall();
    DeadLetterRecord record{.reason = reason, .queue = queue.name, .count = 1, .receives = row.receives, .first = now, .last = now};
    if (notes.came_by) record.came_by = *std::move(notes.came_by);
    else if (!notes.dead_letters.empty()) record.came_by.routing_key = queue.name;  // through the default exchange
    rowmq::add(notes, std::move(record), limits.dead_letter_records);
    std::erase_if(reached, [&](const Reached& to) { return goes_round(notes.dead_letters, to.queue->name); });
    if (reached.empty()) {
        remove(batch, queue, held, counted, unit);
        return true;
    }
    notes.came_by.reset();
    if (!target.exchange.empty()) notes.came_by = Route{target.exchange, key};
    const auto text = encode(notes);

    const auto targets = static_cast<std::int32_t>(reached.size());
    std::int32_t copies = row.copies;
    if (targets > 1) {  // the body is now owed to more queues
        batch.shares.push_back({.message = row.message, .add = copies == 1 ? targets : targets - 1, .unit = unit});
        if (copies == 1) copies = targets;
    }
    if (!planted(Bug::dead_letter_copies))
        batch.removals.push_back({.key = row.key, .message = row.message, .copies = row.copies, .keep_message = true, .unit = unit});
    storage::CounterDelta& source = counter(batch, queue, unit);
    ++source.dead_lettered;
    count_receives(row);
    source.bytes -= row.bytes;
    held.state = Held::State::settling;

    for (const auto& [to, brings] : reached) {
        if (planted(Bug::dead_letter_loses)) break;
        storage::EntryRow moved;
        moved.group = row.group.empty() && to->fifo() ? queue.name : row.group;
        moved.key = {to->id, lane_of(*to, moved.group, own.priority.value_or(0)), Sequence{next_id()}};
        moved.message = row.message;
        if (to->options->ttl) moved.expires_at = now + *to->options->ttl;
        moved.copies = copies;
        moved.bytes = row.bytes;
        moved.notes = brings ? noted(notes, *brings) : text;
        moved.unit = unit;
        put_entry(batch, *to, std::move(moved), milliseconds(0), false);
    }
    return true;
}

// It was never in the queue, so that counts nothing; where it goes it is a new message.
std::size_t BrokerState::dead_letter_refused(storage::Batch& batch, const Queue& queue, const Publish& refused) {
    if (!queue.options->dead_letter) return 0;
    const DeadLetter& target = *queue.options->dead_letter;
    Publish letter = refused;
    letter.delay = milliseconds(0);
    letter.deliver_at.reset();
    letter.ttl.reset();
    if (letter.group.empty()) letter.group = queue.name;
    Staged staged;
    staged.publish = &letter;
    if (letter.message.properties) {
        Result<std::string> encoded = stored_properties(letter.message.properties);
        if (!encoded) return 0;
        staged.properties = *std::move(encoded);
    }
    staged.bytes = letter.message.text().size() + staged.properties.size();
    const std::string key = target.routing_key.value_or(refused.routing_key);
    if (!route_dead_letter(catalog, queue.ns, target.exchange, {.first = key}, letter.message, staged.reached)) return 0;
    std::erase_if(staged.reached, [&](const Reached& to) { return to.queue == &queue || is_full_for(*to.queue, staged.bytes); });
    if (staged.reached.empty()) return 0;
    Notes notes;
    const WallTime now = now_wall();
    rowmq::add(notes,
               {.reason = DeadLetterRecord::Reason::max_length, .queue = queue.name, .count = 1, .receives = 0, .first = now, .last = now},
               limits.dead_letter_records);
    if (!target.exchange.empty()) notes.came_by = Route{target.exchange, key};
    for (Reached& to : staged.reached) to.notes = to.notes ? noted(notes, *to.notes) : encode(notes);
    const std::size_t rows = staged.reached.size() + 1;
    promise_disk(rows, staged.bytes);
    put(batch, staged, storage::Unit::always);
    return rows;
}

awaitable<void> BrokerState::run_dead_letter(std::shared_ptr<BrokerState> self, QueueId id, Sequence sequence,
                                             DeadLetterRecord::Reason reason) {
    const auto find = [&]() -> Held* {  // it may have been purged meanwhile
        Queue* queue = self->catalog.find(id);
        if (!queue || queue->deleted || !queue->live) return nullptr;
        const auto found = queue->live->held.find(sequence);
        return found != queue->live->held.end() && found->second.state == Held::State::picked ? &found->second : nullptr;
    };
    Held* held = find();
    if (!held) co_return;
    storage::PageRequest request = storage::MessagesById{.ids = {held->entry.row.message}};
    storage::Page page = co_await self->parts.engine->page(std::move(request));
    if (self->abandoned || !(held = find())) co_return;
    Queue& queue = *self->catalog.find(id);
    if (page.failure) co_return self->put_back(queue, sequence);
    if (page.messages.empty() || page.messages.front().damaged) {
        held->entry.row.damaged = true;
        co_return;
    }
    held->entry.message = page.messages.front().message;
    held->entry.properties = page.messages.front().properties;
    held->entry.published_at = page.messages.front().published_at;
    if (self->dead_letter(self->committer.open(), queue, *held, reason, storage::Unit::always)) self->committer.touch(2, 0);
    else self->put_back(queue, sequence);
}

void BrokerState::expire_heads(Queue& queue) {
    Live& at_hand = *queue.live;
    Window& window = *at_hand.window;
    const WallTime now = now_wall(), expired_now = expired_by();
    const WindowChange change(*this, window);
    std::size_t rows = 0;
    while (rows < limits.background_rows) {
        const auto first = window.first_expiry();
        if (!first || *first > expired_now) break;
        std::optional<Entry> entry = window.take(now);
        if (!entry) {
            if (window.needs_page()) load(queue);  // and is looked at again when that is done
            break;
        }
        if (!entry->is_expired(expired_now)) {
            window.returned(*std::move(entry));
            break;
        }
        const Sequence sequence = entry->sequence();
        Held& held = at_hand.held[sequence];
        held.entry = *std::move(entry);
        if (!dead_letter(committer.open(), queue, held, DeadLetterRecord::Reason::expired, storage::Unit::always))
            remove(committer.open(), queue, held, &storage::CounterDelta::expired, storage::Unit::always);
        ++rows;
    }
    if (rows > 0) committer.touch(rows, 0);
    if (window.wants_page(limits.page_entries / 2) && rows > 0) load(queue);
}

}  // namespace rowmq
