#include "sns/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/bounded_json.hpp"

namespace rowmq::sns {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t max_delay_seconds = 3'600, max_retries = 100, max_per_second = 100'000;

/// Thrown within this file only.
struct Wrong {
    std::string text;
};

std::string_view name_of(RetryPolicy::Function function) {
    switch (function) {
        case RetryPolicy::Function::linear: return "linear";
        case RetryPolicy::Function::arithmetic: return "arithmetic";
        case RetryPolicy::Function::geometric: return "geometric";
        case RetryPolicy::Function::exponential: return "exponential";
    }
    return "linear";
}

std::int64_t number(const json::object& from, std::string_view name, std::int64_t usual, std::int64_t low, std::int64_t high) {
    const auto* found = from.if_contains(name);
    if (!found || found->is_null()) return usual;
    if (!found->is_int64() || found->get_int64() < low || found->get_int64() > high)
        throw Wrong{fmt::format("{} must be between {} and {}", name, low, high)};
    return found->get_int64();
}

const json::object* member(const json::object& from, std::string_view name) {
    const auto* found = from.if_contains(name);
    if (!found || found->is_null()) return nullptr;
    if (!found->is_object()) throw Wrong{fmt::format("{} must be an object", name)};
    return &found->get_object();
}

void read(const json::object& from, RetryPolicy& retry) {
    retry.min = seconds(number(from, "minDelayTarget", retry.min.count(), 1, max_delay_seconds));
    retry.max = seconds(number(from, "maxDelayTarget", std::max(retry.max, retry.min).count(), 1, max_delay_seconds));
    retry.retries = static_cast<std::uint32_t>(number(from, "numRetries", retry.retries, 0, max_retries));
    retry.immediate = static_cast<std::uint32_t>(number(from, "numNoDelayRetries", retry.immediate, 0, max_retries));
    retry.at_min = static_cast<std::uint32_t>(number(from, "numMinDelayRetries", retry.at_min, 0, max_retries));
    retry.at_max = static_cast<std::uint32_t>(number(from, "numMaxDelayRetries", retry.at_max, 0, max_retries));
    if (retry.max < retry.min) throw Wrong{"maxDelayTarget must not be less than minDelayTarget"};
    if (retry.immediate + retry.at_min + retry.at_max > retry.retries)
        throw Wrong{"numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries together must not be more than numRetries"};
    const auto* function = from.if_contains("backoffFunction");
    if (!function || function->is_null()) return;
    using Function = RetryPolicy::Function;
    for (const auto known : {Function::linear, Function::arithmetic, Function::geometric, Function::exponential})
        if (function->is_string() && std::string_view(function->get_string()) == name_of(known)) {
            retry.function = known;
            return;
        }
    throw Wrong{"backoffFunction must be linear, arithmetic, geometric or exponential"};
}

json::object parse(std::string_view text) {
    auto parsed = parse_bounded_object(text);
    if (!parsed) throw Wrong{parsed.error().text};
    return *std::move(parsed);
}

void read_throttle(const json::object* throttle, DeliveryPolicy& policy) {
    if (throttle) policy.per_second = static_cast<std::uint32_t>(number(*throttle, "maxReceivesPerSecond", 0, 1, max_per_second));
}

void read_request(const json::object* request, DeliveryPolicy& policy) {
    const auto* type = request ? request->if_contains("headerContentType") : nullptr;
    if (!type || type->is_null()) return;
    if (!type->is_string()) throw Wrong{"headerContentType must be a string"};
    const std::string_view text = type->get_string();
    if (text.empty() || text.size() > 128 || !std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }))
        throw Wrong{"headerContentType must be a media type"};
    policy.content_type = std::string(text);
}

/// True when subscriptions may not have their own.
bool read_topic(std::string_view text, DeliveryPolicy& policy) {
    const json::object whole = parse(text);
    const auto* http = member(whole, "http");
    if (!http) return false;
    if (const auto* retry = member(*http, "defaultHealthyRetryPolicy")) read(*retry, policy.retry);
    read_throttle(member(*http, "defaultThrottlePolicy"), policy);
    read_request(member(*http, "defaultRequestPolicy"), policy);
    const auto* fixed = http->if_contains("disableSubscriptionOverrides");
    return fixed && fixed->is_bool() && fixed->get_bool();
}

