#pragma once
// What a broker must do, from the words of rowmq/broker.hpp alone: plain maps, no storage, no tasks. It is told each
// operation and what was observed, says whether that was allowed, and moves on. Where the door leaves a choice (which moment
// a dead letter moves, whether a late release still holds) it takes over what was observed.
// Errors: throws Violation with the sentence of what was broken.

#include <list>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/simulation/operation.hpp"

namespace rowmq::simulation {

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Model {
public:
    explicit Model(WallTime now) : now_(now) {}

    void declare(const std::string& queue, const QueueOptions& options, bool strict_counting);
    void declare_fanout(const std::string& exchange, const std::vector<std::string>& queues);

    void apply(const Operation& operation, const Observation& seen);

    /// For who decides what to do next.
    struct Place {
        std::string queue;
        MessageId message{};
    };
    std::vector<Place> delayed() const;
    std::size_t held(const std::string& queue) const { return queues_.at(queue).copies.size(); }
    std::size_t ready(const std::string& queue) const;
    /// Whether the queue holds messages of which it is open if they are ready.
    bool uncertain(const std::string& queue) const;
    /// Whether all of its messages were dead-lettered into it.
    bool all_from_elsewhere(const std::string& queue) const;

private:
    enum class LeaseState : std::uint8_t { live, over, released, unclear };
    enum class How : std::uint8_t { released, expired, at_once };
    enum class Expected : std::uint8_t { success, refusal, either };

    /// That a queue owes a message.
    struct Copy {
        MessageId message{};
        std::string body;
        std::string group;
        std::uint8_t priority = 0;
        WallTime published{};
        std::int64_t order = 0;            ///< of arrival
        std::optional<Sequence> sequence;  ///< as far as it was seen
        enum class State : std::uint8_t { ready, delayed, leased } state = State::ready;
        WallTime due_first{}, due_last{};  ///< delayed: becomes ready between them
        WallTime ready_since{};
        bool in_place = false;       ///< delayed, but keeps its place (FIFO)
        bool forgettable = false;    ///< delayed by an expiry: a crash may end it
        std::optional<Lease> lease;  ///< the newest
        LeaseState lease_state = LeaseState::live;
        std::uint32_t restarts = 0;          ///< since it was leased
        std::optional<WallTime> lease_ends;  ///< none: with its session
        std::size_t session = 0;
        std::uint32_t receives_least = 0, receives_most = 0;
        bool was_received = false, may_be_redelivered = false;
        bool counted_ahead = false;  ///< published while somebody consumed: a restart may leave one receive too many
        std::optional<WallTime> expires_first, expires_last;
        enum class Fate : std::uint8_t { none, expires, dead_letters } fate = Fate::none;  ///< leaves when the broker likes
        bool at_once = false;                                                              ///< its fate is not a matter of time
        std::int64_t died = 0;                                                             ///< in which order it met its fate
        bool exhausted = false;                                                            ///< received as often as allowed
        std::string origin;                                                                ///< dead-lettered from
        std::optional<std::pair<std::uint32_t, std::uint32_t>> died_after;
    };
    using Copies = std::list<Copy>;
    struct Queue {
        QueueOptions options;
        bool strict = false;
        Copies copies;          ///< in order
        QueueCounts totals;     ///< its gauges are unused
        std::set<Lease> given;  ///< every lease ever
        std::map<std::pair<std::string, std::string>, std::pair<WallTime, MessageId>> remembered;
        Sequence highest{};
        std::int64_t ready_before = 0, came_back = 0;  ///< by the operation under way
        bool published_now = false;                    ///< by the operation under way
    };

    Queue& queue(const std::string& name);
    Queue* queue_of(const Lease& lease);

    void pass_time(WallTime until);
    void lease_over(Queue& q, Copy& copy, WallTime at, How how, std::optional<milliseconds> delay = std::nullopt);
    void put(const std::string& to, Copy copy, milliseconds delay);
    Copies::iterator dead_letter(const std::string& from, Copies::iterator at);
    std::string dead_letter_target(const Queue& q) const;
    bool may_be_granted(const Copy& copy) const;
    bool must_be_granted(const Copy& copy) const;

    std::vector<std::string> targets(const Publish& publish) const;
    std::optional<Errc> refusal(const Publish& publish) const;
    void publish(const std::vector<Publish>& publishes, const std::vector<PublishResult>& results);
    void publish(const Publish& publish, const PublishResult& result);

    void grant(const std::string& name, std::size_t session, const SubscriptionOptions& subscription, const NextRequest& next,
               const std::vector<Delivery>& deliveries, WallTime ready_before = WallTime::max());
    void grant(const std::string& name, std::size_t session, const SubscriptionOptions& subscription, const NextRequest& next,
               const Delivery& delivery, const std::set<std::string>& held);
    static bool fits(const Copy& copy, const Delivery& delivery);
    Copies::iterator find(const std::string& name, const Delivery& delivery);
    const Copy* left_behind(const Queue& q, WallTime ready_before = WallTime::max()) const;
    void woken(const Woken& woken);

    bool live(const Lease& lease);
    Copies::iterator named(Queue& q, const Lease& lease);
    Expected expectation(const Settlement& settlement);
    void settle(const Settlement& settlement, const std::optional<Error>& result);
    void settled(const Settlement& settlement);
    void extend(const Operation& operation, const Observation& seen);
    void commit(const Operation& operation, const Observation& seen);
    void publish_all_or_none(const Operation& operation, const Observation& seen);
    void purge(const Operation& operation, const Observation& seen);
    void redrive(const Operation& operation, const Observation& seen);
    void cancel(const Operation& operation, const Observation& seen);
    void end_session(std::size_t session);
    void restart();

    void take_over(const std::string& name, const QueueCounts& counts, const Contents* contents);
    void compare(const std::string& name, const QueueCounts& counts) const;
    void compare(const std::string& name, const Contents& contents) const;
    void check_waits(std::size_t waiting) const;

    std::map<std::string, Queue> queues_;
    std::map<std::string, std::vector<std::string>> fanouts_;
    std::map<QueueId, std::string> ids_;
    struct Wait {
        WallTime began{}, until{};
    };
    std::multimap<std::string, Wait> waits_;  ///< by queue
    bool sessions_ended_ = false;             ///< by the operation under way
    std::int64_t next_order_ = 1;
    std::set<MessageId> messages_;  ///< every id that was given
    WallTime now_;
    WallTime began_{};  ///< the operation under way
};

}  // namespace rowmq::simulation
