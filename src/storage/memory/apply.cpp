#include "storage/memory/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"
#include "storage/memory/decide.hpp"

namespace rowmq::storage::memory {
namespace {

void change(Content& content, const CatalogChange& row) {
    std::visit(Overloaded{
                   [&](const NamespaceRow& r) { content.namespaces.insert_or_assign(r.id, r); },
                   [&](const QueueRow& r) {
                       content.queues.insert_or_assign(r.id, r);
                       content.counters.try_emplace(r.id).first->second.queue = r.id;
                   },
                   [&](const QueueErased& r) {
                       content.queues.erase(r.id);
                       content.counters.erase(r.id);
                       std::erase_if(content.bindings, [&](const auto& binding) { return binding.first.queue == r.id; });
                   },
                   [&](const ExchangeRow& r) { content.exchanges.insert_or_assign(r.id, r); },
                   [&](const ExchangeErased& r) {
                       content.exchanges.erase(r.id);
                       std::erase_if(content.bindings, [&](const auto& binding) {
                           return binding.first.exchange == r.id || binding.first.to_exchange == r.id;
                       });
                   },
                   [&](const BindingRow& r) { content.bindings.insert_or_assign(key_of(r), r.options); },
                   [&](const BindingErased& r) { content.bindings.erase(key_of(r.binding)); },
                   [&](const TaskRow& r) { content.tasks.insert_or_assign(r.id, r); },
                   [&](const TaskErased& r) { content.tasks.erase(r.id); },
                   [&](const NamespaceErased& r) {
                       content.namespaces.erase(r.id);
                       const auto in_it = [&](const auto& one) { return one.second.ns == r.id; };
                       std::erase_if(content.permissions, in_it);
                       std::erase_if(content.topic_permissions, in_it);
                       std::erase_if(content.parameters, in_it);
                   },
                   [&](const UserRow& r) { content.users.insert_or_assign(r.name, r); },
                   [&](const UserErased& r) {
                       content.users.erase(r.name);
                       const auto of_it = [&](const auto& one) { return one.second.user == r.name; };
                       std::erase_if(content.permissions, of_it);
                       std::erase_if(content.topic_permissions, of_it);
                   },
                   [&](const PermissionRow& r) {
                       content.permissions.insert_or_assign({r.user, r.ns}, r);
                   },
                   [&](const PermissionErased& r) {
                       content.permissions.erase({r.user, r.ns});
                   },
                   [&](const TopicPermissionRow& r) {
                       content.topic_permissions.insert_or_assign({r.user, r.ns, r.exchange}, r);
                   },
                   [&](const TopicPermissionErased& r) {
                       content.topic_permissions.erase({r.user, r.ns, r.exchange});
                   },
                   [&](const ParameterRow& r) {
                       content.parameters.insert_or_assign({r.component, r.ns, r.name}, r);
                   },
                   [&](const ParameterErased& r) {
                       content.parameters.erase({r.component, r.ns, r.name});
                   },
               },
               row);
}

/// What a reader will get: no unit, no decoded properties, a body even where it is empty.
MessageRow stored(const MessageRow& row) {
    static const SharedBytes empty = std::make_shared<const std::string>();
    MessageRow result;
    result.id = row.id;
    result.published_at = row.published_at;
    result.properties = row.properties;
    result.message.body = row.message.body ? row.message.body : empty;
    return result;
}

EntryRow stored(const EntryRow& row) {
    EntryRow result = row;
    result.unit = Unit::always;
    result.damaged = false;
    return result;
}

void put(Content& content, const EntryRow& row) {
    const auto before = content.entries.size();
    content.entries.emplace_hint(content.entries.end(), row.key, stored(row));
    if (content.entries.size() == before)
        throw Failure(fmt::format("entry {} of queue {} in lane {} was put twice", value_of(row.key.sequence), value_of(row.key.queue),
                                  row.key.lane));
}

void put(Content& content, const DelayedRow& row) {
    const EntryKey& key = row.entry.key;
    if (!content.delayed.emplace(DelayedKey{key.queue, row.due_at, key.sequence}, stored(row.entry)).second)
        throw Failure(fmt::format("delayed entry {} of queue {} was put twice", value_of(key.sequence), value_of(key.queue)));
    content.due.insert({row.due_at, key.sequence, key.queue});
}

/// An entry that needed the message has ended: the message goes with the last of them.
void forget(Content& content, MessageId message, std::int32_t copies) {
    if (copies > 1) {
        const auto share = content.shares.find(message);
        if (share == content.shares.end())
            throw Failure(fmt::format("message {} is shared by {} queues but has no share", value_of(message), copies));
        if (--share->second > 0) return;
        content.shares.erase(share);
    }
    content.messages.erase(message);
}

void expect_same(const EntryRow& row, const Removal& removal) {
    if (row.message != removal.message || (row.copies > 1) != (removal.copies > 1))
        throw Failure(fmt::format("entry {} of queue {} is of message {} with {} copies, not of {} with {}", value_of(row.key.sequence),
                                  value_of(row.key.queue), value_of(row.message), row.copies, value_of(removal.message), removal.copies));
}

bool remove(Content& content, const Removal& row) {
    const auto found = content.entries.find(row.key);
    if (found == content.entries.end()) return false;
    expect_same(found->second, row);
    content.entries.erase(found);
    if (!row.keep_message) forget(content, row.message, row.copies);
    return true;
}

bool remove(Content& content, const DelayedRemoval& row) {
    const Removal& removal = row.removal;
    const auto found = content.delayed.find({removal.key.queue, row.due_at, removal.key.sequence});
    if (found == content.delayed.end()) return false;
    expect_same(found->second, removal);
    content.delayed.erase(found);
    content.due.erase({row.due_at, removal.key.sequence, removal.key.queue});
    if (!removal.keep_message) forget(content, removal.message, removal.copies);
    return true;
}

bool update(Content& content, const EntryUpdate& row) {
    const auto found = content.entries.find(row.key);
    if (found == content.entries.end()) return false;
    found->second.receives = row.receives;
    found->second.available_at = row.available_at;
    return true;
}

std::size_t sweep(Content& content, const Sweep& row) {
    std::size_t removed = 0;
    auto entry = content.entries.lower_bound({row.queue, 0, Sequence{INT64_MIN}});
    while (removed < row.max && entry != content.entries.end() && entry->first.queue == row.queue) {
        if (entry->first.sequence > row.up_to) {  // the rest of this lane is younger still
            if (entry->first.lane == 255) break;
            const auto lane = static_cast<std::uint8_t>(entry->first.lane + 1);
            entry = content.entries.lower_bound({row.queue, lane, Sequence{INT64_MIN}});
            continue;
        }
        forget(content, entry->second.message, entry->second.copies);
        entry = content.entries.erase(entry);
        ++removed;
    }
    if (!row.delayed_too) return removed;
    auto delayed = content.delayed.lower_bound({row.queue, WallTime::min(), Sequence{INT64_MIN}});
    while (removed < row.max && delayed != content.delayed.end() && delayed->first.queue == row.queue) {
        if (delayed->first.sequence > row.up_to) {
            ++delayed;
            continue;
        }
        content.due.erase({delayed->first.due_at, delayed->first.sequence, delayed->first.queue});
        forget(content, delayed->second.message, delayed->second.copies);
        delayed = content.delayed.erase(delayed);
        ++removed;
    }
    return removed;
}

void count(Content& content, const CounterDelta& row) {
    const auto found = content.counters.find(row.queue);
    if (found == content.counters.end()) return;  // of a queue that was erased meanwhile
    add(found->second, row);
}

}  // namespace

Outcome apply(Content& content, const Batch& batch) {
    if (batch.rotate_deduplications) {
        content.older_deduplications = std::exchange(content.deduplications, {});
        content.deduplications_since = *batch.rotate_deduplications;
    }
    for (const CatalogChange& row : batch.catalog) change(content, row);

    Outcome outcome;
    Decision decision(content, batch);
    for (const Remember& row : batch.remembers)
        if (decision.holds(row.unit))
            content.deduplications.insert_or_assign({row.queue, row.scope, row.id}, Remembered{row.now, row.message, row.sequence});
    for (const MessageRow& row : batch.messages) {
        if (!decision.holds(row.unit)) continue;
        const auto before = content.messages.size();
        content.messages.emplace_hint(content.messages.end(), row.id, stored(row));
        if (content.messages.size() == before) throw Failure(fmt::format("message {} was put twice", value_of(row.id)));
    }
    for (const EntryRow& row : batch.entries)
        if (decision.holds(row.unit)) put(content, row);
    for (const ShareChange& row : batch.shares)
        if (decision.holds(row.unit)) content.shares[row.message] += row.add;
    for (const DelayedRow& row : batch.delayed)
        if (decision.holds(row.entry.unit)) put(content, row);

    const auto tell = [&](Unit unit, bool found) { outcome.missing += !found && unit == Unit::always; };
    for (const EntryUpdate& row : batch.updates)
        if (decision.holds(row.unit)) tell(row.unit, update(content, row));
    for (const Removal& row : batch.removals)
        if (decision.holds(row.unit)) tell(row.unit, remove(content, row));
    for (const DelayedRemoval& row : batch.delayed_removals)
        if (decision.holds(row.removal.unit)) tell(row.removal.unit, remove(content, row));
    for (const Sweep& row : batch.sweeps) outcome.swept.push_back(sweep(content, row));
    for (const CounterDelta& row : batch.counters)
        if (decision.holds(row.unit)) count(content, row);

    if (batch.reserve_ids) content.reserved_ids = std::max(content.reserved_ids, *batch.reserve_ids);
    if (batch.highest_wall) content.highest_wall = std::max(content.highest_wall, *batch.highest_wall);
    content.committed = std::max(content.committed, batch.ticket);
    outcome.left_out = decision.take_left_out();
    return outcome;
}

}  // namespace rowmq::storage::memory
