#pragma once
// What a memory store holds: the tables of doc/storage.md as ordered maps. A value: copying it is a backup (bodies are
// shared), and handing it to a new engine is a restart.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "storage/engine.hpp"
#include "storage/rows.hpp"

namespace rowmq::storage::memory {

/// Where a delayed entry is: by queue, in due order. Its lane is not part of it.
struct DelayedKey {
    QueueId queue{};
    WallTime due_at{};
    Sequence sequence{};
    friend auto operator<=>(const DelayedKey&, const DelayedKey&) = default;
};

/// The same over all queues.
struct DueKey {
    WallTime due_at{};
    Sequence sequence{};
    QueueId queue{};
    friend auto operator<=>(const DueKey&, const DueKey&) = default;
};

struct DeduplicationKey {
    QueueId queue{};
    std::string scope, id;
    friend auto operator<=>(const DeduplicationKey&, const DeduplicationKey&) = default;
};

struct Remembered {
    WallTime accepted_at{};
    MessageId message{};
    Sequence sequence{};
};
using Deduplications = std::map<DeduplicationKey, Remembered>;

struct BindingKey {
    ExchangeId exchange{};
    QueueId queue{};
    ExchangeId to_exchange{};
    std::string routing_key;
    friend auto operator<=>(const BindingKey&, const BindingKey&) = default;
};
inline BindingKey key_of(const BindingRow& row) { return {row.exchange, row.queue, row.to_exchange, row.routing_key}; }

struct Content {
    std::uint32_t epoch = 0;
    std::int64_t reserved_ids = 0;
    WallTime highest_wall{};
    WallTime deduplications_since{};
    std::string store_id;

    std::map<NamespaceId, NamespaceRow> namespaces;
    std::map<QueueId, QueueRow> queues;
    std::map<QueueId, Counters> counters;
    std::map<ExchangeId, ExchangeRow> exchanges;
    std::map<BindingKey, std::string> bindings;  ///< options
    std::map<std::int64_t, TaskRow> tasks;
    std::map<std::string, UserRow> users;
    std::map<std::pair<std::string, NamespaceId>, PermissionRow> permissions;
    std::map<std::tuple<std::string, NamespaceId, std::string>, TopicPermissionRow> topic_permissions;
    std::map<std::tuple<std::string, NamespaceId, std::string>, ParameterRow> parameters;  ///< by component, namespace and name

    std::map<MessageId, MessageRow> messages;
    std::map<EntryKey, EntryRow> entries;
    std::map<DelayedKey, EntryRow> delayed;
    std::set<DueKey> due;                      ///< the keys of `delayed`, by time
    std::map<MessageId, std::int64_t> shares;  ///< by how many entries a shared body is still needed

    Deduplications deduplications;        ///< since `deduplications_since`
    Deduplications older_deduplications;  ///< of the turn before

    Ticket committed{};
    std::string broken;  ///< what a batch did that no correct batch does; nothing is stored after it

    /// An empty store with a new store_id.
    Content();

    /// The one who remembered `key` less than `window` before `now`, or null.
    const Remembered* find_remembered(const DeduplicationKey& key, WallTime now, std::chrono::milliseconds window) const;
};

/// Everything but messages, as `load` answers it.
Snapshot snapshot_of(const Content& content);

}  // namespace rowmq::storage::memory
