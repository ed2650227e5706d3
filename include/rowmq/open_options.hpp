#pragma once
// What a store is opened with. Values with the defaults of an embedded broker.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "rowmq/error.hpp"

namespace rowmq {

struct Clocks;

/// When a commit counts. Everything but `full` is admitted in BrokerHealth::durability.
enum class Durability : std::uint8_t {
    full,    ///< on disk before it is answered (SQLite: synchronous=FULL)
    normal,  ///< a power loss may take the newest commits, never the consistency of the file
    off,     ///< left to the operating system: a power loss may damage the file
};

/// Bounds a program may want to move; none: the default of src/base/limits.hpp.
struct OpenLimits {
    std::optional<std::size_t> queues;
    std::optional<std::int64_t> message_bytes;   ///< the highest max_message_bytes a queue may have
    std::optional<std::size_t> write_bytes;      ///< submitted and not yet committed; publishing waits beyond it
    std::optional<std::size_t> window_entries;   ///< ready entries held in memory, per queue
    std::optional<std::size_t> windows_entries;  ///< the same over all queues
    std::optional<std::size_t> windows_bytes;    ///< of bodies held over all queues
    std::optional<std::size_t> leases_per_session;
    std::optional<std::size_t> leases_per_queue;
    std::optional<std::chrono::milliseconds> transaction_time;  ///< of an application's function
    std::optional<std::size_t> metrics_queues;                  ///< with series of their own; the others are summed
    std::optional<std::int64_t> disk_free_bytes;                ///< kept free on the store's disk: publishing is refused below it
    std::optional<std::int64_t> memory_bytes;                   ///< publishing is refused while the process holds more; none: no limit
    friend bool operator==(const OpenLimits&, const OpenLimits&) = default;
};

struct OpenOptions {
    Durability durability = Durability::full;
    /// Commit the receive count before a delivery, in queues that do not say: exact across crashes, at the price of a commit.
    /// (Where no max_receives decides, what consumers are about to take is counted ahead: ended before that, one too many.)
    bool strict_counting = true;
    OpenLimits limits{};
    /// Told to whoever tries to open the same store meanwhile, and to the command line ("127.0.0.1:15672").
    std::string admin_address;
    /// Called once, on the broker's executor, when the store breaks. Must not block.
    std::function<void(const Error&)> on_store_failed;
    /// Called while the store is opened, with a sentence for each piece of damage in it: what was put right, and what is gone.
    std::function<void(const std::string&)> on_damage;
    /// Called on the broker's executor when the machine's clocks diverge, and when they agree again. Must not block.
    std::function<void(const Clocks&)> on_clocks;
};

}  // namespace rowmq
