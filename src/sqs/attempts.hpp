#pragma once
// What receives from FIFO queues gave, by their ReceiveRequestAttemptId: who repeats an attempt because its answer was lost gets the
// same messages with the same handles. A fact of memory, bounded; a restart forgets it, as it ends every lease.
// Threads: the broker's executor.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "rowmq/values.hpp"

namespace rowmq::sqs {

class Attempts final {
public:
    static constexpr std::chrono::minutes kept{5};
    static constexpr std::size_t most = 1'000;                  ///< attempts; beyond it the oldest is forgotten
    static constexpr std::size_t most_bytes = 8 * 1024 * 1024;  ///< of bodies, likewise

    struct Given {
        std::vector<Delivery> deliveries;
        std::uint32_t second = 0;  ///< of their handles
    };
    /// Remembers what the attempt `id` gave, which is hidden until `lease` from now.
    void add(QueueId queue, const std::string& id, Given given, std::chrono::milliseconds lease, MonotonicTime now);
    /// What the attempt gave; null when it is not known, is older than five minutes, or its messages may be visible again. Valid until
    /// the next call.
    const Given* find(QueueId queue, const std::string& id, MonotonicTime now);
    /// The attempt was repeated: its messages are hidden anew.
    void extend(QueueId queue, const std::string& id, std::chrono::milliseconds lease, MonotonicTime now);

    void forget(const Lease& lease);  ///< its message was deleted or its visibility changed
    void forget(QueueId queue, const std::string& id) { erase({queue, id}); }
    void forget(QueueId queue);

private:
    using Key = std::pair<QueueId, std::string>;
    struct Attempt {
        Given given;
        std::size_t bytes = 0;
        MonotonicTime made{}, hidden_until{};
    };
    void erase(Key key);

    std::map<Key, Attempt> attempts_;
    std::map<Lease, Key> by_lease_;
    std::deque<std::pair<MonotonicTime, Key>> order_;  ///< may name attempts that are gone
    std::size_t bytes_ = 0;
};

}  // namespace rowmq::sqs
