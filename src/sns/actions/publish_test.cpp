// Publishing and subscribing queues: who gets what, in which form, and what is refused.
#include <boost/json/parse.hpp>
#include <set>

#include "sns/conversation_test.hpp"

namespace rowmq::sns::test {
namespace {

std::string text_of(const boost::json::value& value) { return std::string(value.as_string()); }

class Publishing : public Conversation {
protected:
    Reply publish(const std::string& arn, std::vector<std::pair<std::string, std::string>> more) {
        more.insert(more.begin(), {"TopicArn", arn});
        return call("Publish", more);
    }
    boost::json::object envelope(Delivery delivery) {
        aws::Subscribed by = aws::subscribed_of(delivery).value();
        return boost::json::parse(rowmq::test::run_in(io, notifications->render(std::move(delivery), std::move(by), "http://h")))
            .as_object();
    }
};

TEST_F(Publishing, reaches_every_subscribed_queue_in_an_envelope_or_raw) {
    const std::string arn = create("orders");
    queue("wrapped");
    queue("raw");
    const std::string subscription = subscribe(arn, "wrapped");
    subscribe(arn, "raw", {{"RawMessageDelivery", "true"}});

    const Reply reply = publish(arn, {{"Message", "hello"},
                                      {"Subject", "greeting"},
                                      {"MessageAttributes.entry.1.Name", "kind"},
                                      {"MessageAttributes.entry.1.Value.DataType", "String"},
                                      {"MessageAttributes.entry.1.Value.StringValue", "red"}});

    ASSERT_EQ(reply.status, 200u) << reply.body;
    const auto raw = hear("raw");
    ASSERT_EQ(raw.size(), 1u);
    EXPECT_EQ(raw[0].message.text(), "hello");
    EXPECT_EQ(raw[0].note, "");
    const auto wrapped = hear("wrapped");
    ASSERT_EQ(wrapped.size(), 1u);
    const auto json = envelope(wrapped[0]);
    EXPECT_EQ(text_of(json.at("Type")), "Notification");
    EXPECT_EQ(text_of(json.at("MessageId")), reply.element("MessageId"));
    EXPECT_EQ(text_of(json.at("TopicArn")), arn);
    EXPECT_EQ(text_of(json.at("Subject")), "greeting");
    EXPECT_EQ(text_of(json.at("Message")), "hello");
    EXPECT_EQ(text_of(json.at("UnsubscribeURL")), "http://h/?Action=Unsubscribe&SubscriptionArn=" + subscription);
    EXPECT_EQ(text_of(json.at("MessageAttributes").at("kind").at("Type")), "String");
    EXPECT_EQ(text_of(json.at("MessageAttributes").at("kind").at("Value")), "red");
    EXPECT_EQ(std::string_view(json.at("Timestamp").as_string()).back(), 'Z');
}

TEST_F(Publishing, follows_filter_policies) {
    const std::string arn = create("orders");
    queue("a");
    queue("b");
    subscribe(arn, "a", {{"FilterPolicy", R"({"kind":["red"]})"}});
    subscribe(arn, "b", {{"FilterPolicyScope", "MessageBody"}, {"FilterPolicy", R"({"n":{"m":[{"numeric":[">",1]}]}})"}});

    publish(arn, {{"Message", R"({"n":{"m":2}})"}});
    publish(arn, {{"Message", "x"},
                  {"MessageAttributes.entry.1.Name", "kind"},
                  {"MessageAttributes.entry.1.Value.DataType", "String.Array"},
                  {"MessageAttributes.entry.1.Value.StringValue", R"(["blue","red"])"}});

    EXPECT_EQ(hear("a").size(), 1u);
    EXPECT_EQ(hear("b").size(), 1u);
}

TEST_F(Publishing, gives_each_protocol_its_own_text) {
    const std::string arn = create("orders");
    queue("q");
    subscribe(arn, "q", {{"RawMessageDelivery", "true"}});

    EXPECT_EQ(publish(arn, {{"MessageStructure", "json"}, {"Message", R"({"default":"d","sqs":"s","http":"h"})"}}).status, 200u);

    const auto got = hear("q");
    EXPECT_EQ(got.at(0).message.text(), "s");
    EXPECT_EQ(got.at(0).message.properties->opaque.at("sns.http"), "h");
    EXPECT_EQ(got.at(0).message.properties->opaque.at("sns.https"), "d");
    EXPECT_EQ(publish(arn, {{"MessageStructure", "json"}, {"Message", R"({"sqs":"s"})"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"MessageStructure", "json"}, {"Message", "{"}}).code(), "InvalidParameter");
}

TEST_F(Publishing, keeps_order_and_drops_duplicates_in_FIFO_topics) {
    const std::string arn = create("o.fifo");
    queue("q.fifo");
    queue("plain");
    subscribe(arn, "q.fifo", {{"RawMessageDelivery", "true"}});
    subscribe(arn, "plain", {{"RawMessageDelivery", "true"}});
    const auto say = [&](std::string text, std::string id) {
        return publish(arn, {{"Message", text}, {"MessageGroupId", "g"}, {"MessageDeduplicationId", id}});
    };

    const Reply first = say("1", "a");
    const Reply again = say("1", "a");
    say("2", "b");

    EXPECT_EQ(first.element("MessageId"), again.element("MessageId"));
    EXPECT_EQ(first.element("SequenceNumber"), again.element("SequenceNumber"));
    EXPECT_EQ(first.element("SequenceNumber").size(), 20u);
    const auto got = hear("q.fifo");
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[0].message.text(), "1");
    EXPECT_EQ(got[1].message.text(), "2");
    EXPECT_EQ(hear("plain").size(), 2u);
    clock->advance(5min + 1s);
    EXPECT_NE(say("1", "a").element("MessageId"), first.element("MessageId"));
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"MessageGroupId", "g"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"MessageDeduplicationId", "x"}}).code(), "InvalidParameter");
}

