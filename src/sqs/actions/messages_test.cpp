#include <algorithm>
#include <limits>

#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Messages : public Conversation {
protected:
    std::string url = create("orders");

    Reply send_with(json::object more) {
        more["QueueUrl"] = url;
        if (!more.contains("MessageBody")) more["MessageBody"] = "body";
        return call("SendMessage", more);
    }
    std::string fault_of(json::object more) {
        const Reply reply = send_with(std::move(more));
        return reply.status == 200 ? "none" : reply.fault();
    }
    std::string fault_of_attribute(std::string name, json::object value) {
        json::object attributes;
        attributes[name] = std::move(value);
        return fault_of({{"MessageAttributes", std::move(attributes)}});
    }
};

TEST_F(Messages, come_back_as_they_were_sent) {
    const Reply sent = say(url, "gr\xc3\xbc\xc3\x9f");

    const json::array heard = hear(url);

    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0], "Body"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(text(heard[0], "MessageId"), sent.at("MessageId"));
    EXPECT_EQ(text(heard[0], "MD5OfBody"), sent.at("MD5OfMessageBody"));
    EXPECT_FALSE(heard[0].as_object().contains("Attributes"));
    EXPECT_FALSE(heard[0].as_object().contains("MessageAttributes"));
    EXPECT_FALSE(sent.has("SequenceNumber"));
}

TEST_F(Messages, carry_attributes_of_which_those_asked_for_come_back) {
    const json::object attributes = {{"a.one", {{"DataType", "String"}, {"StringValue", "1"}}},
                                     {"a.two", {{"DataType", "Number.int"}, {"StringValue", "-2e3"}}},
                                     {"b", {{"DataType", "Binary"}, {"BinaryValue", "AP8="}}}};
    const Reply sent = send_with({{"MessageAttributes", attributes}});
    const auto received_with = [&](json::array names) {
        const json::array heard = hear(url, {{"MessageAttributeNames", std::move(names)}, {"VisibilityTimeout", 0}});
        return heard.at(0).as_object();
    };

    EXPECT_EQ(received_with({"All"}).at("MessageAttributes"), json::value(attributes));
    EXPECT_EQ(received_with({".*"}).at("MD5OfMessageAttributes").as_string(), sent.at("MD5OfMessageAttributes"));
    const json::object one = received_with({"a.*"});
    EXPECT_EQ(one.at("MessageAttributes").as_object().size(), 2u);
    EXPECT_NE(one.at("MD5OfMessageAttributes").as_string(), sent.at("MD5OfMessageAttributes"));
    EXPECT_EQ(received_with({"b"}).at("MessageAttributes").as_object().size(), 1u);
    EXPECT_EQ(received_with({"a.on.*"}).at("MessageAttributes").as_object().size(), 1u);  // a prefix, not a part of a name
    EXPECT_FALSE(received_with({"c"}).contains("MessageAttributes"));
    EXPECT_FALSE(received_with({}).contains("MD5OfMessageAttributes"));
}

TEST_F(Messages, tell_what_the_system_knows_when_asked) {
    send_with({{"MessageSystemAttributes", {{"AWSTraceHeader", {{"DataType", "String"}, {"StringValue", "Root=1"}}}}},
               {"MessageGroupId", "fair"}});
    advance(5s);
    hear(url, {{"VisibilityTimeout", 0}});

    const json::array heard = hear(url, {{"AttributeNames", json::array{"All"}}});

    EXPECT_EQ(heard.at(0).at("Attributes"), json::value({{"SenderId", "000000000000"},
                                                         {"SentTimestamp", "1700000000000"},
                                                         {"ApproximateReceiveCount", "2"},
                                                         {"ApproximateFirstReceiveTimestamp", "1700000005000"},
                                                         {"MessageGroupId", "fair"},
                                                         {"AWSTraceHeader", "Root=1"}}));
    EXPECT_EQ(call("ReceiveMessage", {{"QueueUrl", url}, {"MessageSystemAttributeNames", json::array{"Nonsense"}}}).fault(),
              "InvalidAttributeName");
}

