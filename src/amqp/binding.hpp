#pragma once
// What queue.bind and exchange.bind say, as a binding, and back.

#include <optional>
#include <string>
#include <vector>

#include "amqp/errors.hpp"
#include "rowmq/broker.hpp"
#include "rowmq/look.hpp"

namespace rowmq::amqp {

/// Where it leads is left to the caller.
Binding binding_of(const Broker& broker, const std::string& vhost, const std::string& exchange, const std::string& key,
                   const HeaderTable& arguments);
/// What RabbitMQ refuses: a key that is no weight, where the source is of type x-consistent-hash.
std::optional<Refusal> refusal_of(const Broker& broker, const std::string& vhost, const Binding& binding, const HeaderTable& arguments);
/// It is there, or RabbitMQ would make nothing of it: a second weight for the same destination is taken and ignored.
bool is_content_with(const Result<void>& bound);
/// Of one key there are as many bindings between the same two as there were tables of arguments, as in RabbitMQ; the broker has one, which
/// keeps them.
awaitable<Result<void>> bind_with(Broker& broker, std::string vhost, Binding binding, HeaderTable arguments);
bool is_bound(const Broker& broker, const std::string& vhost, const Binding& binding);
/// Errors: no_such_binding, also where there is one with other arguments.
awaitable<Result<void>> unbind_with(Broker& broker, std::string vhost, Binding binding, HeaderTable arguments);
/// One table for each, sorted by name.
std::vector<HeaderTable> arguments_of(const BindingView& binding);
/// As the client said it.
std::string key_of(const BindingView& binding);

}  // namespace rowmq::amqp
