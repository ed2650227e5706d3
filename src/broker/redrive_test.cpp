// Redrive: all, selected, at a rate, stopped, and what it cannot do.
#include "broker/bed.hpp"

namespace rowmq::test {

class RedriveTasks : public Bed {
protected:
    void SetUp() override {
        declare("dead");
        declare("q", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
        declare("other");
    }
    void kill(std::vector<std::string> some) {
        for (const auto& body : some) publish("q", body);
        for (const Delivery& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);
    }
    RedriveTask task() { return broker->redrives().front(); }
};

TEST_F(RedriveTasks, move_only_what_is_selected) {
    kill({"a", "b", "c"});
    const Page page = run_in(io, broker->peek("dead")).value();

    ASSERT_TRUE(
        run_in(io, broker->redrive({.source = "dead", .selected = {page.messages[2].lease.sequence, page.messages[0].lease.sequence}})));
    settle_down();

    EXPECT_EQ(bodies(receive("q")), (Texts{"a", "c"}));
    EXPECT_EQ(bodies(receive("dead")), Texts{"b"});
    EXPECT_EQ(task().state, TaskState::completed);
}

TEST_F(RedriveTasks, move_at_the_rate_asked_for_and_stop_when_told) {
    kill({"a", "b", "c", "d"});
    const RedriveTask begun = run_in(io, broker->redrive({.source = "dead", .destination = "other", .per_second = 1})).value();
    EXPECT_EQ(begun.total, 4);
    settle_down();
    EXPECT_EQ(task().moved, 1);
    EXPECT_EQ(run_in(io, broker->redrive({.source = "dead"})).error().code, Errc::already_exists);

    advance(1s);
    EXPECT_EQ(task().moved, 2);
    ASSERT_TRUE(run_in(io, broker->cancel_redrive(begun.id)));
    advance(5s);

    EXPECT_EQ(task().state, TaskState::cancelled);
    EXPECT_EQ(task().moved, 2);
    EXPECT_EQ(bodies(receive("other")), (Texts{"a", "b"}));
    EXPECT_EQ(counts("dead").ready, 2);
    EXPECT_EQ(run_in(io, broker->cancel_redrive(begun.id)).has_value(), false);
}

TEST_F(RedriveTasks, go_on_after_a_crash_and_move_each_message_once) {
    kill({"a", "b", "c"});
    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead", .destination = "other", .per_second = 1})));
    settle_down();

    crash();
    for (int i = 0; i < 4; ++i) advance(1s);

    EXPECT_EQ(task().state, TaskState::completed);
    EXPECT_EQ(bodies(receive("other")), (Texts{"a", "b", "c"}));
}

TEST_F(RedriveTasks, leave_alone_what_comes_after_their_beginning) {
    kill({"a"});
    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead", .per_second = 1})));
    publish("dead", "later");
    for (int i = 0; i < 3; ++i) advance(1s);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
    EXPECT_EQ(bodies(receive("dead")), Texts{"later"});
}

TEST_F(RedriveTasks, fail_with_a_reason_and_lose_nothing) {
    publish("dead", "born here");

    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead"})));
    settle_down();

    EXPECT_EQ(task().state, TaskState::failed);
    EXPECT_NE(task().failure.find("no origin"), std::string::npos) << task().failure;
    EXPECT_EQ(bodies(receive("dead")), Texts{"born here"});
    EXPECT_EQ(run_in(io, broker->redrive({.source = "nobody"})).error().code, Errc::no_such_queue);
    EXPECT_EQ(run_in(io, broker->redrive({.source = "dead", .destination = "nobody"})).error().code, Errc::no_such_queue);
}

}  // namespace rowmq::test
