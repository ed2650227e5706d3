#pragma once
// What queue.bind and exchange.bind say, as a binding, and back.

#include <string>

#include "rowmq/broker.hpp"
#include "rowmq/look.hpp"

namespace rowmq::amqp {

/// Where it leads is left to the caller.
Binding binding_of(const Broker& broker, const std::string& vhost, const std::string& exchange, const std::string& key,
                   const HeaderTable& arguments);
HeaderTable arguments_of(const BindingView& binding);
/// As the client said it.
std::string key_of(const BindingView& binding);

}  // namespace rowmq::amqp
