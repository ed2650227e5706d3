// A confirmed HTTP endpoint that is unsubscribed is told, whatever happens meanwhile, and may restore its subscription.
#include "sns/endpoint_test.hpp"

namespace rowmq::sns::test {
namespace {

class Farewell : public HttpConversation {
protected:
    Farewell() { subscription = confirmed(arn, {{"Attributes.entry.1.key", "RawMessageDelivery"}, {"Attributes.entry.1.value", "true"}}); }

    unsigned unsubscribe() { return call("Unsubscribe", {{"SubscriptionArn", subscription}}).status; }
    void publish(const std::string& text) { EXPECT_EQ(call("Publish", {{"TopicArn", arn}, {"Message", text}}).status, 200u); }
    /// As the endpoint visits the link it was sent.
    net::Response visit(std::size_t request) {
        const std::string url(body(request).at("SubscribeURL").as_string());
        net::Request link{.method = "GET", .target = url.substr(std::string("http://localhost:9324").size()), .fields = {}, .body = {}};
        return rowmq::test::run_in(io, protocol->handle(std::move(link)));
    }
    std::string pending() {
        return call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).attribute("PendingConfirmation");
    }
    /// Runs until the store knows that the endpoint was told, or for five seconds.
    void until_told() {
        const auto told = [&] {
            for (const Binding& b : broker->bindings())
                if (b.options.attributes.contains("sns.told")) return true;
            return false;
        };
        io.restart();
        const auto last = std::chrono::steady_clock::now() + 5s;
        while (!told() && std::chrono::steady_clock::now() < last) io.run_one_for(10ms);
        ASSERT_TRUE(told());
    }
    /// As after a power cut that comes when `kept` is in the store.
    void restart_with(std::shared_ptr<storage::memory::Content> kept) {
        stop();
        content = std::move(kept);
        start();
    }

    const std::string arn = create("orders");
    std::string subscription;
};

TEST_F(Farewell, is_sent_as_SNS_sends_it) {
    EXPECT_EQ(unsubscribe(), 200u);
    until(1);

    const auto& fields = endpoint.requests[0].fields;
    EXPECT_EQ(fields.get("x-amz-sns-message-type"), "UnsubscribeConfirmation");
    EXPECT_EQ(fields.get("x-amz-sns-topic-arn"), arn);
    EXPECT_EQ(fields.get("x-amz-sns-subscription-arn"), subscription);
    EXPECT_EQ(fields.get("x-amz-sns-rawdelivery"), "") << "it is never raw";
    const auto told = body(0);
    const auto text = [&](std::string_view name) { return std::string(told.at(name).as_string()); };
    EXPECT_EQ(text("Type"), "UnsubscribeConfirmation");
    EXPECT_EQ(text("MessageId"), fields.get("x-amz-sns-message-id"));
    EXPECT_EQ(text("TopicArn"), arn);
    EXPECT_EQ(text("Message"),
              "You have chosen to deactivate subscription " + subscription +
                  ".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.");
    EXPECT_EQ(text("SubscribeURL"), "http://localhost:9324/?Action=ConfirmSubscription&TopicArn=" + arn + "&Token=" + text("Token"));
    EXPECT_FALSE(told.contains("UnsubscribeURL"));
}

TEST_F(Farewell, leaves_a_subscription_that_nobody_has) {
    unsubscribe();
    publish("not for it");
    until(1);

    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).code(), "NotFound");
    EXPECT_EQ(call("SetSubscriptionAttributes",
                   {{"SubscriptionArn", subscription}, {"AttributeName", "RawMessageDelivery"}, {"AttributeValue", "false"}})
                  .code(),
              "NotFound");
    EXPECT_EQ(call("ListSubscriptions").count("<Endpoint>"), 0u);
    EXPECT_EQ(call("ListSubscriptionsByTopic", {{"TopicArn", arn}}).count("<Endpoint>"), 0u);
    const Reply topic = call("GetTopicAttributes", {{"TopicArn", arn}});
    EXPECT_EQ(topic.attribute("SubscriptionsConfirmed"), "0");
    EXPECT_EQ(topic.attribute("SubscriptionsPending"), "0");
    EXPECT_EQ(unsubscribe(), 200u) << "ending what has ended is no error";
    io.run_for(50ms);
    EXPECT_EQ(endpoint.requests.size(), 1u) << "nor told twice";
}

TEST_F(Farewell, has_a_link_that_restores_the_subscription) {
    unsubscribe();
    until(1);

    EXPECT_EQ(visit(0).status, 200u);
    EXPECT_EQ(visit(0).status, 200u) << "twice is no error";

    EXPECT_EQ(pending(), "false");
    EXPECT_EQ(call("ListSubscriptions").element("SubscriptionArn"), subscription);
    publish("again");
    until(2);
    EXPECT_EQ(endpoint.requests[1].body, "again") << "with the attributes it had";
    unsubscribe();
    until(3);
    EXPECT_EQ(body(2).at("Type"), "UnsubscribeConfirmation");
    EXPECT_NE(body(2).at("Token"), body(0).at("Token"));
    EXPECT_EQ(visit(0).status, 400u) << "a link is for one farewell";
}

