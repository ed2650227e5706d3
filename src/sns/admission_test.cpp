#include "sns/admission.hpp"

#include <gtest/gtest.h>

#include "aws/notification.hpp"
#include "aws/signature.hpp"

namespace rowmq::sns {
namespace {

class Admitting : public testing::Test {
protected:
    static net::Request get(std::string target) {
        net::Request request;
        request.method = "GET";
        request.target = std::move(target);
        request.fields.add("Host", "localhost:9324");
        return request;
    }
    std::optional<net::Response> denial(const net::Request& request) { return admit(request, access, now, random).denied; }

    WallTime now = *aws::time_of("20150830T123600Z");
    aws::Access access{{{"AKID", "secret"}}, "us-east-1"};
    SeededRandom random{1};
};

TEST_F(Admitting, is_for_who_signs) {
    net::Request request = get("/?Action=ListTopics");
    const auto denied = denial(request);
    ASSERT_TRUE(denied);
    EXPECT_EQ(denied->status, 403u);
    EXPECT_NE(denied->body.find("<Code>MissingAuthenticationToken</Code>"), std::string::npos);

    ASSERT_TRUE(aws::sign(request, {"AKID", "secret"}, "us-east-1", "sns", now));
    EXPECT_FALSE(denial(request));
    net::Request of_sqs = get("/?Action=ListTopics");
    ASSERT_TRUE(aws::sign(of_sqs, {"AKID", "secret"}, "us-east-1", "sqs", now));
    EXPECT_TRUE(denial(of_sqs));
}

TEST_F(Admitting, is_free_for_what_SNS_hands_out) {
    EXPECT_FALSE(denial(get(std::string(aws::certificate_path))));
    EXPECT_FALSE(denial(get("/?Action=ConfirmSubscription&Token=x")));
    EXPECT_FALSE(denial(get("/?Action=Unsubscribe&SubscriptionArn=x")));
    EXPECT_FALSE(admit(get("/?Action=Unsubscribe&SubscriptionArn=x"), access, now, random).known);
    net::Request smuggled = get("/?Action=Unsubscribe");
    smuggled.body = "Action=DeleteTopic";
    EXPECT_TRUE(denial(smuggled));
}

TEST_F(Admitting, is_free_without_keys) { EXPECT_FALSE(admit(get("/?Action=ListTopics"), aws::Access(), now, random).denied); }

}  // namespace
}  // namespace rowmq::sns
