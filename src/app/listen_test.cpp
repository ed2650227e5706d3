#include "app/listen.hpp"

#include <gtest/gtest.h>

namespace rowmq::app {
namespace {

TEST(Listen, is_a_name_an_address_and_a_port) {
    EXPECT_EQ(parse_listen("sqs=127.0.0.1:9324").value(), (Listen{"sqs", Endpoint{"127.0.0.1", 9324}}));
    EXPECT_EQ(parse_listen("admin=0.0.0.0:0").value(), (Listen{"admin", Endpoint{"0.0.0.0", 0}}));
    EXPECT_EQ(parse_listen("sqs=[::1]:80").value(), (Listen{"sqs", Endpoint{"::1", 80}}));
}

TEST(Listen, understands_a_port_alone_localhost_and_a_star) {
    EXPECT_EQ(parse_listen("sqs=9325").value(), (Listen{"sqs", Endpoint{"127.0.0.1", 9325}}));
    EXPECT_EQ(parse_listen("sqs=localhost:1").value(), (Listen{"sqs", Endpoint{"127.0.0.1", 1}}));
    EXPECT_EQ(parse_listen("sqs=*:1").value(), (Listen{"sqs", Endpoint{"0.0.0.0", 1}}));
}

TEST(Listen, off_is_accepted_for_every_name_also_those_not_served) {
    for (const auto name : listener_names) {
        EXPECT_EQ(parse_listen(std::string(name) + "=off").value(), (Listen{std::string(name), std::nullopt}));
    }
}

TEST(Listen, of_a_protocol_this_build_does_not_serve_is_refused_with_what_it_serves) {
    const auto refused = parse_listen("kafka=127.0.0.1:9092");

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().text,
              "this build does not serve kafka; it serves sqs, amqp, amqps, admin, management (kafka=off is accepted)");
}

TEST(Listen, that_is_malformed_is_refused) {
    for (const auto* text : {"sqs", "sqs=", "sqs=127.0.0.1:", "sqs=127.0.0.1:65536", "sqs=127.0.0.1:x", "sqs=::1:80", "sqs=host:80",
                             "sqs=:80", "sqs=127.0.0.1:80 ", "http=127.0.0.1:80", "=1"}) {
        const auto refused = parse_listen(text);
        ASSERT_TRUE(refused.has_error()) << text;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument) << text;
    }
}

TEST(Listen, prints_ipv6_in_brackets) {
    EXPECT_EQ(to_text(Endpoint{"127.0.0.1", 80}), "127.0.0.1:80");
    EXPECT_EQ(to_text(Endpoint{"::1", 80}), "[::1]:80");
}

}  // namespace
}  // namespace rowmq::app
