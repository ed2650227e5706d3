// One request and one response through all four codecs, and what the readers refuse.
#include <gtest/gtest.h>

#include "aws/json.hpp"
#include "aws/query.hpp"
#include "aws/xml.hpp"
#include "sqs/messages.hpp"

namespace rowmq::sqs {
namespace {

std::optional<aws::Parameters> parse(std::string encoded) {
    std::string malformed;
    return aws::Parameters::parse(std::move(encoded), malformed);
}

template <typename M>
M from_json(std::string_view text) {
    M m;
    const auto refused = aws::read_json(text, m);
    EXPECT_FALSE(refused) << *refused;
    return m;
}
template <typename M>
M from_query(std::string text) {
    M m;
    const auto parameters = parse(std::move(text));
    EXPECT_TRUE(parameters);
    const auto refused = aws::read_query(*parameters, m);
    EXPECT_FALSE(refused) << *refused;
    return m;
}
std::string refusal_of_json(std::string_view text) {
    SendMessageRequest m;
    const auto refused = aws::read_json(text, m);
    return refused ? *refused : std::string();
}

void expect_the_message(const SendMessageBatchRequest& r) {
    EXPECT_EQ(r.queue_url, "http://h/q");
    ASSERT_EQ(r.entries.size(), 2u);
    EXPECT_EQ(r.entries[0].id, "a");
    const Outgoing& m = r.entries[0].message;
    EXPECT_EQ(m.body, "gr\xc3\xbc\xc3\x9f & \"more\"");
    EXPECT_EQ(m.delay_seconds, 5);
    ASSERT_EQ(m.attributes.size(), 2u);
    EXPECT_EQ(m.attributes[0].first, "n");
    EXPECT_EQ(m.attributes[0].second.type, "Number");
    EXPECT_EQ(m.attributes[0].second.text, "1");
    EXPECT_EQ(m.attributes[1].second.bytes, std::string("\x00\xff", 2));
    EXPECT_EQ(r.entries[1].id, "b");
    EXPECT_EQ(r.entries[1].message.body, std::nullopt);
}

TEST(JsonReader, reads_every_kind_of_field) {
    expect_the_message(from_json<SendMessageBatchRequest>(
        R"( {"Unknown": [{"x": 1.5e3}, null, "]"], "QueueUrl" : "http:\/\/h\/q", "Entries": [
            {"Id":"a","MessageBody":"gr\u00fc\u00df & \"more\"","DelaySeconds":5,"MessageAttributes":
              {"n":{"DataType":"Number","StringValue":"1"},"b":{"DataType":"Binary","BinaryValue":"AP8="}}},
            {"Id":"b","MessageBody":null}]} )"));
}

TEST(JsonReader, takes_surrogate_pairs_and_numbers_as_text) {
    const auto m = from_json<SendMessageRequest>(R"({"MessageBody":"\ud83d\ude00","DelaySeconds":"7"})");

    EXPECT_EQ(m.message.body, "\xf0\x9f\x98\x80");
    EXPECT_EQ(m.message.delay_seconds, 7);
}

TEST(JsonReader, takes_nothing_for_an_empty_object) { EXPECT_EQ(from_json<SendMessageRequest>("").queue_url, std::nullopt); }

TEST(JsonReader, refuses_what_is_not_the_JSON_of_the_action) {
    for (const std::string_view text : {"[",
                                        "[]",
                                        "{",
                                        "{\"MessageBody\"",
                                        "{\"MessageBody\":",
                                        "{\"MessageBody\":5}",
                                        "{\"MessageBody\":\"a}",
                                        "{\"MessageBody\":\"a\"",
                                        "{\"MessageBody\":\"a\",}",
                                        "{\"MessageBody\":\"a\"} x",
                                        "{\"MessageBody\":\"\\x\"}",
                                        "{\"MessageBody\":\"\\ud800\"}",
                                        "{\"MessageBody\":\"\\udc00\"}",
                                        "{\"MessageBody\":\"\\ud800\\u0041\"}",
                                        "{\"MessageBody\":\"\\u12\"}",
                                        "{\"MessageBody\":\"\n\"}",
                                        "{\"DelaySeconds\":1.5}",
                                        "{\"DelaySeconds\":1e2}",
                                        "{\"DelaySeconds\":99999999999999999999}",
                                        "{\"DelaySeconds\":\"x\"}",
                                        "{\"DelaySeconds\":true}",
                                        "{\"x\":-inf}",
                                        "{\"x\":nan}",
                                        "{\"x\":tru}",
                                        "{\"MessageBody\":\"\xff\"}",
                                        "{\"MessageAttributes\":[]}",
                                        "{\"MessageAttributes\":{\"a\":1}}",
                                        "{\"MessageAttributes\":{\"a\":{\"BinaryValue\":\"AP8\"}}}",
                                        "nul",
                                        "5",
                                        "\"a\""})
        EXPECT_NE(refusal_of_json(text), "") << text;
}

