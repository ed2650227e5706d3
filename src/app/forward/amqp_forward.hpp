#pragma once
// Moves the messages of queues from a broker of AMQP to another. A message is acknowledged at the source only when the target has
// confirmed it: whatever ends in between, it is there at one of them, perhaps at both.
// Blocks until it is done. Errors: those of AmqpLink.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/forward/amqp_address.hpp"
#include "app/progress.hpp"

namespace rowmq::app {

struct AmqpForward {
    AmqpAddress from, to;
    std::string ca_file;
    std::vector<std::string> queues;
    std::uint16_t prefetch = 256;
    std::int64_t max = 0;  ///< 0: all
    bool follow = false, silent = false;
};

struct Forwarded {
    std::int64_t messages = 0;     ///< confirmed by the target
    std::int64_t refused = 0;      ///< by the target: they are at the source
    std::int64_t unconfirmed = 0;  ///< of which an end kept the confirm: they are at the source and perhaps at the target
    std::optional<Error> error;
};

/// Until the source is empty, `max` are moved, or `interrupted`. A broker that goes is waited for: a minute, or with follow for ever.
Forwarded forward(const AmqpForward& what, const std::atomic<bool>& interrupted);

}  // namespace rowmq::app
