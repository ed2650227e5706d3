#pragma once
// What a queue is called: its name, its URL, its ARN.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "aws/access.hpp"
#include "aws/message_attributes.hpp"
#include "sqs/errors.hpp"

namespace rowmq::sqs {

/// Where this service pretends to be.
struct Settings {
    std::string region = "us-east-1";
    std::string account = "000000000000";
    std::string host = "localhost:9324";          ///< in queue URLs, where a request names no Host
    std::chrono::milliseconds recreate_after{0};  ///< how long a deleted queue's name is refused; AWS: 60 s
    aws::Access access{};                         ///< who may call
};

/// May a queue of that name be created? 1 to 80 letters, digits, hyphens, underscores, then perhaps ".fifo" (counted).
bool is_queue_name(std::string_view name) noexcept;
bool is_fifo_name(std::string_view name) noexcept;

using aws::is_batch_id;
using aws::is_group_id;

std::string url_of(std::string_view queue, std::string_view origin, const Settings& settings);
/// The queue a URL, a path or a bare name means: its last segment. None when it names none, or another account.
std::optional<std::string> queue_of_url(std::string_view url, const Settings& settings);

std::string arn_of(std::string_view queue, const Settings& settings);
/// None when the text is not the ARN of an SQS queue of this account. The region is not compared.
std::optional<std::string> queue_of_arn(std::string_view arn, const Settings& settings);

}  // namespace rowmq::sqs
