// What SNS's subscribers get: the lines that are signed, and the envelope.
#include "aws/notification.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

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

TEST(Envelope, gives_headers_of_every_kind_as_attributes) {
    boost::asio::io_context io;
    BrokerParts parts;
    parts.executor = io.get_executor();
    parts.clock = std::make_shared<ManualClock>();
    parts.random = std::make_shared<SeededRandom>(1);
    parts.engine = storage::memory::make_engine(io.get_executor(), std::make_shared<storage::memory::Content>());
    const auto broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
    const Place place;
    Notifications notifications(*broker, place, nullptr);
    Properties properties;
    properties.exchange = "news";
    properties.headers = {
        {"yes", {true, ""}}, {"count", {std::int64_t{3}, ""}}, {"bytes", {Binary{"\xff"}, ""}}, {"word", {"w", "String.x"}}};
    Delivery delivery;
    delivery.message = Message(std::string("body"), properties);

    const auto envelope = boost::json::parse(rowmq::test::run_in(io, notifications.render(delivery, "sub", "http://h")));

    const auto attribute = [](const char* type, const char* value) { return boost::json::value{{"Type", type}, {"Value", value}}; };
    EXPECT_EQ(envelope.at("MessageAttributes"), boost::json::value({{"yes", attribute("String", "true")},
                                                                    {"count", attribute("Number", "3")},
                                                                    {"bytes", attribute("Binary", "/w==")},
                                                                    {"word", attribute("String.x", "w")}}));
    EXPECT_EQ(envelope.at("Message").as_string(), "body");
    EXPECT_EQ(envelope.at("TopicArn").as_string(), "arn:aws:sns:us-east-1:000000000000:news");
    EXPECT_FALSE(envelope.as_object().contains("Signature"));
    rowmq::test::run_in(io, broker->close());
}

}  // namespace
}  // namespace rowmq::aws
