#include "sqs/message_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "sqs/instructions.hpp"
#include "sqs/mapping.hpp"

namespace rowmq::sqs {
namespace {

constexpr std::size_t max_attributes = 10;
constexpr std::size_t max_attribute_name = 256;
constexpr std::size_t max_type = 256;
constexpr std::int64_t max_delay_seconds = 900;

std::optional<Refusal> check_attribute(const std::string& name, const MessageAttribute& a) {
    const auto refuse = [](std::string text) { return Refusal{Fault::invalid_parameter_value, std::move(text)}; };
    if (name.empty() || name.size() > max_attribute_name)
        return refuse(
            fmt::format("The length of a message attribute name must be between 1 and 256; this one has {} characters.", name.size()));
    if (!is_attribute_name(name))
        return refuse(
            fmt::format("Invalid message attribute name '{}': it may contain letters, digits, hyphens, underscores and periods; it must "
                        "not start with AWS. or Amazon., start or end with a period, or have successive periods.",
                        name));
    if (!a.texts.empty() || !a.several_bytes.empty())
        return Refusal{Fault::unsupported_operation, "Message attribute list values in SendMessage operation are not supported."};
    if (!a.type || a.type->empty())
        return refuse(fmt::format("The message attribute '{}' must contain a non-empty message attribute type.", name));
    if (!is_data_type(*a.type) || a.type->size() > max_type)
        return refuse(
            fmt::format("The message attribute '{}' has an invalid message attribute type, the set of supported type prefixes is "
                        "Binary, Number, and String.",
                        name));
    const bool binary = a.type->starts_with("Binary");
    const Text& value = binary ? a.bytes : a.text;
    if ((binary ? a.text : a.bytes).has_value() || !value || value->empty())
        return refuse(fmt::format("Message (user) attribute '{}' must contain a non-empty value of type '{}'.", name, *a.type));
    if (!binary && !is_message_text(*value))
        return refuse(fmt::format("The message attribute '{}' contains characters that are not allowed.", name));
    if (a.type->starts_with("Number") && !is_number(*value))
        return refuse(fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
    return std::nullopt;
}

std::optional<Refusal> check_attributes(const Outgoing& m) {
    if (m.attributes.size() > max_attributes)
        return Refusal{Fault::invalid_parameter_value, fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].",
                                                                   m.attributes.size(), max_attributes)};
    for (const auto& [name, attribute] : m.attributes) {
        if (auto wrong = check_attribute(name, attribute)) return wrong;
        const auto same =
            std::count_if(m.attributes.begin(), m.attributes.end(), [&n = name](const auto& other) { return other.first == n; });
        if (same > 1) return Refusal{Fault::invalid_parameter_value, fmt::format("Message attribute '{}' is given more than once.", name)};
    }
    for (const auto& [name, attribute] : m.system_attributes) {
        if (name != "AWSTraceHeader")
            return Refusal{Fault::invalid_parameter_value, fmt::format("Message system attribute name '{}' is invalid.", name)};
        if (attribute.type != "String" || !attribute.text || !is_message_text(*attribute.text))
            return Refusal{Fault::invalid_parameter_value, "The message system attribute 'AWSTraceHeader' must be a String."};
    }
    return std::nullopt;
}

std::optional<Refusal> check_fifo(const Outgoing& m, const QueueInfo& queue) {
    constexpr std::string_view wrong_type = "The request include parameter that is not valid for this queue type";
    constexpr std::string_view characters = "{} can only include alphanumeric and punctuation characters. 1 to 128 in length.";
    const bool fifo = queue.options.kind == QueueKind::fifo;
    if (m.group && !is_group_id(*m.group)) return invalid_value(*m.group, "MessageGroupId", fmt::format(characters, "MessageGroupId"));
    if (m.deduplication_id && !is_group_id(*m.deduplication_id))
        return invalid_value(*m.deduplication_id, "MessageDeduplicationId", fmt::format(characters, "MessageDeduplicationId"));
    if (!fifo) {
        if (m.deduplication_id) return invalid_value(*m.deduplication_id, "MessageDeduplicationId", wrong_type);
        return std::nullopt;
    }
    if (!m.group) return missing("MessageGroupId");
    if (m.delay_seconds && *m.delay_seconds != 0)
        return invalid_value(std::to_string(*m.delay_seconds), "DelaySeconds", fmt::format("{}.", wrong_type));
    if (!m.deduplication_id && !queue.options.deduplication.content_based) return no_deduplication_id();
    return std::nullopt;
}

std::optional<Refusal> check_instructions(const Outgoing& m, const QueueInfo& queue) {
    const auto instructions = instructions_of(m.attributes, queue.options.kind);
    if (!instructions) return instructions.error();
    if (instructions->base64 && !base64_decode(*m.body))
        return Refusal{Fault::invalid_parameter_value,
                       fmt::format("The message attribute '{}' is base64, the body is not.", body_encoding)};
    return std::nullopt;
}

}  // namespace

Refusal no_deduplication_id() {
    return {Fault::invalid_parameter_value,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"};
}

std::size_t size_of(const Outgoing& message) noexcept {
    std::size_t bytes = message.body ? message.body->size() : 0;
    for (const auto& [name, a] : message.attributes)
        bytes += name.size() + (a.type ? a.type->size() : 0) + (a.text ? a.text->size() : 0) + (a.bytes ? a.bytes->size() : 0);
    return bytes;
}

std::optional<Refusal> check(const Outgoing& message, const QueueInfo& queue) {
    if (!message.body || message.body->empty()) return missing("MessageBody");
    if (!is_message_text(*message.body))
        return Refusal{Fault::invalid_message_contents,
                       "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
                       "#x10000 to #x10FFFF"};
    if (const auto delay = message.delay_seconds; delay && (*delay < 0 || *delay > max_delay_seconds))
        return invalid_value(std::to_string(*delay), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.");
    if (auto wrong = check_attributes(message)) return wrong;
    if (std::cmp_greater(size_of(message), queue.options.max_message_bytes))
        return invalid_parameter(fmt::format("Message must be shorter than {} bytes.", queue.options.max_message_bytes));
    if (auto wrong = check_instructions(message, queue)) return wrong;
    return check_fifo(message, queue);
}

bool is_system_attribute(std::string_view name) noexcept {
    for (const std::string_view known :
         {"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber",
          "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn"})
        if (name == known) return true;
    return false;
}

}  // namespace rowmq::sqs