TEST(JsonReader, refuses_every_truncation) {
    const std::string whole = R"({"QueueUrl":"u","MessageAttributes":{"b":{"DataType":"Binary","BinaryValue":"AP8="}},"x":[1,{"y":true}]})";

    EXPECT_EQ(refusal_of_json(whole), "");
    for (std::size_t length = 1; length < whole.size(); ++length) EXPECT_NE(refusal_of_json(whole.substr(0, length)), "") << length;
}

TEST(JsonReader, bounds_depth_and_lists) {
    EXPECT_EQ(refusal_of_json("{\"x\":" + std::string(31, '[') + std::string(31, ']') + "}"), "");
    EXPECT_NE(refusal_of_json("{\"x\":" + std::string(32, '[') + std::string(32, ']') + "}"), "");
    EXPECT_NE(refusal_of_json("{\"x\":" + std::string(1'000'000, '[')), "");

    std::string many = "{\"Entries\":[{}";
    for (int i = 0; i < 100; ++i) many += ",{}";
    SendMessageBatchRequest batch;
    const auto refused = aws::read_json(many + "]}", batch);
    ASSERT_TRUE(refused);
}

TEST(QueryReader, reads_every_kind_of_field) {
    expect_the_message(from_query<SendMessageBatchRequest>(
        "Action=SendMessageBatch&QueueUrl=http%3A%2F%2Fh%2Fq&SendMessageBatchRequestEntry.10.Id=b"
        "&SendMessageBatchRequestEntry.2.Id=a&SendMessageBatchRequestEntry.2.MessageBody=gr%C3%bc%C3%9F+%26+%22more%22"
        "&SendMessageBatchRequestEntry.2.DelaySeconds=5&SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=n"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=Number"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.StringValue=1"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.2.Name=b&SendMessageBatchRequestEntry.2.MessageAttribute.2.Value.DataType=Binary"
        "&SendMessageBatchRequestEntry.2.MessageAttribute.2.Value.BinaryValue=AP8%3D"));
}

TEST(QueryReader, reads_maps_and_lists_of_texts) {
    const auto created =
        from_query<CreateQueueRequest>("QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=3&Tag.1.Key=k&Tag.1.Value=v");
    const auto asked =
        from_query<ReceiveMessageRequest>("AttributeName.1=All&MessageAttributeName.2=b&MessageAttributeName.1=a&MaxNumberOfMessages=4");

    EXPECT_EQ(created.attributes, (Map<std::string>{{"DelaySeconds", "3"}}));
    EXPECT_EQ(created.tags, (Map<std::string>{{"k", "v"}}));
    EXPECT_EQ(asked.attribute_names, Texts{"All"});
    EXPECT_EQ(asked.message_attribute_names, (Texts{"a", "b"}));
    EXPECT_EQ(asked.max_messages, 4);
}

