#pragma once
// Properties as the JSON text of the column messages.properties: only what is set, names as in rowmq::Properties.

#include <string>
#include <string_view>

#include "rowmq/message.hpp"

namespace rowmq {

/// Empty when everything has its default.
std::string encode(const Properties& properties);
/// Throws Failure when the text is not what encode() writes.
Properties decode_properties(std::string_view json);

}  // namespace rowmq
