#include "test/support/random_batches.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::test {

using namespace storage;
using std::chrono::milliseconds;

const std::vector<std::vector<std::uint8_t>> RandomBatches::lanes_ = {{0, 0}, {5, 63}, {0, 0}, {250, 255}};

RandomBatches::RandomBatches(std::uint64_t seed, std::shared_ptr<const memory::Content> content)
    : random_(seed), content_(std::move(content)) {}

// ------------------------------------------------------------------------------------------------ choosing

std::vector<QueueId> RandomBatches::open_queues() const {
    std::vector<QueueId> open;
    for (const auto& [id, row] : content_->queues)
        if (!row.deleted && !changing_.contains(id)) open.push_back(id);
    return open;
}

namespace {
template <typename Map>
auto from(const Map& map, std::uint64_t start) {
    auto at = map.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(start % map.size()));
    return at;
}
}  // namespace

const EntryRow* RandomBatches::some_entry() {
    if (content_->entries.empty()) return nullptr;
    for (auto at = from(content_->entries, random_.next()); at != content_->entries.end(); ++at) {
        const auto queue = content_->queues.find(at->first.queue);
        if (queue == content_->queues.end() || queue->second.deleted || changing_.contains(at->first.queue)) continue;
        if (at->first.sequence <= queue->second.floor || touched_.contains(at->second.message)) continue;
        touched_.insert(at->second.message);
        return &at->second;
    }
    return nullptr;
}

const std::pair<const memory::DelayedKey, EntryRow>* RandomBatches::some_delayed() {
    if (content_->delayed.empty()) return nullptr;
    for (auto at = from(content_->delayed, random_.next()); at != content_->delayed.end(); ++at) {
        const auto queue = content_->queues.find(at->first.queue);
        if (queue == content_->queues.end() || queue->second.deleted || changing_.contains(at->first.queue)) continue;
        if (at->first.sequence <= queue->second.delayed_floor || touched_.contains(at->second.message)) continue;
        touched_.insert(at->second.message);
        return &*at;
    }
    return nullptr;
}

// ------------------------------------------------------------------------------------------------ what a batch does

void RandomBatches::create_queue(Batch& batch) {
    const QueueId id{++last_id_};
    batch.catalog.push_back(QueueRow{.id = id,
                                     .ns = NamespaceId{1},
                                     .name = "queue-" + std::to_string(value_of(id)),
                                     .options = std::make_shared<const std::string>("{\"lease\":" + std::to_string(below(9)) + "}"),
                                     .created_at = now_,
                                     .modified_at = now_});
}

