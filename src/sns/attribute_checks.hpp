#pragma once
// Whether a message attribute is one of SNS, in the words that AWS was seen to refuse with.

#include <optional>
#include <string>
#include <string_view>

#include "sns/errors.hpp"
#include "sns/messages.hpp"

namespace rowmq::sns {

/// That it says its type at all: a request without is no request of the API. `member`: of the request the message is, ending
/// with a dot; empty for the request itself. Errors: validation_error.
std::optional<Refusal> check_attribute_is_whole(const std::string& name, const MessageAttribute& attribute, std::string_view member);
/// Its name, type and value. Errors: invalid_parameter_value.
std::optional<Refusal> check_attribute(const std::string& name, const MessageAttribute& attribute);

}  // namespace rowmq::sns
