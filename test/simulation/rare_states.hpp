#pragma once
// What a long simulation must have reached somewhere; else it does not test what it says.

#include <array>

namespace rowmq::simulation {

inline constexpr std::array rare_states = {
    "a commit holds",
    "a commit is refused",
    "a dead letter is received",
    "a duplicate is found",
    "a lease is gone",
    "a message is delivered early",
    "a message is never stored",
    "a message is redelivered",
    "a message with an expiry is received",
    "a name of before a restart is refused",
    "a name of before a restart settles",
    "a publish is refused",
    "a publish reaches several queues",
    "a receive gives several",
    "a restart ends leases",
    "a wait is closed",
    "a wait is woken",
    "a wait runs out",
    "cancel_delayed",
    "close_session",
    "extend",
    "purge",
    "redrive",
    "something has expired",
    "something was dead-lettered",
    "something was dropped for length",
    "something was purged",
    "something was redriven",
};

}  // namespace rowmq::simulation
