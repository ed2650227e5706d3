#pragma once
// What AMQP's clients did since the program started, counted as RabbitMQ's global counters count it.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rowmq::amqp {

struct Traffic {
    std::uint64_t received = 0, received_with_confirm = 0, confirmed = 0;
    std::uint64_t routed = 0;  ///< one for each queue a message reached
    std::uint64_t unroutable_returned = 0, unroutable_dropped = 0;
    std::uint64_t delivered = 0, delivered_no_ack = 0, got = 0, got_no_ack = 0, got_nothing = 0;
    std::uint64_t redelivered = 0, acknowledged = 0;
    std::uint64_t queues_declared = 0, queues_created = 0, queues_deleted = 0;
    std::uint64_t channels_opened = 0, channels_closed = 0;
    std::uint64_t publishers = 0;  ///< open channels that have published

    void reached(std::size_t queues, bool returned) noexcept {
        routed += queues;
        if (queues == 0) ++(returned ? unroutable_returned : unroutable_dropped);
    }
};

/// A number under the name of RabbitMQ's Prometheus plugin.
struct NamedNumber {
    std::string_view name, help;
    enum class Labels : std::uint8_t { none, protocol, protocol_and_queue_type } labels = Labels::none;
    std::uint64_t value = 0;
};
std::vector<NamedNumber> named(const Traffic& traffic);

}  // namespace rowmq::amqp
