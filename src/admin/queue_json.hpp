#pragma once
// Queues as JSON. Durations are integers named *_ms, absent limits are null.

#include <boost/json.hpp>

#include "rowmq/error.hpp"
#include "rowmq/values.hpp"

namespace rowmq::admin {

boost::json::object to_json(const QueueOptions& options);
boost::json::object to_json(const QueueCounts& counts);
boost::json::object to_json(const QueueInfo& queue);
boost::json::object to_json(const RedriveTask& task);
boost::json::object to_json(const BrokerHealth& health);

/// `base` with what `object` says changed. Errors: invalid_argument (unknown or ill-typed members).
Result<QueueOptions> read_queue_options(const boost::json::object& object, QueueOptions base = {});

}  // namespace rowmq::admin
