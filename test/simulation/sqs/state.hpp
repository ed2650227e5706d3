#pragma once
// What the reference keeps of queues and messages: values, no rules.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "test/simulation/sqs/plan.hpp"

namespace rowmq::sqs_simulation {

/// Between `first` and `last` it happens: clocks that jumped leave it open when exactly.
struct Span {
    Time first = 0, last = 0;
    bool operator==(const Span&) const = default;
};

struct Message {
    std::uint64_t number = 0;
    std::string id;  ///< as SQS calls it; empty: nobody was told yet
    std::string group;
    Span due, expires;
    bool leased = false;
    Time lease_ends = 0, given = 0;
    std::size_t handle = 0;           ///< the newest; 0: none
    int restarts = 0;                 ///< since it was given
    int least = 0, most = 0;          ///< receives
    int there = 0;                    ///< receives at most in the dead-letter queue, should it have come there
    bool passed = false;              ///< since it was given perhaps to somebody who heard no answer
    bool ahead = false;               ///< given to nobody, perhaps counted: a crash may leave one receive too many
    std::optional<std::size_t> from;  ///< dead-lettered from there, and not seen here yet
    bool loose = false;               ///< nobody knows when it came here
    void gone_from_source() {
        if (from) handle = 0;
        from.reset();
    }
    bool operator==(const Message&) const = default;
};

struct Remembered {
    Span until;
    std::string id;
    bool operator==(const Remembered&) const = default;
};

struct Queue {
    Time visibility = 0;
    std::vector<Message> messages;  ///< as they came
    std::map<std::string, Remembered> remembered;
    bool operator==(const Queue&) const = default;
};

using State = std::vector<Queue>;

}  // namespace rowmq::sqs_simulation
