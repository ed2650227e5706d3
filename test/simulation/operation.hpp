#pragma once
// One step of a simulation and what came of it, as values: decided once, done on several brokers, compared, and given to the
// model. Printing them is the trace.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rowmq/broker.hpp"

namespace rowmq::simulation {

enum class Action : std::uint8_t {
    publish,
    receive,
    wait,
    settle,
    extend,
    commit,
    advance,
    purge,
    redrive,
    peek,
    cancel_delayed,
    close_session,
    restart,
};
std::string_view name_of(Action action) noexcept;

struct Operation {
    Action action{};
    std::size_t session = 0;
    std::string queue;                    ///< receive, wait, purge, redrive, peek, cancel_delayed
    std::vector<Publish> publishes;       ///< publish, commit
    bool atomic = false;                  ///< publish
    bool early = false;                   ///< publish: may be delivered while its commit is under way
    std::optional<Verdict> at_once{};     ///< wait: what who waits says of each message as soon as it has it
    bool together = false;                ///< publish: each from its own coroutine, at once
    std::vector<Settlement> settlements;  ///< settle, commit
    std::vector<Lease> leases;            ///< extend
    milliseconds by{0};                   ///< extend, advance
    NextRequest next{};                   ///< receive, wait
    SubscriptionOptions subscription{};   ///< receive, wait
    Broker::PurgeScope scope{};
    std::optional<std::string> destination;  ///< redrive
    MessageId message{};                     ///< cancel_delayed
    bool graceful = true;                    ///< restart: closed before, or just gone
};

/// What a wait that ended brought.
struct Woken {
    std::size_t session = 0;
    std::string queue;
    SubscriptionOptions subscription{};
    NextRequest next{};
    WallTime began{}, at{};
    std::optional<Errc> error;
    std::vector<Delivery> deliveries;
    std::vector<Settlement> settlements;  ///< said at once
    std::vector<std::optional<Error>> settled;
};

/// What a queue holds, by peek.
struct Contents {
    std::vector<Delivery> present;  ///< ready and leased
    std::vector<Delivery> delayed;
};

struct Observation {
    std::optional<Error> error;
    std::vector<PublishResult> published;
    std::vector<std::optional<Error>> settled;  ///< settle, extend
    std::vector<Delivery> deliveries;
    std::int64_t count = 0;    ///< purge, redrive: how many
    std::vector<Woken> woken;  ///< in the order they ended
    std::size_t waiting = 0;   ///< waits still under way
    std::map<std::string, QueueCounts> counts;
    std::map<std::string, Contents> contents;  ///< after a peek
    WallTime now{};                            ///< afterwards
};

std::string describe(const Operation& operation);
/// With the counts of those queues only where they are not as `before`.
std::string describe(const Observation& observation, const std::map<std::string, QueueCounts>& before = {});

}  // namespace rowmq::simulation
