#pragma once
// What exchange.declare says, as options of an exchange, and back.

#include <optional>
#include <string_view>

#include "amqp/errors.hpp"
#include "amqp/messages.hpp"
#include "rowmq/options.hpp"

namespace rowmq::amqp {

/// Errors: command_invalid (a type that is not known), precondition_failed (an argument of a wrong type).
boost::system::result<ExchangeOptions, Refusal> options_of(const ExchangeDeclare& method, std::string_view vhost);

/// Why `method` does not describe the exchange that exists; none when it does. `what` is "exchange 'x' in vhost '/'".
std::optional<Refusal> difference(const ExchangeDeclare& method, const ExchangeOptions& existing, std::string_view what);

/// "direct", "x-delayed-message".
std::string_view type_of(const ExchangeOptions& options);
/// What it was declared with, as far as it says what the exchange is.
HeaderTable arguments_of(const ExchangeOptions& options);
bool is_durable(const ExchangeOptions& options);
bool is_auto_delete(const ExchangeOptions& options);
bool is_internal(const ExchangeOptions& options);
/// Of type x-delayed-message: what is published to it may say x-delay.
bool is_delaying(const ExchangeOptions& options);

}  // namespace rowmq::amqp