void RandomBatches::publish(Batch& batch) {
    auto queues = open_queues();
    if (queues.empty()) return;
    for (std::size_t i = 0; i < queues.size(); ++i) std::swap(queues[i], queues[below(queues.size())]);
    queues.resize(chance(4) ? 1 + below(std::min<std::size_t>(3, queues.size())) : 1);
    const auto unit = chance(3) ? Unit::always : batch.new_unit();
    const MessageId id{++last_id_};
    std::string body(chance(6) ? below(9'000) : below(300), static_cast<char>('a' + below(26)));
    MessageRow message{.id = id, .published_at = now_, .message = Message(std::move(body)), .unit = unit};
    if (chance(3)) message.properties = "{\"type\":\"" + std::string(below(40), 't') + "\"}";
    const auto bytes = static_cast<std::int32_t>(message.message.text().size() + message.properties.size());
    const auto copies = static_cast<std::int32_t>(queues.size());
    if (copies > 1) batch.shares.push_back({id, copies, unit});
    for (const auto queue : queues) {
        EntryRow entry{.key = {queue, lane_of(queue), new_sequence()}, .message = id, .copies = copies, .bytes = bytes, .unit = unit};
        if (chance(3)) entry.group = "g" + std::to_string(below(3));
        if (chance(4)) entry.expires_at = now_ + milliseconds(below(100'000));
        if (chance(8)) entry.receives = 1;
        if (unit != Unit::always && queues.size() == 1 && chance(3)) {
            const Remember remember{
                queue, chance(2) ? entry.group : "", "d" + std::to_string(below(20)), id, entry.key.sequence, now_, milliseconds(20'000),
                unit};
            remembered_.insert({queue, remember.scope + '\n' + remember.id});
            batch.remembers.push_back(remember);
        }
        const bool later = chance(5);
        batch.counters.push_back({.queue = queue, .sent = 1, .delayed = later, .bytes = bytes, .unit = unit});
        if (later) batch.delayed.push_back({now_ + milliseconds(below(30'000)), entry});
        else batch.entries.push_back(entry);
    }
    batch.messages.push_back(std::move(message));
}

void RandomBatches::settle(Batch& batch, Unit unit, const EntryRow& entry) {
    batch.removals.push_back({.key = entry.key, .message = entry.message, .copies = entry.copies, .unit = unit});
    batch.counters.push_back({.queue = entry.key.queue,
                              .done = 1,
                              .bytes = -entry.bytes,
                              .delivered_through = entry.key.sequence,
                              .counted_through = Sequence{value_of(entry.key.sequence) / 2},
                              .unit = unit});
    settled_.push_back(entry);
    if (settled_.size() > 50) settled_.erase(settled_.begin());
}

/// A dead letter, a redrive, or a release with a delay.
void RandomBatches::move(Batch& batch, const EntryRow& entry) {
    const auto unit = batch.new_unit();
    const auto queues = open_queues();
    auto moved = entry;
    moved.unit = unit;
    const bool later = chance(3);
    if (!later) moved.key.queue = queues[below(queues.size())];
    moved.key = {moved.key.queue, lane_of(moved.key.queue), new_sequence()};
    moved.receives = static_cast<std::uint32_t>(below(5));
    batch.removals.push_back({.key = entry.key, .message = entry.message, .copies = entry.copies, .keep_message = true, .unit = unit});
    if (later) {
        batch.delayed.push_back({now_ + milliseconds(below(30'000)), moved});
        batch.counters.push_back({.queue = entry.key.queue, .delayed = 1, .unit = unit});
        return;
    }
    moved.notes = std::make_shared<const std::string>("{\"dead\":" + std::to_string(below(9)) + "}");
    batch.entries.push_back(moved);
    batch.counters.push_back({.queue = entry.key.queue, .dead_lettered = 1, .bytes = -entry.bytes, .unit = unit});
    batch.counters.push_back({.queue = moved.key.queue, .sent = 1, .bytes = entry.bytes, .unit = unit});
}

void RandomBatches::update(Batch& batch, Unit unit, const EntryRow& entry) {
    EntryUpdate row{.key = entry.key, .receives = entry.receives + 1, .unit = unit};
    if (chance(3)) row.available_at = now_ + milliseconds(below(5'000));
    batch.updates.push_back(row);
}

void RandomBatches::become_due(Batch& batch) {
    const auto* row = some_delayed();
    if (!row) return;
    const auto unit = chance(2) ? Unit::always : batch.new_unit();
    auto entry = row->second;
    entry.unit = unit;
    entry.key.sequence = new_sequence();
    batch.delayed_removals.push_back(
        {row->first.due_at,
         {.key = row->second.key, .message = entry.message, .copies = entry.copies, .keep_message = true, .unit = unit}});
    batch.counters.push_back({.queue = entry.key.queue, .delayed = -1, .unit = unit});
    batch.entries.push_back(std::move(entry));
}

void RandomBatches::cancel(Batch& batch) {
    const auto* row = some_delayed();
    if (!row) return;
    const auto unit = batch.new_unit();
    const auto& entry = row->second;
    batch.delayed_removals.push_back(
        {row->first.due_at, {.key = entry.key, .message = entry.message, .copies = entry.copies, .unit = unit}});
    batch.counters.push_back({.queue = entry.key.queue, .purged = 1, .delayed = -1, .bytes = -entry.bytes, .unit = unit});
}

/// A unit that must be left out, with things in it that must then not be there.
void RandomBatches::miss(Batch& batch) {
    if (settled_.empty()) return;
    const auto gone = settled_[below(settled_.size())];  // a copy: settling adds to the list
    if (content_->entries.contains(gone.key) || !content_->queues.contains(gone.key.queue)) return;
    publish(batch);
    if (batch.units == 0) return;
    const Unit unit{batch.units};
    if (const auto* entry = some_entry()) settle(batch, unit, *entry);
    if (chance(3)) batch.updates.push_back({.key = gone.key, .receives = 3, .unit = unit});
    else batch.removals.push_back({.key = gone.key, .message = gone.message, .copies = gone.copies, .unit = unit});
}

void RandomBatches::purge_or_delete(Batch& batch) {
    const auto queues = open_queues();
    if (queues.size() < 3) return;
    auto row = content_->queues.at(queues[below(queues.size())]);
    for (const auto& entry : batch.entries)
        if (entry.key.queue == row.id) return;  // of this batch: leave it
    for (const auto& delayed : batch.delayed)
        if (delayed.entry.key.queue == row.id) return;
    for (const auto& counter : batch.counters)
        if (counter.queue == row.id) return;
    changing_.insert(row.id);
    CounterDelta delta{.queue = row.id};
    const bool all = chance(2);
    for (const auto& [key, entry] : content_->entries)
        if (key.queue == row.id && key.sequence > row.floor) {
            ++delta.purged;
            delta.bytes -= entry.bytes;
        }
    for (const auto& [key, entry] : content_->delayed)
        if (all && key.queue == row.id && key.sequence > row.delayed_floor) {
            ++delta.purged;
            --delta.delayed;
            delta.bytes -= entry.bytes;
        }
    row.floor = Sequence{last_id_};
    if (all) row.delayed_floor = row.floor;
    row.deleted = all && chance(2);
    row.modified_at = now_;
    batch.catalog.push_back(row);
    batch.counters.push_back(delta);
    if (row.deleted) create_queue(batch);
}

void RandomBatches::sweep(Batch& batch) {
    for (const auto& [id, row] : content_->queues) {
        if (changing_.contains(id) || value_of(row.floor) == 0 || chance(2)) continue;
        const bool delayed_too = row.delayed_floor == row.floor;
        const bool entries =
            std::any_of(content_->entries.begin(), content_->entries.end(), [&](const auto& e) { return e.first.queue == id; });
        const bool delayed =
            std::any_of(content_->delayed.begin(), content_->delayed.end(), [&](const auto& e) { return e.first.queue == id; });
        if (row.deleted && !entries && !delayed) {
            batch.catalog.push_back(QueueErased{id});
            std::erase_if(remembered_, [&](const auto& r) { return r.first == id; });
        } else {
            batch.sweeps.push_back({.queue = id, .up_to = row.floor, .max = 1 + below(6), .delayed_too = delayed_too});
        }
        changing_.insert(id);
    }
}

void RandomBatches::rearrange(Batch& batch) {
    const auto queues = open_queues();
    const ExchangeId exchange{1 + static_cast<std::int64_t>(below(3))};
    if (!content_->exchanges.contains(exchange)) {
        batch.catalog.push_back(ExchangeRow{exchange, NamespaceId{1}, "exchange-" + std::to_string(value_of(exchange)), "{}"});
    } else if (chance(6)) {
        batch.catalog.push_back(ExchangeErased{exchange});
        return;
    }
    BindingRow binding{exchange, queues[below(queues.size())], "key" + std::to_string(below(3)), chance(2) ? "{}" : "", {}};
    if (chance(4)) std::tie(binding.queue, binding.to_exchange) = std::pair(QueueId{}, ExchangeId{1 + below(3)});
    if (content_->bindings.contains(storage::memory::key_of(binding)) && chance(2)) batch.catalog.push_back(BindingErased{binding});
    else batch.catalog.push_back(binding);
    const auto task = static_cast<std::int64_t>(1 + below(4));
    if (content_->tasks.contains(task) && chance(3)) batch.catalog.push_back(TaskErased{task});
    else
        batch.catalog.push_back(TaskRow{.id = task,
                                        .ns = NamespaceId{1},
                                        .source = queues.front(),
                                        .source_name = "source",
                                        .per_second = 7,
                                        .state = static_cast<std::uint8_t>(below(5)),
                                        .moved = static_cast<std::int64_t>(below(99)),
                                        .total = 99,
                                        .up_to = Sequence{last_id_},
                                        .selected = "[1,2]",
                                        .failure = "none",
                                        .started_at = now_});
}

Batch RandomBatches::next(Ticket ticket) {
    Batch batch;
    batch.ticket = ticket;
    touched_.clear();
    changing_.clear();
    now_ += milliseconds(below(2'000));
    if (content_->namespaces.empty()) {
        batch.catalog.push_back(NamespaceRow{NamespaceId{1}, "/"});
        for (int i = 0; i < 6; ++i) create_queue(batch);
    } else {
        if (chance(12)) sweep(batch);
        for (auto rows = 1 + below(8); rows > 0; --rows) switch (below(9)) {
                case 0:
                case 1:
                case 2: publish(batch); break;
                case 3:
                case 4:
                    if (const auto* entry = some_entry()) settle(batch, chance(2) ? Unit::always : batch.new_unit(), *entry);
                    break;
                case 5:
                    if (const auto* entry = some_entry()) move(batch, *entry);
                    break;
                case 6:
                    if (const auto* entry = some_entry()) update(batch, chance(2) ? Unit::always : batch.new_unit(), *entry);
                    break;
                case 7: chance(3) ? cancel(batch) : become_due(batch); break;
                case 8:
                    if (chance(3)) miss(batch);
                    break;
            }
        if (chance(10)) rearrange(batch);
        if (chance(20)) purge_or_delete(batch);
        if (chance(40)) batch.rotate_deduplications = now_;
    }
    batch.reserve_ids = last_id_ + 1'000;
    batch.highest_wall = now_;
    return batch;
}

PageRequest RandomBatches::page() {
    const auto queues = open_queues();
    const auto queue = queues.empty() ? QueueId{1} : queues[below(queues.size())];
    const auto floor = queues.empty() ? Sequence{} : content_->queues.at(queue).floor;
    const auto after = Sequence{
        std::max(value_of(floor), chance(2) ? std::int64_t{0} : static_cast<std::int64_t>(below(static_cast<std::size_t>(last_id_))))};
    switch (below(5)) {
        case 0: {
            EntriesAfter request{.queue = queue, .lane = lane_of(queue), .after = after, .max = 1 + below(12)};
            if (chance(2)) request.max_bytes = below(10'000);
            if (chance(3)) request.without_groups = {"g1", "g0"};
            if (chance(4)) request.only_group = "g" + std::to_string(below(3));
            if (chance(4)) request.scan = 1 + below(6);
            return request;
        }
        case 1: return LaneHeads{queue, after};
        case 2: {
            MessagesById request;
            for (auto i = below(6); i > 0; --i)
                if (const auto* entry = some_entry()) request.ids.push_back(entry->message);
            std::sort(request.ids.begin(), request.ids.end());
            touched_.clear();
            return request;
        }
        case 3: return Due{now_, 1 + below(5)};
        default: {
            DelayedOf request{.queue = queue, .max = 1 + below(8), .max_bytes = below(5'000)};
            if (chance(3)) request.after_due = now_;
            if (const auto* row = chance(3) ? some_delayed() : nullptr) {
                request.queue = row->first.queue;
                request.message = row->second.message;
                touched_.clear();
            }
            return request;
        }
    }
}

Batch RandomBatches::probe(Ticket ticket) const {
    Batch batch;
    batch.ticket = ticket;
    for (const auto& [queue, text] : remembered_) {
        const auto split = text.find('\n');
        batch.remembers.push_back({queue, text.substr(0, split), text.substr(split + 1), MessageId{1}, Sequence{1}, now_,
                                   milliseconds(20'000), batch.new_unit()});
    }
    return batch;
}

// ------------------------------------------------------------------------------------------------ as text

namespace {

template <typename Time>
auto ms(Time time) {
    return time.time_since_epoch().count();
}

std::string text_of(const EntryRow& e) {
    auto text = fmt::format("{}/{}/{} message={} group={} receives={} copies={} bytes={}", value_of(e.key.queue), e.key.lane,
                            value_of(e.key.sequence), value_of(e.message), e.group, e.receives, e.copies, e.bytes);
    if (e.expires_at) text += fmt::format(" expires={}", ms(*e.expires_at));
    if (e.available_at) text += fmt::format(" available={}", ms(*e.available_at));
    if (e.notes) text += " notes=" + *e.notes;
    return text + (e.damaged ? " DAMAGED\n" : "\n");
}

std::string text_of(const MessageRow& m) {
    const auto body = m.message.text();
    return fmt::format("message {} at={} properties={} body={}*{}{}\n", value_of(m.id), ms(m.published_at), m.properties, body.size(),
                       body.empty() ? '-' : body.front(), m.damaged ? " DAMAGED" : "");
}

std::string text_of(const Counters& c) {
    return fmt::format("counters {} sent={} done={} dead={} expired={} purged={} over={} redriven={} delayed={} bytes={} through={},{}\n",
                       value_of(c.queue), c.sent, c.done, c.dead_lettered, c.expired, c.purged, c.overflowed, c.redriven, c.delayed,
                       c.bytes, value_of(c.delivered_through), value_of(c.counted_through));
}

std::string catalog_of(const Snapshot& s) {
    std::vector<std::string> lines;
    for (const auto& n : s.namespaces) lines.push_back(fmt::format("namespace {} {}\n", value_of(n.id), n.name));
    for (const auto& q : s.queues)
        lines.push_back(fmt::format("queue {} {} {} {} created={} modified={} floor={} delayed_floor={} deleted={}\n", value_of(q.id),
                                    value_of(q.ns), q.name, q.options ? *q.options : "", ms(q.created_at), ms(q.modified_at),
                                    value_of(q.floor), value_of(q.delayed_floor), q.deleted));
    for (const auto& c : s.counters)
        if (!(c == Counters{.queue = c.queue})) lines.push_back(text_of(c));
    for (const auto& e : s.exchanges)
        lines.push_back(fmt::format("exchange {} {} {} {}\n", value_of(e.id), value_of(e.ns), e.name, e.options));
    for (const auto& b : s.bindings)
        lines.push_back(fmt::format("binding {} {} {} {} {}\n", value_of(b.exchange), value_of(b.queue), value_of(b.to_exchange),
                                    b.routing_key, b.options));
    for (const auto& t : s.tasks)
        lines.push_back(fmt::format("task {} {} {} {} {} {} {} {} {} {} {} {}\n", t.id, value_of(t.source), t.source_name,
                                    t.destination.value_or("-"), t.per_second, t.state, t.moved, t.total, value_of(t.up_to), t.selected,
                                    t.failure, ms(t.started_at)));
    std::sort(lines.begin(), lines.end());
    auto text = fmt::format("reserved={} wall={}\n", s.reserved_ids, ms(s.highest_wall));
    for (const auto& line : lines) text += line;
    return text;
}

}  // namespace

std::string describe(const Outcome& o) {
    std::string text = o.failure ? "failed: " + o.failure->text : fmt::format("missing={}", o.missing);
    for (const auto& l : o.left_out)
        text += fmt::format(" left_out({} why={} message={} sequence={})", static_cast<std::uint32_t>(l.unit), static_cast<int>(l.why),
                            value_of(l.message), value_of(l.sequence));
    for (const auto n : o.swept) text += fmt::format(" swept={}", n);
    return text;
}

std::string describe(const storage::Page& p) {
    auto text = fmt::format("end={} scanned={}", p.end, value_of(p.scanned));
    if (p.next_due) text += fmt::format(" next={}", ms(*p.next_due));
    if (p.failure) text += " failed: " + p.failure->text;
    text += "\n";
    for (const auto& e : p.entries) text += text_of(e);
    for (const auto& d : p.delayed) text += fmt::format("due={} ", ms(d.due_at)) + text_of(d.entry);
    for (const auto& m : p.messages) text += text_of(m);
    return text;
}

boost::asio::awaitable<std::string> dump(Engine& engine) {
    auto loaded = co_await engine.load();
    if (!loaded) co_return "cannot be opened: " + loaded.error().text;
    const Snapshot snapshot = std::move(*loaded);
    auto text = catalog_of(snapshot);
    std::set<MessageId> ids;
    for (const auto& queue : snapshot.queues) {
        if (queue.deleted) continue;
        LaneHeads heads{queue.id, queue.floor};
        const auto lanes = co_await engine.page(heads);
        for (const auto& head : lanes.entries) {
            EntriesAfter request{.queue = queue.id, .lane = head.key.lane, .after = queue.floor, .max = 100'000};
            const auto page = co_await engine.page(request);
            for (const auto& entry : page.entries) {
                text += text_of(entry);
                ids.insert(entry.message);
            }
        }
        DelayedOf request{.queue = queue.id, .max = 100'000};
        const auto page = co_await engine.page(request);
        for (const auto& row : page.delayed) {
            if (row.entry.key.sequence <= queue.delayed_floor) continue;
            text += fmt::format("due={} ", ms(row.due_at)) + text_of(row.entry);
            ids.insert(row.entry.message);
        }
    }
    MessagesById request{{ids.begin(), ids.end()}};
    const auto page = co_await engine.page(request);
    for (const auto& message : page.messages) text += text_of(message);
    co_return text;
}

}  // namespace rowmq::test
