#pragma once
// Options of queues and exchanges: their JSON text (columns queues.options, exchanges.options), their ranges, their
// differences. Only what differs from the default is written.

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "rowmq/error.hpp"
#include "rowmq/options.hpp"

namespace rowmq {

std::string encode(const QueueOptions& options);
QueueOptions decode_queue_options(std::string_view json);
std::string encode(const ExchangeOptions& options);
ExchangeOptions decode_exchange_options(std::string_view json);

/// The first thing out of its range, named with the range.
std::optional<Error> check(const QueueOptions& options, const Limits& limits);
std::optional<Error> check_name(std::string_view what, std::string_view name, const Limits& limits);

/// The name of the first option that differs; empty when all are equal.
std::string first_difference(const QueueOptions& a, const QueueOptions& b);

}  // namespace rowmq
