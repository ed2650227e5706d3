#pragma once
// The rows that cross the downward door, as values. Columns are explained in doc/storage.md.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rowmq/ids.hpp"
#include "rowmq/message.hpp"

namespace rowmq::storage {

/// Which all-or-nothing list of a batch a row belongs to; `always`: it has no preconditions.
enum class Unit : std::uint32_t { always = 0 };

/// Where an entry is: clustered by (queue, lane, sequence).
/// lane = 255 - priority in a priority queue, hash(group) mod 64 in a FIFO queue, else 0.
struct EntryKey {
    QueueId queue{};
    std::uint8_t lane = 0;
    Sequence sequence{};
    friend auto operator<=>(const EntryKey&, const EntryKey&) = default;
};

/// A published message, once per publish. The engine keeps a CRC32C over id, published_at, properties and body.
struct MessageRow {
    MessageId id{};
    WallTime published_at{};
    std::string properties;  ///< JSON (broker/properties.hpp); empty: all defaults, stored as NULL
    Message message;         ///< body; `properties` decoded, where the broker has them (engines ignore and leave null)
    Unit unit = Unit::always;
    bool damaged = false;  ///< read back: its CRC does not match
};

/// That a queue still owes a message. The engine keeps a CRC32C over queue, lane, sequence, message, group, copies, bytes.
struct EntryRow {
    EntryKey key;
    MessageId message{};
    std::string group;
    std::optional<WallTime> expires_at;
    std::optional<WallTime> available_at;  ///< FIFO only: released with a delay, keeps its place
    std::uint32_t receives = 0;
    std::int32_t copies = 1;                   ///< > 1: the body is shared, `shares` says by how many still
    std::int32_t bytes = 0;                    ///< body and properties
    std::shared_ptr<const std::string> notes;  ///< this copy's facts as JSON (broker/notes.hpp), or null
    Unit unit = Unit::always;
    bool damaged = false;
};

/// What is not due yet. `entry.key` holds the queue, the lane it will have, and its own sequence here.
struct DelayedRow {
    WallTime due_at{};
    EntryRow entry;
};

/// Ends an entry. The message goes with it when it was the last to need it, unless `keep_message` (a move).
struct Removal {
    EntryKey key;
    MessageId message{};
    std::int32_t copies = 1;
    bool keep_message = false;
    Unit unit = Unit::always;
};

struct DelayedRemoval {
    WallTime due_at{};
    Removal removal;
};

/// Changes the columns of an entry that may change.
struct EntryUpdate {
    EntryKey key;
    std::uint32_t receives = 0;
    std::optional<WallTime> available_at;
    Unit unit = Unit::always;
};

/// How many entries still need a message with copies > 1. Creates the row or adds to it.
struct ShareChange {
    MessageId message{};
    std::int32_t add = 0;
    Unit unit = Unit::always;
};

/// Remembers a deduplication id, or finds it: then the unit is left out and the outcome names the first message.
/// Found means: a row of the same (queue, scope, id) with accepted_at + window > now.
struct Remember {
    QueueId queue{};
    std::string scope;  ///< the group, or empty
    std::string id;
    MessageId message{};
    Sequence sequence{};
    WallTime now{};
    std::chrono::milliseconds window{};
    Unit unit{};
};

/// Added to the queue's row. Gauges (delayed, bytes) go up and down.
struct CounterDelta {
    QueueId queue{};
    std::int64_t sent = 0, done = 0, dead_lettered = 0, expired = 0, purged = 0, overflowed = 0, redriven = 0;
    std::int64_t delayed = 0, bytes = 0;
    Sequence delivered_through{};  ///< the maximum with what is stored
    Sequence counted_through{};    ///< likewise
    Unit unit = Unit::always;
    std::int64_t never_stored = 0;  ///< of `sent` and of `done`: what has no row. The broker's own, engines ignore it
};

/// Removes rows nobody owes any more (counted when they were purged or their queue deleted), entries and delayed ones,
/// of all lanes, up to `up_to`, at most `max`, with the bodies that went with them.
struct Sweep {
    QueueId queue{};
    Sequence up_to{};
    std::size_t max = 0;
    bool delayed_too = true;
};

struct NamespaceRow {
    NamespaceId id{};
    std::string name;
};
struct QueueRow {
    QueueId id{};
    NamespaceId ns{};
    std::string name;
    std::shared_ptr<const std::string> options;  ///< JSON (broker/catalog/options.hpp)
    WallTime created_at{}, modified_at{};
    Sequence floor{};          ///< purged: entries at or below it are nobody's
    Sequence delayed_floor{};  ///< the same for delayed ones
    bool deleted = false;      ///< nobody's either; erased when the last row is swept
};
struct QueueErased {
    QueueId id{};
};
struct ExchangeRow {
    ExchangeId id{};
    NamespaceId ns{};
    std::string name;
    std::string options;  ///< JSON
};
struct ExchangeErased {  ///< with its bindings, and those to it
    ExchangeId id{};
};
struct BindingRow {
    ExchangeId exchange{};
    QueueId queue{};
    std::string routing_key;
    std::string options;       ///< JSON (broker/routing/terms.hpp), or empty
    ExchangeId to_exchange{};  ///< instead of `queue`, which is 0 then
};
struct BindingErased {
    BindingRow binding;
};
struct TaskRow {
    std::int64_t id = 0;
    NamespaceId ns{};
    QueueId source{};
    std::string source_name;
    std::optional<std::string> destination;
    std::uint32_t per_second = 0;
    std::uint8_t state = 0;  ///< rowmq::TaskState
    std::int64_t moved = 0, total = 0;
    Sequence up_to{};      ///< moves what was there when it began
    std::string selected;  ///< JSON array of sequences; empty: all
    std::string failure;
    WallTime started_at{};
};
struct TaskErased {
    std::int64_t id = 0;
};

struct NamespaceErased {  ///< with its permissions and parameters; queues and exchanges are erased before
    NamespaceId id{};
};
struct UserRow {
    std::string name, password;
    std::string tags;  ///< JSON: a list of text
};
struct UserErased {  ///< with its permissions
    std::string name;
};
struct PermissionRow {
    std::string user;
    NamespaceId ns{};
    std::string configure, write, read;  ///< regular expressions
};
struct PermissionErased {
    std::string user;
    NamespaceId ns{};
};
struct TopicPermissionRow {
    std::string user;
    NamespaceId ns{};
    std::string exchange;
    std::string write, read;
};
struct TopicPermissionErased {
    std::string user;
    NamespaceId ns{};
    std::string exchange;
};
struct ParameterRow {
    std::string component, name;
    NamespaceId ns{};   ///< 0: of all
    std::string value;  ///< JSON
};
struct ParameterErased {
    std::string component, name;
    NamespaceId ns{};
};

/// Puts replace the row with the same id (a binding: between the same two, by the same key; what concerns access: by its name).
using CatalogChange = std::variant<NamespaceRow, QueueRow, QueueErased, ExchangeRow, ExchangeErased, BindingRow, BindingErased, TaskRow,
                                   TaskErased, NamespaceErased, UserRow, UserErased, PermissionRow, PermissionErased, TopicPermissionRow,
                                   TopicPermissionErased, ParameterRow, ParameterErased>;

/// One queue's counters row.
struct Counters {
    QueueId queue{};
    std::int64_t sent = 0, done = 0, dead_lettered = 0, expired = 0, purged = 0, overflowed = 0, redriven = 0;
    std::int64_t delayed = 0, bytes = 0;
    Sequence delivered_through{};
    Sequence counted_through{};  ///< an entry at or below it whose row says 0 receives was received once
    friend bool operator==(const Counters&, const Counters&) = default;
};

/// Adds a delta to what was counted so far: to counters, or to a delta over several batches.
template <typename Sum>
void add(Sum& sum, const CounterDelta& delta) {
    sum.sent += delta.sent;
    sum.done += delta.done;
    sum.dead_lettered += delta.dead_lettered;
    sum.expired += delta.expired;
    sum.purged += delta.purged;
    sum.overflowed += delta.overflowed;
    sum.redriven += delta.redriven;
    sum.delayed += delta.delayed;
    sum.bytes += delta.bytes;
    sum.delivered_through = std::max(sum.delivered_through, delta.delivered_through);
    sum.counted_through = std::max(sum.counted_through, delta.counted_through);
}

/// What start-up reads: everything but messages.
struct Snapshot {
    std::uint32_t epoch = 0;          ///< of this owner: raised at every open
    std::int64_t reserved_ids = 0;    ///< ids and sequences up to it may have been used
    WallTime highest_wall{};          ///< stored times do not run backwards below it
    WallTime deduplications_since{};  ///< when the current table of deduplication ids began
    std::string store_id;             ///< 16 random bytes in hex, made with the store
    std::vector<NamespaceRow> namespaces;
    std::vector<QueueRow> queues;
    std::vector<Counters> counters;
    std::vector<ExchangeRow> exchanges;
    std::vector<BindingRow> bindings;
    std::vector<TaskRow> tasks;
    std::vector<UserRow> users;
    std::vector<PermissionRow> permissions;
    std::vector<TopicPermissionRow> topic_permissions;
    std::vector<ParameterRow> parameters;
    std::optional<WallTime> first_due;  ///< of delayed_messages
    std::vector<std::string> damage;    ///< found when opening, in sentences: what was put right, and what is gone
};

}  // namespace rowmq::storage
