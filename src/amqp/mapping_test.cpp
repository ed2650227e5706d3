#include "amqp/mapping.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

BasicProperties full() {
    BasicProperties p;
    p.content_type = "text/plain";
    p.content_encoding = "";
    p.headers = HeaderTable{{"n", {std::int64_t{1}, "I"}}, {"t", {HeaderTable{{"d", {2.5, {}}}}, {}}}};
    p.delivery_mode = 1;
    p.priority = 7;
    p.correlation_id = "c";
    p.reply_to = "r";
    p.expiration = "060000";
    p.message_id = "m";
    p.timestamp = 1'700'000'000;
    p.type = "t";
    p.user_id = "u";
    p.app_id = "a";
    p.cluster_id = "cl";
    return p;
}

/// As it is delivered when nothing happened to it.
BasicProperties round_trip(const BasicProperties& properties) {
    auto publish = publish_of("x", "k", properties, "body");
    EXPECT_TRUE(publish);
    Delivery delivery;
    delivery.message = publish->message;
    return properties_of(delivery);
}

TEST(Mapping, loses_nothing_on_the_way_through_the_broker) {
    EXPECT_EQ(round_trip(full()), full());
    EXPECT_EQ(round_trip({}), BasicProperties{});
    BasicProperties empty;
    empty.content_type = "";
    empty.headers = HeaderTable{};
    empty.app_id = "";
    EXPECT_EQ(round_trip(empty), empty);
    BasicProperties far;
    far.timestamp = ~0ull;
    EXPECT_EQ(round_trip(far), far);
}

TEST(Mapping, makes_the_same_of_messages_in_a_row_and_another_where_anything_differs) {
    Ready ready;
    const auto some = std::make_shared<const BasicProperties>(full()), others = std::make_shared<const BasicProperties>();
    const auto publish = [&](std::string exchange, std::string key, const auto& properties, std::string body) {
        BasicPublish method{.exchange = std::move(exchange), .routing_key = std::move(key)};
        auto made = ready.publish(method, properties, std::move(body));
        EXPECT_TRUE(made);
        return made ? *std::move(made) : Publish{};
    };

    const Publish first = publish("x", "k", some, "1"), second = publish("x", "k", some, "2");
    EXPECT_EQ(first.message.properties, second.message.properties);
    EXPECT_EQ(second.message.text(), "2");
    EXPECT_EQ(second.priority, 7);
    EXPECT_EQ(publish("x", "other", some, "").message.properties->routing_key, "other");
    EXPECT_EQ(publish("y", "other", some, "").message.properties->exchange, "y");
    const Publish straight = publish("", "q1", others, "");
    EXPECT_EQ(straight.routing_key, "q1");
    EXPECT_EQ(straight.priority, 0);
    EXPECT_EQ(publish("", "q2", others, "").routing_key, "q2");
}

