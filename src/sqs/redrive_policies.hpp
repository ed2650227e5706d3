#pragma once
// RedrivePolicy (where a queue's dead letters go) and RedriveAllowPolicy (which queues may send theirs here).
// Values. Errors: what is wrong with a policy, in AWS's words.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/values.hpp"
#include "sqs/errors.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

/// The queue of that name, when there is one.
using FindQueue = std::function<std::optional<QueueInfo>(std::string_view name)>;

/// Applies a RedrivePolicy to the options of the queue `source`; an empty one clears it. The target must be there, be of the same
/// kind and allow `source`.
std::optional<Refusal> set_redrive_policy(QueueOptions& options, std::string_view policy, std::string_view source, const Settings& settings,
                                          const FindQueue& find);
/// The policy as text; none where the queue has no dead-letter queue that SQS can name.
std::optional<std::string> redrive_policy_of(const QueueOptions& options, const Settings& settings);

/// What is wrong with the text of a RedriveAllowPolicy.
std::optional<Refusal> check_redrive_allow_policy(std::string_view policy);
/// May `source` name `target` as its dead-letter queue?
bool allows_dead_letters_of(const QueueOptions& target, std::string_view source, const Settings& settings);

}  // namespace rowmq::sqs
