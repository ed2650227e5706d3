#pragma once
// Tables and properties of AMQP as JSON, as RabbitMQ's management shows them.

#include <boost/json.hpp>

#include "amqp/content.hpp"
#include "rowmq/error.hpp"
#include "rowmq/message.hpp"

namespace rowmq::management {

boost::json::object to_json(const HeaderTable& table);
/// Errors: invalid_argument (a null, as RabbitMQ; a number that is none of ours).
Result<HeaderTable> table_of(const boost::json::object& object);

/// An empty list when there are none (so RabbitMQ).
boost::json::value to_json(const amqp::BasicProperties& properties);
Result<amqp::BasicProperties> properties_of(const boost::json::object& object);

}  // namespace rowmq::management