TEST_F(Publishing, drops_duplicates_in_FIFO_topics_also_for_queues_subscribed_since) {
    const std::string arn = create("o.fifo");
    queue("q.fifo");
    const auto say = [&] { return publish(arn, {{"Message", "1"}, {"MessageGroupId", "g"}, {"MessageDeduplicationId", "a"}}); };
    const Reply first = say();
    subscribe(arn, "q.fifo");

    const Reply again = say();

    EXPECT_EQ(first.element("MessageId"), again.element("MessageId"));
    EXPECT_TRUE(hear("q.fifo").empty());
}

TEST_F(Publishing, deduplicates_by_content_where_the_topic_says_so) {
    const std::string arn =
        create("o.fifo", {{"Attributes.entry.1.key", "ContentBasedDeduplication"}, {"Attributes.entry.1.value", "true"}});
    queue("q.fifo");
    subscribe(arn, "q.fifo");

    publish(arn, {{"Message", "m"}, {"MessageGroupId", "g"}});
    publish(arn, {{"Message", "m"}, {"MessageGroupId", "g"}});

    EXPECT_EQ(hear("q.fifo").size(), 1u);
}

TEST_F(Publishing, refuses_what_is_no_message) {
    const std::string arn = create("orders");
    EXPECT_EQ(publish(arn, {}).element("Message"), "Invalid parameter: Empty message");
    EXPECT_EQ(publish(arn, {{"Message", std::string(262'145, 'x')}}).element("Message"), "Invalid parameter: Message too long");
    EXPECT_EQ(publish(arn, {{"Message", std::string(262'144, 'x')}}).status, 200u);
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"Subject", std::string(101, 's')}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"Subject", "a\nb"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"MessageStructure", "xml"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m"}, {"MessageDeduplicationId", "x"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m\x01"}}).code(), "InvalidParameter");
    EXPECT_EQ(publish(arn, {{"Message", "m"},
                            {"MessageAttributes.entry.1.Name", "n"},
                            {"MessageAttributes.entry.1.Value.DataType", "Number"},
                            {"MessageAttributes.entry.1.Value.StringValue", "x"}})
                  .code(),
              "ParameterValueInvalid");
    EXPECT_EQ(call("Publish", {{"Message", "m"}}).code(), "InvalidParameter");
    EXPECT_EQ(call("Publish", {{"Message", "m"}, {"PhoneNumber", "+1"}}).code(), "InvalidParameter");
}

TEST_F(Publishing, refuses_in_the_words_of_AWS) {
    const std::string arn = create("orders");
    const auto said = [&](std::string name, std::vector<std::pair<std::string, std::string>> value) {
        std::vector<std::pair<std::string, std::string>> more{{"Message", "m"}, {"MessageAttributes.entry.1.Name", name}};
        for (auto& [field, text] : value) more.emplace_back("MessageAttributes.entry.1.Value." + field, text);
        const Reply reply = publish(arn, more);
        return reply.code() + ": " + reply.element("Message");
    };
    const std::vector<std::pair<std::string, std::string>> good{{"DataType", "String"}, {"StringValue", "x"}};
    const std::string invalid = "ParameterValueInvalid: ";

    EXPECT_EQ(said("a", {{"StringValue", "x"}}),
              "ValidationError: 1 validation error detected: Value null at 'messageAttributes.a.member.dataType' failed to satisfy "
              "constraint: Member must not be null");
    EXPECT_EQ(said("a", {{"DataType", "String"}}),
              invalid +
                  "The message attribute 'a' must contain non-empty message attribute value for message attribute type "
                  "'String'.");
    EXPECT_EQ(said("a", {{"DataType", "Number"}, {"BinaryValue", "eA=="}}),
              invalid + "The message attribute 'a' with type 'Number' must use field 'String'.");
    EXPECT_EQ(said("a", {{"DataType", "Binary"}, {"StringValue", "x"}}),
              invalid + "The message attribute 'a' with type 'Binary' must use field 'Binary'.");
    EXPECT_EQ(said(std::string(257, 'a'), good), invalid + "Length of message attribute name must be less than 256 bytes.");
    EXPECT_EQ(said("a^b", good), invalid +
                                     "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only "
                                     "include alphanumeric characters, hyphens, underscores, or dots.");
    EXPECT_EQ(said(".a", good), invalid + "Invalid message attribute name starting with character '.' was found.");
    EXPECT_EQ(said("a.", good), invalid + "Invalid message attribute name ending with character '.' was found.");
    EXPECT_EQ(said("a..b", good), invalid + "Message attribute name can not have successive '.' character.");
    EXPECT_EQ(said("AWS.a", good).substr(0, invalid.size()), invalid);
    EXPECT_EQ(call("Publish", {{"TopicArn", ""}, {"Message", "m"}}).element("Message"),
              "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1");
    EXPECT_EQ(call("Subscribe", {{"TopicArn", arn}, {"Protocol", "fax"}, {"Endpoint", "x"}}).element("Message"),
              "Invalid parameter: Amazon SNS does not support this protocol string: fax");
    EXPECT_EQ(
        call("SetTopicAttributes", {{"TopicArn", arn}, {"AttributeName", "FifoTopic"}, {"AttributeValue", "false"}}).element("Message"),
        "Invalid parameter: AttributeName");
    EXPECT_EQ(call("CreateTopic", {{"Name", "x"}, {"Attributes.entry.1.key", "FifoTopic"}, {"Attributes.entry.1.value", "true"}})
                  .element("Message"),
              "Invalid parameter: Topic Name");
}

TEST_F(Publishing, refuses_batches_in_the_words_of_AWS) {
    const std::string arn = create("orders");
    const auto entry = [](int n, std::string name) { return "PublishBatchRequestEntries.member." + std::to_string(n) + '.' + name; };
    const auto said = [&](std::string id) {
        return call("PublishBatch", {{"TopicArn", arn}, {entry(1, "Id"), id}, {entry(1, "Message"), "m"}}).element("Message");
    };

    EXPECT_EQ(said("a.b"), "The Id of a batch entry in the batch request contains an impermissible character: a.b");
    EXPECT_EQ(said(std::string(81, 'a')), "The Id of a batch entry in the batch request is too long: " + std::string(81, 'a'));
    EXPECT_EQ(said(std::string(80, 'a')), "");
    EXPECT_EQ(call("PublishBatch", {{"TopicArn", arn},
                                    {entry(1, "Id"), "a"},
                                    {entry(1, "Message"), "m"},
                                    {entry(2, "Id"), "b"},
                                    {entry(2, "Message"), "m"},
                                    {entry(2, "MessageAttributes.entry.1.Name"), "n"},
                                    {entry(2, "MessageAttributes.entry.1.Value.StringValue"), "x"}})
                  .element("Message"),
              "1 validation error detected: Value null at 'publishBatchRequestEntries.2.member.messageAttributes.n.member.dataType' "
              "failed to satisfy constraint: Member must not be null");
}

TEST_F(Publishing, takes_batches_in_which_one_may_fail) {
    const std::string arn = create("orders");
    queue("q");
    subscribe(arn, "q");
    const auto entry = [](int n, std::string name) { return "PublishBatchRequestEntries.member." + std::to_string(n) + '.' + name; };

    const Reply reply = call("PublishBatch", {{"TopicArn", arn}, {entry(1, "Id"), "a"}, {entry(1, "Message"), "1"}, {entry(2, "Id"), "b"}});

    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.count("<MessageId>"), 1u);
    EXPECT_NE(reply.element("Failed").find("<Id>b</Id><Code>InvalidParameter</Code>"), std::string::npos) << reply.body;
    EXPECT_EQ(hear("q").size(), 1u);
    const Reply whole = call("PublishBatch", {{"TopicArn", arn},
                                              {entry(1, "Id"), "a"},
                                              {entry(1, "Message"), "1"},
                                              {entry(2, "Id"), "b"},
                                              {entry(2, "Message"), "{}"},
                                              {entry(2, "MessageStructure"), "json"}});
    EXPECT_EQ(whole.code(), "InvalidParameter") << "as AWS does, this refuses the whole batch";
    EXPECT_TRUE(hear("q").empty());
    EXPECT_EQ(call("PublishBatch", {{"TopicArn", arn}}).code(), "EmptyBatchRequest");
    EXPECT_EQ(call("PublishBatch", {{"TopicArn", arn}, {entry(1, "Id"), "?"}}).code(), "InvalidBatchEntryId");
    EXPECT_EQ(call("PublishBatch", {{"TopicArn", arn}, {entry(1, "Id"), "a"}, {entry(2, "Id"), "a"}}).code(), "BatchEntryIdsNotDistinct");
    std::vector<std::pair<std::string, std::string>> many{{"TopicArn", arn}};
    for (int i = 1; i <= 11; ++i) many.emplace_back(entry(i, "Id"), std::to_string(i));
    EXPECT_EQ(call("PublishBatch", many).code(), "TooManyEntriesInBatchRequest");
    EXPECT_EQ(call("PublishBatch", {{"TopicArn", arn},
                                    {entry(1, "Id"), "a"},
                                    {entry(1, "Message"), std::string(200'000, 'x')},
                                    {entry(2, "Id"), "b"},
                                    {entry(2, "Message"), std::string(200'000, 'x')}})
                  .code(),
              "BatchRequestTooLong");
}

class Subscribing : public Conversation {};

TEST_F(Subscribing, is_the_same_subscription_the_second_time) {
    const std::string arn = create("orders");
    queue("q");

    const std::string first = subscribe(arn, "q");

    EXPECT_TRUE(first.starts_with(arn + ':'));
    EXPECT_EQ(subscribe(arn, "q"), first);
    EXPECT_EQ(subscribe(arn, "q", {{"FilterPolicyScope", "MessageAttributes"}, {"RawMessageDelivery", "False"}}), first);
    const auto with = [&](std::string name, std::string value) {
        return call("Subscribe", {{"TopicArn", arn},
                                  {"Protocol", "sqs"},
                                  {"Endpoint", queue_arn("q")},
                                  {"Attributes.entry.1.key", std::move(name)},
                                  {"Attributes.entry.1.value", std::move(value)}})
            .code();
    };
    EXPECT_EQ(with("RawMessageDelivery", "true"), "InvalidParameter");
    EXPECT_EQ(with("FilterPolicyScope", "MessageBody"), "InvalidParameter");
    EXPECT_EQ(call("ListSubscriptionsByTopic", {{"TopicArn", arn}}).count("<Endpoint>"), 1u);
}

TEST_F(Subscribing, begins_anew_when_its_queue_was_deleted) {
    const std::string arn = create("orders");
    queue("q");
    const std::string first = subscribe(arn, "q");
    ASSERT_TRUE(rowmq::test::run_in(io, broker->delete_queue("q", {})));
    EXPECT_EQ(call("ListSubscriptions").count("<Endpoint>"), 0u);
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", first}}).code(), "NotFound");
    queue("q");
    call("Publish", {{"TopicArn", arn}, {"Message", "not subscribed"}});

    EXPECT_NE(subscribe(arn, "q"), first);

    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    EXPECT_EQ(hear("q").size(), 1u);
}

TEST_F(Subscribing, is_found_again_after_a_restart) {
    const std::string arn = create("orders");
    queue("q");
    const std::string first = subscribe(arn, "q");

    stop();
    start();

    EXPECT_EQ(subscribe(arn, "q"), first);
    EXPECT_EQ(call("ListSubscriptionsByTopic", {{"TopicArn", arn}}).element("SubscriptionArn"), first);
}

TEST_F(Subscribing, refuses_what_it_cannot_reach) {
    const std::string arn = create("orders");
    queue("q.fifo");
    const auto code = [&](std::string by, std::string endpoint) {
        return call("Subscribe", {{"TopicArn", arn}, {"Protocol", by}, {"Endpoint", endpoint}}).code();
    };
    EXPECT_EQ(code("sqs", queue_arn("nobody")), "InvalidParameter");
    EXPECT_EQ(code("sqs", "http://localhost/q"), "InvalidParameter");
    EXPECT_EQ(code("sqs", queue_arn("q.fifo")), "InvalidParameter");
    EXPECT_EQ(code("email", "a@example.com"), "InvalidParameter");
    EXPECT_EQ(code("http", "https://example.com"), "InvalidParameter");
    EXPECT_EQ(code("http", "nonsense"), "InvalidParameter");
    EXPECT_EQ(call("Subscribe", {{"TopicArn", arn + "x"}, {"Protocol", "sqs"}, {"Endpoint", queue_arn("q.fifo")}}).code(), "NotFound");
}

TEST_F(Subscribing, checks_filter_policies) {
    const std::string arn = create("orders");
    queue("q");
    const std::string subscription = subscribe(arn, "q");
    const auto set = [&](std::string name, std::string value) {
        return call("SetSubscriptionAttributes", {{"SubscriptionArn", subscription}, {"AttributeName", name}, {"AttributeValue", value}})
            .code();
    };
    EXPECT_EQ(set("FilterPolicy", R"({"a":["x"]})"), "");
    EXPECT_EQ(set("FilterPolicy", R"({"a":"x"})"), "InvalidParameter");
    EXPECT_EQ(set("FilterPolicy", R"({"a":{"b":["x"]}})"), "InvalidParameter");
    EXPECT_EQ(set("FilterPolicy", R"({"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]})"), "InvalidParameter");
    EXPECT_EQ(set("FilterPolicy", R"({"a":[1,2,3,4,5,6],"b":[1,2,3,4,5],"c":[1,2,3,4,5,6]})"), "InvalidParameter");
    EXPECT_EQ(set("FilterPolicyScope", "Elsewhere"), "InvalidParameter");
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).attribute("FilterPolicy"),
              R"({&quot;a&quot;:[&quot;x&quot;]})");
    EXPECT_EQ(set("FilterPolicy", ""), "");
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).attribute("FilterPolicy"), "");
    EXPECT_EQ(set("DeliveryPolicy", "{}"), "InvalidParameter") << "queues need none";
    EXPECT_EQ(set("RedrivePolicy", "{}"), "");
    EXPECT_EQ(set("RedrivePolicy", R"({"deadLetterTargetArn":"x"})"), "InvalidParameter");
    EXPECT_EQ(set("RawMessageDelivery", "maybe"), "InvalidParameter");
    EXPECT_EQ(set("RawMessageDelivery", "TrUe"), "");
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).attribute("RawMessageDelivery"), "true");
}

TEST_F(Subscribing, ends) {
    const std::string arn = create("orders");
    queue("q");
    const std::string subscription = subscribe(arn, "q");

    EXPECT_EQ(call("Unsubscribe", {{"SubscriptionArn", subscription}}).status, 200u);

    EXPECT_EQ(call("Unsubscribe", {{"SubscriptionArn", subscription}}).status, 200u);
    EXPECT_EQ(call("GetSubscriptionAttributes", {{"SubscriptionArn", subscription}}).code(), "NotFound");
    EXPECT_EQ(call("Unsubscribe", {{"SubscriptionArn", "x"}}).code(), "InvalidParameter");
    call("Publish", {{"TopicArn", arn}, {"Message", "m"}});
    EXPECT_TRUE(hear("q").empty());
}

TEST_F(Subscribing, lists_in_pages) {
    const std::string arn = create("orders");
    for (int i = 0; i < 101; ++i) {
        queue("q" + std::to_string(i));
        subscribe(arn, "q" + std::to_string(i));
    }
    const Reply first = call("ListSubscriptions");
    EXPECT_EQ(first.count("<Endpoint>"), 100u);
    EXPECT_EQ(call("ListSubscriptions", {{"NextToken", first.element("NextToken")}}).count("<Endpoint>"), 1u);
    const Reply page = call("ListSubscriptionsByTopic", {{"TopicArn", arn}});
    EXPECT_EQ(page.count("<Endpoint>"), 100u);
    const std::string next = page.element("NextToken");
    EXPECT_EQ(call("ListSubscriptionsByTopic", {{"TopicArn", arn}, {"NextToken", next}}).count("<Endpoint>"), 1u);
    const std::string other = create("other");
    EXPECT_EQ(call("ListSubscriptionsByTopic", {{"TopicArn", other}, {"NextToken", next}}).code(), "InvalidParameter");
    EXPECT_EQ(call("ListSubscriptions", {{"NextToken", "bm9uZQ=="}}).code(), "InvalidParameter");
}

TEST_F(Subscribing, lists_those_of_all_topics_across_pages) {
    std::set<std::string> made, listed;
    for (const std::string name : {"b", "a", "empty", "c"}) {
        const std::string arn = create(name);
        if (name == "empty") continue;
        for (int i = 0; i < 60; ++i) {
            if (name == "b") queue("q" + std::to_string(i));
            made.insert(subscribe(arn, "q" + std::to_string(i)));
        }
    }

    std::string token;
    std::vector<std::size_t> sizes;
    do {
        Reply page = token.empty() ? call("ListSubscriptions") : call("ListSubscriptions", {{"NextToken", token}});
        sizes.push_back(page.count("<SubscriptionArn>"));
        for (auto at = page.body.find("<SubscriptionArn>"); at != std::string::npos; at = page.body.find("<SubscriptionArn>", at + 1))
            listed.insert(page.body.substr(at + 17, page.body.find("</", at) - at - 17));
        token = page.element("NextToken");
    } while (!token.empty() && sizes.size() < 9);

    EXPECT_EQ(sizes, (std::vector<std::size_t>{100, 80}));
    EXPECT_EQ(listed, made);
}

}  // namespace
}  // namespace rowmq::sns::test
