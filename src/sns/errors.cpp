#include "sns/errors.hpp"

#include <fmt/format.h>

namespace rowmq::sns {

Code code_of(Fault fault) noexcept {
    switch (fault) {
        case Fault::authorization_error: return {"AuthorizationError", 403};
        case Fault::batch_entry_ids_not_distinct: return {"BatchEntryIdsNotDistinct", 400};
        case Fault::batch_request_too_long: return {"BatchRequestTooLong", 400};
        case Fault::empty_batch_request: return {"EmptyBatchRequest", 400};
        case Fault::filter_policy_limit_exceeded: return {"FilterPolicyLimitExceeded", 403};
        case Fault::internal_error: return {"InternalError", 500, false};
        case Fault::invalid_action: return {"InvalidAction", 400};
        case Fault::invalid_batch_entry_id: return {"InvalidBatchEntryId", 400};
        case Fault::invalid_parameter: return {"InvalidParameter", 400};
        case Fault::invalid_parameter_value: return {"ParameterValueInvalid", 400};
        case Fault::malformed_request: return {"MalformedInput", 400};
        case Fault::missing_action: return {"MissingAction", 400};
        case Fault::not_found: return {"NotFound", 404};
        case Fault::resource_not_found: return {"ResourceNotFound", 404};
        case Fault::service_unavailable: return {"ServiceUnavailable", 503, false};
        case Fault::subscription_limit_exceeded: return {"SubscriptionLimitExceeded", 403};
        case Fault::tag_limit_exceeded: return {"TagLimitExceeded", 400};
        case Fault::throttled: return {"Throttled", 429};
        case Fault::too_many_entries_in_batch_request: return {"TooManyEntriesInBatchRequest", 400};
        case Fault::topic_limit_exceeded: return {"TopicLimitExceeded", 403};
        case Fault::validation_error: return {"ValidationError", 400};
    }
    return {"InternalError", 500, false};
}

Fault fault_of(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument:
        case Errc::message_too_large:
        case Errc::no_such_namespace:
        case Errc::no_such_queue:
        case Errc::queue_deleted:
        case Errc::in_use:
        case Errc::already_exists: return Fault::invalid_parameter;
        case Errc::limit_exceeded: return Fault::subscription_limit_exceeded;
        case Errc::no_such_exchange:
        case Errc::no_such_binding:
        case Errc::no_such_message:
        case Errc::no_such_task: return Fault::not_found;
        case Errc::access_refused: return Fault::authorization_error;
        case Errc::queue_full:
        case Errc::too_many_leases: return Fault::throttled;
        case Errc::lease_gone:
        case Errc::transaction_failed: return Fault::internal_error;
        case Errc::store_full:
        case Errc::memory_short:
        case Errc::store_failed:
        case Errc::store_busy:
        case Errc::store_newer:
        case Errc::closed: return Fault::service_unavailable;
    }
    return Fault::internal_error;
}

Refusal refusal_of(const Error& error) {
    const Fault fault = fault_of(error.code);
    if (fault == Fault::not_found) return no_such_topic();
    if (fault == Fault::invalid_parameter) return invalid(error.text);
    return {fault, error.text};
}

Refusal no_such_topic() { return {Fault::not_found, "Topic does not exist"}; }
Refusal no_such_subscription() { return {Fault::not_found, "Subscription does not exist"}; }

Refusal invalid(std::string_view parameter, std::string_view reason) {
    if (reason.empty()) return {Fault::invalid_parameter, fmt::format("Invalid parameter: {}", parameter)};
    return {Fault::invalid_parameter, fmt::format("Invalid parameter: {} Reason: {}", parameter, reason)};
}

}  // namespace rowmq::sns
