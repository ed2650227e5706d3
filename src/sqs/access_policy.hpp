#pragma once
// The Policy attribute: who else may use a queue. It is checked and kept, and AddPermission and RemovePermission edit it as AWS
// does; requests are not judged by it, because every access key is one of the owner's.
// Values. Errors: AWS's.

#include <optional>
#include <string>
#include <string_view>

#include "sqs/errors.hpp"
#include "sqs/messages.hpp"

namespace rowmq::sqs {

/// What is wrong with a policy: not an object of statements, each with an effect and a principal.
std::optional<Refusal> check_access_policy(std::string_view policy);

/// What AddPermission asks for.
struct Permission {
    std::string label;
    Texts accounts, actions;
};
/// `policy` (empty: none yet) of the queue `arn` with one statement more. Errors: missing_parameter, over_limit,
/// invalid_parameter_value (label, account, action; a label that is there).
Answer<std::string> with_permission(std::string_view policy, std::string_view arn, const Permission& permission);
/// Without the statement of that label; empty when none is left. Errors: invalid_parameter_value.
Answer<std::string> without_permission(std::string_view policy, std::string_view label);

}  // namespace rowmq::sqs
