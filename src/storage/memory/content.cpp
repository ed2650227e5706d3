#include "storage/memory/content.hpp"

#include <fmt/format.h>

#include <random>

namespace rowmq::storage::memory {

Content::Content() {
    std::random_device random;
    for (int word = 0; word < 4; ++word) store_id += fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
}

const Remembered* Content::find_remembered(const DeduplicationKey& key, WallTime now, std::chrono::milliseconds window) const {
    // A row of the current table is younger than the same id in the older one, so it alone decides.
    for (const Deduplications* table : {&deduplications, &older_deduplications}) {
        const auto found = table->find(key);
        if (found == table->end()) continue;
        return found->second.accepted_at + window > now ? &found->second : nullptr;
    }
    return nullptr;
}

Snapshot snapshot_of(const Content& content) {
    Snapshot snapshot;
    snapshot.epoch = content.epoch;
    snapshot.reserved_ids = content.reserved_ids;
    snapshot.highest_wall = content.highest_wall;
    snapshot.deduplications_since = content.deduplications_since;
    snapshot.store_id = content.store_id;
    for (const auto& [id, row] : content.namespaces) snapshot.namespaces.push_back(row);
    for (const auto& [id, row] : content.queues) snapshot.queues.push_back(row);
    for (const auto& [id, row] : content.counters) snapshot.counters.push_back(row);
    for (const auto& [id, row] : content.exchanges) snapshot.exchanges.push_back(row);
    for (const auto& [key, options] : content.bindings)
        snapshot.bindings.push_back({key.exchange, key.queue, key.routing_key, options, key.to_exchange});
    for (const auto& [id, row] : content.tasks) snapshot.tasks.push_back(row);
    for (const auto& [name, row] : content.users) snapshot.users.push_back(row);
    for (const auto& [key, row] : content.permissions) snapshot.permissions.push_back(row);
    for (const auto& [key, row] : content.topic_permissions) snapshot.topic_permissions.push_back(row);
    for (const auto& [key, row] : content.parameters) snapshot.parameters.push_back(row);
    if (!content.due.empty()) snapshot.first_due = content.due.begin()->due_at;
    return snapshot;
}

}  // namespace rowmq::storage::memory
