#pragma once
// What SNS can answer instead of a result: its codes, and the broker's errors in its words.

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::sns {

enum class Fault : std::uint8_t {
    authorization_error,
    batch_entry_ids_not_distinct,
    batch_request_too_long,
    empty_batch_request,
    filter_policy_limit_exceeded,
    internal_error,
    invalid_action,
    invalid_batch_entry_id,
    invalid_parameter,
    invalid_parameter_value,
    malformed_request,
    missing_action,
    not_found,
    resource_not_found,
    service_unavailable,
    subscription_limit_exceeded,
    tag_limit_exceeded,
    throttled,
    too_many_entries_in_batch_request,
    topic_limit_exceeded,
    validation_error,
};

/// How a fault is written.
struct Code {
    std::string_view name;
    unsigned status;     ///< of HTTP
    bool sender = true;  ///< the client's fault, not ours
};
Code code_of(Fault fault) noexcept;

struct Refusal {
    Fault fault;
    std::string text;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// A broker's error in SNS's words.
Refusal refusal_of(const Error& error);
Fault fault_of(Errc code) noexcept;

[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
    throw std::runtime_error(refusal.text);
}

template <typename T>
using Answer = boost::system::result<T, Refusal>;

// Refusals that several actions give.
Refusal no_such_topic();
Refusal no_such_subscription();
/// "Invalid parameter: P Reason: R"; without a reason "Invalid parameter: P".
Refusal invalid(std::string_view parameter, std::string_view reason = {});

}  // namespace rowmq::sns
