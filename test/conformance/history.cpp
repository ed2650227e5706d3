#include "test/conformance/history.hpp"

#include <algorithm>

namespace rowmq::conformance {

using namespace storage;

namespace {

constexpr std::chrono::milliseconds window{200};

CounterDelta delta(QueueId queue, Unit unit) {
    CounterDelta row;
    row.queue = queue;
    row.unit = unit;
    return row;
}

bool unit_removes(const Batch& batch) {
    return std::ranges::any_of(batch.removals, [](const Removal& row) { return row.unit != Unit::always; }) ||
           std::ranges::any_of(batch.delayed_removals, [](const DelayedRemoval& row) { return row.removal.unit != Unit::always; });
}

}  // namespace

Batch History::first() {
    Batch batch;
    batch.catalog.push_back(NamespaceRow{NamespaceId{1}, "/"});
    for (std::uint64_t i = 1; i <= queues; ++i)
        batch.catalog.push_back(queue(QueueId{static_cast<std::int64_t>(i)}, "queue " + std::to_string(i)));
    batch.catalog.push_back(ExchangeRow{ExchangeId{1}, NamespaceId{1}, "news", "{}"});
    batch.reserve_ids = 1'000'000;
    batch.rotate_deduplications = now_;
    return batch;
}

Batch History::next(std::size_t operations) {
    Batch batch;
    taken_.clear();
    before_ = last_id_;
    now_ += std::chrono::milliseconds(below(40));
    batch.highest_wall = now_;
    if (now_ - content_.deduplications_since >= window) batch.rotate_deduplications = now_;
    for (std::size_t i = 0; i < operations; ++i) {
        switch (below(20)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6: publish(batch); break;
            case 7:
            case 8:
            case 9:
            case 10:
            case 11: work(batch); break;
            case 12:
            case 13:
            case 14:
                if (const auto target = some_target()) settle(batch, batch.new_unit(), *target);
                break;
            case 15:
                if (const auto target = some_target()) move(batch, batch.new_unit(), *target);
                break;
            case 16: update(batch); break;
            case 17: change_catalog(batch); break;
            default:
                // Unit::always settles before units do, and nothing twice.
                if (const auto target = some_target();
                    target && std::ranges::find(taken_, target->row.key) == taken_.end() && !unit_removes(batch)) {
                    taken_.push_back(target->row.key);
                    settle(batch, Unit::always, *target);
                }
        }
    }
    if (chance(30) && batch.delayed_removals.empty()) become_due(batch);
    if (chance(5) && batch.removals.empty() && batch.delayed_removals.empty()) purge(batch);
    return batch;
}

std::string History::some_body() {
    const std::size_t length = chance(3) ? below(20'000) : below(200);
    std::string body(length, '\0');
    for (char& byte : body) byte = static_cast<char>(random_.next());
    return body;
}

EntryRow History::new_entry(QueueId queue, MessageId message, std::int32_t bytes, std::int32_t copies, Unit unit) {
    EntryRow row;
    const auto kind = value_of(queue) % 3;  // standard, priority, FIFO
    row.group = kind == 2 || chance(20) ? "group " + std::to_string(below(20)) : "";
    row.key = {queue,
               static_cast<std::uint8_t>(kind == 0   ? 0
                                         : kind == 1 ? 255 - below(10)
                                                     : std::hash<std::string>{}(row.group) % 64),
               Sequence{new_id()}};
    row.message = message;
    row.bytes = bytes;
    row.copies = copies;
    row.unit = unit;
    if (chance(20)) row.expires_at = now_ + std::chrono::milliseconds(below(10'000));
    if (chance(20)) row.notes = std::make_shared<const std::string>("[" + std::to_string(below(1'000)) + "]");
    if (chance(20)) row.receives = static_cast<std::uint32_t>(below(5));
    return row;
}

std::optional<History::Target> History::some_target() {
    Target target;
    if (chance(3)) {  // never there
        target.row = new_entry(some_queue(), MessageId{new_id()}, 1, 1, Unit::always);
        if (chance(50)) target.due_at = now_;
        return target;
    }
    const QueueId from = some_queue();
    const QueueRow& owner = content_.queues.at(from);
    if (chance(20)) {
        const auto found = content_.delayed.lower_bound({from, WallTime{}, Sequence{}});
        if (found == content_.delayed.end() || found->second.key.sequence <= content_.queues.at(found->first.queue).delayed_floor)
            return std::nullopt;
        target.row = found->second;
        target.due_at = found->first.due_at;
        return target;
    }
    const auto lane = static_cast<std::uint8_t>(below(256));
    const auto sequence = Sequence{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last_id_)))};
    auto found = content_.entries.lower_bound({from, lane, std::max(sequence, owner.floor)});
    if (found == content_.entries.end()) found = content_.entries.begin();
    if (found == content_.entries.end() || found->first.sequence <= content_.queues.at(found->first.queue).floor) return std::nullopt;
    target.row = found->second;
    return target;
}

void History::publish(Batch& batch) {
    const bool alone = chance(70);
    const Unit unit = alone ? batch.new_unit() : Unit::always;
    const MessageId id{new_id()};
    MessageRow row = message(value_of(id), some_body(), unit);
    row.published_at = now_;
    if (chance(50)) row.properties = "{\"key\":" + std::to_string(below(1'000)) + "}";
    const auto bytes = static_cast<std::int32_t>(row.message.text().size() + row.properties.size());
    const auto copies = chance(75) ? 1 : static_cast<std::int32_t>(2 + below(4));
    const std::uint64_t start = below(queues);
    Sequence last{};
    for (std::int32_t i = 0; i < copies; ++i) {
        const QueueId to{static_cast<std::int64_t>(1 + (start + static_cast<std::uint64_t>(i)) % queues)};
        EntryRow put = new_entry(to, id, bytes, copies, unit);
        last = put.key.sequence;
        CounterDelta count = delta(to, unit);
        count.sent = 1;
        count.bytes = bytes;
        if (chance(15)) {
            count.delayed = 1;
            batch.delayed.push_back({now_ + std::chrono::milliseconds(below(300)), std::move(put)});
        } else {
            batch.entries.push_back(std::move(put));
        }
        batch.counters.push_back(count);
    }
    if (copies > 1) batch.shares.push_back({.message = id, .add = copies, .unit = unit});
    if (alone && chance(30))
        batch.remembers.push_back({.queue = QueueId{1},
                                   .scope = chance(50) ? "" : "scope",
                                   .id = std::to_string(below(60)),
                                   .message = id,
                                   .sequence = last,
                                   .now = now_,
                                   .window = window,
                                   .unit = unit});
    batch.messages.push_back(std::move(row));
}

void History::count_gone(Batch& batch, Unit unit, const Target& target, std::int64_t CounterDelta::*how) {
    CounterDelta count = delta(target.row.key.queue, unit);
    count.*how = 1;
    count.bytes = -target.row.bytes;
    if (target.due_at) count.delayed = -1;
    count.delivered_through = target.row.key.sequence;
    // What Unit::always does not find it counts all the same; a broker never asks for that.
    const bool there = target.due_at ? content_.delayed.contains({target.row.key.queue, *target.due_at, target.row.key.sequence})
                                     : content_.entries.contains(target.row.key);
    if (unit != Unit::always || there) batch.counters.push_back(count);
}

void History::settle(Batch& batch, Unit unit, const Target& target) {
    if (target.due_at) batch.delayed_removals.push_back(removal(DelayedRow{*target.due_at, target.row}, unit));
    else batch.removals.push_back(removal(target.row, unit));
    count_gone(batch, unit, target, &CounterDelta::done);
}

void History::move(Batch& batch, Unit unit, const Target& target) {
    const QueueId to = some_queue();
    if (target.due_at) batch.delayed_removals.push_back(removal(DelayedRow{*target.due_at, target.row}, unit, true));
    else batch.removals.push_back(removal(target.row, unit, true));
    count_gone(batch, unit, target, &CounterDelta::dead_lettered);
    batch.entries.push_back(new_entry(to, target.row.message, target.row.bytes, target.row.copies, unit));
    CounterDelta count = delta(to, unit);
    count.sent = 1;
    count.bytes = target.row.bytes;
    batch.counters.push_back(count);
}

/// Several settlements and publishes, all or none.
void History::work(Batch& batch) {
    const Unit unit = batch.new_unit();
    for (std::uint64_t i = 0, n = 1 + below(4); i < n; ++i)
        if (const auto target = some_target()) settle(batch, unit, *target);
    const MessageId id{new_id()};
    MessageRow row = message(value_of(id), some_body(), unit);
    const auto bytes = static_cast<std::int32_t>(row.message.text().size());
    const QueueId to = some_queue();
    batch.messages.push_back(std::move(row));
    batch.entries.push_back(new_entry(to, id, bytes, 1, unit));
    CounterDelta count = delta(to, unit);
    count.sent = 1;
    count.bytes = bytes;
    batch.counters.push_back(count);
}

void History::update(Batch& batch) {
    const auto target = some_target();
    if (!target || target->due_at) return;
    EntryUpdate row{.key = target->row.key,
                    .receives = static_cast<std::uint32_t>(below(100)),
                    .available_at = std::nullopt,
                    .unit = chance(50) ? Unit::always : batch.new_unit()};
    if (chance(50)) row.available_at = now_ + std::chrono::milliseconds(below(1'000));
    batch.updates.push_back(row);
}

void History::become_due(Batch& batch) {
    for (const memory::DueKey& due : content_.due) {
        if (due.due_at > now_) break;
        if (due.sequence <= content_.queues.at(due.queue).delayed_floor) continue;
        const EntryRow& row = content_.delayed.at({due.queue, due.due_at, due.sequence});
        batch.delayed_removals.push_back(removal(DelayedRow{due.due_at, row}, Unit::always, true));
        EntryRow ready = row;
        ready.key.sequence = Sequence{new_id()};
        batch.entries.push_back(ready);
        CounterDelta count = delta(due.queue, Unit::always);
        count.delayed = -1;
        batch.counters.push_back(count);
    }
}

void History::purge(Batch& batch) {
    const QueueId from = some_queue();
    QueueRow row = content_.queues.at(from);
    const Sequence up_to{before_};  // nothing of this batch
    if (up_to <= row.floor) return;
    CounterDelta count = delta(from, Unit::always);
    for (const auto& [key, put] : content_.entries)
        if (key.queue == from && key.sequence > row.floor && key.sequence <= up_to) ++count.purged, count.bytes -= put.bytes;
    for (const auto& [key, put] : content_.delayed)
        if (key.queue == from && key.sequence > row.delayed_floor && key.sequence <= up_to)
            ++count.purged, --count.delayed, count.bytes -= put.bytes;
    row.floor = row.delayed_floor = up_to;
    batch.catalog.push_back(row);
    batch.counters.push_back(count);
    batch.sweeps.push_back({.queue = from, .up_to = up_to, .max = 1'000'000});
}

void History::change_catalog(Batch& batch) {
    const BindingRow binding{ExchangeId{1}, some_queue(), "key " + std::to_string(below(5))};
    if (chance(60)) batch.catalog.push_back(binding);
    else batch.catalog.push_back(BindingErased{binding});
    if (chance(30)) {
        TaskRow row;
        row.id = static_cast<std::int64_t>(1 + below(5));
        row.ns = NamespaceId{1};
        row.source = some_queue();
        row.source_name = "queue";
        row.moved = static_cast<std::int64_t>(below(100));
        batch.catalog.push_back(row);
    }
}

}  // namespace rowmq::conformance
