#include <gtest/gtest.h>

#include "sns/retry.hpp"

namespace rowmq::sns {
namespace {

using namespace std::chrono_literals;
using Delays = std::vector<std::int64_t>;

Delays delays(const RetryPolicy& policy) {
    Delays all;
    for (std::uint32_t n = 1; const auto delay = policy.delay(n); ++n) all.push_back(delay->count() / 1'000);
    return all;
}

TEST(RetryPolicy, retries_three_times_by_default) { EXPECT_EQ(delays({}), (Delays{20, 20, 20})); }

TEST(RetryPolicy, goes_through_its_phases) {
    const RetryPolicy policy{.min = 10s, .max = 50s, .retries = 9, .immediate = 2, .at_min = 1, .at_max = 1};

    EXPECT_EQ(delays(policy), (Delays{0, 0, 10, 10, 20, 30, 40, 50, 50}));
}

TEST(RetryPolicy, grows_by_its_function) {
    using Function = RetryPolicy::Function;
    RetryPolicy policy{.min = 1s, .max = 100s, .retries = 5, .function = Function::exponential};
    EXPECT_EQ(delays(policy), (Delays{1, 2, 4, 8, 16}));
    policy.function = Function::geometric;
    EXPECT_EQ(delays(policy), (Delays{1, 3, 10, 31, 100}));
    policy.function = Function::arithmetic;
    EXPECT_EQ(delays(policy).back(), 100);
}

TEST(DeliveryPolicies, are_checked) {
    for (const std::string_view text :
         {"", "x", "[]", R"({"healthyRetryPolicy":{"minDelayTarget":0}})",
          R"({"healthyRetryPolicy":{"minDelayTarget":9,"maxDelayTarget":8}})",
          R"({"healthyRetryPolicy":{"numRetries":1,"numNoDelayRetries":2}})", R"({"healthyRetryPolicy":{"backoffFunction":"random"}})",
          R"({"throttlePolicy":{"maxReceivesPerSecond":0}})", R"({"requestPolicy":{"headerContentType":"a\nb"}})"})
        EXPECT_TRUE(check_delivery_policy(text, PolicyOf::subscription)) << text;
    EXPECT_FALSE(check_delivery_policy(R"({"healthyRetryPolicy":{"numRetries":100},"throttlePolicy":null})", PolicyOf::subscription));
}

TEST(DeliveryPolicies, of_a_subscription_are_shown_whole) {
    EXPECT_EQ(
        whole_delivery_policy(R"({"requestPolicy":{"headerContentType":"text/csv"}})"),
        R"({"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/csv"},)"
        R"("guaranteed":false})");
    EXPECT_EQ(whole_delivery_policy(R"({"healthyRetryPolicy":{"numRetries":1},"throttlePolicy":{"maxReceivesPerSecond":5},"other":1})"),
              R"({"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":1,"numMaxDelayRetries":0,)"
              R"("numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"sicklyRetryPolicy":null,)"
              R"("throttlePolicy":{"maxReceivesPerSecond":5},"requestPolicy":null,"guaranteed":false})");
}

TEST(DeliveryPolicies, of_a_subscription_come_before_those_of_its_topic) {
    const std::string_view topic =
        R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":7},"defaultThrottlePolicy":{"maxReceivesPerSecond":5}}})";
    const std::string_view own = R"({"healthyRetryPolicy":{"numRetries":1},"requestPolicy":{"headerContentType":"application/json"}})";

    EXPECT_EQ(effective_policy(topic, "").retry.retries, 7u);
    EXPECT_EQ(effective_policy(topic, own).retry.retries, 1u);
    EXPECT_EQ(effective_policy(topic, own).content_type, "application/json");
    EXPECT_EQ(effective_policy(topic, own).per_second, 5u);
    EXPECT_EQ(effective_policy(R"({"http":{"disableSubscriptionOverrides":true}})", own).retry.retries, 3u);
    EXPECT_EQ(effective_policy("", "").retry.retries, 3u);
}

}  // namespace
}  // namespace rowmq::sns
