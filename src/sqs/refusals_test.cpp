#include "sqs/refusals.hpp"

#include <gtest/gtest.h>

namespace rowmq::sqs {
namespace {

class RefusalBeforeReading : public testing::Test {
protected:
    net::Response of(unsigned status, const net::Request* so_far) {
        return refusal_before_reading(status, so_far, {.header_bytes = 11, .body_bytes = 22}, random);
    }

    SeededRandom random{1};
    net::Request json = request("X-Amz-Target", "AmazonSQS.SendMessage"),
                 query = request("Content-Type", "application/x-www-form-urlencoded");

private:
    static net::Request request(std::string_view name, std::string_view value) {
        net::Request made;
        made.method = "POST";
        made.fields.add(name, value);
        return made;
    }
};

TEST_F(RefusalBeforeReading, is_json_for_who_speaks_json) {
    const auto full = of(503, &json), large = of(413, &json);

    EXPECT_EQ(full.status, 503u);
    EXPECT_EQ(full.content_type, "application/x-amz-json-1.0");
    EXPECT_TRUE(full.body.starts_with(R"({"__type":"com.amazonaws.sqs#ServiceUnavailable","message":")")) << full.body;
    EXPECT_EQ(full.fields.at(1), (std::pair<std::string, std::string>("x-amzn-query-error", "ServiceUnavailable;Receiver")));
    EXPECT_EQ(large.body,
              R"({"__type":"com.amazonaws.sqs#RequestEntityTooLarge","message":"The body of the request is larger than 22 bytes."})");
    EXPECT_EQ(large.fields.at(1).second, "RequestEntityTooLarge;Sender");
    net::Request by_type;
    by_type.method = "POST";
    by_type.fields.add("content-type", "application/x-amz-json-1.0");
    EXPECT_EQ(of(413, &by_type).content_type, "application/x-amz-json-1.0");
}

TEST_F(RefusalBeforeReading, is_xml_for_who_speaks_query) {
    const auto full = of(503, &query), large = of(413, &query), header = of(431, &query), broken = of(400, &query);

    EXPECT_EQ(full.content_type, "text/xml");
    EXPECT_NE(full.body.find("<Type>Receiver</Type><Code>ServiceUnavailable</Code>"), std::string::npos) << full.body;
    EXPECT_NE(large.body.find("<Type>Sender</Type><Code>RequestEntityTooLarge</Code>"), std::string::npos) << large.body;
    EXPECT_NE(header.body.find("larger than 11 bytes"), std::string::npos) << header.body;
    EXPECT_EQ(broken.status, 400u);
    EXPECT_NE(broken.body.find("<Code>MalformedInput</Code>"), std::string::npos) << broken.body;
}

TEST_F(RefusalBeforeReading, is_what_both_understand_when_nothing_was_read) {
    const net::Request unread;
    for (const net::Request* so_far : {static_cast<const net::Request*>(nullptr), &unread}) {
        EXPECT_EQ(of(503, so_far).status, 503u);
        EXPECT_EQ(of(503, so_far).body, "");
        EXPECT_EQ(of(503, so_far).content_type, "");
        EXPECT_EQ(of(431, so_far).content_type, "text/xml");
    }
}

}  // namespace
}  // namespace rowmq::sqs
