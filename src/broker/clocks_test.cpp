// Somebody sets the machine's clock: leases, delays and windows go by the monotonic clock, nothing grows old by it, and it is told.
#include "broker/bed.hpp"
#include "broker/stored_time.hpp"

namespace rowmq::test {

class ClockJumps : public Bed {
protected:
    void jump(milliseconds by) {
        clock->jump_wall(by);
        broker->metrics();  // whoever looks, looks at the clocks
        settle_down();
    }
};

const milliseconds jumps[] = {-87'600h, -1h, -1ms, 1ms, 1h, 12h, 87'600h};

TEST_F(ClockJumps, end_no_lease_early_and_keep_none_longer) {
    for (const auto by : jumps) {
        const auto name = "q" + std::to_string(by.count());
        declare(name, {.lease = 30s});
        publish(name, "a");
        EXPECT_EQ(bodies(receive(name)), Texts{"a"});

        jump(by);

        advance(29'999ms);
        EXPECT_EQ(bodies(receive(name)), Texts{}) << by.count();
        advance(1ms);
        EXPECT_EQ(bodies(receive(name)), Texts{"a"}) << by.count();
        clock->jump_wall(-by);
    }
}

TEST_F(ClockJumps, make_no_delayed_message_due_early) {
    for (const auto by : jumps) {
        const auto name = "q" + std::to_string(by.count());
        declare(name, {.delay = 20s});
        publish(name, "a");

        jump(by);

        advance(19'900ms);  // a thousandth of the time is made up for
        EXPECT_EQ(bodies(receive(name)), Texts{}) << by.count();
        advance(200ms);
        EXPECT_EQ(bodies(receive(name)), Texts{"a"}) << by.count();
        clock->jump_wall(-by);
    }
}

TEST_F(ClockJumps, make_no_delayed_message_due_early_when_the_clock_was_being_waited_for) {
    declare("others");
    for (const auto by : {milliseconds(4s), milliseconds(-5s)}) {  // ahead again; far away
        const auto name = "q" + std::to_string(by.count());
        declare(name, {.delay = 2s});
        jump(-4s);
        advance(500ms);
        publish(name, "a");
        Publish sooner{.routing_key = "others", .message = Message("b")};  // when it is due, all that is due is looked for
        sooner.delay = 1'800ms;
        try_publish(std::move(sooner));

        jump(by);

        advance(1'800ms);
        EXPECT_EQ(bodies(receive("others")), Texts{"b"}) << by.count();
        EXPECT_EQ(bodies(receive(name)), Texts{}) << by.count();
        advance(190ms);
        EXPECT_EQ(bodies(receive(name)), Texts{}) << by.count();
        advance(20ms);
        EXPECT_EQ(bodies(receive(name)), Texts{"a"}) << by.count();
        clock->jump_wall(4s - by);
        advance(10s);
    }
}

TEST_F(ClockJumps, back_before_a_restart_leave_delayed_messages_of_a_group_in_order) {
    declare("q", {.kind = QueueKind::fifo, .delay = 60s});
    const auto publish_delayed = [&](const char* body) {
        Publish p{.routing_key = "q", .message = Message(body)};
        p.group = "g";
        try_publish(std::move(p));
    };
    advance(500ms);
    publish_delayed("a");
    jump(-1h);
    restart();
    publish_delayed("b");

    advance(62s);

    EXPECT_EQ(bodies(receive("q")), (Texts{"a", "b"}));
}

TEST_F(ClockJumps, expire_nothing_while_the_clocks_diverge) {
    declare("q", {.ttl = 60s});
    publish("q", "a");

    jump(1h);
    advance(10min);

    EXPECT_EQ(counts("q").ready, 1);
    EXPECT_EQ(bodies(receive("q", 1)), Texts{"a"});
}

TEST_F(ClockJumps, are_forgotten_when_the_clocks_agree_again) {
    declare("q", {.ttl = 60s});
    publish("q", "a");
    jump(1h);
    advance(10min);

    jump(-1h);
    for (int i = 0; i < 4; ++i) advance(10s);  // a queue nobody uses is looked at now and then

    EXPECT_EQ(counts("q").expired, 1);
    EXPECT_EQ(bodies(receive("q")), Texts{});
}

TEST_F(ClockJumps, leave_the_deduplication_window_as_long_as_it_is) {
    declare("q", {.kind = QueueKind::fifo, .deduplication = {.enabled = true, .window = 5min}});
    const auto publish_again = [&] {
        Publish p{.routing_key = "q", .message = Message("a")};
        p.group = "g";
        p.deduplication_id = "d";
        return try_publish(std::move(p)).value().duplicate;
    };
    EXPECT_FALSE(publish_again());
    jump(1h);

    advance(299s);
    EXPECT_TRUE(publish_again());
    advance(2s);
    EXPECT_FALSE(publish_again());
}

TEST_F(ClockJumps, are_told_once_and_when_they_are_over) {
    stop();
    std::vector<bool> told;
    BrokerParts parts{.executor = io.get_executor(),
                      .clock = clock,
                      .random = std::make_shared<SeededRandom>(7),
                      .engine = storage::memory::make_engine(io.get_executor(), content),
                      .on_clocks = [&](const Clocks& clocks) { told.push_back(clocks.diverged); }};
    broker = run_in(io, make_broker(std::move(parts))).value();

    jump(5s);
    EXPECT_EQ(told, std::vector<bool>{});
    jump(1s);
    jump(1h);
    EXPECT_EQ(told, std::vector<bool>{true});
    EXPECT_TRUE(broker->metrics().clocks.diverged);
    EXPECT_EQ(broker->metrics().clocks.by, 3'606s);
    jump(-3'606s);

    EXPECT_EQ(told, (std::vector<bool>{true, false}));
    EXPECT_EQ(broker->metrics().clocks.by, 0ms);
}

TEST_F(ClockJumps, are_believed_after_a_restart) {
    declare("q", {.ttl = 60s});
    publish("q", "a");
    jump(1h);

    restart();

    EXPECT_FALSE(broker->metrics().clocks.diverged);
    EXPECT_EQ(bodies(receive("q")), Texts{});
}

TEST_F(ClockJumps, backwards_before_a_restart_store_no_time_twice) {
    declare("q");
    publish("q", "a");
    jump(-1h);
    restart();
    publish("q", "b");

    const auto got = receive("q");

    ASSERT_EQ(got.size(), 2u);
    EXPECT_GE(got[1].published_at, got[0].published_at);
    EXPECT_TRUE(broker->metrics().clocks.diverged);
}

TEST(StoredTime, goes_with_a_clock_that_is_a_little_ahead_by_a_thousandth) {
    ManualClock clock;
    StoredTime time(clock);
    time.begin({});
    const auto start = time.now();
    clock.jump_wall(2s);

    for (int i = 0; i < 1'000; ++i) {
        clock.advance(1s);
        time.now();
    }
    EXPECT_EQ(time.now() - start, 1'001s);
    EXPECT_EQ(time.divergence(), 1s);
}

TEST(StoredTime, waits_for_a_clock_that_is_a_little_behind) {
    ManualClock clock;
    StoredTime time(clock);
    time.begin({});
    const auto start = time.now();
    clock.jump_wall(-800ms);

    clock.advance(700ms);
    EXPECT_EQ(time.now(), start);
    clock.advance(200ms);
    EXPECT_EQ(time.now(), start + 100ms);
}

TEST(StoredTime, goes_on_from_where_it_waited) {
    for (const auto by : {milliseconds(4s), milliseconds(-5s)}) {  // ahead again; far away
        ManualClock clock;
        StoredTime time(clock);
        time.begin({});
        const auto start = time.now();
        clock.jump_wall(-4s);
        clock.advance(500ms);
        EXPECT_EQ(time.now(), start);

        clock.jump_wall(by);

        EXPECT_EQ(time.now(), start) << by.count();
        clock.advance(100ms);
        EXPECT_EQ(time.now(), start + 100ms) << by.count();
    }
}

TEST(StoredTime, begins_where_it_was_when_the_clock_was_set_back) {
    ManualClock clock;
    StoredTime time(clock);

    time.begin(clock.wall() + 1h);

    EXPECT_EQ(time.now(), clock.wall() + 1h);
    EXPECT_TRUE(time.diverged());
}

TEST(StoredTime, never_runs_backwards_under_a_clock_that_jumps_about) {
    ManualClock clock;
    StoredTime time(clock);
    time.begin({});
    const auto start = time.now();
    auto last = start;
    for (int i = 0; i < 3'000; ++i) {
        clock.jump_wall(i % 2 ? -400ms : 400ms);
        clock.advance(10ms);
        const auto next = time.now();
        ASSERT_GE(next, last);
        last = next;
    }
    EXPECT_NEAR(static_cast<double>((last - start).count()), 30'000, 450);
    EXPECT_FALSE(time.diverged());
}

}  // namespace rowmq::test
