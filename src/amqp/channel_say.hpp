#pragma once
// What a channel says goes through its connection. Internal to the channel and its verbs.

#include "amqp/channel.hpp"
#include "amqp/connection.hpp"

namespace rowmq::amqp {

template <typename Method>
void Channel::say(const Method& method) {
    if (!stopped_) connection_.say(number_, method);
}

}  // namespace rowmq::amqp