TEST(Mapping, makes_what_the_broker_acts_on_of_the_properties) {
    const auto publish = publish_of("x", "k", full(), "body");
    ASSERT_TRUE(publish);
    EXPECT_EQ(publish->exchange, "x");
    EXPECT_EQ(publish->routing_key, "k");
    EXPECT_EQ(publish->priority, 7);
    EXPECT_EQ(publish->ttl, milliseconds(60'000));
    EXPECT_EQ(publish->message.text(), "body");
}

TEST(Mapping, refuses_an_expiration_that_is_no_number_of_milliseconds) {
    for (const char* wrong : {"", "-1", "1.5", "1s", " 1", "99999999999999999999"}) {
        BasicProperties p;
        p.expiration = wrong;
        const auto publish = publish_of("", "q", p, "");
        ASSERT_FALSE(publish) << wrong;
        EXPECT_EQ(publish.error().code, Code::precondition_failed);
        EXPECT_NE(publish.error().text.find(wrong), std::string::npos);
    }
}

TEST(Mapping, keeps_what_a_client_says_of_deaths_until_there_is_one) {
    BasicProperties p;
    p.headers = HeaderTable{{"x-death", {HeaderList{}, {}}}, {"kept", {true, {}}}};
    EXPECT_EQ(round_trip(p).headers, p.headers);
    auto publish = publish_of("x", "k", p, "body");
    Delivery delivery;
    delivery.message = publish->message;
    delivery.dead_letters = {{.reason = DeadLetterRecord::Reason::rejected, .queue = "q", .count = 1}};

    const HeaderTable told = properties_of(delivery).headers.value();

    EXPECT_EQ(std::ranges::count(told, "x-death", &Header::name), 1);
    EXPECT_EQ(std::get<HeaderList>(find(told, "x-death")->value).size(), 1u);
}

TEST(Mapping, counts_deaths_on_that_a_client_publishes_again) {
    const auto death = [](std::int64_t count, std::string queue, std::string reason) {
        return HeaderValue{HeaderTable{{"count", {count, {}}},
                                       {"reason", {std::move(reason), {}}},
                                       {"queue", {std::move(queue), {}}},
                                       {"exchange", {std::string("first"), {}}}},
                           {}};
    };
    BasicProperties p;
    p.headers = HeaderTable{{"x-death",
                             {HeaderList{death(2, "a", "expired"),
                                         {std::string("no table"), {}},
                                         death(std::int64_t{1} << 62, "q", "rejected"),
                                         death(7, "q", "expired")},
                              {}}},
                            {"x-first-death-queue", {std::string("a"), {}}}};
    auto publish = publish_of("x", "k", p, "body");
    Delivery delivery;
    delivery.message = publish->message;
    delivery.dead_letters = {{.reason = DeadLetterRecord::Reason::rejected, .queue = "q", .count = 3},
                             {.reason = DeadLetterRecord::Reason::expired, .queue = "new", .count = 1}};

    const HeaderTable told = properties_of(delivery).headers.value();

    std::vector<std::string> said;
    for (const HeaderValue& one : std::get<HeaderList>(find(told, "x-death")->value)) {
        const auto& table = std::get<HeaderTable>(one.value);
        said.push_back(fmt::format("{} {} {} {}", std::get<std::string>(find(table, "queue")->value),
                                   std::get<std::string>(find(table, "reason")->value), std::get<std::int64_t>(find(table, "count")->value),
                                   std::get<std::string>(find(table, "exchange")->value)));
    }
    EXPECT_EQ(said, (std::vector<std::string>{"q rejected 4611686018427387907 first", "new expired 1 x", "a expired 2 first",
                                              "q expired 7 first"}));
    EXPECT_EQ(*find(told, "x-first-death-queue"), (HeaderValue{std::string("a"), {}}));
    EXPECT_EQ(*find(told, "x-last-death-queue"), (HeaderValue{std::string("q"), {}}));
}

TEST(Mapping, tells_the_deaths_of_a_message_newest_first) {
    auto publish = publish_of("x", "k", full(), "body");
    Delivery delivery;
    delivery.message = publish->message;
    delivery.receives = 2;
    const WallTime at{std::chrono::seconds(1'700'000'100)};
    delivery.dead_letters = {
        {.reason = DeadLetterRecord::Reason::expired, .queue = "second", .count = 1, .receives = 0, .first = at, .last = at},
        {.reason = DeadLetterRecord::Reason::rejected, .queue = "first", .count = 3, .receives = 3, .first = at, .last = at}};
    const BasicProperties p = properties_of(delivery, Counts::told);
    ASSERT_TRUE(p.headers);
    EXPECT_FALSE(p.expiration) << "else it would expire at once again";
    const auto header = [&](std::string_view name) {
        for (const auto& h : *p.headers)
            if (h.name == name) return h.value;
        return HeaderValue{};
    };
    EXPECT_EQ(header("x-first-death-queue"), (HeaderValue{std::string("first"), {}}));
    EXPECT_EQ(header("x-last-death-reason"), (HeaderValue{std::string("expired"), {}}));
    EXPECT_EQ(header("x-delivery-count"), (HeaderValue{std::int64_t{1}, {}}));
    const auto deaths = std::get<HeaderList>(header("x-death").value);
    ASSERT_EQ(deaths.size(), 2u);
    const auto& newest = std::get<HeaderTable>(deaths[0].value);
    EXPECT_EQ(newest[1], (Header{"reason", {std::string("expired"), {}}}));
    EXPECT_EQ(newest[2], (Header{"queue", {std::string("second"), {}}}));
    EXPECT_EQ(origin_of(delivery, "third"), (Origin{"", "third"})) << "it came through the default exchange";
    delivery.came_by = Route{"dlx", "k"};
    EXPECT_EQ(origin_of(delivery, "third"), (Origin{"dlx", "k"}));
}

TEST(Mapping, takes_further_keys_from_cc_and_bcc_and_keeps_bcc_from_receivers) {
    BasicProperties p;
    p.headers = HeaderTable{{"CC", {HeaderList{{std::string("a"), {}}, {std::string("b"), {}}}, {}}},
                            {"BCC", {HeaderList{{std::string("c"), {}}}, {}}}};
    const auto publish = publish_of("x", "k", p, "");
    ASSERT_TRUE(publish);
    EXPECT_EQ(publish->more_keys, (std::vector<std::string>{"a", "b", "c"}));
    ASSERT_EQ(publish->message.properties->headers.size(), 1u);
    EXPECT_EQ(publish->message.properties->headers[0].name, "CC");
    p.headers = HeaderTable{{"CC", {std::string("a"), {}}}};
    const auto refused = publish_of("x", "k", p, "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text, "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",longstr}");
}

TEST(Mapping, says_where_a_message_was_published_to) {
    auto publish = publish_of("x", "k", {}, "");
    Delivery delivery;
    delivery.message = publish->message;
    EXPECT_EQ(origin_of(delivery, "q").exchange, "x");
    EXPECT_EQ(origin_of(delivery, "q").routing_key, "k");
    delivery.message = publish_of("", "q", {}, "")->message;
    EXPECT_EQ(origin_of(delivery, "q").exchange, "");
    EXPECT_EQ(origin_of(delivery, "q").routing_key, "q");
}

}  // namespace
}  // namespace rowmq::amqp
