#include "rowmq/open.hpp"

#include <malloc.h>

#include <chrono>
#include <random>

#include "base/process_memory.hpp"
#include "base/random.hpp"
#include "base/real_clock.hpp"
#include "broker/make.hpp"
#include "library/engines.hpp"

namespace rowmq {
namespace {

Limits limits_of(const OpenLimits& wanted) {
    Limits limits;
    limits.queues = wanted.queues.value_or(limits.queues);
    limits.message_bytes = wanted.message_bytes.value_or(limits.message_bytes);
    limits.write_bytes = wanted.write_bytes.value_or(limits.write_bytes);
    limits.window_entries = wanted.window_entries.value_or(limits.window_entries);
    limits.windows_entries = wanted.windows_entries.value_or(limits.windows_entries);
    limits.windows_bytes = wanted.windows_bytes.value_or(limits.windows_bytes);
    limits.leases_per_session = wanted.leases_per_session.value_or(limits.leases_per_session);
    limits.leases_per_queue = wanted.leases_per_queue.value_or(limits.leases_per_queue);
    limits.transaction_time = wanted.transaction_time.value_or(limits.transaction_time);
    limits.metrics_queues = wanted.metrics_queues.value_or(limits.metrics_queues);
    limits.disk_free_bytes = wanted.disk_free_bytes;
    limits.memory_bytes = wanted.memory_bytes;
    return limits;
}

/// What the process holds. Beyond the limit what the allocator has kept for later goes back first, at most once a second.
std::function<std::int64_t()> memory_watch(std::int64_t most) {
    return [most, trimmed = std::chrono::steady_clock::time_point()]() mutable {
        const std::int64_t held = held_memory();
        const auto now = std::chrono::steady_clock::now();
        if (held <= most || now - trimmed < std::chrono::seconds(1)) return held;
        trimmed = now;
        ::malloc_trim(0);
        return held_memory();
    };
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace

awaitable<Result<std::unique_ptr<Broker>>> open(boost::asio::any_io_executor executor, std::string url, OpenOptions options) {
    const auto address = library::parse_store_address(url);
    if (address.has_error()) co_return address.error();
    auto engine = library::make_engine(executor, *address, options);
    if (engine.has_error()) co_return std::move(engine).error();

    BrokerParts parts{.executor = executor,
                      .clock = std::make_shared<RealClock>(executor),
                      .random = std::make_shared<SeededRandom>(fresh_seed()),
                      .engine = std::move(*engine),
                      .limits = limits_of(options.limits),
                      .memory_used = memory_watch(options.limits.memory_bytes.value_or(0)),
                      .strict_counting = options.strict_counting,
                      .on_store_failed = std::move(options.on_store_failed),
                      .on_damage = std::move(options.on_damage),
                      .on_clocks = std::move(options.on_clocks)};
    auto made = co_await make_broker(std::move(parts));
    co_return made;
}

awaitable<Result<std::unique_ptr<Broker>>> open(boost::asio::any_io_executor executor, std::string url) {
    OpenOptions defaults;
    return open(std::move(executor), std::move(url), std::move(defaults));
}

}  // namespace rowmq
