#pragma once
// Queue attributes <-> QueueOptions. What RowMQ has no option for is kept in QueueOptions::attributes as "sqs.NAME".

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/broker.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

/// What a queue made through SQS has before its attributes are applied.
QueueOptions default_options(std::string_view queue_name);

/// The queue of that name, when there is one.
using FindQueue = std::function<std::optional<QueueInfo>(std::string_view name)>;

struct AttributeScope {
    const Settings& settings;
    const FindQueue& find;  ///< a dead-letter target must exist
    bool creating = false;  ///< FifoQueue may be named only then
};

/// `options` with `attributes` applied. Errors: unknown names, values out of range, FIFO attributes of a standard queue,
/// a dead-letter target that is not there or of the other kind.
Answer<QueueOptions> with_attributes(QueueOptions options, const Map<std::string>& attributes, const AttributeScope& scope);

/// The value of one attribute; none where the queue has none. Only for known names.
std::optional<std::string> attribute_of(const QueueInfo& queue, std::string_view name, const Settings& settings);
bool is_known_attribute(std::string_view name) noexcept;

/// Those named ("All": every one the queue has). Errors: invalid_attribute_name.
Answer<Map<std::string>> attributes_of(const QueueInfo& queue, const Texts& names, const Settings& settings);

}  // namespace rowmq::sqs