void read_subscription(std::string_view text, DeliveryPolicy& policy) {
    const json::object whole = parse(text);
    if (const auto* retry = member(whole, "healthyRetryPolicy")) {
        policy.retry = {};
        read(*retry, policy.retry);
    }
    read_throttle(member(whole, "throttlePolicy"), policy);
    read_request(member(whole, "requestPolicy"), policy);
}

json::object to_json(const RetryPolicy& r) {
    return {{"minDelayTarget", r.min.count()},       {"maxDelayTarget", r.max.count()},  {"numRetries", r.retries},
            {"numMaxDelayRetries", r.at_max},        {"numNoDelayRetries", r.immediate}, {"numMinDelayRetries", r.at_min},
            {"backoffFunction", name_of(r.function)}};
}

}  // namespace

std::optional<milliseconds> RetryPolicy::delay(std::uint32_t n) const {
    if (n == 0 || n > retries) return std::nullopt;
    if (n <= immediate) return milliseconds(0);
    if (n <= immediate + at_min) return min;
    if (n > retries - at_max) return max;
    const std::uint32_t step = n - immediate - at_min - 1, steps = retries - immediate - at_min - at_max;
    const double part = steps > 1 ? static_cast<double>(step) / (steps - 1) : 0.0;
    const double low = static_cast<double>(milliseconds(min).count()), high = static_cast<double>(milliseconds(max).count());
    double ms = low;
    switch (function) {
        case Function::linear: ms = low + (high - low) * part; break;
        case Function::arithmetic: ms = low + (high - low) * part * (part + 1) / 2; break;
        case Function::geometric: ms = low * std::pow(high / low, part); break;
        case Function::exponential: ms = std::min(high, low * std::pow(2.0, step)); break;
    }
    return milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<std::string> check_delivery_policy(std::string_view text, PolicyOf what) {
    DeliveryPolicy policy;
    try {
        if (what == PolicyOf::topic) read_topic(text, policy);
        else read_subscription(text, policy);
    } catch (const Wrong& wrong) {
        return fmt::format("DeliveryPolicy: {}", wrong.text);
    }
    return std::nullopt;
}

DeliveryPolicy effective_policy(std::string_view topic, std::string_view subscription) {
    DeliveryPolicy policy;
    try {
        const bool fixed = !topic.empty() && read_topic(topic, policy);
        if (!subscription.empty() && !fixed) read_subscription(subscription, policy);
    } catch (const Wrong&) {
        return {};  // it was checked when it was set
    }
    return policy;
}

std::string whole_delivery_policy(std::string_view text) {
    const auto given = parse_bounded_object(text);
    if (!given) return std::string(text);  // it was checked when it was set
    json::object whole{{"healthyRetryPolicy", nullptr},
                       {"sicklyRetryPolicy", nullptr},
                       {"throttlePolicy", nullptr},
                       {"requestPolicy", nullptr},
                       {"guaranteed", false}};
    for (const auto& [name, value] : *given)
        if (whole.contains(name) && !value.is_null()) whole[name] = value;
    try {
        RetryPolicy retry;
        if (const auto* healthy = member(*given, "healthyRetryPolicy")) {
            read(*healthy, retry);
            whole["healthyRetryPolicy"] = to_json(retry);
        }
    } catch (const Wrong&) {
        return std::string(text);
    }
    return json::serialize(whole);
}

std::string to_json(const DeliveryPolicy& policy, PolicyOf what) {
    const json::object retry = to_json(policy.retry);
    const json::object request{{"headerContentType", policy.content_type}};
    json::object whole;
    if (what == PolicyOf::topic) {
        json::object http{{"defaultHealthyRetryPolicy", retry}, {"disableSubscriptionOverrides", false}, {"defaultRequestPolicy", request}};
        if (policy.per_second > 0) http["defaultThrottlePolicy"] = json::object{{"maxReceivesPerSecond", policy.per_second}};
        whole["http"] = std::move(http);
    } else {
        whole = {{"healthyRetryPolicy", retry}, {"sicklyRetryPolicy", nullptr}, {"guaranteed", false}, {"requestPolicy", request}};
        whole["throttlePolicy"] = nullptr;
        if (policy.per_second > 0) whole["throttlePolicy"] = json::object{{"maxReceivesPerSecond", policy.per_second}};
    }
    return json::serialize(whole);
}

}  // namespace rowmq::sns
