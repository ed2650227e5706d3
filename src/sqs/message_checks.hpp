#pragma once
// What SQS demands of messages and their attributes.

#include "aws/message_attributes.hpp"
#include "sqs/errors.hpp"

namespace rowmq::sqs {

using aws::is_attribute_name;
using aws::is_data_type;
using aws::is_number;

/// Why a FIFO queue does not take a message without an id to tell duplicates by.
Refusal no_deduplication_id();

}  // namespace rowmq::sqs
