#pragma once
// Delivery policies: how often and after which delays a notification is sent again to an HTTP endpoint that did not take it
// (Amazon SNS Developer Guide, "Creating an HTTP/S delivery policy").

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowmq::sns {

struct RetryPolicy {
    enum class Function : std::uint8_t { linear, arithmetic, geometric, exponential };
    std::chrono::seconds min{20}, max{20};  ///< 1 to 3600
    std::uint32_t retries = 3;              ///< 0 to 100, all phases together
    std::uint32_t immediate = 0;            ///< first, without delay
    std::uint32_t at_min = 0;               ///< then, each after `min`
    std::uint32_t at_max = 0;               ///< at the end, each after `max`; between them the delay grows by `function`
    Function function = Function::linear;

    /// Before retry `n` (from 1); none when that many were made.
    std::optional<std::chrono::milliseconds> delay(std::uint32_t n) const;
};

struct DeliveryPolicy {
    RetryPolicy retry;
    std::uint32_t per_second = 0;  ///< 0: no bound
    std::string content_type = "text/plain; charset=UTF-8";
};

enum class PolicyOf : std::uint8_t { topic, subscription };

/// What is wrong, for a person.
std::optional<std::string> check_delivery_policy(std::string_view json, PolicyOf what);

/// What is in force: the subscription's, else the topic's, else the default. Both JSON, or empty.
DeliveryPolicy effective_policy(std::string_view topic, std::string_view subscription);
/// A subscription's own as it is shown: with all members, null or false where it does not say.
std::string whole_delivery_policy(std::string_view subscription);
/// As EffectiveDeliveryPolicy says it.
std::string to_json(const DeliveryPolicy& policy, PolicyOf what);

}  // namespace rowmq::sns
