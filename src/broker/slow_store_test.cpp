// What the broker promises while its store takes its time: no answer before the commit, nothing twice, nothing forgotten.
#include "broker/slow_store_bed.hpp"

namespace rowmq::test {

using Answers = SlowStoreBed;

TEST_F(Answers, of_a_publish_come_after_its_commit) {
    declare("q");
    doors->commits.shut();

    const auto answer = begin_publish("q", "a");

    EXPECT_FALSE(answer->has_value());
    open(doors->commits);
    ASSERT_TRUE(answer->has_value());
    EXPECT_TRUE(answer->value());
}

TEST_F(Answers, of_a_settlement_come_after_its_commit) {
    declare("q");
    publish("q", "a");
    const auto got = receive("q");
    doors->commits.shut();

    const auto answer = begin(session.settle(got.at(0).lease));

    EXPECT_FALSE(answer->has_value());
    open(doors->commits);
    ASSERT_TRUE(answer->has_value());
    EXPECT_TRUE(answer->value());
}

TEST_F(Answers, of_a_receive_come_after_the_count_is_stored_where_counting_is_strict) {
    declare("q", {.strict_counting = true});
    publish("q", "a");
    doors->commits.shut();

    const auto answer = begin_receive("q");

    EXPECT_FALSE(answer->has_value());
    open(doors->commits);
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ(bodies(answer->value().value()), Texts{"a"});
}

TEST_F(Answers, of_a_second_receive_come_after_its_count_is_stored_always) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    receive("q");
    advance(1s);
    doors->commits.shut();

    const auto answer = begin_receive("q");

    EXPECT_FALSE(answer->has_value());
    open(doors->commits);
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ(answer->value().value().at(0).receives, 2u);
}

TEST_F(Answers, do_not_wait_for_a_batch_that_nobody_fills) {
    declare("q", {.kind = QueueKind::fifo, .lease = 10s, .strict_counting = false});
    publish("q", "a", "g");
    publish("q", "b", "g");
    const auto got = receive("q", 1);
    ASSERT_EQ(bodies(got), Texts{"a"});
    const auto settles_nothing = [](Session& s, Lease old) -> awaitable<bool> {  // and has a batch opened for it
        co_await s.receive("q", {.max = 1, .max_bytes = 0, .wait = 5s, .lease = {}});
        old.number += 7;
        co_await s.settle(old);
        co_return true;
    };
    const auto woken = begin(settles_nothing(session, got[0].lease));

    std::vector<Settlement> twice{{.lease = got[0].lease}, {.lease = got[0].lease}};
    const auto settled = begin(session.settle(std::move(twice)));

    EXPECT_TRUE(woken->has_value());
    ASSERT_TRUE(settled->has_value());
    EXPECT_EQ(settled->value().results[0], std::nullopt);
    EXPECT_EQ(settled->value().results[1]->code, Errc::lease_gone);
}

TEST_F(Answers, of_a_declaration_do_not_wait_for_a_batch_that_nobody_fills) {
    declare("q");
    publish("q", "a");
    Lease never_given = receive("q").at(0).lease;
    never_given.number += 7;
    EXPECT_EQ(run_in(io, session.settle(never_given)).error().code, Errc::lease_gone);

    const auto declared = begin(broker->declare_queue("q", {}));

    ASSERT_TRUE(declared->has_value());
    EXPECT_TRUE(declared->value().has_value());
}

using SlowPages = SlowStoreBed;

TEST_F(SlowPages, do_not_bring_back_what_was_removed_while_they_were_read) {
    declare("q");
    for (const char* body : {"a", "b"}) publish("q", body);
    const auto before = receive("q", 1);
    reopen();
    doors->pages.shut();
    const auto receiving = begin_receive("q");
    doors->pages.let_pass(0);  // which lanes there are
    settle_down();
    const auto settling = begin(session.settle(before.at(0).lease));
    ASSERT_EQ(doors->pages.waiting(), 2u);
    doors->pages.let_pass(1);  // the row that the name of before the restart means
    settle_down();
    ASSERT_TRUE(settling->has_value());
    EXPECT_TRUE(settling->value());

    open(doors->pages);

    ASSERT_TRUE(receiving->has_value());
    EXPECT_EQ(bodies(receiving->value().value()), Texts{"b"});
}

TEST_F(SlowPages, that_cannot_be_read_do_not_make_a_message_of_before_a_restart_gone) {
    declare("q");
    publish("q", "a");
    const auto before = receive("q", 1);
    reopen();

    doors->unread = 1;
    EXPECT_EQ(settle(before.at(0)), Errc::store_failed);
    EXPECT_EQ(settle(before.at(0)), std::nullopt);

    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(SlowPages, do_not_bring_what_somebody_has) {
    declare("q");
    for (const char* body : {"a", "b"}) publish("q", body);
    const auto before = receive("q", 1);
    reopen();
    doors->pages.shut();
    doors->commits.shut();
    const auto receiving = begin_receive("q");
    doors->pages.let_pass(0);
    settle_down();
    const auto settling = begin(session.settle(before.at(0).lease));
    ASSERT_EQ(doors->pages.waiting(), 2u);
    doors->pages.let_pass(1);
    settle_down();

    open(doors->pages);
    open(doors->commits);

    EXPECT_TRUE(settling->value());
    EXPECT_EQ(bodies(receiving->value().value()), Texts{"b"});
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(SlowPages, are_read_again_for_what_was_published_meanwhile) {
    declare("q");
    publish("q", "a");
    reopen();
    doors->pages.shut();
    const auto receiving = begin_receive("q", 1);
    doors->pages.let_pass(0);
    settle_down();
    ASSERT_EQ(doors->pages.waiting(), 1u);
    publish("q", "b");

    open(doors->pages);

    EXPECT_EQ(bodies(receiving->value().value()), Texts{"a"});
    EXPECT_EQ(bodies(receive("q")), Texts{"b"});
}

TEST_F(SlowPages, that_a_failed_store_does_not_give_end_the_broker_when_something_is_due) {
    declare("q", {.delay = 1s});
    publish("q", "a");
    doors->failed = true;

    advance(1s);

    EXPECT_FALSE(broker->health().serving) << "nobody else commits: what is due would never come";
}

TEST_F(SlowPages, that_a_failed_store_does_not_give_end_the_broker_when_somebody_receives) {
    declare("q");
    publish("q", "a");
    reopen();
    doors->failed = true;

    begin_receive("q");

    EXPECT_FALSE(broker->health().serving);
}

TEST_F(SlowPages, that_cannot_be_read_once_end_nothing) {
    declare("q", {.delay = 1s});
    publish("q", "a");
    doors->unread = 1;
    advance(1s);
    EXPECT_TRUE(broker->health().serving);

    advance(1s);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

using Purging = SlowStoreBed;

TEST_F(Purging, leaves_what_is_published_with_the_same_commit) {
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    receive("q", 1);

    const auto purging = spawn(broker->purge_queue("q", {}));
    const auto publishing = begin_publish("q", "new");

    EXPECT_EQ((*purging)->value(), 2);
    EXPECT_TRUE((*publishing)->has_value());
    EXPECT_EQ(bodies(receive("q")), Texts{"new"});
}

}  // namespace rowmq::test
