// HTTP endpoints: confirmed before anything is sent, sent to, tried again, given up; also after a restart.
#include "sns/endpoint_test.hpp"

namespace rowmq::sns::test {
namespace {

class HttpDeliveries : public HttpConversation {};

TEST_F(HttpDeliveries, begin_when_the_endpoint_has_confirmed) {
    const std::string arn = create("orders");
    EXPECT_EQ(call("Subscribe", {{"TopicArn", arn}, {"Protocol", "http"}, {"Endpoint", endpoint.url()}}).element("SubscriptionArn"),
              "pending confirmation");
    call("Publish", {{"TopicArn", arn}, {"Message", "too early"}});
    until(1);
    EXPECT_EQ(endpoint.requests[0].fields.get("x-amz-sns-message-type"), "SubscriptionConfirmation");
    const auto confirmation = body(0);
    EXPECT_EQ(confirmation.at("Type"), "SubscriptionConfirmation");
    const auto refused = [&](std::string token) {
        const Reply reply = call("ConfirmSubscription", {{"TopicArn", arn}, {"Token", token}});
        EXPECT_EQ(reply.code(), "InvalidParameter");
        return reply.element("Message");
    };
    EXPECT_EQ(refused("wrong"), "Invalid token");
    EXPECT_EQ(refused("abc123"), "Invalid parameter: Token");
    std::string other(confirmation.at("Token").as_string());
    other.back() = other.back() == '0' ? '1' : '0';
    EXPECT_EQ(refused(other), "Invalid parameter: Token");
    EXPECT_EQ(call("ListSubscriptions").element("SubscriptionArn"), "PendingConfirmation");

    // As the endpoint visits SubscribeURL.
    const std::string url(confirmation.at("SubscribeURL").as_string());
    net::Request visit{.method = "GET", .target = url.substr(std::string("http://localhost:9324").size()), .fields = {}, .body = {}};
    const auto visited = rowmq::test::run_in(io, protocol->handle(visit));
    EXPECT_EQ(visited.status, 200u) << visited.body;
    call("Publish", {{"TopicArn", arn}, {"Message", "hello"}});
    until(2);

    EXPECT_EQ(body(1).at("Message"), "hello");
    EXPECT_EQ(body(1).at("Type"), "Notification");
    EXPECT_EQ(endpoint.requests[1].fields.get("x-amz-sns-topic-arn"), arn);
    EXPECT_EQ(endpoint.requests[1].fields.get("Content-Type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(endpoint.requests.size(), 2u);
}

TEST_F(HttpDeliveries, are_raw_where_the_subscription_says_so) {
    const std::string arn = create("orders");
    confirmed(arn, {{"Attributes.entry.1.key", "RawMessageDelivery"}, {"Attributes.entry.1.value", "true"}});

    call("Publish", {{"TopicArn", arn}, {"MessageStructure", "json"}, {"Message", R"({"default":"d","http":"h"})"}});
    until(1);

    EXPECT_EQ(endpoint.requests[0].body, "h");
    EXPECT_EQ(endpoint.requests[0].fields.get("x-amz-sns-rawdelivery"), "true");
}

TEST_F(HttpDeliveries, are_tried_again_after_the_policys_delay) {
    const std::string arn = create("orders");
    const std::string subscription = confirmed(arn);
    call("SetSubscriptionAttributes",
         {{"SubscriptionArn", subscription},
          {"AttributeName", "DeliveryPolicy"},
          {"AttributeValue", R"({"healthyRetryPolicy":{"numRetries":2,"minDelayTarget":5,"maxDelayTarget":5}})"}});
    endpoint.status = 503;

    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    until(1);
    io.run_for(50ms);
    EXPECT_EQ(endpoint.requests.size(), 1u) << "not before its time";
    endpoint.status = 200;
    clock->advance(5s);
    until(2);

    clock->advance(60s);
    io.run_for(50ms);
    EXPECT_EQ(endpoint.requests.size(), 2u) << "it was taken";
}

TEST_F(HttpDeliveries, go_to_the_dead_letter_queue_when_nobody_takes_them) {
    const std::string arn = create("orders");
    queue("dead");
    const std::string subscription = confirmed(arn);
    EXPECT_EQ(call("SetSubscriptionAttributes", {{"SubscriptionArn", subscription},
                                                 {"AttributeName", "RedrivePolicy"},
                                                 {"AttributeValue", R"({"deadLetterTargetArn":")" + queue_arn("dead") + "\"}"}})
                  .status,
              200u);
    endpoint.status = 404;  // the client's fault: not tried again

    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    until(1);

    const auto dead = hear("dead");
    ASSERT_EQ(dead.size(), 1u);
    EXPECT_EQ(dead[0].message.text(), "m");
    EXPECT_TRUE(dead[0].note.starts_with("sns:"));
}

TEST_F(HttpDeliveries, go_on_after_a_restart) {
    const std::string arn = create("orders");
    const std::string subscription = confirmed(arn);
    endpoint.status = 503;
    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    until(1);

    stop();
    start();
    endpoint.status = 200;
    clock->advance(60s);
    until(2);

    EXPECT_EQ(body(1).at("Message"), "m");
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).attribute("PendingConfirmation"), "false");
}

TEST_F(HttpDeliveries, are_ended_by_strangers_only_where_the_owner_did_not_say_otherwise) {
    const std::string arn = create("orders");
    call("Subscribe", {{"TopicArn", arn}, {"Protocol", "http"}, {"Endpoint", endpoint.url()}});
    until(1);
    const auto token = std::string(body(0).at("Token").as_string());
    const std::string subscription =
        call("ConfirmSubscription", {{"TopicArn", arn}, {"Token", token}, {"AuthenticateOnUnsubscribe", "true"}})
            .element("SubscriptionArn");
    Protocol guarded(*broker, *clock, random, place, *notifications, nullptr, {}, aws::Access({{"AKID", "secret"}}, "us-east-1"));
    net::Request link{.method = "GET", .target = "/?Action=Unsubscribe&SubscriptionArn=" + subscription, .fields = {}, .body = {}};

    const auto refused = rowmq::test::run_in(io, guarded.handle(link));

    EXPECT_EQ(refused.status, 403u);
    EXPECT_NE(refused.body.find("<Code>AuthorizationError</Code>"), std::string::npos) << refused.body;
    EXPECT_EQ(call("Unsubscribe", {{"SubscriptionArn", subscription}}).status, 200u);
    guarded.close();
}

TEST_F(HttpDeliveries, end_with_their_subscription) {
    const std::string arn = create("orders");
    const std::string subscription = confirmed(arn);

    call("Unsubscribe", {{"SubscriptionArn", subscription}});
    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    until(1);

    ASSERT_EQ(endpoint.requests.size(), 1u);
    EXPECT_EQ(body(0).at("Type"), "UnsubscribeConfirmation");
    EXPECT_EQ(call("DeleteTopic", {{"TopicArn", arn}}).status, 200u);
    EXPECT_TRUE(broker->queues("sns/").empty());
}

}  // namespace
}  // namespace rowmq::sns::test
