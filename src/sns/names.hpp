#pragma once
// What a topic and a subscription are called: names and ARNs.

#include <optional>
#include <string>
#include <string_view>

#include "aws/place.hpp"

namespace rowmq::sns {

/// 1 to 255 letters, digits, hyphens, underscores, then perhaps ".fifo" (counted).
bool is_topic_name(std::string_view name) noexcept;
bool is_fifo_name(std::string_view name) noexcept;

std::string topic_arn(std::string_view topic, const aws::Place& place);
std::string subscription_arn(std::string_view topic, std::string_view id, const aws::Place& place);
/// "arn:aws:sqs:..."
std::string queue_arn(std::string_view queue, const aws::Place& place);

struct Arn {
    std::string_view service, region, account, resource;  ///< resource: all behind the account
};
/// The parts of "arn:partition:service:region:account:resource"; none when the text is no ARN.
std::optional<Arn> parse_arn(std::string_view text) noexcept;

/// None when the text is not the ARN of a topic of this account. The region is not compared.
std::optional<std::string> topic_of_arn(std::string_view arn, const aws::Place& place);
/// None when the text is not the ARN of a queue of this account.
std::optional<std::string> queue_of_arn(std::string_view arn, const aws::Place& place);

struct SubscriptionName {
    std::string topic, id;
};
std::optional<SubscriptionName> subscription_of_arn(std::string_view arn, const aws::Place& place);

}  // namespace rowmq::sns