TEST(QueryReader, refuses_what_is_malformed) {
    EXPECT_FALSE(parse("a=%"));
    EXPECT_FALSE(parse("a=%1"));
    EXPECT_FALSE(parse("a=%zz"));
    EXPECT_FALSE(parse("a=%ff"));
    EXPECT_FALSE(parse([] {
        std::string many;
        for (int i = 0; i < 1'001; ++i) many += "a&";
        return many;
    }()));
    SendMessageRequest m;
    EXPECT_TRUE(aws::read_query(*parse("DelaySeconds=x"), m));
    EXPECT_TRUE(aws::read_query(*parse("DelaySeconds="), m));
    EXPECT_TRUE(aws::read_query(*parse("MessageAttribute.1.Value.BinaryValue=A"), m));
}

TEST(QueryReader, takes_the_first_of_several) { EXPECT_EQ(parse("a=1&b=2&a=3&&=")->get("a"), "1"); }

ReceiveMessageResult a_result() {
    ReceiveMessageResult r;
    ReceivedMessage& m = r.messages.emplace_back();
    m.message_id = "id";
    m.receipt_handle = "handle";
    m.body_md5 = "md5";
    m.body = "<a> & \"b\"\r\n\x7f";
    m.system_attributes = {{"SenderId", "0"}};
    m.attributes = {{"b", {.type = "Binary", .bytes = std::string("\x00\xff", 2)}}};
    return r;
}

TEST(JsonWriter, writes_every_kind_of_field) {
    EXPECT_EQ(
        aws::write_json(a_result()),
        "{\"Messages\":[{\"MessageId\":\"id\",\"ReceiptHandle\":\"handle\",\"MD5OfBody\":\"md5\",\"Body\":\"<a> & \\\"b\\\"\\r\\n\x7f\","
        "\"Attributes\":{\"SenderId\":\"0\"},\"MessageAttributes\":{\"b\":{\"BinaryValue\":\"AP8=\",\"DataType\":\"Binary\"}}}]}");
    EXPECT_EQ(aws::write_json(ReceiveMessageResult{}), "{}");
    EXPECT_EQ(aws::write_json(ListDeadLetterSourceQueuesResult{}), "{\"queueUrls\":[]}");
    EXPECT_EQ(aws::write_json(Nothing{}), "{}");
    EXPECT_EQ(aws::write_json(BatchError{.id = "a", .code = "C", .text = "t"}),
              R"({"Id":"a","SenderFault":true,"Code":"C","Message":"t"})");
}

TEST(XmlWriter, writes_every_kind_of_field) {
    EXPECT_EQ(aws::write_xml("http://queue.amazonaws.com/doc/2012-11-05/", "ReceiveMessage", a_result(), "r"),
              "<?xml version=\"1.0\"?><ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult>"
              "<Message><MessageId>id</MessageId><ReceiptHandle>handle</ReceiptHandle><MD5OfBody>md5</MD5OfBody>"
              "<Body>&lt;a&gt; &amp; &quot;b&quot;&#xD;\n\x7f</Body><Attribute><Name>SenderId</Name><Value>0</Value></Attribute>"
              "<MessageAttribute><Name>b</Name><Value><BinaryValue>AP8=</BinaryValue><DataType>Binary</DataType></Value></MessageAttribute>"
              "</Message></ReceiveMessageResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ReceiveMessageResponse>");
    EXPECT_EQ(aws::write_xml("http://queue.amazonaws.com/doc/2012-11-05/", "DeleteMessage", Nothing{}, "r"),
              "<?xml version=\"1.0\"?><DeleteMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"
              "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteMessageResponse>");
}

/// A batch of so many messages with so many attributes each, as short as can be.
std::string json_batch(int messages, int attributes) {
    std::string text = R"({"Entries":[)";
    for (int m = 0; m < messages; ++m) {
        text += m > 0 ? R"(,{"MessageAttributes":{)" : R"({"MessageAttributes":{)";
        for (int a = 0; a < attributes; ++a) text += a > 0 ? R"(,"":{})" : R"("":{})";
        text += "}}";
    }
    return text + "]}";
}
std::string query_batch(int messages, int attributes) {
    std::string text = "Action=SendMessageBatch";
    for (int m = 1; m <= messages; ++m)
        for (int a = 1; a <= attributes; ++a)
            text += "&SendMessageBatchRequestEntry." + std::to_string(m) + ".MessageAttribute." + std::to_string(a) + "=";
    return text;
}

TEST(JsonReader, takes_no_more_elements_than_a_request_pays_for) {
    SendMessageBatchRequest most, more;

    EXPECT_FALSE(aws::read_json(json_batch(10, 10), most));
    EXPECT_EQ(most.entries.back().message.attributes.size(), 10u);
    EXPECT_TRUE(aws::read_json(json_batch(10, 100), more));
}

TEST(QueryReader, takes_no_more_elements_than_a_request_pays_for) {
    SendMessageBatchRequest most, more;

    EXPECT_FALSE(aws::read_query(*parse(query_batch(10, 10)), most));
    EXPECT_EQ(most.entries.back().message.attributes.size(), 10u);
    EXPECT_TRUE(aws::read_query(*parse(query_batch(10, 99)), more));
}

}  // namespace
}  // namespace rowmq::sqs
