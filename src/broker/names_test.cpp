// What a lease's name is good for: until the message is leased anew, also after restarts.
#include "broker/bed.hpp"

namespace rowmq::test {

class Names : public Bed {
protected:
    Delivery receive_one(const std::string& queue) {
        const auto got = receive(queue, 1);
        EXPECT_EQ(got.size(), 1u);
        return got.empty() ? Delivery{} : got.front();
    }
};

TEST_F(Names, settle_after_their_lease_ran_out_until_the_message_is_leased_anew) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    publish("q", "b");
    const Delivery a = receive_one("q"), b = receive_one("q");
    advance(1s);
    const Delivery again = receive_one("q");

    EXPECT_EQ(settle(a), Errc::lease_gone);
    EXPECT_EQ(settle(b), std::nullopt);
    EXPECT_EQ(settle(again), std::nullopt);
}

TEST_F(Names, settle_after_a_restart) {
    declare("q");
    publish("q", "a");
    const Delivery a = receive_one("q");

    restart();

    EXPECT_EQ(settle(a), std::nullopt);
    EXPECT_EQ(counts("q").done, 1);
    EXPECT_TRUE(receive("q").empty());
}

TEST_F(Names, settle_nothing_that_was_leased_anew_before_the_restart) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const Delivery first = receive_one("q");
    advance(1s);
    const Delivery second = receive_one("q");

    restart();

    EXPECT_EQ(settle(first), Errc::lease_gone);
    EXPECT_EQ(settle(first, Verdict::release, 1h), Errc::lease_gone);
    EXPECT_EQ(settle(second), std::nullopt);
}

TEST_F(Names, settle_nothing_that_was_leased_anew_between_two_restarts) {
    declare("q");
    publish("q", "a");
    const Delivery first = receive_one("q");
    restart();
    const Delivery second = receive_one("q");

    restart();

    EXPECT_EQ(settle(first), Errc::lease_gone);
    EXPECT_EQ(settle(second), std::nullopt);
}

TEST_F(Names, settle_nothing_that_was_leased_anew_since_the_restart) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const Delivery first = receive_one("q");
    restart();
    const Delivery second = receive_one("q");

    EXPECT_EQ(settle(first), Errc::lease_gone);
    advance(1s);
    EXPECT_EQ(settle(first), Errc::lease_gone);
    EXPECT_EQ(settle(second), std::nullopt);
}

TEST_F(Names, settle_nothing_that_was_leased_anew_after_a_second_lease) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    receive_one("q");
    advance(1s);
    const Delivery second = receive_one("q");
    advance(1s);
    const Delivery third = receive_one("q");

    restart();

    EXPECT_EQ(settle(second), Errc::lease_gone);
    EXPECT_EQ(settle(third), std::nullopt);
}

TEST_F(Names, of_a_first_lease_outlive_one_restart_only) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const Delivery first = receive_one("q");

    restart();
    restart();

    EXPECT_EQ(settle(first), Errc::lease_gone);
    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(Names, of_what_was_leased_before_outlive_any_number_of_restarts) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    receive_one("q");
    advance(1s);
    const Delivery second = receive_one("q");

    for (int i = 0; i < 3; ++i) restart();

    EXPECT_EQ(settle(second), std::nullopt);
}

TEST_F(Names, are_told_apart_where_counting_is_strict_as_well) {
    declare("q", {.lease = 1s, .strict_counting = true});
    publish("q", "a");
    const Delivery first = receive_one("q");
    restart();
    const Delivery second = receive_one("q");
    restart();
    restart();

    EXPECT_EQ(settle(first), Errc::lease_gone);
    EXPECT_EQ(settle(second), std::nullopt);
}

TEST_F(Names, of_before_a_restart_give_back_what_then_expires_though_nobody_receives) {
    declare("q", {.kind = QueueKind::fifo});
    Publish p;
    p.routing_key = "q";
    p.message = Message("a");
    p.group = "g";
    p.ttl = 5s;
    ASSERT_TRUE(try_publish(std::move(p)));
    publish("q", "b", "other");
    const Delivery a = receive_one("q");
    restart();
    EXPECT_EQ(settle(a, Verdict::release, 0s), std::nullopt);

    int rings = 0;
    for (; clock->alarm() && rings < 100; ++rings) {
        clock->advance(std::max(*clock->alarm() - clock->monotonic(), std::chrono::nanoseconds(0)));
        settle_down();
    }

    EXPECT_LT(rings, 20);  // it does not ask again and again
    EXPECT_EQ(counts("q").expired, 1);
}

TEST_F(Names, are_remembered_when_a_window_is_forgotten) {
    limits.windows_entries = 8;
    restart();
    declare("q", {.kind = QueueKind::fifo, .lease = 1s});
    declare("other");
    publish("q", "a", "g");
    const Delivery first = receive_one("q");
    restart();
    receive_one("q");
    advance(1s);  // expires
    advance(1s);  // and is counted
    for (int i = 0; i < 30; ++i) publish("other", std::to_string(i));
    receive("other", 1);
    for (int i = 0; i < 30; ++i) publish("other", std::to_string(i));
    settle_down();

    EXPECT_EQ(settle(first), Errc::lease_gone);
}

TEST_F(Names, of_before_a_restart_that_are_refused_leave_the_message_to_others) {
    declare("q");
    publish("q", "a");
    const Delivery a = receive_one("q");
    restart();

    EXPECT_EQ(settle(a, Verdict::release, -1ms), Errc::invalid_argument);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(Names, of_before_a_restart_leave_the_message_to_others_when_their_session_closes_at_any_step) {
    for (int steps = 0; steps < 6; ++steps) {
        stop();
        content = std::make_shared<storage::memory::Content>();
        start();
        declare("q");
        publish("q", "a");
        const Delivery a = receive_one("q");
        restart();
        Session other = broker->open_session().value();
        std::optional<bool> settled;
        boost::asio::co_spawn(io, other.settle(a.lease),
                              [&](std::exception_ptr, const Result<void>& result) { settled = result.has_value(); });
        io.restart();
        for (int i = 0; i < steps; ++i) io.poll_one();

        other.close();
        settle_down();

        ASSERT_TRUE(settled);
        EXPECT_EQ(bodies(receive("q")), *settled ? Texts{} : Texts{"a"}) << "after " << steps << " steps";
    }
}

}  // namespace rowmq::test
