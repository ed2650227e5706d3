// What a publish may carry, when it becomes ready, what is refused and what that leaves alone.
#include "broker/bed.hpp"

namespace rowmq::test {

class PublishLimits : public Bed {
protected:
    Error refusal(Publish p) {
        const auto result = try_publish(std::move(p));
        EXPECT_FALSE(result);
        return result ? Error{} : result.error();
    }
    static Publish to(std::string queue, std::string body = "m") {
        return {.routing_key = std::move(queue), .message = Message(std::move(body))};
    }
};

TEST_F(PublishLimits, is_routed_by_further_keys_once_to_each_queue) {
    for (const char* queue : {"a", "b"}) declare(queue);
    Publish p;
    p.routing_key = "a";
    p.more_keys = {"b", "a", "nobody"};
    p.message = Message("m");

    EXPECT_EQ(try_publish(p).value().queues, 2u);

    p.routing_key = "nobody";
    p.more_keys = {"b"};
    EXPECT_EQ(try_publish(p).value().queues, 1u);
    EXPECT_EQ(counts("a").ready, 1);
    EXPECT_EQ(counts("b").ready, 2);
    p.more_keys = {"nobody else"};
    EXPECT_EQ(try_publish(p).error().code, Errc::no_such_queue);
}

TEST_F(PublishLimits, name_what_is_too_large_and_the_limit) {
    limits.headers = 2;
    limits.header_depth = 2;
    limits.properties_bytes = 100;
    limits.queues_per_publish = 1;
    restart();
    declare("q", {.max_message_bytes = 4});
    declare("other");
    ASSERT_TRUE(run_in(io, broker->declare_exchange("all", {.kind = ExchangeKind::fanout})));
    for (const char* name : {"q", "other"}) ASSERT_TRUE(run_in(io, broker->bind({"all", name, ""})));
    const auto with = [](HeaderTable headers) {
        Properties p;
        p.headers = std::move(headers);
        return Publish{.routing_key = "q", .message = Message("m", p)};
    };
    const Header one{"a", {std::int64_t{1}, {}}};

    EXPECT_EQ(refusal(to("q", "12345")).code, Errc::message_too_large);
    EXPECT_NE(refusal(to("q", "12345")).text.find("at most 4"), std::string::npos);
    EXPECT_TRUE(try_publish(to("q", "1234")));
    EXPECT_NE(refusal(with({one, one, one})).text.find("3 headers: at most 2"), std::string::npos);
    EXPECT_TRUE(try_publish(with({one, one})));
    EXPECT_NE(refusal(with({{"a", {HeaderTable{{"b", {HeaderTable{one}, {}}}}, {}}}})).text.find("deeper than 2"), std::string::npos);
    EXPECT_NE(refusal(with({{std::string(100, 'n'), {std::int64_t{1}, {}}}})).text.find("at most 100"), std::string::npos);
    EXPECT_NE(refusal({.exchange = "all", .message = Message("m")}).text.find("2 queues: at most 1"), std::string::npos);
    EXPECT_NE(refusal({.routing_key = "q", .message = Message("m"), .group = std::string(256, 'g')}).text.find("255"), std::string::npos);
    EXPECT_EQ(refusal(to("nobody")).code, Errc::no_such_queue);
    EXPECT_EQ(counts("q").sent, 2);
}

TEST_F(PublishLimits, refuse_one_of_many_and_store_the_others_or_none_where_asked) {
    declare("q", {.max_message_bytes = 4});
    const std::vector<Publish> messages{to("q", "a"), to("q", "12345"), to("q", "b")};

    const Receipt some = run_in(io, session.publish(messages)).value();
    const Receipt none = run_in(io, session.publish(messages, {.atomic = true})).value();

    EXPECT_FALSE(some.results[0].error);
    EXPECT_EQ(some.results[1].error->code, Errc::message_too_large);
    EXPECT_FALSE(some.results[2].error);
    EXPECT_EQ(none.results[0].error->code, Errc::transaction_failed);
    EXPECT_EQ(none.results[1].error->code, Errc::message_too_large);
    EXPECT_EQ(counts("q").sent, 2);
}

TEST_F(PublishLimits, bound_the_messages_of_one_call) {
    limits.publishes_per_call = 2;
    restart();
    declare("q");

    EXPECT_EQ(run_in(io, session.publish(std::vector<Publish>(3, to("q")))).error().code, Errc::limit_exceeded);
    EXPECT_EQ(counts("q").sent, 0);
}

TEST_F(PublishLimits, make_publishers_wait_while_the_write_budget_is_full) {
    limits.write_bytes = 10;
    restart();
    declare("q");
    int stored = 0;
    for (int i = 0; i < 5; ++i)
        boost::asio::co_spawn(io, session.publish(to("q", "twelve bytes")), [&](std::exception_ptr, Result<PublishResult> result) {
            EXPECT_TRUE(result);
            ++stored;
        });
    settle_down();

    EXPECT_EQ(stored, 5);
    EXPECT_EQ(broker->health().pending_bytes, 0);
    EXPECT_EQ(counts("q").sent, 5);
}

TEST_F(PublishLimits, let_nobody_overtake_who_waits_for_the_write_budget) {
    limits.write_bytes = 10;
    restart();
    declare("q");
    constexpr int many = 100;
    int hurried = 0, when_stored = many;
    const auto hurry = [&]() -> boost::asio::awaitable<void> {
        for (; hurried < many; ++hurried) {  // each as soon as the one before is stored
            Publish one = to("q", "twelve bytes");
            EXPECT_TRUE(co_await session.publish(std::move(one)));
        }
    };
    boost::asio::co_spawn(io, hurry(), boost::asio::detached);
    for (int i = 0; i < 3; ++i)
        boost::asio::co_spawn(io, session.publish(to("q", "twelve bytes")), [&](std::exception_ptr, const Result<PublishResult>& result) {
            EXPECT_TRUE(result);
            when_stored = hurried;
        });
    settle_down();

    EXPECT_EQ(hurried, many);
    EXPECT_LT(when_stored, 10);
    EXPECT_EQ(counts("q").sent, many + 3);
}

class Schedule : public Bed {};

TEST_F(Schedule, makes_ready_at_the_time_asked_for_however_far_across_restarts) {
    declare("q", {.delay = 1s});
    Publish p{.routing_key = "q", .message = Message("in ten years"), .deliver_at = clock->wall() + 24h * 3650};
    ASSERT_TRUE(try_publish(p));
    p.message = Message("at once");
    p.deliver_at = clock->wall() - 1h;
    ASSERT_TRUE(try_publish(p));
    publish("q", "after the queue's own delay");

    EXPECT_EQ(bodies(receive("q")), Texts{"at once"});
    advance(1s);
    settle_down();
    EXPECT_EQ(bodies(receive("q")), Texts{"after the queue's own delay"});
    restart();
    advance(24h * 3650);
    settle_down();

    const auto got = receive("q");
    EXPECT_NE(std::find_if(got.begin(), got.end(), [](const Delivery& d) { return d.message.text() == "in ten years"; }), got.end());
}

TEST_F(Schedule, counts_a_ttl_from_when_a_message_becomes_due) {
    declare("q");
    Publish p{.routing_key = "q", .message = Message("m"), .delay = 10s, .ttl = 2s};
    ASSERT_TRUE(try_publish(p));

    advance(11s);
    settle_down();

    EXPECT_EQ(bodies(receive("q")), Texts{"m"});
}

class DeduplicationWindow : public Bed {
protected:
    bool is_duplicate(std::string group, std::string id, std::string body = "m") {
        Publish p{.routing_key = "q", .message = Message(std::move(body)), .group = std::move(group), .deduplication_id = std::move(id)};
        return try_publish(std::move(p)).value().duplicate;
    }
};

TEST_F(DeduplicationWindow, ends_to_the_millisecond_after_the_first_accepted) {
    declare("q", {.deduplication = {.enabled = true, .window = 5min}});
    EXPECT_FALSE(is_duplicate("", "a"));
    advance(2min);
    EXPECT_TRUE(is_duplicate("", "a"));
    advance(3min - 1ms);
    EXPECT_TRUE(is_duplicate("", "a"));
    advance(1ms);

    EXPECT_FALSE(is_duplicate("", "a"));
}

TEST_F(DeduplicationWindow, lasts_across_a_crash_and_after_the_first_is_done) {
    declare("q", {.deduplication = {.enabled = true}});
    EXPECT_FALSE(is_duplicate("", "a"));
    EXPECT_EQ(settle(receive("q").front()), std::nullopt);
    crash();

    EXPECT_TRUE(is_duplicate("", "a"));
    EXPECT_EQ(counts("q").sent, 1);
}

class Priorities : public Bed {};

TEST_F(Priorities, put_messages_of_one_beside_each_other_and_keep_every_order) {
    declare("q", {.max_priority = 2, .strict_counting = true});
    publish("q", "first");  // reserves ids
    std::map<std::uint8_t, std::vector<std::int64_t>> ids;
    std::vector<Publish> messages;
    for (int i = 0; i < 150; ++i) {
        Publish& p = messages.emplace_back();
        p.routing_key = "q";
        p.priority = static_cast<std::uint8_t>(i % 3);
        p.message = Message(std::to_string(i));
    }
    messages[7].delay = 1h;  // its message has no entry yet
    const Receipt receipt = run_in(io, session.publish(messages, {})).value();
    for (std::size_t i = 0; i < receipt.results.size(); ++i) {
        ids[messages[i].priority].push_back(value_of(receipt.results[i].message));
        if (i > 0) EXPECT_GT(receipt.results[i].sequence, receipt.results[i - 1].sequence);
    }
    for (const auto& [priority, of_lane] : ids)
        for (std::size_t i = 1; i < of_lane.size(); ++i) EXPECT_EQ(of_lane[i], of_lane[i - 1] + 1) << int{priority};

    std::vector<std::string> expected;
    for (int priority = 2; priority >= 0; --priority) {
        if (priority == 0) expected.emplace_back("first");
        for (int i = priority; i < 150; i += 3)
            if (i != 7) expected.push_back(std::to_string(i));
    }
    const auto got = receive("q", 200);
    EXPECT_EQ(bodies(got), expected);
    for (const Delivery& delivery : got) EXPECT_EQ(delivery.receives, 1u) << delivery.message.text();
}

TEST_F(DeduplicationWindow, is_of_the_queue_or_of_each_group) {
    declare("q", {.kind = QueueKind::fifo, .deduplication = {.enabled = true}});
    EXPECT_FALSE(is_duplicate("g", "a"));
    EXPECT_TRUE(is_duplicate("h", "a"));
    ASSERT_TRUE(run_in(io, broker->delete_queue("q", {})));

    declare("q", {.kind = QueueKind::fifo, .deduplication = {.enabled = true, .scope = Deduplication::Scope::group}});
    EXPECT_FALSE(is_duplicate("g", "a"));
    EXPECT_FALSE(is_duplicate("h", "a"));
    EXPECT_TRUE(is_duplicate("h", "a"));
}

TEST_F(DeduplicationWindow, knows_equal_bodies_where_asked_and_gives_the_first_ids) {
    declare("q", {.deduplication = {.enabled = true, .content_based = true}});
    Publish p{.routing_key = "q", .message = Message("same")};
    const PublishResult first = try_publish(p).value();
    const PublishResult again = try_publish(p).value();
    p.message = Message("other");

    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.message, first.message);
    EXPECT_EQ(again.sequence, first.sequence);
    EXPECT_FALSE(try_publish(p).value().duplicate);
}

}  // namespace rowmq::test
