// What stops publishing: too little of the store's disk is free, or the process holds too much memory.

#include <fmt/format.h>

#include <limits>

#include "broker/state.hpp"

namespace rowmq {
namespace {

constexpr std::int64_t usual_free_bytes = 512 * 1024 * 1024;
constexpr std::int64_t usual_part = 10;
constexpr auto between_measures = std::chrono::milliseconds(100);
// A message takes its bytes in the log and in the file, and as much again for its rows as this.
constexpr std::int64_t times_written = 2, bytes_per_row = 512;
// Measured again when what was published since may have taken this part of the room there was.
constexpr std::int64_t part_of_room = 4;

}  // namespace

std::optional<Error> BrokerState::disk_is_short() {
    if (disk.measured && now() - *disk.measured < between_measures && disk.promised <= disk.room / part_of_room) return disk.refusal;
    disk.measured = now();
    disk.refusal.reset();
    disk.promised = times_written * static_cast<std::int64_t>(committer.pending_bytes());
    const storage::DiskSpace space = parts.engine->disk_space();
    disk.room = std::numeric_limits<std::int64_t>::max();
    if (!space.free_bytes) return disk.refusal;
    const std::int64_t keep = limits.disk_free_bytes.value_or(std::min(usual_free_bytes, space.bytes.value_or(0) / usual_part));
    // Pages that deleted messages have left are filled again before the file grows. A disk that others fill is short all the same.
    disk.room = std::min(*space.free_bytes + space.own_free_bytes - keep, *space.free_bytes - keep / 4);
    if (disk.room - disk.promised < 0)
        disk.refusal = Error{Errc::store_full, fmt::format("the store's disk has {} bytes free and keeps {} (limits.disk_free_bytes): "
                                                           "nothing is published until there is space",
                                                           *space.free_bytes, keep)};
    return disk.refusal;
}

std::optional<Error> BrokerState::memory_is_short() {
    if (!limits.memory_bytes || !parts.memory_used) return std::nullopt;
    if (memory.measured && now() - *memory.measured < between_measures) return memory.refusal;
    memory.measured = now();
    memory.refusal.reset();
    if (const std::int64_t used = parts.memory_used(); used > *limits.memory_bytes)
        memory.refusal =
            Error{Errc::memory_short, fmt::format("the process holds {} bytes of memory and may hold {} (limits.memory_bytes): "
                                                  "nothing is published until it holds less",
                                                  used, *limits.memory_bytes)};
    return memory.refusal;
}

std::optional<Error> BrokerState::publishing_stopped() {
    auto why = memory_is_short();
    return why ? why : disk_is_short();
}

void BrokerState::promise_disk(std::size_t rows, std::size_t bytes) {
    disk.promised += times_written * static_cast<std::int64_t>(bytes) + bytes_per_row * static_cast<std::int64_t>(rows);
}

}  // namespace rowmq
