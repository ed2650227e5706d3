#pragma once
// A queue as the broker knows it: what is stored about it, and (`live`) what is at hand while somebody uses it.
// A queue nobody uses costs a few hundred bytes.
// Threads: the strand.

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/event.hpp"
#include "broker/queue/entry.hpp"
#include "broker/queue/window.hpp"
#include "broker/timers.hpp"
#include "rowmq/options.hpp"
#include "rowmq/values.hpp"

namespace rowmq {

struct SessionState;
struct SubscriptionState;

/// Of an entry that was taken while its commit is under way.
struct Early {
    RowPlace place;
    std::shared_ptr<EarlyNews> news;  ///< of its publisher, or null
    enum class Then : std::uint8_t { stays, is_done, is_released, has_run_out, is_rejected, was_never_given } then = Then::stays;
    std::optional<milliseconds> delay;  ///< of its release

    explicit operator bool() const noexcept { return place.ticket != Ticket{}; }
    /// What stands behind it waits, so that it comes back to its place.
    bool comes_back() const noexcept { return then != Then::stays && then != Then::is_done; }
};

/// An entry that may be taken before its commit returns.
struct Coming {
    Entry entry;
    RowPlace place;
    std::shared_ptr<EarlyNews> news;
    bool transient = false;  ///< also for who takes no lease
};

/// An entry out of the window: being delivered, leased, or on its way out.
struct Held {
    enum class State : std::uint8_t {
        picked,  ///< taken by a receive that has not answered yet, or by the broker itself
        leased,
        settling,  ///< its end is in a batch
    };
    Entry entry;
    State state = State::picked;
    std::uint32_t number = 0;  ///< of the pick in this process; another than Lease::number
    bool recalled = false;     ///< picked: for a settlement by a name of before the restart
    SessionState* session = nullptr;
    SubscriptionState* subscription = nullptr;
    std::optional<MonotonicTime> deadline;
    Early early;  ///< while its commit is under way
};

/// A receive that waits for messages.
struct Waiter {
    Event event;
    SubscriptionState* subscription = nullptr;
    int priority = 0;
    std::size_t max = 1;
};

/// A deadline of one lease; stale when the lease is gone or its deadline moved.
struct Deadline {
    MonotonicTime when;
    Sequence sequence;
    std::uint32_t number;
    /// Those of one receive run out together: they come back in order.
    friend bool operator>(const Deadline& a, const Deadline& b) { return std::tie(a.when, a.sequence) > std::tie(b.when, b.sequence); }
};

struct Live {
    explicit Live(Timers& timers, std::function<void()> on_timer) : timer(timers, std::move(on_timer)) {}

    std::unique_ptr<Window> window;
    std::unordered_map<Sequence, Held> held;
    std::vector<Deadline> deadlines;  ///< a heap, the earliest first
    std::vector<SubscriptionState*> subscriptions;
    std::size_t asked = 0;       ///< by the latest next() of each of them, together
    std::list<Waiter*> waiters;  ///< by priority, then in order of arrival
    std::vector<Event*> load_waiters;
    std::unordered_set<Sequence> counted_ahead;       ///< their rows already count the first receive, which is still to come
    std::unordered_set<Sequence> removed_since_page;  ///< while a page is under way
    Timer timer;                                      ///< lease deadlines, sleeping groups, expiry
    bool loading = false;
    bool looks_for_expired = false;       ///< is read until there is something in the window, whoever waits
    std::optional<Error> load_failure;    ///< of the last page
    std::deque<Coming> coming;            ///< may be taken early; what is put after another that may not is not among them
    std::size_t early = 0;                ///< of `held`, those whose commit is under way
    std::size_t coming_back = 0;          ///< of these, those that come back to their places
    std::size_t early_subscriptions = 0;  ///< of `subscriptions`, those that take early what they can
    std::size_t early_unleased = 0;       ///< of these, those that take no leases: early only what is transient
    bool through_under_way = false;
    std::list<struct Queue*>::iterator place_in_use_order;
};

/// Ids taken together for the messages of one lane.
struct LaneIds {
    std::int64_t next = 1, last = 0;
};

struct Queue {
    QueueId id{};
    NamespaceId ns{};
    std::string name;
    std::shared_ptr<const QueueOptions> options;
    std::shared_ptr<const std::string> options_text;
    WallTime created_at{}, modified_at{};
    Sequence floor{}, delayed_floor{};
    Sequence head{};              ///< nothing ready stands below; 0: nothing is stored, 1: what is was stored before this process began
    Sequence through_at_start{};  ///< what was stored when this process began
    Sequence counted_at_start{};  ///< likewise of counters.counted_through
    storage::Counters counters;   ///< as committed
    std::int64_t pending_entries = 0, pending_delayed = 0, pending_bytes = 0;  ///< in batches under way
    std::uint32_t pending_conditional = 0;                                     ///< units of them that may be left out
    std::int64_t delivered = 0, redelivered = 0;
    Ticket counter_ticket{};  ///< the batch whose counters[counter_index] is this queue's
    std::uint32_t counter_index = 0;
    std::uint64_t routed = 0;  ///< the last route that reached it (Catalog::next_route)
    MonotonicTime last_used{};
    std::optional<WallTime> expiry_look{};  ///< when the first of what came while nobody used it expires
    bool deleted = false;
    bool purging = false;
    std::uint32_t emptying = 0;       ///< purges and a deletion of it whose commit has not returned: what they take may stay
    std::uint32_t early_stopped = 0;  ///< by purges, which wait until nothing is held early
    bool strict = false;              ///< counts are committed before delivery
    std::unique_ptr<Live> live;
    std::unique_ptr<std::map<std::uint8_t, LaneIds>> lane_ids;  ///< where there are priorities

    /// The first delivery of an entry is counted by raising counters.counted_through: entries go out in order here.
    bool counts_by_mark() const noexcept { return strict && !fifo() && options->max_priority == 0; }
    /// What an entry read from its row was received, as far as it was stored.
    void add_marked_count(storage::EntryRow& row) const noexcept {
        if (row.receives == 0 && row.key.sequence <= counted_at_start) row.receives = 1;
    }
    /// What expires goes somewhere, so it has to go in time.
    bool moves_expired() const noexcept { return options->dead_letter && options->dead_letter->expired; }
    bool fifo() const noexcept { return options->kind == QueueKind::fifo; }
    /// Entries stored: ready, leased, or held for a moment.
    std::int64_t stored() const noexcept {
        return counters.sent - counters.done - counters.dead_lettered - counters.expired - counters.purged - counters.overflowed -
               counters.redriven - counters.delayed;
    }
    std::int64_t held() const noexcept { return live ? static_cast<std::int64_t>(live->held.size() - live->early) : 0; }
    /// Ready, or so once their commits return.
    std::int64_t ready_soon() const noexcept {
        return stored() - held() + pending_entries - (live ? static_cast<std::int64_t>(live->early) : 0);
    }
};

}  // namespace rowmq
