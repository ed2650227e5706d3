#pragma once
// SQS messages <-> rowmq::Message. Attributes are headers whose tag is the DataType; the trace header is SQS's own part.

#include <string>
#include <string_view>

#include "aws/message_attributes.hpp"
#include "aws/seal.hpp"
#include "rowmq/broker.hpp"
#include "sqs/digest.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

struct Caller;

using aws::is_message_text;

/// Body and attributes, as MaximumMessageSize counts them.
std::size_t size_of(const Outgoing& message) noexcept;

/// What is wrong with a message, whatever else is in its batch.
std::optional<Refusal> check(const Outgoing& message, const QueueInfo& queue);

/// To `queue`; `message` has passed check(). Its sender is the caller's access key (empty: anybody), and the caller's trace is its own
/// unless it brings one. Leaves `message` without its body and attributes.
Publish publish_of(Outgoing& message, const QueueInfo& queue, const Caller& caller);

/// 20 digits, growing.
std::string sequence_number(Sequence sequence);

/// What a receive asks to be told.
struct Selection {
    Texts system;   ///< names of system attributes; "All"
    Texts message;  ///< names, "prefix.*", ".*", "*", "All"
};
bool is_system_attribute(std::string_view name) noexcept;

struct Rendering {
    const Selection& selection;
    const Settings& settings;
    const aws::Seal& seal;
    Digests& digests;
    bool fifo = false;         ///< the queue is: its messages have sequence numbers
    std::uint32_t second = 0;  ///< when the messages were given, for their handles
};
ReceivedMessage received(const Delivery& delivery, const Rendering& as);

}  // namespace rowmq::sqs
