// Topics: made, found, listed, described, tagged, deleted.
#include <boost/json/parse.hpp>

#include "sns/conversation_test.hpp"

namespace rowmq::sns::test {
namespace {

class Topics : public Conversation {};

TEST_F(Topics, are_made_once_and_found_again_with_equal_attributes) {
    const std::string arn = create("orders", {{"Attributes.entry.1.key", "DisplayName"}, {"Attributes.entry.1.value", "Orders"}});

    EXPECT_EQ(arn, "arn:aws:sns:us-east-1:000000000000:orders");
    EXPECT_EQ(create("orders"), arn);
    const Reply other =
        call("CreateTopic", {{"Name", "orders"}, {"Attributes.entry.1.key", "DisplayName"}, {"Attributes.entry.1.value", "X"}});
    EXPECT_EQ(other.status, 400u);
    EXPECT_EQ(other.code(), "InvalidParameter");
    EXPECT_EQ(other.element("Message"), "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
}

TEST_F(Topics, refuse_names_that_are_none) {
    for (const std::string name : {"", "a b", "a/b", "x.fifo", ".fifo"})
        EXPECT_EQ(call("CreateTopic", {{"Name", name}}).code(), "InvalidParameter") << name;
    EXPECT_EQ(call("CreateTopic", {{"Name", std::string(256, 'x')}}).code(), "InvalidParameter");
    EXPECT_EQ(call("CreateTopic", {{"Name", "x"}, {"Attributes.entry.1.key", "FifoTopic"}, {"Attributes.entry.1.value", "true"}}).code(),
              "InvalidParameter");
    EXPECT_EQ(create(std::string(255, 'x')).size(), 255 + 35u);
}

TEST_F(Topics, are_listed_in_pages) {
    for (int i = 0; i < 101; ++i) create("topic-" + std::to_string(i));

    const Reply first = call("ListTopics");
    EXPECT_EQ(first.count("<TopicArn>"), 100u);
    const Reply second = call("ListTopics", {{"NextToken", first.element("NextToken")}});

    EXPECT_EQ(second.count("<TopicArn>"), 1u);
    EXPECT_EQ(second.element("NextToken"), "");
    EXPECT_EQ(call("ListTopics", {{"NextToken", "?"}}).code(), "InvalidParameter");
    EXPECT_EQ(call("ListTopics", {{"NextToken", "nonsense"}}).code(), "InvalidParameter");
}

TEST_F(Topics, describe_themselves) {
    const std::string arn = create("orders");

    const Reply told = call("GetTopicAttributes", {{"TopicArn", arn}});

    EXPECT_EQ(told.attribute("TopicArn"), arn);
    EXPECT_EQ(told.attribute("Owner"), "000000000000");
    EXPECT_EQ(told.attribute("SubscriptionsConfirmed"), "0");
    EXPECT_NE(told.attribute("EffectiveDeliveryPolicy").find("numRetries&quot;:3"), std::string::npos);
    EXPECT_EQ(told.attribute("FifoTopic"), "");
    EXPECT_EQ(call("GetTopicAttributes", {{"TopicArn", create("o.fifo")}}).attribute("FifoTopic"), "true");
    EXPECT_EQ(call("GetTopicAttributes", {{"TopicArn", arn + "x"}}).status, 404u);
    EXPECT_EQ(call("GetTopicAttributes", {{"TopicArn", "orders"}}).code(), "InvalidParameter");
    EXPECT_EQ(call("GetTopicAttributes").code(), "InvalidParameter");
}

TEST_F(Topics, change_their_attributes_and_keep_them) {
    const std::string arn = create("orders");
    const auto set = [&](std::string name, std::string value) {
        return call("SetTopicAttributes", {{"TopicArn", arn}, {"AttributeName", name}, {"AttributeValue", value}}).code();
    };
    EXPECT_EQ(set("DisplayName", "Orders"), "");
    EXPECT_EQ(set("SignatureVersion", "2"), "");
    EXPECT_EQ(set("SignatureVersion", "3"), "InvalidParameter");
    EXPECT_EQ(set("FifoTopic", "true"), "InvalidParameter");
    EXPECT_EQ(set("ContentBasedDeduplication", "true"), "InvalidParameter");
    EXPECT_EQ(set("Nothing", "x"), "InvalidParameter");
    EXPECT_EQ(set("Policy", "x"), "InvalidParameter");
    EXPECT_EQ(set("DeliveryPolicy", R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}})"), "InvalidParameter");
    EXPECT_EQ(set("DeliveryPolicy", R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":7}}})"), "");

    stop();
    start();

    const Reply told = call("GetTopicAttributes", {{"TopicArn", arn}});
    EXPECT_EQ(told.attribute("DisplayName"), "Orders");
    EXPECT_EQ(told.attribute("SignatureVersion"), "2");
    EXPECT_NE(told.attribute("EffectiveDeliveryPolicy").find("numRetries&quot;:7"), std::string::npos);
}

TEST_F(Topics, have_tags) {
    const std::string arn = create("orders", {{"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "a"}});
    const auto tag = [&](std::string key, std::string value) {
        return call("TagResource", {{"ResourceArn", arn}, {"Tags.member.1.Key", key}, {"Tags.member.1.Value", value}});
    };
    EXPECT_NE(tag("stage", "b").body.find("<TagResourceResult></TagResourceResult>"), std::string::npos);
    EXPECT_EQ(tag("", "b").code(), "InvalidParameter");
    for (int i = 0; i < 48; ++i) EXPECT_EQ(tag("k" + std::to_string(i), "").status, 200u);
    EXPECT_EQ(tag("one too many", "").code(), "TagLimitExceeded");
    EXPECT_EQ(call("ListTagsForResource", {{"ResourceArn", arn}}).count("<Key>"), 50u);

    EXPECT_EQ(call("UntagResource", {{"ResourceArn", arn}, {"TagKeys.member.1", "team"}}).status, 200u);

    EXPECT_EQ(call("ListTagsForResource", {{"ResourceArn", arn}}).count("<Key>team</Key>"), 0u);
    EXPECT_EQ(call("ListTagsForResource", {{"ResourceArn", arn + "x"}}).code(), "ResourceNotFound");
    EXPECT_EQ(call("CreateTopic", {{"Name", "orders"}, {"Tags.member.1.Key", "k0"}, {"Tags.member.1.Value", "other"}}).code(),
              "InvalidParameter");
}

TEST_F(Topics, take_permissions_into_their_policy) {
    const std::string arn = create("orders");
    const std::vector<std::pair<std::string, std::string>> permission{
        {"TopicArn", arn}, {"Label", "l"}, {"AWSAccountId.member.1", "111111111111"}, {"ActionName.member.1", "Publish"}};

    EXPECT_EQ(call("AddPermission", permission).status, 200u);

    EXPECT_NE(call("GetTopicAttributes", {{"TopicArn", arn}}).attribute("Policy").find("SNS:Publish&quot;],&quot;Resource"),
              std::string::npos);
    EXPECT_EQ(call("AddPermission", permission).code(), "InvalidParameter");
    auto unknown = permission;
    unknown[1].second = "other";
    unknown[3].second = "Fly";
    EXPECT_EQ(call("AddPermission", unknown).code(), "InvalidParameter");
    EXPECT_EQ(call("RemovePermission", {{"TopicArn", arn}, {"Label", "l"}}).status, 200u);
    EXPECT_EQ(call("AddPermission", permission).status, 200u);
}

TEST_F(Topics, are_deleted_with_their_subscriptions) {
    const std::string arn = create("orders");
    queue("q");
    subscribe(arn, "q");

    EXPECT_EQ(call("DeleteTopic", {{"TopicArn", arn}}).status, 200u);

    EXPECT_EQ(call("DeleteTopic", {{"TopicArn", arn}}).status, 200u) << "deleting what is gone is no error";
    EXPECT_EQ(call("Publish", {{"TopicArn", arn}, {"Message", "m"}}).code(), "NotFound");
    EXPECT_EQ(call("ListSubscriptions").count("<SubscriptionArn>"), 0u);
    EXPECT_TRUE(broker->queue("q"));
}

TEST_F(Topics, of_another_region_are_not_those_here) {
    create("orders");

    EXPECT_EQ(call("DeleteTopic", {{"TopicArn", "arn:aws:sns:us-west-1:000000000000:orders"}}).code(), "InvalidParameter");

    EXPECT_EQ(call("ListTopics").count("<TopicArn>"), 1u);
}

TEST_F(Topics, say_what_is_not_served) {
    EXPECT_NE(call("ListPlatformApplications").body.find("<PlatformApplications></PlatformApplications>"), std::string::npos);
    EXPECT_EQ(call("CreatePlatformApplication").code(), "InvalidParameter");
    net::Request nonsense{.method = "POST", .target = "/", .fields = {}, .body = "Version=2010-03-31&Action=Nonsense"};
    EXPECT_NE(rowmq::test::run_in(io, protocol->handle(nonsense)).body.find("<Code>InvalidAction</Code>"), std::string::npos);
}

TEST(IsForSns, tells_by_version_action_and_path) {
    const auto means = [](std::string body, std::string target = "/") {
        return Protocol::is_for({.method = "POST", .target = std::move(target), .fields = {}, .body = std::move(body)});
    };
    EXPECT_TRUE(means("Action=AddPermission&Version=2010-03-31"));
    EXPECT_FALSE(means("Action=AddPermission&Version=2012-11-05"));
    EXPECT_FALSE(means("Action=AddPermission"));
    EXPECT_TRUE(means("Action=Publish&Message=x"));
    EXPECT_FALSE(means("Action=SendMessage&MessageBody=Version%3D2010-03-31"));
    EXPECT_TRUE(means("", "/?Action=ConfirmSubscription&Token=x"));
    EXPECT_TRUE(means("", "/SimpleNotificationService.pem"));
    EXPECT_FALSE(means(""));
}

}  // namespace
}  // namespace rowmq::sns::test
