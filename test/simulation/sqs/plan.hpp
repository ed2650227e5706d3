#pragma once
// What one seed does, decided before anything runs: the queues, the machine and a list of steps. Nothing in it depends on what
// will be answered, so a part of the list is a run of its own: that is how a failing seed shrinks.

#include <cstdint>
#include <string>
#include <vector>

namespace rowmq::sqs_simulation {

using Time = std::int64_t;  ///< milliseconds on the virtual monotonic clock

struct QueuePlan {
    std::string name;
    bool fifo = false, content_based = false, per_group = false;
    Time visibility = 30'000, delay = 0, retention = 345'600'000;
    int receives = 0;            ///< before it goes to `dead`; 0: never
    std::size_t dead = 0;        ///< index of the dead-letter queue
    std::string strict;          ///< of RowMQ.StrictCounting; empty: not said
    bool counts_exactly = true;  ///< what that comes to
};

struct MachinePlan {
    bool small_memory = false;  ///< windows are forgotten and read again
    bool small_commits = false;
    bool strict_counting = true;  ///< of queues that do not say
    int page_size = 4096;
    std::size_t wal_bytes = 256 * 1024;
};

enum class Verb : std::uint8_t {
    // a client's
    send,
    receive,
    remove,
    change,
    purge,
    remake,  ///< deletes the queue and creates it anew
    alter,   ///< another VisibilityTimeout
    wrong,   ///< a request that must be refused
    counts,
    // the simulation's own
    look,
    advance,
    // faults
    jump,     ///< of the wall clock
    restart,  ///< in order
    kill,     ///< in the middle of the requests that follow
    cut,      ///< power, at a call that changes a file
    broken,   ///< a call fails, and so does the store
    full,     ///< no space for some calls
};
std::string_view name_of(Verb verb) noexcept;

struct Sent {
    std::uint64_t number = 0;  ///< of the message: its body says it
    std::string group, deduplication;
    int delay = -1;  ///< seconds; below 0: not said
    std::size_t padding = 0;
};

struct Step {
    Verb verb{};
    std::size_t queue = 0;
    bool together = false;  ///< with the step after it, at the same time
    std::vector<Sent> sent;
    std::vector<std::size_t> picks;  ///< of handles: so many before the newest of that queue
    int max = 1, visibility = -1, wait = 0;
    Time by = 0;             ///< advance, jump
    std::uint64_t call = 0;  ///< kill: after so many handlers; cut, broken, full: at the so manyth call
    int kind = 0;            ///< broken: which call; wrong: which mistake
    std::uint64_t salt = 0;  ///< for whatever is left to chance
};

struct Plan {
    std::uint64_t seed = 0;
    bool faults = false;
    MachinePlan machine;
    std::vector<QueuePlan> queues;
    std::vector<Step> steps;
};

Plan make_plan(std::uint64_t seed, std::size_t steps);
std::string body_of(const Sent& sent);
std::string describe(const Step& step, const Plan& plan);
std::string describe(const QueuePlan& queue);

}  // namespace rowmq::sqs_simulation
