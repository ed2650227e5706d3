#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Extensions : public Conversation {
protected:
    std::string url = create("orders");

    static json::object number(std::string value) { return {{"DataType", "Number"}, {"StringValue", std::move(value)}}; }
    Reply send_with(json::object attributes, std::string body = "x") {
        return call("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::move(body)}, {"MessageAttributes", std::move(attributes)}});
    }
};

TEST_F(Extensions, delay_a_message_for_any_time) {
    EXPECT_EQ(send_with({{"RowMQ.DelaySeconds", number("864000")}, {"kept", number("1")}}).status, 200u);

    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesDelayed"), "1");
    advance(std::chrono::days(10) - 1s);
    EXPECT_EQ(hear(url).size(), 0u);
    advance(1s);
    // The queue keeps messages for four days; that begins when they become ready.
    const json::array heard = hear(url, {{"MessageAttributeNames", json::array{"All"}}});
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].at("MessageAttributes").as_object().size(), 1u);
    EXPECT_TRUE(heard[0].at("MessageAttributes").as_object().contains("kept"));
}

TEST_F(Extensions, deliver_a_message_at_its_time_and_drop_it_after_another) {
    const auto now = clock->wall().time_since_epoch();
    send_with({{"RowMQ.DeliverAt", number(std::to_string(milliseconds(now + 90min).count()))}});
    send_with({{"RowMQ.ExpireSeconds", number("60")}}, "short");
    advance(61s);
    EXPECT_EQ(hear(url).size(), 0u);
    advance(89min);
    EXPECT_EQ(hear(url).size(), 1u);
}

TEST_F(Extensions, give_a_message_a_priority) {
    url = create("urgent", {{"RowMQ.MaxPriority", "9"}});
    send_with({}, "low");
    send_with({{"RowMQ.Priority", number("9")}}, "high");

    EXPECT_EQ(text(hear(url).at(0), "Body"), "high");
}

TEST_F(Extensions, take_the_greatest_number_they_name) {
    EXPECT_EQ(send_with({{"RowMQ.Priority", number("255")}}).status, 200u);
    EXPECT_EQ(send_with({{"RowMQ.DelaySeconds", number("3162240000")}}).status, 200u);
    EXPECT_EQ(send_with({{"RowMQ.DelaySeconds", number("3162240001")}}).status, 400u);
    EXPECT_EQ(send_with({{"RowMQ.ExpireSeconds", number("3162240000")}}).status, 200u);
}

TEST_F(Extensions, carry_bytes_as_base64) {
    const json::object encoding{{"DataType", "String"}, {"StringValue", "base64"}};
    send_with({{"RowMQ.BodyEncoding", encoding}}, "AAH/");

    const json::array heard = hear(url);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0], "Body"), "AAH/");
    EXPECT_EQ(text(heard[0].at("MessageAttributes").at("RowMQ.BodyEncoding"), "StringValue"), "base64");
    EXPECT_EQ(send_with({{"RowMQ.BodyEncoding", encoding}}, "no base64").fault(), "InvalidParameterValueException");
}

TEST_F(Extensions, that_are_wrong_are_refused_by_name) {
    for (const auto& [name, value] : std::multimap<std::string, std::string>{{"RowMQ.DelaySeconds", "-1"},
                                                                             {"RowMQ.DelaySeconds", "1.5"},
                                                                             {"RowMQ.DeliverAt", "1e300"},
                                                                             {"RowMQ.ExpireSeconds", "0"},
                                                                             {"RowMQ.Priority", "256"},
                                                                             {"RowMQ.Nonsense", "1"}}) {
        const Reply reply = send_with({{name, number(value)}});
        EXPECT_EQ(reply.fault(), "InvalidParameterValueException") << name;
        EXPECT_NE(reply.at("message").find(name), std::string::npos);
    }
    EXPECT_EQ(send_with({{"RowMQ.DelaySeconds", number("1")}, {"RowMQ.DeliverAt", number("1")}}).fault(), "InvalidParameterValueException");
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    EXPECT_EQ(call("SendMessage", {{"QueueUrl", fifo},
                                   {"MessageBody", "x"},
                                   {"MessageGroupId", "g"},
                                   {"MessageAttributes", {{"RowMQ.DelaySeconds", number("1")}}}})
                  .fault(),
              "InvalidParameterValueException");
}

TEST_F(Extensions, leave_the_limits_of_AWS_as_they_are) {
    EXPECT_EQ(call("SendMessage", {{"QueueUrl", url}, {"MessageBody", "x"}, {"DelaySeconds", 901}}).fault(),
              "InvalidParameterValueException");
}

