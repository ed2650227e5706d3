#pragma once
// Queue attributes that SQS lacks, as "RowMQ.NAME": whatever a queue's options hold beyond what AWS knows. No client meets them
// by accident: they are given back only when asked for by name or as "RowMQ.All", never for "All".
// Values. Errors: invalid_attribute_name, invalid_attribute_value, which name the attribute and its range.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/options.hpp"
#include "sqs/errors.hpp"

namespace rowmq::sqs {

bool is_own_attribute(std::string_view name) noexcept;
/// All of them, in name order.
std::vector<std::string_view> own_attributes();

/// Applies one. An empty value sets the default.
std::optional<Refusal> set_own_attribute(QueueOptions& options, std::string_view name, const std::string& value);
/// Its value; none where the option is not set.
std::optional<std::string> own_attribute_of(const QueueOptions& options, std::string_view name);

}  // namespace rowmq::sqs
