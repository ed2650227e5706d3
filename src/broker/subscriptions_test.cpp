// Who gets what, where several consume: priorities, turns, exclusiveness, bounds.
#include "broker/bed.hpp"

namespace rowmq::test {

class Subscriptions : public Bed {
protected:
    /// A next() under way in the background: what it brought, or how it ended.
    struct Waiting {
        Subscription subscription;
        std::optional<Result<std::vector<Delivery>>> got;
        std::size_t count() const { return got && *got ? got->value().size() : 0; }
    };
    std::shared_ptr<Waiting> wait(Subscription subscription, std::size_t max = 1, milliseconds wait = 1h) {
        auto waiting = std::make_shared<Waiting>();
        waiting->subscription = subscription;
        boost::asio::co_spawn(io, waiting->subscription.next({.max = max, .wait = wait}),
                              [waiting](std::exception_ptr, Result<std::vector<Delivery>> result) { waiting->got = std::move(result); });
        settle_down();
        return waiting;
    }
    std::vector<Delivery> next(Subscription& subscription, std::size_t max = 10) {
        return run_in(io, subscription.next({.max = max, .wait = 0ms})).value();
    }
};

TEST_F(Subscriptions, of_higher_priority_are_served_first) {
    declare("q");
    const auto low = wait(session.subscribe("q", {.priority = 1}).value());
    const auto high = wait(session.subscribe("q", {.priority = 5}).value());

    publish("q", "a");
    settle_down();

    EXPECT_EQ(high->count(), 1u);
    EXPECT_FALSE(low->got);
    publish("q", "b");
    settle_down();
    EXPECT_EQ(low->count(), 1u);
}

TEST_F(Subscriptions, of_equal_priority_take_turns) {
    declare("q");
    std::vector<std::shared_ptr<Waiting>> all;
    for (int i = 0; i < 3; ++i) all.push_back(wait(session.subscribe("q").value()));

    for (std::size_t i = 0; i < all.size(); ++i) {
        publish("q", "m");
        settle_down();
        EXPECT_EQ(all[i]->count(), 1u) << i;
    }
}

TEST_F(Subscriptions, that_are_exclusive_admit_no_other) {
    declare("q");
    Subscription only = session.subscribe("q", {.exclusive = true}).value();

    EXPECT_EQ(session.subscribe("q").error().code, Errc::in_use);
    only.close();
    Subscription shared = session.subscribe("q").value();
    EXPECT_EQ(session.subscribe("q", {.exclusive = true}).error().code, Errc::in_use);
}

TEST_F(Subscriptions, that_are_single_active_take_over_when_the_first_ends) {
    declare("q");
    const auto first = wait(session.subscribe("q", {.single_active = true}).value(), 1);
    const auto second = wait(session.subscribe("q", {.single_active = true}).value(), 1);
    publish("q", "a");
    publish("q", "b");
    settle_down();
    EXPECT_EQ(first->count(), 1u);
    EXPECT_FALSE(second->got);

    first->subscription.close();
    settle_down();

    EXPECT_EQ(second->count(), 1u);
}

TEST_F(Subscriptions, that_share_credit_take_no_more_together_and_leave_the_rest_to_others) {
    for (const char* queue : {"a", "b"}) {
        declare(queue);
        for (int i = 0; i < 5; ++i) publish(queue, queue);
    }
    const auto credit = std::make_shared<std::int64_t>(3);
    Subscription a = session.subscribe("a", {.lease = std::nullopt, .credit = credit}).value();
    Subscription b = session.subscribe("b", {.lease = std::nullopt, .credit = credit}).value();
    EXPECT_EQ(next(a, 2).size(), 2u);
    EXPECT_EQ(next(b).size(), 1u);
    EXPECT_EQ(*credit, 0);
    const auto waiting = wait(b, 10);
    publish("b", "new");
    settle_down();
    EXPECT_FALSE(waiting->got) << "there is no credit";
    EXPECT_EQ(receive("b", 1).size(), 1u) << "for others there is";

    *credit += 2;
    waiting->subscription.look_again();
    settle_down();

    EXPECT_EQ(waiting->count(), 2u);
    EXPECT_EQ(*credit, 0);
}

TEST_F(Subscriptions, hold_no_more_than_max_leased_until_something_is_settled) {
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    Subscription subscription = session.subscribe("q", {.max_leased = 2}).value();
    const auto got = next(subscription);
    EXPECT_EQ(bodies(got), (Texts{"a", "b"}));
    const auto waiting = wait(subscription);
    EXPECT_FALSE(waiting->got);

    EXPECT_EQ(settle(got[0]), std::nullopt);
    settle_down();

    EXPECT_EQ(waiting->count(), 1u);
}

TEST_F(Subscriptions, without_lease_settle_what_they_give) {
    declare("q");
    publish("q", "a");
    Subscription subscription = session.subscribe("q", {.no_lease = true}).value();

    const auto got = next(subscription);

    EXPECT_EQ(bodies(got), Texts{"a"});
    EXPECT_EQ(counts("q").done, 1);
    EXPECT_EQ(settle(got[0]), Errc::lease_gone);
}

TEST_F(Subscriptions, whose_leases_last_as_long_as_the_session_do_not_run_out) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    Subscription subscription = session.subscribe("q", {.lease = std::nullopt}).value();
    EXPECT_EQ(next(subscription).size(), 1u);

