// What SNS's subscribers get: the lines that are signed, and the envelope.
#include "aws/notification.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "storage/memory/engine.hpp"
#include "test/support/run.hpp"

namespace rowmq::aws {
namespace {

Notification a_notification() {
    Notification n;
    n.message_id = "id";
    n.topic_arn = "arn";
    n.message = "two\nlines";
    n.timestamp = "2026-11-26T01:02:03.004Z";
    return n;
}

// The order and the names are those of "Verifying the signatures of Amazon SNS messages".
TEST(TextToSign, has_a_line_for_every_name_and_value_in_the_order_of_AWS) {
    Notification n = a_notification();
    EXPECT_EQ(text_to_sign(n),
              "Message\ntwo\nlines\nMessageId\nid\nTimestamp\n2026-11-26T01:02:03.004Z\nTopicArn\narn\nType\nNotification\n");
    n.subject = "about";
    EXPECT_EQ(
        text_to_sign(n),
        "Message\ntwo\nlines\nMessageId\nid\nSubject\nabout\nTimestamp\n2026-11-26T01:02:03.004Z\nTopicArn\narn\nType\nNotification\n");
}

TEST(TextToSign, of_a_confirmation_has_its_token_and_URL) {
    Notification n = a_notification();
    n.type = Notification::Type::subscription_confirmation;
    n.token = "token";
    n.subscribe_url = "url";

    EXPECT_EQ(text_to_sign(n),
              "Message\ntwo\nlines\nMessageId\nid\nSubscribeURL\nurl\nTimestamp\n2026-11-26T01:02:03.004Z\nToken\ntoken\nTopicArn\narn\n"
              "Type\nSubscriptionConfirmation\n");
}

TEST(IsoTime, has_milliseconds) { EXPECT_EQ(iso_time(WallTime(milliseconds(1'700'000'000'007))), "2023-11-14T22:13:20.007Z"); }

/// Envelopes of deliveries from the exchange "news".
class Envelope : public ::testing::Test {
protected:
    Envelope() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = std::make_shared<ManualClock>();
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = storage::memory::make_engine(io.get_executor(), std::make_shared<storage::memory::Content>());
        broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
    }
    ~Envelope() override { rowmq::test::run_in(io, broker->close()); }

    boost::json::value of(std::string body, HeaderTable headers) {
        Notifications notifications(*broker, place, nullptr);
        Properties properties;
        properties.exchange = "news";
        properties.headers = std::move(headers);
        Delivery delivery;
        delivery.message = Message(std::move(body), properties);
        Subscribed by{.topic = "news", .id = "sub"};
        return boost::json::parse(rowmq::test::run_in(io, notifications.render(delivery, std::move(by), "http://h")));
    }
    static boost::json::value attribute(const char* type, const char* value) { return {{"Type", type}, {"Value", value}}; }

    boost::asio::io_context io;
    Place place;
    std::unique_ptr<Broker> broker;
};

TEST_F(Envelope, gives_headers_of_every_kind_as_attributes) {
    const auto envelope =
        of("body", {{"yes", {true, ""}}, {"count", {std::int64_t{3}, ""}}, {"bytes", {Binary{"\xff"}, ""}}, {"word", {"w", "String.x"}}});

    EXPECT_EQ(envelope.at("MessageAttributes"), boost::json::value({{"yes", attribute("String", "true")},
                                                                    {"count", attribute("Number", "3")},
                                                                    {"bytes", attribute("Binary", "/w==")},
                                                                    {"word", attribute("String.x", "w")}}));
    EXPECT_EQ(envelope.at("Message").as_string(), "body");
    EXPECT_EQ(envelope.at("TopicArn").as_string(), "arn:aws:sns:us-east-1:000000000000:news");
    EXPECT_FALSE(envelope.as_object().contains("Signature"));
}

TEST_F(Envelope, gives_headers_of_AMQP_the_types_of_SNS_and_leaves_out_what_it_has_none_for) {
    const auto envelope = of("body", {{"count", {std::int64_t{3}, "I"}},
                                      {"price", {1.5, "D:1:15"}},
                                      {"no number", {std::numeric_limits<double>::infinity(), ""}},
                                      {"text", {"\xff", ""}},
                                      {"empty", {"", ""}},
                                      {"nothing", {nullptr, ""}},
                                      {"list", {HeaderList{}, ""}},
                                      {"table", {HeaderTable{}, ""}},
                                      {"\xff", {true, ""}}});

    EXPECT_EQ(envelope.at("MessageAttributes"), boost::json::value({{"count", attribute("Number", "3")},
                                                                    {"price", attribute("Number", "1.5")},
                                                                    {"no number", attribute("String", "inf")},
                                                                    {"text", attribute("Binary", "/w==")}}));
}

TEST_F(Envelope, gives_a_body_that_is_no_text_in_Base64_and_says_so) {
    const auto envelope = of("\xff", {});

    EXPECT_EQ(envelope.at("Message").as_string(), "/w==");
    EXPECT_EQ(envelope.at("MessageAttributes"), boost::json::value({{"RowMQ.BodyEncoding", attribute("String", "base64")}}));
}

TEST(SubscribedOf, reads_the_note_of_a_subscription_and_of_an_earlier_version) {
    Properties properties;
    properties.exchange = "feeding";
    Delivery delivery;
    delivery.message = Message(std::string("m"), properties);
    EXPECT_FALSE(subscribed_of(delivery));

    delivery.note = note_of({.topic = "news:today", .id = "id"});
    EXPECT_EQ(delivery.note, "sns:id:news:today");
    EXPECT_EQ(subscribed_of(delivery)->topic, "news:today");
    EXPECT_EQ(subscribed_of(delivery)->id, "id");

    delivery.note = "sns:id";
    EXPECT_EQ(subscribed_of(delivery)->topic, "feeding");
    EXPECT_EQ(subscribed_of(delivery)->id, "id");
}

}  // namespace
}  // namespace rowmq::aws
