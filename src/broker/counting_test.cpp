// Receive counts that survive a crash: where counting is strict, a count is stored before its delivery.
#include "broker/bed.hpp"

namespace rowmq::test {

class StrictCounting : public Bed {
protected:
    static std::vector<std::uint32_t> receives(const std::vector<Delivery>& deliveries) {
        std::vector<std::uint32_t> all;
        for (const Delivery& d : deliveries) all.push_back(d.receives);
        return all;
    }
    std::int64_t mark(QueueId queue) { return value_of(content->counters.at(queue).counted_through); }
};

using Counts = std::vector<std::uint32_t>;

TEST_F(StrictCounting, of_first_deliveries_survives_a_crash) {
    declare("q", {.strict_counting = true});
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    EXPECT_EQ(receive("q", 2).size(), 2u);

    crash();

    EXPECT_EQ(receives(receive("q")), (Counts{2, 2, 1}));
    crash();
    EXPECT_EQ(receives(receive("q")), (Counts{3, 3, 2}));
}

TEST_F(StrictCounting, is_one_row_of_the_queue_and_none_of_its_entries) {
    const QueueInfo q = declare("q", {.strict_counting = true});
    for (const char* body : {"a", "b"}) publish("q", body);
    const auto got = receive("q");

    EXPECT_EQ(mark(q.id), value_of(got[1].lease.sequence));
    for (const auto& [key, row] : content->entries) EXPECT_EQ(row.receives, 0u);
}

TEST_F(StrictCounting, of_priorities_and_groups_survives_a_crash) {
    declare("p", {.max_priority = 9, .strict_counting = true});
    declare("f", {.kind = QueueKind::fifo, .strict_counting = true});
    for (const std::uint8_t priority : {1, 5}) {
        Publish p{.routing_key = "p", .message = Message("m"), .priority = priority};
        ASSERT_TRUE(try_publish(p));
    }
    for (const char* group : {"x", "y"}) publish("f", "m", group);
    EXPECT_EQ(receive("p", 1).size(), 1u);
    EXPECT_EQ(receive("f", 1).size(), 1u);

    crash();

    EXPECT_EQ(receives(receive("p")), (Counts{2, 1}));
    EXPECT_EQ(receives(receive("f")), (Counts{2, 1}));
}

TEST_F(StrictCounting, is_told_by_peek) {
    declare("q", {.strict_counting = true});
    publish("q", "a");
    EXPECT_EQ(receive("q").size(), 1u);

    crash();

    EXPECT_EQ(run_in(io, broker->peek("q")).value().messages.front().receives, 1u);
}

TEST_F(StrictCounting, counts_what_a_waiting_consumer_gets_with_the_message_itself) {
    const QueueInfo q = declare("q", {.strict_counting = true});
    std::vector<Delivery> got;
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .wait = 5s}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> result) { got = result.value(); });
    settle_down();
    const std::uint64_t before = broker->health().commits;

    publish("q", "a");
    settle_down();

    EXPECT_EQ(receives(got), Counts{1});
    EXPECT_EQ(broker->health().commits - before, 1u);
    EXPECT_EQ(mark(q.id), value_of(got[0].lease.sequence));
}

TEST_F(StrictCounting, counts_once_what_was_counted_ahead_and_then_had_to_be_read) {
    limits.window_entries = 1;
    restart();
    declare("f", {.kind = QueueKind::fifo, .max_receives = 3});
    publish("f", "held", "g");
    EXPECT_EQ(receive("f").size(), 1u);
    publish("f", "behind", "g");  // takes the window's only place, and cannot be delivered
    std::vector<Delivery> got;
    boost::asio::co_spawn(io, session.receive("f", {.max = 1, .wait = 5s}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> result) { got = result.value(); });
    settle_down();

    publish("f", "read from its row", "other");
    settle_down();

    EXPECT_EQ(bodies(got), Texts{"read from its row"});
    EXPECT_EQ(receives(got), Counts{1});
}

// A count too many would dead-letter what nobody has seen.
TEST_F(StrictCounting, counts_nothing_ahead_for_a_queue_that_is_paused) {
    declare("dead");
    const DeadLetter dead{.exchange = "", .routing_key = "dead"};
    declare("q", {.max_receives = 1, .dead_letter = dead, .paused = true});
    boost::asio::co_spawn(io, session.receive("q", {.max = 10, .wait = 1h}), [](std::exception_ptr, Result<std::vector<Delivery>>) {});
    settle_down();
    publish("q", "a");

    crash();
    ASSERT_TRUE(run_in(io, broker->alter_queue("q", {.max_receives = 1, .dead_letter = dead})));

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(StrictCounting, counts_ahead_no_more_than_consumers_are_about_to_take) {
    declare("q", {.strict_counting = true});
    const Subscription consumer = session.subscribe("q").value();
    for (int i = 0; i < 5; ++i) publish("q", "m");

    crash();

    EXPECT_EQ(receives(receive("q")), (Counts{1, 1, 1, 1, 1}));
}

TEST_F(StrictCounting, counts_nothing_ahead_for_a_consumer_at_work_where_the_count_decides) {
    declare("dead");
    declare("q", {.max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    Subscription consumer = session.subscribe("q").value();
    ASSERT_TRUE(run_in(io, consumer.next({.max = 10, .wait = 0ms})));
    publish("q", "a");

    crash();

    EXPECT_EQ(receives(receive("q")), Counts{1});
}

// Found by test/simulation: the group is held, so the consumer that waits cannot take it; after the broker's end it would have been
// dead-lettered without ever being received.
TEST_F(StrictCounting, counts_nothing_ahead_of_a_group_that_is_held) {
    declare("dead", {.kind = QueueKind::fifo});
    declare("q", {.kind = QueueKind::fifo, .max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "a", "g");
    EXPECT_EQ(receive("q").size(), 1u);
    auto waiting = session.subscribe("q").value();
    NextRequest request{.max = 1, .wait = 20s};
    boost::asio::co_spawn(io, waiting.next(request), boost::asio::detached);
    settle_down();
    publish("q", "b", "g");

    crash();

    EXPECT_EQ(bodies(receive("q")), Texts{"b"});
    EXPECT_EQ(bodies(receive("dead")), Texts{"a"});
}

TEST_F(StrictCounting, of_a_queue_that_counted_loosely_before_begins_where_it_stands) {
    declare("q");
    for (const char* body : {"a", "b"}) publish("q", body);
    EXPECT_EQ(receive("q", 1).size(), 1u);
    ASSERT_TRUE(run_in(io, broker->alter_queue("q", {.strict_counting = true})));
    EXPECT_EQ(receive("q", 1).size(), 1u);

    crash();

    EXPECT_EQ(receives(receive("q")), (Counts{2, 2}));
}

class LooseCounting : public Bed {};

TEST_F(LooseCounting, marks_what_may_have_been_seen_and_forgets_how_often_at_a_crash) {
    declare("q", {.strict_counting = false});
    publish("q", "a");
    EXPECT_EQ(receive("q").size(), 1u);

    crash();

    const auto got = receive("q");
    ASSERT_EQ(got.size(), 1u);
    EXPECT_TRUE(got[0].redelivered);
    EXPECT_EQ(got[0].receives, 1u);
}

}  // namespace rowmq::test
