#pragma once
// Message attributes that begin with "RowMQ.": what a sender asks of the broker beyond SQS. They are taken out of the message; who
// receives it does not see them. doc/decisions/2026-11-26-sqs-extensions.md says why they are message attributes.
// Values. Errors: invalid_parameter_value, which names the attribute and its range.

#include <cstdint>
#include <optional>
#include <string_view>

#include "aws/message_attributes.hpp"
#include "rowmq/values.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"

namespace rowmq::sqs {

inline constexpr std::string_view instruction_prefix = "RowMQ.";
/// Also given to receivers: the body is Base64 of bytes that SQS cannot carry.
using aws::body_encoding;

/// A hundred years: of delays and ages beyond those of SQS.
inline constexpr std::int64_t max_seconds = std::int64_t{100} * 366 * 86'400;

struct Instructions {
    std::optional<milliseconds> delay;     ///< RowMQ.DelaySeconds: of any length
    std::optional<WallTime> deliver_at;    ///< RowMQ.DeliverAt: milliseconds since 1970
    std::optional<milliseconds> ttl;       ///< RowMQ.ExpireSeconds
    std::optional<std::uint8_t> priority;  ///< RowMQ.Priority
    bool base64 = false;                   ///< RowMQ.BodyEncoding = base64
};

Answer<Instructions> instructions_of(const MessageAttributes& attributes, QueueKind kind);

}  // namespace rowmq::sqs
