#include "sqs/errors.hpp"

#include <fmt/format.h>

namespace rowmq::sqs {

namespace {

constexpr std::size_t repeated_bytes = 1'024;  // of a value that is refused

Code denied(aws::Denial::Reason reason) noexcept {
    const aws::DenialCode code = aws::code_of(reason);
    return {code.json, code.query, code.status};
}

}  // namespace

Code code_of(Fault fault) noexcept {
    switch (fault) {
        case Fault::access_denied: return {"AccessDeniedException", "AccessDenied", 403};
        case Fault::batch_entry_ids_not_distinct:
            return {"BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400};
        case Fault::batch_request_too_long: return {"BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", 400};
        case Fault::empty_batch_request: return {"EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", 400};
        case Fault::incomplete_signature: return denied(aws::Denial::Reason::incomplete);
        case Fault::internal_failure: return {"InternalFailure", "InternalFailure", 500, false};
        case Fault::invalid_action: return {"UnknownOperationException", "InvalidAction", 400};
        case Fault::invalid_address: return {"InvalidAddress", "InvalidAddress", 404};
        case Fault::invalid_attribute_name: return {"InvalidAttributeName", "InvalidAttributeName", 400};
        case Fault::invalid_attribute_value: return {"InvalidAttributeValue", "InvalidAttributeValue", 400};
        case Fault::invalid_batch_entry_id: return {"InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", 400};
        case Fault::invalid_client_token: return denied(aws::Denial::Reason::unknown_key);
        case Fault::invalid_message_contents: return {"InvalidMessageContents", "InvalidMessageContents", 400};
        case Fault::invalid_parameter_value: return {"InvalidParameterValueException", "InvalidParameterValue", 400};
        case Fault::malformed_request: return {"SerializationException", "MalformedInput", 400};
        case Fault::message_not_inflight: return {"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", 400};
        case Fault::missing_action: return {"UnknownOperationException", "MissingAction", 400};
        case Fault::missing_authentication_token: return denied(aws::Denial::Reason::missing_token);
        case Fault::missing_parameter: return {"MissingRequiredParameterException", "MissingParameter", 400};
        case Fault::over_limit: return {"OverLimit", "OverLimit", 403};
        case Fault::purge_queue_in_progress: return {"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403};
        case Fault::queue_deleted_recently: return {"QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400};
        case Fault::queue_does_not_exist: return {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400};
        case Fault::queue_name_exists: return {"QueueNameExists", "QueueAlreadyExists", 400};
        case Fault::receipt_handle_is_invalid: return {"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 400};
        case Fault::request_throttled: return {"RequestThrottled", "RequestThrottled", 400};
        case Fault::resource_not_found: return {"ResourceNotFoundException", "ResourceNotFoundException", 404};
        case Fault::service_unavailable: return {"ServiceUnavailable", "ServiceUnavailable", 503, false};
        case Fault::signature_does_not_match: return denied(aws::Denial::Reason::does_not_match);
        case Fault::too_many_entries_in_batch_request:
            return {"TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400};
        case Fault::unsupported_operation: return {"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400};
    }
    return {"InternalFailure", "InternalFailure", 500, false};
}

Fault fault_of(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument: return Fault::invalid_parameter_value;
        case Errc::limit_exceeded: return Fault::over_limit;
        case Errc::message_too_large: return Fault::invalid_parameter_value;
        case Errc::no_such_namespace:
        case Errc::no_such_queue:
        case Errc::queue_deleted: return Fault::queue_does_not_exist;
        case Errc::no_such_exchange:
        case Errc::no_such_binding:
        case Errc::no_such_message: return Fault::invalid_parameter_value;
        case Errc::no_such_task: return Fault::resource_not_found;
        case Errc::already_exists: return Fault::queue_name_exists;
        case Errc::in_use: return Fault::unsupported_operation;
        case Errc::access_refused: return Fault::access_denied;
        case Errc::lease_gone: return Fault::receipt_handle_is_invalid;
        case Errc::too_many_leases: return Fault::over_limit;
        case Errc::queue_full: return Fault::request_throttled;
        case Errc::transaction_failed: return Fault::internal_failure;
        case Errc::store_full:
        case Errc::memory_short:
        case Errc::store_failed:
        case Errc::store_busy:
        case Errc::store_newer:
        case Errc::closed: return Fault::service_unavailable;
    }
    return Fault::internal_failure;
}

Refusal refusal_of(const Error& error) {
    const Fault fault = fault_of(error.code);
    if (fault == Fault::queue_does_not_exist) return no_such_queue();
    if (fault == Fault::invalid_parameter_value) return invalid_parameter(error.text);
    return {fault, error.text};
}

Refusal refusal_of(const aws::Denial& denial) {
    switch (denial.reason) {
        case aws::Denial::Reason::missing_token: return {Fault::missing_authentication_token, denial.text};
        case aws::Denial::Reason::incomplete: return {Fault::incomplete_signature, denial.text};
        case aws::Denial::Reason::unknown_key: return {Fault::invalid_client_token, denial.text};
        case aws::Denial::Reason::does_not_match: return {Fault::signature_does_not_match, denial.text};
    }
    return {Fault::signature_does_not_match, denial.text};
}

Refusal no_such_queue() { return {Fault::queue_does_not_exist, "The specified queue does not exist."}; }

Refusal missing(std::string_view parameter) {
    return {Fault::missing_parameter, fmt::format("The request must contain the parameter {}.", parameter)};
}

Refusal invalid_value(std::string_view value, std::string_view parameter, std::string_view reason) {
    // Whole characters of it: the answer must stay UTF-8.
    if (value.size() > repeated_bytes) {
        std::size_t end = repeated_bytes;
        while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;
        value = value.substr(0, end);
    }
    return {Fault::invalid_parameter_value, fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, parameter, reason)};
}

Refusal invalid_parameter(std::string_view reason) {
    return {Fault::invalid_parameter_value, fmt::format("One or more parameters are invalid. Reason: {}", reason)};
}

}  // namespace rowmq::sqs
