#pragma once
// What SQS demands of messages and their attributes.

#include <string_view>

#include "sqs/errors.hpp"

namespace rowmq::sqs {

/// "String", "Number" or "Binary", alone or followed by ".something".
bool is_data_type(std::string_view type) noexcept;
/// 1 to 256 letters, digits, hyphens, underscores and dots; no dot at an end or beside another; not AWS. or Amazon.
bool is_attribute_name(std::string_view name) noexcept;

/// Why a FIFO queue does not take a message without an id to tell duplicates by.
Refusal no_deduplication_id();

}  // namespace rowmq::sqs
