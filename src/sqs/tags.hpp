#pragma once
// Limits of queue tags (Amazon SQS Developer Guide, "Quotas related to queues"). Values.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sqs/errors.hpp"
#include "sqs/messages.hpp"

namespace rowmq::sqs {

/// What is wrong with `added` to the tags of `queue`.
std::optional<Refusal> check_tags(const std::map<std::string, std::string>& there, const Map<std::string>& added, std::string_view queue);

}  // namespace rowmq::sqs
