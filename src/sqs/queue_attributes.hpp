#pragma once
// Queue attributes <-> QueueOptions. What RowMQ has no option for is kept in QueueOptions::attributes as "sqs.NAME".

#include <optional>
#include <string>
#include <string_view>

#include "rowmq/broker.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"
#include "sqs/names.hpp"
#include "sqs/redrive_policies.hpp"

namespace rowmq::sqs {

/// What a queue made through SQS has before its attributes are applied.
QueueOptions default_options(std::string_view queue_name);

struct AttributeScope {
    std::string_view queue;  ///< whose attributes they are
    const Settings& settings;
    const FindQueue& find;  ///< a dead-letter target must exist
    bool creating = false;  ///< FifoQueue may be named only then
};

/// `options` with `attributes` applied, those of SQS and our own. Errors: unknown names, values out of range or that contradict
/// each other, FIFO attributes of a standard queue, a dead-letter target that is not there, of the other kind, or does not allow it.
Answer<QueueOptions> with_attributes(QueueOptions options, const Map<std::string>& attributes, const AttributeScope& scope);

/// The value of one attribute; none where the queue has none. Only for known names.
std::optional<std::string> attribute_of(const QueueInfo& queue, std::string_view name, const Settings& settings);
bool is_known_attribute(std::string_view name) noexcept;

/// Those named ("All": every one of SQS that the queue has; "RowMQ.All": every one of ours). Errors: invalid_attribute_name.
Answer<Map<std::string>> attributes_of(const QueueInfo& queue, const Texts& names, const Settings& settings);

}  // namespace rowmq::sqs
