#pragma once
// Puts a broker together from what it needs. Used by library/open.cpp and by tests; protocols never see it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "rowmq/broker.hpp"
#include "storage/engine.hpp"

namespace rowmq {

struct BrokerParts {
    boost::asio::any_io_executor executor;  ///< the strand
    std::shared_ptr<Clock> clock;
    std::shared_ptr<Random> random;
    std::unique_ptr<storage::Engine> engine;
    Limits limits{};
    std::function<std::int64_t()> memory_used{};        ///< bytes the process holds; asked for ten times a second where there is a limit
    bool strict_counting = false;                       ///< the default of queues that do not say
    std::function<void(const Error&)> on_store_failed;  ///< called once, on the strand
    std::function<void(const std::string&)> on_damage;  ///< for each sentence of what the store says of itself when it is opened
    std::function<void(const Clocks&)> on_clocks;       ///< called when they diverge or agree again, on the strand
};

/// Loads the engine and starts the broker's background work.
awaitable<Result<std::unique_ptr<Broker>>> make_broker(BrokerParts parts);

}  // namespace rowmq