TEST_F(Farewell, takes_the_place_of_what_waits_for_its_endpoint_only) {
    queue("q");
    subscribe(arn, "q");
    endpoint.status = 503;
    publish("too late");
    until(1);

    unsubscribe();
    until(2);
    endpoint.status = 200;
    clock->advance(60s);
    until(3);
    clock->advance(60s);
    io.run_for(50ms);

    EXPECT_EQ(endpoint.requests.size(), 3u);
    EXPECT_EQ(body(1).at("Type"), "UnsubscribeConfirmation") << "it is tried again like a notification";
    EXPECT_EQ(body(2).at("Type"), "UnsubscribeConfirmation");
    EXPECT_EQ(body(1).at("MessageId"), body(2).at("MessageId"));
    EXPECT_EQ(hear("q").size(), 1u);
}

TEST_F(Farewell, is_sent_after_a_restart) {
    endpoint.status = 503;
    unsubscribe();
    until(1);

    stop();
    start();
    endpoint.status = 200;
    clock->advance(60s);
    until(2);

    EXPECT_EQ(body(1).at("Type"), "UnsubscribeConfirmation");
    EXPECT_EQ(visit(1).status, 200u);
    EXPECT_EQ(pending(), "false");
}

TEST_F(Farewell, is_sent_after_a_power_cut_that_leaves_only_the_end_in_the_store) {
    endpoint.status = 503;
    publish("too late");
    until(1);
    // The first commit of Unsubscribe, without what follows it.
    Binding ended;
    for (const Binding& b : broker->bindings())
        if (b.queue.starts_with("sns/")) ended = b;
    ended.options.paused = true;
    ended.options.attributes["sns.ended"] = std::to_string(clock->wall().time_since_epoch().count());
    ASSERT_TRUE(rowmq::test::run_in(io, broker->bind(ended)));

    endpoint.status = 200;
    restart_with(std::make_shared<storage::memory::Content>(*content));
    until(2);
    clock->advance(60s);
    io.run_for(50ms);

    EXPECT_EQ(endpoint.requests.size(), 2u) << "what waited before is not sent any more";
    EXPECT_EQ(body(1).at("Type"), "UnsubscribeConfirmation");
}

TEST_F(Farewell, is_not_sent_again_once_it_was_taken) {
    unsubscribe();
    until_told();

    stop();
    start();
    clock->advance(60s);
    io.run_for(50ms);

    EXPECT_EQ(endpoint.requests.size(), 1u);
    EXPECT_EQ(visit(0).status, 200u) << "but its link works";
    publish("again");
    until(2);
}

TEST_F(Farewell, is_given_up_without_a_dead_letter) {
    queue("dead");
    call("SetSubscriptionAttributes", {{"SubscriptionArn", subscription},
                                       {"AttributeName", "RedrivePolicy"},
                                       {"AttributeValue", R"({"deadLetterTargetArn":")" + queue_arn("dead") + "\"}"}});
    endpoint.status = 404;

    unsubscribe();
    until_told();
    stop();
    start();
    io.run_for(50ms);

    EXPECT_EQ(endpoint.requests.size(), 1u);
    EXPECT_TRUE(hear("dead").empty());
}

TEST_F(Farewell, restores_nothing_after_two_days) {
    unsubscribe();
    until(1);
    clock->advance(48h + 1s);

    EXPECT_EQ(visit(0).status, 400u);

    stop();
    start();
    EXPECT_TRUE(broker->queues("sns/").empty());
}

TEST_F(Farewell, is_forgotten_when_another_subscription_ends_later) {
    unsubscribe();
    until(1);
    clock->advance(48h + 1s);
    queue("q");

    call("Unsubscribe", {{"SubscriptionArn", subscribe(arn, "q")}});

    EXPECT_TRUE(broker->queues("sns/").empty());
}

TEST_F(Farewell, confirms_the_new_subscription_where_there_is_one) {
    unsubscribe();
    until(1);
    call("Subscribe", {{"TopicArn", arn}, {"Protocol", "http"}, {"Endpoint", endpoint.url()}});
    until(2);
    EXPECT_EQ(body(1).at("Type"), "SubscriptionConfirmation");

    EXPECT_EQ(visit(0).status, 200u);

    EXPECT_EQ(call("ListSubscriptions").count("<Endpoint>"), 1u);
    const std::string anew = call("ListSubscriptions").element("SubscriptionArn");
    EXPECT_TRUE(anew.starts_with(arn)) << "it is not pending";
    EXPECT_NE(anew, subscription);
}

}  // namespace
}  // namespace rowmq::sns::test