TEST_F(Messages, are_of_the_trace_their_request_is_of_unless_they_bring_one) {
    const auto traced = [&](json::object more) {
        json::object message{{"QueueUrl", url}, {"MessageBody", "x"}};
        for (auto& [name, value] : more) message[name] = value;
        net::Request request = json_request("SendMessage", message);
        request.fields.add("X-Amzn-Trace-Id", "Root=2");
        const Reply sent = send(std::move(request));
        EXPECT_EQ(sent.has("MD5OfMessageSystemAttributes"), more.contains("MessageSystemAttributes"));
        const json::array heard = hear(url, {{"MessageSystemAttributeNames", json::array{"AWSTraceHeader"}}});
        return text(heard.at(0).at("Attributes"), "AWSTraceHeader");
    };

    EXPECT_EQ(traced({}), "Root=2");
    EXPECT_EQ(traced({{"MessageSystemAttributes", {{"AWSTraceHeader", {{"DataType", "String"}, {"StringValue", "Root=1"}}}}}}), "Root=1");
}

TEST_F(Messages, are_refused_with_the_reason) {
    EXPECT_EQ(call("SendMessage", {{"QueueUrl", url}}).fault(), "MissingRequiredParameterException");
    EXPECT_EQ(fault_of({{"MessageBody", ""}}), "MissingRequiredParameterException");
    EXPECT_EQ(fault_of({{"MessageBody", "a\x01"}}), "InvalidMessageContents");
    EXPECT_EQ(fault_of({{"MessageBody", "a\xef\xbf\xbf"}}), "InvalidMessageContents");
    EXPECT_EQ(fault_of({{"DelaySeconds", 901}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of({{"DelaySeconds", -1}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of({{"MessageDeduplicationId", "d"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of({{"MessageGroupId", "no spaces"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("AWS.x", {{"DataType", "String"}, {"StringValue", "1"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a..b", {{"DataType", "String"}, {"StringValue", "1"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "Text"}, {"StringValue", "1"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "String"}, {"StringValue", ""}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "String"}, {"BinaryValue", "AP8="}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "Number"}, {"StringValue", "one"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "String"}, {"StringListValues", json::array{"1"}}}), "UnsupportedOperation");
    json::object eleven;
    for (char c = 'a'; c <= 'k'; ++c) eleven[std::string(1, c)] = {{"DataType", "String"}, {"StringValue", "1"}};
    EXPECT_EQ(fault_of({{"MessageAttributes", eleven}}), "InvalidParameterValueException");
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages"), "0");
}

TEST_F(Messages, with_an_empty_attribute_are_refused_in_the_words_of_AWS) {
    const json::object empty{{"ErrorDetails", {{"DataType", "String"}, {"StringValue", ""}}}};

    EXPECT_EQ(send_with({{"MessageAttributes", empty}}).at("message"),
              "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.");
}

TEST_F(Messages, may_be_as_long_as_the_queue_allows_attributes_included) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"MaximumMessageSize", "1024"}}}});
    const json::object attribute = {{"n", {{"DataType", "String"}, {"StringValue", "v"}}}};  // 8 bytes

    EXPECT_EQ(fault_of({{"MessageBody", std::string(1'024, 'x')}}), "none");
    const Reply too_long = send_with({{"MessageBody", std::string(1'025, 'x')}});
    EXPECT_EQ(too_long.at("message"), "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.");
    EXPECT_EQ(fault_of({{"MessageBody", std::string(1'016, 'x')}, {"MessageAttributes", attribute}}), "none");
    EXPECT_EQ(fault_of({{"MessageBody", std::string(1'017, 'x')}, {"MessageAttributes", attribute}}), "InvalidParameterValueException");
}

TEST_F(Messages, are_delayed_by_the_queue_or_by_their_own) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"DelaySeconds", "10"}}}});
    say(url, "late");
    send_with({{"MessageBody", "now"}, {"DelaySeconds", 0}});

    const json::array at_once = hear(url);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesDelayed"), "1");
    advance(10s);
    const json::array later = hear(url);

    ASSERT_EQ(at_once.size(), 1u);
    EXPECT_EQ(text(at_once[0], "Body"), "now");
    ASSERT_EQ(later.size(), 1u);
    EXPECT_EQ(text(later[0], "Body"), "late");
}

TEST_F(Messages, sent_in_a_batch_are_answered_one_by_one) {
    const Reply reply = call(
        "SendMessageBatch",
        {{"QueueUrl", url},
         {"Entries",
          {{{"Id", "good"}, {"MessageBody", "1"}}, {{"Id", "bad"}, {"MessageBody", "\x01"}}, {{"Id", "fine"}, {"MessageBody", "2"}}}}});

    ASSERT_EQ(reply.status, 200u);
    const auto& good = reply.value.at("Successful").as_array();
    ASSERT_EQ(good.size(), 2u);
    EXPECT_EQ(text(good[0], "Id"), "good");
    EXPECT_EQ(text(good[1], "Id"), "fine");
    EXPECT_EQ(text(good[1], "MD5OfMessageBody"), "c81e728d9d4c2f636f067f89cc14862c");
    const auto& bad = reply.value.at("Failed").as_array();
    ASSERT_EQ(bad.size(), 1u);
    EXPECT_EQ(text(bad[0], "Code"), "InvalidMessageContents");
    EXPECT_TRUE(bad[0].at("SenderFault").as_bool());
    EXPECT_EQ(hear(url).size(), 2u);
}

TEST_F(Messages, sent_in_a_batch_are_received_under_the_ids_they_were_answered_with) {
    const Reply reply = call("SendMessageBatch",
                             {{"QueueUrl", url}, {"Entries", {{{"Id", "a"}, {"MessageBody", "1"}}, {{"Id", "b"}, {"MessageBody", "2"}}}}});
    const auto& sent = reply.value.at("Successful").as_array();

    const auto got = hear(url);

    ASSERT_EQ(sent.size(), 2u);
    ASSERT_EQ(got.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(text(sent[i], "MessageId"), text(got[i], "MessageId"));
    EXPECT_NE(text(sent[0], "MessageId"), text(sent[1], "MessageId"));
}

TEST_F(Messages, sent_in_a_batch_are_refused_together_in_the_order_AWS_looks) {
    const auto fault = [&](json::array entries) { return call("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}}).query_error; };
    const auto entry = [](std::string id, std::string body = "x") { return json::object{{"Id", id}, {"MessageBody", body}}; };
    json::array eleven;
    for (int i = 0; i < 11; ++i) eleven.push_back(entry("same"));

    EXPECT_EQ(fault({}), "AWS.SimpleQueueService.EmptyBatchRequest;Sender");
    EXPECT_EQ(fault(eleven), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest;Sender");
    EXPECT_EQ(fault({entry("no id!"), entry("no id!")}), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct;Sender");
    EXPECT_EQ(fault({entry("no id!"), entry("b")}), "AWS.SimpleQueueService.InvalidBatchEntryId;Sender");
    EXPECT_EQ(fault({entry("a", std::string(600'000, 'x')), entry("b", std::string(600'000, 'x'))}),
              "AWS.SimpleQueueService.BatchRequestTooLong;Sender");
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages"), "0");
}

TEST_F(Messages, of_other_protocols_are_given_as_SQS_can) {
    Session session = broker->open_session().value();
    Properties properties;
    properties.headers = {{"count", {std::int64_t{3}, "I"}},
                          {"ratio", {0.5, "d"}},
                          {"yes", {true, "t"}},
                          {"nothing", {nullptr, "V"}},
                          {"no number", {std::numeric_limits<double>::infinity(), "d"}},
                          {"no\x01name", {true, "t"}}};
    Publish publish;
    publish.routing_key = "orders";
    publish.message = Message(std::string("\x00\xff", 2), properties);
    ASSERT_TRUE(rowmq::test::run_in(io, session.publish(std::move(publish))));

    const json::array heard = hear(url, {{"MessageAttributeNames", json::array{"All"}}});

    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0], "Body"), "AP8=");
    EXPECT_EQ(heard[0].at("MessageAttributes"), json::value({{"count", {{"DataType", "Number"}, {"StringValue", "3"}}},
                                                             {"ratio", {{"DataType", "Number"}, {"StringValue", "0.5"}}},
                                                             {"yes", {{"DataType", "String"}, {"StringValue", "true"}}},
                                                             {"no number", {{"DataType", "String"}, {"StringValue", "inf"}}},
                                                             {"RowMQ.BodyEncoding", {{"DataType", "String"}, {"StringValue", "base64"}}}}));
}

TEST_F(Messages, in_Query_go_to_the_queue_of_the_path) {
    const Reply sent = query("Action=SendMessage&MessageBody=a%26b&Version=2012-11-05", "/000000000000/orders");
    const Reply heard = query("Action=ReceiveMessage&AttributeName.1=ApproximateReceiveCount", "/queue/orders");

    EXPECT_EQ(sent.status, 200u);
    EXPECT_NE(sent.element("MessageId"), "");
    EXPECT_EQ(heard.element("Body"), "a&amp;b");
    EXPECT_EQ(heard.element("Attribute"), "<Name>ApproximateReceiveCount</Name><Value>1</Value>");
}

}  // namespace
}  // namespace rowmq::sqs::test
