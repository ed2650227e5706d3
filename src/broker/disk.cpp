// What the store leaves free on its disk.

#include <fmt/format.h>

#include "broker/state.hpp"

namespace rowmq {
namespace {

constexpr std::int64_t usual_free_bytes = 512 * 1024 * 1024;
constexpr std::int64_t usual_part = 10;
constexpr auto between_measures = std::chrono::milliseconds(100);

}  // namespace

std::optional<Error> BrokerState::disk_is_short() {
    if (disk_measured && now() - *disk_measured < between_measures) return disk_short;
    disk_measured = now();
    disk_short.reset();
    const StoreMetrics store = parts.engine->stats();
    if (!store.disk_free_bytes) return disk_short;
    const std::int64_t keep = limits.disk_free_bytes.value_or(std::min(usual_free_bytes, store.disk_bytes.value_or(0) / usual_part));
    // Pages that deleted messages have left are filled again before the file grows. A disk that others fill is short all the same.
    const std::int64_t own = store.free_pages.value_or(0) * store.page_bytes.value_or(0);
    if (*store.disk_free_bytes + own < keep || *store.disk_free_bytes < keep / 4)
        disk_short = Error{Errc::store_full, fmt::format("the store's disk has {} bytes free and keeps {} (limits.disk_free_bytes): "
                                                         "nothing is published until there is space",
                                                         *store.disk_free_bytes, keep)};
    return disk_short;
}

}  // namespace rowmq
