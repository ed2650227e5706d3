#pragma once
// Decides what happens next, from a seed: which queues there are, and one operation after the other. Each seed draws its own
// mix (swarm testing: Groce et al., ISSTA 2012), so that rare pairs of operations meet in some of them.

#include <deque>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "test/simulation/model.hpp"
#include "test/simulation/operation.hpp"

namespace rowmq::simulation {

struct QueuePlan {
    std::string name;
    QueueOptions options;
};

class Chooser {
public:
    static constexpr std::size_t sessions = 3;

    explicit Chooser(std::uint64_t seed);
    /// Whether messages are delivered early: on half of the seeds.
    static bool is_early(std::uint64_t seed) { return seed / 2 % 2 == 1; }

    const std::vector<QueuePlan>& queues() const noexcept { return queues_; }
    static std::string fanout() { return "fan"; }
    std::vector<std::string> fanout_queues() const { return {"standard", "retry", "priority", "stale"}; }

    Operation next(const Model& model);
    /// What was given, so that later operations can name it.
    void learn(const Observation& seen);

private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_.next() % bound); }
    bool chance(std::size_t in) { return below(in) == 0; }
    template <typename T>
    const T& one_of(const std::vector<T>& all) {
        return all[below(all.size())];
    }

    const QueuePlan& some_queue() { return one_of(queues_); }
    Publish some_publish();
    Settlement some_settlement();
    Lease some_lease();
    SubscriptionOptions some_subscription();
    milliseconds some_time();

    SeededRandom random_;
    std::vector<QueuePlan> queues_;
    std::vector<std::size_t> weights_;  ///< by Action
    std::deque<Lease> leases_;          ///< newest last; live and stale
    std::size_t bodies_ = 0;
    std::size_t waits_ = 0;
    bool early_ = false;
};

}  // namespace rowmq::simulation
