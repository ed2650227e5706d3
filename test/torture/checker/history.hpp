#pragma once
// The ledger by message: when each was sent, confirmed and deleted, and its operations in order.
// Threads: one. Owner: whoever made it; the ledger outlives it.

#include <limits>
#include <span>

#include "test/torture/checker/ledger.hpp"

namespace rowmq::torture {

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t ms = 1'000'000;  ///< in nanoseconds

struct Interval {
    std::int64_t from = 0, to = 0;
    std::uint32_t line = 0;
};

/// Times are `never` where it did not happen.
struct Message {
    std::int64_t sent = never;          ///< the first attempt that was not refused was invoked
    std::int64_t confirmed = never;     ///< the first confirmation came
    std::int64_t delete_asked = never;  ///< the first deletion that was not refused was invoked
    std::int64_t deleted = never;       ///< the first deletion by the newest handle was confirmed
    std::uint32_t queue = none, group = none, client = none;
    std::uint32_t first_line = none;  ///< of its sends
    bool refused = false;             ///< every attempt was
    bool is_confirmed() const { return confirmed != never; }
};

class History final {
public:
    explicit History(const Ledger& from);

    /// Line numbers of what concerns one message, in order of invocation.
    std::span<const std::uint32_t> lines_of(std::uint32_t message) const {
        return std::span(by_message_).subspan(starts_[message], starts_[message + 1] - starts_[message]);
    }
    const Operation& at(std::uint32_t line) const { return ledger.operations[line]; }
    /// Whether leases may have ended between two moments because the program did.
    bool was_down(std::int64_t from, std::int64_t to) const;
    /// How much of the time between two moments the machine stood still.
    std::int64_t stalled(std::int64_t from, std::int64_t to) const;
    /// Whether a purge of its queue, or of where it was dead-lettered, may have taken a message sent at `sent`, by the time `by`.
    bool was_purged(std::uint32_t queue, std::int64_t sent, std::int64_t by = never) const;
    /// The first moment at which a purge may have taken it, or never.
    std::int64_t purge_asked(std::uint32_t queue, std::int64_t sent) const;
    /// Whether a message of `from` may come out of `queue`.
    bool may_reach(std::uint32_t from, std::uint32_t queue) const;
    /// Whether the handle a deletion or an extension used was no longer the newest.
    bool is_stale(const Operation& op) const;
    /// The lines of these messages and the deaths of the program among them, in order.
    std::vector<std::uint32_t> witness(std::initializer_list<std::uint32_t> messages_of) const;

    const Ledger& ledger;
    std::vector<Message> messages;                             ///< by Operation::message
    std::vector<Interval> deaths;                              ///< kills and stops
    std::vector<Interval> stalls;                              ///< when the machine itself stood still
    std::vector<std::vector<Interval>> purges, lost_receives;  ///< by queue; receives whose answer nobody saw
    std::int64_t last_fault = 0, end = 0;
    bool quiet = false;  ///< it ends drained

private:
    void order();
    void learn(std::uint32_t line);
    void learn_deletions();

    std::vector<std::uint32_t> by_message_, starts_;
};

}  // namespace rowmq::torture