    advance(24h);

    EXPECT_EQ(counts("q").leased, 1);
    session.close();
    settle_down();
    EXPECT_EQ(counts("q").ready, 1);
}

TEST_F(Subscriptions, answer_one_next_at_a_time) {
    declare("q");
    const auto waiting = wait(session.subscribe("q").value());

    EXPECT_EQ(run_in(io, waiting->subscription.next({.wait = 0ms})).error().code, Errc::in_use);
}

TEST_F(Subscriptions, that_wait_are_ended_by_close_and_by_the_end_of_the_queue) {
    declare("q");
    const auto closed = wait(session.subscribe("q").value());
    const auto orphaned = wait(session.subscribe("q").value());

    closed->subscription.close();
    settle_down();
    ASSERT_TRUE(run_in(io, broker->delete_queue("q", {})));
    settle_down();

    EXPECT_EQ(closed->got->error().code, Errc::closed);
    EXPECT_EQ(orphaned->got->error().code, Errc::queue_deleted);
}

TEST_F(Subscriptions, of_a_paused_queue_wait_until_it_goes_on) {
    declare("q", {.paused = true});
    publish("q", "a");
    const auto waiting = wait(session.subscribe("q").value());
    EXPECT_FALSE(waiting->got);

    ASSERT_TRUE(run_in(io, broker->alter_queue("q", {})));
    settle_down();

    EXPECT_EQ(waiting->count(), 1u);
}

TEST_F(Subscriptions, are_told_when_there_are_too_many_leases) {
    limits.leases_per_session = 2;
    restart();
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    EXPECT_EQ(receive("q").size(), 2u);

    const auto refused = run_in(io, session.receive("q", {.max = 1, .wait = 0ms}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_many_leases);
    EXPECT_NE(refused.error().text.find("at most 2 a session"), std::string::npos);
    Session other = broker->open_session().value();
    EXPECT_EQ(run_in(io, other.receive("q", {.max = 1, .wait = 0ms})).value().size(), 1u);
}

TEST_F(Subscriptions, get_at_most_the_bytes_they_ask_for_but_one_message_always) {
    declare("q");
    for (const char* body : {"four", "four", "four"}) publish("q", body);

    EXPECT_EQ(run_in(io, session.receive("q", {.max = 10, .max_bytes = 9, .wait = 0ms})).value().size(), 2u);
    EXPECT_EQ(run_in(io, session.receive("q", {.max = 10, .max_bytes = 1, .wait = 0ms})).value().size(), 1u);
}

}  // namespace rowmq::test
