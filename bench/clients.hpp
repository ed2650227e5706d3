#pragma once
// The programs that use the broker in the benchmarks: publishers with one batch outstanding each, and consumers that
// receive and settle in batches; every publish and every settlement is awaited until its commit is on disk.

#include <cstdint>
#include <string>
#include <vector>

#include "bed.hpp"
#include "measure.hpp"

namespace rowmq::bench {

struct Load {
    std::size_t queues = 1;
    std::size_t publishers = 8;  ///< each with one publish() outstanding
    std::size_t batch = 256;     ///< messages of one publish()
    std::size_t consumers = 8;   ///< subscriptions in all; at least one a queue
    std::size_t max = 256;       ///< of one next()
};

std::string queue_name(std::size_t index);

/// Declares "q0" and so on, several at a time.
void declare_queues(Bed& bed, std::size_t queues, QueueOptions options = {});

/// Counters the clients raise as commits are confirmed.
struct Progress {
    std::uint64_t published = 0, done = 0;
};

/// Messages of one size for the queues in turn; the body is made once.
class Feed final {
public:
    Feed(std::size_t bytes, std::size_t queues) : body_(std::string(bytes, 'x')), queues_(queues) {}
    std::vector<Publish> take(std::size_t count);

private:
    Message body_;
    std::size_t queues_;
    std::size_t next_ = 0;
};

struct Rate {
    double per_second = 0;  ///< messages done (of a publishing run: published)
    double batch = 0;       ///< messages a commit, mean
    double broker_us = 0;   ///< processor time a message: the broker's thread with the clients in it,
    double storage_us = 0;  ///< and the storage threads
};

/// Publishes and consumes for `seconds`, then lets everything in flight end.
Rate run_flow(Bed& bed, Load load, Feed& feed, double seconds);
/// Publishes for `seconds`, or until `count` messages are published (0: no bound).
Rate run_publish(Bed& bed, Load load, Feed& feed, double seconds, std::uint64_t count = 0);
/// Consumes `count` messages.
Rate run_consume(Bed& bed, Load load, std::uint64_t count);

}  // namespace rowmq::bench
