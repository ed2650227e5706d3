#pragma once
// Arguments as they are kept with an exchange or a binding (attribute "amqp.arguments"): the bytes of field tables, one behind the other, in
// Base64. Nothing of what a client said is lost by that, nor which kinds of numbers those were.

#include <string>
#include <string_view>
#include <vector>

#include "rowmq/message.hpp"

namespace rowmq::amqp {

inline constexpr const char* arguments_attribute = "amqp.arguments";

std::string kept_tables(const std::vector<HeaderTable>& tables);
/// What was written by kept_tables; up to where it can be read.
std::vector<HeaderTable> tables_kept_in(std::string_view text);

/// By name, as RabbitMQ compares tables.
HeaderTable sorted(HeaderTable table);

}  // namespace rowmq::amqp