class Peek : public Extensions {
protected:
    net::Response look(std::string target, std::string accept = "") {
        net::Request request;
        request.method = "GET";
        request.target = std::move(target);
        request.fields.add("Host", "localhost:9324");
        if (!accept.empty()) request.fields.add("Accept", accept);
        return rowmq::test::run_in(io, protocol->handle(std::move(request)));
    }
    json::value messages(std::string target) {
        const net::Response response = look(std::move(target), "application/json");
        EXPECT_EQ(response.content_type, "application/json");
        return json::parse(response.body).at("ReceiveMessageResponse").at("ReceiveMessageResult");
    }
    std::string at = "/_aws/sqs/messages?QueueUrl=http%3A%2F%2Flocalhost%3A9324%2F000000000000%2Forders";
};

TEST_F(Peek, shows_messages_and_changes_nothing) {
    EXPECT_TRUE(messages(at).is_null());
    send_with({{"a", number("1")}}, "first");
    EXPECT_EQ(text(messages(at).at("Message"), "Body"), "first");
    say(url, "second");

    for (int i = 0; i < 2; ++i) {
        const json::array both = messages(at).at("Message").as_array();
        ASSERT_EQ(both.size(), 2u);
        EXPECT_EQ(text(both[0], "ReceiptHandle"), "SQS/BACKDOOR/ACCESS");
        EXPECT_EQ(text(both[0].at("MessageAttribute"), "Name"), "a");
    }

    const json::array heard = hear(url, {{"AttributeNames", json::array{"ApproximateReceiveCount"}}});
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_EQ(text(heard[0].at("Attributes"), "ApproximateReceiveCount"), "1");
}

TEST_F(Peek, shows_what_is_hidden_only_when_asked) {
    say(url, "in flight");
    hear(url);
    call("SendMessage", {{"QueueUrl", url}, {"MessageBody", "delayed"}, {"DelaySeconds", 60}});

    EXPECT_TRUE(messages(at).is_null());
    EXPECT_EQ(text(messages(at + "&ShowInvisible=true").at("Message"), "Body"), "in flight");
    EXPECT_EQ(text(messages(at + "&ShowDelayed=true").at("Message"), "Body"), "delayed");
}

TEST_F(Peek, shows_what_came_through_a_topic_as_a_receive_shows_it) {
    const aws::Place place;
    aws::Notifications notifications(*broker, place, nullptr);
    protocol = std::make_unique<Protocol>(*broker, *clock, random, Settings{}, &notifications);
    ASSERT_TRUE(rowmq::test::run_in(io, broker->declare_exchange("t", {.kind = ExchangeKind::fanout})));
    ASSERT_TRUE(rowmq::test::run_in(io, broker->bind({"t", "orders", "id", {.note = "sns:id"}})));
    Session session = broker->open_session().value();
    Properties properties;
    properties.headers.push_back({"kind", {.value = std::string("red"), .tag = "String"}});
    ASSERT_TRUE(rowmq::test::run_in(io, session.publish({.exchange = "t", .message = Message("hello", std::move(properties))})));

    const json::value seen = messages(at).at("Message");
    const json::array heard = hear(url, {{"MessageAttributeNames", json::array{"All"}}});

    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(seen, "Body"), text(heard[0], "Body"));
    EXPECT_EQ(text(seen, "MD5OfBody"), text(heard[0], "MD5OfBody"));
    EXPECT_EQ(text(json::parse(text(seen, "Body")), "Message"), "hello");
    EXPECT_FALSE(seen.as_object().contains("MessageAttribute")) << "they are in the envelope";
}

TEST_F(Peek, answers_in_XML_and_to_ReceiveMessage_in_JSON) {
    say(url, "x");

    const net::Response xml = look("/_aws/sqs/messages/us-east-1/000000000000/orders");
    EXPECT_EQ(xml.content_type, "text/xml");
    EXPECT_NE(xml.body.find("<ReceiveMessageResult><Message><MessageId>"), std::string::npos);

    net::Request request = json_request("ReceiveMessage", {{"QueueUrl", url}});
    request.target = "/_aws/sqs/messages";
    EXPECT_EQ(send(std::move(request)).value.at("Messages").as_array().size(), 1u);

    net::Request other = json_request("PurgeQueue", {{"QueueUrl", url}});
    other.target = "/_aws/sqs/messages";
    EXPECT_EQ(send(std::move(other)).fault(), "UnknownOperationException");
    EXPECT_EQ(look("/_aws/sqs/messages").status, 400u);
    EXPECT_EQ(look("/_aws/sqs/messages?QueueUrl=none").status, 400u);
    EXPECT_EQ(hear(url).size(), 1u);
}

}  // namespace
}  // namespace rowmq::sqs::test
