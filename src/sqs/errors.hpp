#pragma once
// What SQS can answer instead of a result: its codes in both protocols, and the broker's errors in its words.

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/access.hpp"
#include "rowmq/error.hpp"

namespace rowmq::sqs {

enum class Fault : std::uint8_t {
    access_denied,
    batch_entry_ids_not_distinct,
    batch_request_too_long,
    empty_batch_request,
    incomplete_signature,
    internal_failure,
    invalid_action,
    invalid_address,
    invalid_attribute_name,
    invalid_attribute_value,
    invalid_batch_entry_id,
    invalid_client_token,
    invalid_message_contents,
    invalid_parameter_value,
    malformed_request,
    message_not_inflight,
    missing_action,
    missing_authentication_token,
    missing_parameter,
    over_limit,
    purge_queue_in_progress,
    queue_deleted_recently,
    queue_does_not_exist,
    queue_name_exists,
    receipt_handle_is_invalid,
    request_throttled,
    resource_not_found,
    service_unavailable,
    signature_does_not_match,
    too_many_entries_in_batch_request,
    unsupported_operation,
};

/// How a fault is written.
struct Code {
    std::string_view json;  ///< the shape's name, behind "com.amazonaws.sqs#"
    std::string_view query;
    unsigned status;     ///< of HTTP
    bool sender = true;  ///< the client's fault, not ours
};
Code code_of(Fault fault) noexcept;

struct Refusal {
    Fault fault;
    std::string text;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// A broker's error in SQS's words.
Refusal refusal_of(const Error& error);
Fault fault_of(Errc code) noexcept;
Refusal refusal_of(const aws::Denial& denial);

[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
    throw std::runtime_error(refusal.text);
}

template <typename T>
using Answer = boost::system::result<T, Refusal>;

// Refusals that several actions give.
Refusal no_such_queue();
Refusal missing(std::string_view parameter);
/// "Value V for parameter P is invalid. Reason: R"
Refusal invalid_value(std::string_view value, std::string_view parameter, std::string_view reason);
Refusal invalid_parameter(std::string_view reason);  ///< "One or more parameters are invalid. Reason: R"

}  // namespace rowmq::sqs
