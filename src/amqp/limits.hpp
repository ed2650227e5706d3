#pragma once
// Limits of virtual hosts and users, kept as parameters (RabbitMQ's runtime parameter vhost-limits, and its users' limits).
// Threads: the broker's executor. A limit is a number; one below 0 is none.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "amqp/errors.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::amqp {

enum class Limited : std::uint8_t { vhost, user };

/// Where they are kept: of a virtual host under the name "limits", of a user under its own name.
Parameter kept_limits(Limited of, const std::string& name, const boost::json::object& limits);
ParameterGone no_limits(Limited of, const std::string& name);
/// All that are set; empty: none.
boost::json::object limits_of(const Broker& broker, Limited of, const std::string& name);
/// What is wrong with them, in RabbitMQ's words.
std::optional<std::string> wrong_limits(Limited of, const boost::json::object& limits);

struct Opening {
    std::string vhost, user;
    std::size_t in_vhost = 0, of_user = 0;  ///< connections that are open already
};
std::optional<Refusal> refusal_of_connection(const Broker& broker, const Opening& opening);
/// `open`: the user's channels, of all its connections.
std::optional<Refusal> refusal_of_channel(const Broker& broker, const std::string& user, std::size_t open);
/// Of one queue more.
std::optional<Refusal> refusal_of_queue(const Broker& broker, const std::string& vhost, std::string_view queue);

}  // namespace rowmq::amqp
