#pragma once
// What a channel says goes through its connection. Internal to the channel and its verbs.

#include "amqp/channel.hpp"
#include "amqp/connection.hpp"

namespace rowmq::amqp {

template <typename Method>
void Channel::say(const Method& method) {
    if (!stopped_) connection_.say(number_, method);
}

/// Names have no line ends: RabbitMQ takes them out.
inline void drop_line_ends(std::string& name) {
    std::erase_if(name, [](char c) { return c == '\r' || c == '\n'; });
}

}  // namespace rowmq::amqp
