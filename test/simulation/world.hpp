#pragma once
// One broker under a clock that moves when told to, on one thread: does operations and says what came of them.
// Threads: none. Owner: the simulation. A call that neither ends nor waits throws Stuck.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>

#include "base/limits.hpp"
#include "base/manual_clock.hpp"
#include "base/random.hpp"
#include "rowmq/broker.hpp"
#include "storage/engine.hpp"
#include "test/simulation/operation.hpp"

namespace rowmq::simulation {

struct Stuck : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a broker runs on.
struct Store {
    std::string name;
    /// Makes an engine on the same content as the one before.
    std::function<std::unique_ptr<storage::Engine>(boost::asio::any_io_executor)> make;
    /// From now on `make` uses a copy of the content as it is: what a process that ends here leaves behind.
    std::function<void()> kill;
};

class World {
public:
    /// `late`: commits take a while (late_store.hpp).
    World(Store store, std::uint64_t seed, std::size_t sessions, Limits limits = {}, bool late = false);
    ~World();

    const std::string& name() const noexcept { return store_.name; }
    Broker& broker() { return *broker_; }
    ManualClock& clock() { return *clock_; }
    WallTime now() { return clock_->wall(); }

    void declare(const std::string& queue, const QueueOptions& options);
    void declare_fanout(const std::string& exchange, const std::vector<std::string>& queues);

    Observation perform(const Operation& operation);
    /// Of all brokers so far: messages delivered while their commit was under way, and those that were never stored.
    struct EarlyFigures {
        std::uint64_t delivered = 0, never_stored = 0;
    };
    EarlyFigures early() const;
    /// What the engine's own check complains of.
    std::vector<std::string> problems();

    /// Runs until `work` has ended.
    template <typename T>
    T run(boost::asio::awaitable<T> work);

private:
    struct Waiter;

    void start();
    void stop();
    void settle_down();
    void advance(milliseconds by);
    void publish(const Operation& operation, Observation& seen);
    boost::asio::awaitable<Result<Receipt>> publish_early(std::vector<Publish> messages, std::size_t session, std::size_t turns);
    boost::asio::awaitable<bool> take(std::shared_ptr<Waiter> waiter, NextRequest next, std::optional<Verdict> at_once);
    void redrive(const Operation& operation, Observation& seen);
    Contents look(const std::string& queue);
    void wait(const Operation& operation);
    void collect(Observation& seen);

    const Store store_;
    const Limits limits_;
    const bool late_;
    const std::uint64_t seed_;
    EarlyFigures early_;
    std::set<MessageId> acknowledged_;  ///< that the broker may confirm for it
    boost::asio::io_context context_{1};
    std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
    std::shared_ptr<SeededRandom> random_;
    std::vector<std::string> queues_;
    std::map<std::string, QueueCounts> counts_;  ///< after the operation before
    std::unique_ptr<Broker> broker_;
    storage::Engine* engine_ = nullptr;
    std::vector<Session> sessions_;
    std::vector<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace rowmq::simulation
