#pragma once
// What queue.declare says, as options of a queue, and back. What a client said is kept beside the options (attributes
// "amqp.NAME"), because declaring again is compared with it word for word.

#include <optional>
#include <string>
#include <string_view>

#include "amqp/errors.hpp"
#include "amqp/messages.hpp"
#include "rowmq/message.hpp"
#include "rowmq/options.hpp"
#include "rowmq/values.hpp"

namespace rowmq::amqp {

/// Errors: precondition_failed (an argument of a wrong type or value), not_implemented (streams).
boost::system::result<QueueOptions, Refusal> options_of(const QueueDeclare& method, std::string_view vhost, std::size_t message_bytes);

/// Why `method` does not describe the queue that exists, but for whose it is; none when it does. `what` is "queue 'q' in vhost '/'".
std::optional<Refusal> difference(const QueueDeclare& method, const QueueOptions& existing, std::string_view what);

bool is_durable(const QueueOptions& options);
bool is_auto_delete(const QueueOptions& options);
bool is_exclusive(const QueueOptions& options);
bool is_single_active(const QueueOptions& options);
/// Declared as one: both kinds are the same here.
bool is_quorum(const QueueOptions& options);
/// What it was declared with, by name ("x-max-length"), as far as it says what the queue is.
HeaderTable arguments_of(const QueueOptions& options);
/// What a client is told to be ready: without what is beyond the queue's length and about to be dropped.
std::uint32_t ready_in(const QueueInfo& queue);
/// Whether its deliveries say x-delivery-count: a queue declared as quorum, or with a limit of deliveries.
bool tells_counts(const QueueOptions& options);

}  // namespace rowmq::amqp
