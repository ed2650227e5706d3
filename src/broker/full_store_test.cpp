// What the broker promises when its store refuses a commit for want of space.
#include "broker/slow_store_bed.hpp"

namespace rowmq::test {

using FullStore = SlowStoreBed;

TEST_F(FullStore, leaves_a_message_it_could_not_remove_to_its_lease) {
    declare("q", {.lease = 10s});
    publish("q", "a");
    const auto got = receive("q");
    doors->full = 1;

    EXPECT_EQ(settle(got.at(0)), Errc::store_full);

    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(settle(got.at(0)), std::nullopt);
}

TEST_F(FullStore, gives_the_message_again_when_that_lease_has_ended) {
    declare("q", {.lease = 10s});
    publish("q", "a");
    const auto got = receive("q");
    doors->full = 1;
    EXPECT_EQ(settle(got.at(0)), Errc::store_full);

    advance(10s);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(FullStore, leaves_a_message_it_could_not_remove_to_its_revived_lease) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const auto got = receive("q");
    advance(1s);
    ASSERT_EQ(session.extend({&got.at(0).lease, 1}, 10s, RunOut::revive).front(), std::nullopt);
    doors->full = 1;

    EXPECT_EQ(settle(got.at(0)), Errc::store_full);

    advance(9'999ms);
    EXPECT_TRUE(receive("q").empty());
    advance(1ms);
    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(FullStore, does_not_say_gone_of_what_another_removes_when_neither_is_stored) {
    declare("q", {.lease = 10s});
    publish("q", "a");
    publish("q", "b");
    const auto got = receive("q");
    ASSERT_EQ(got.size(), 2u);
    doors->commits.shut();
    const auto first = begin(session.settle(got[0].lease));
    std::vector<Settlement> both{{.lease = got[0].lease}, {.lease = got[1].lease}};
    const auto second = begin(session.settle(std::move(both)));

    doors->full = 2;
    open(doors->commits);

    EXPECT_EQ(first->value().error().code, Errc::store_full);
    ASSERT_TRUE(second->has_value());
    for (const auto& result : second->value().results) EXPECT_EQ(result->code, Errc::store_full);
    for (const Delivery& d : got) EXPECT_EQ(settle(d), std::nullopt);
    EXPECT_EQ(counts("q").done, 2);
}

TEST_F(FullStore, never_gives_the_sequence_of_what_it_refused_to_another) {
    declare("q");
    doors->commits.shut();
    const auto refused = begin_publish("q", "refused"), stored = begin_publish("q", "stored");
    doors->full = 1;
    open(doors->commits);
    EXPECT_EQ((*refused)->error().code, Errc::store_full);
    const Sequence before = (*stored)->value().sequence;

    const Sequence after = publish("q", "later").sequence;

    EXPECT_GT(after, before);
    EXPECT_TRUE(broker->health().serving);
    EXPECT_EQ(bodies(receive("q")), (Texts{"stored", "later"}));
}

TEST_F(FullStore, reserves_again_the_ids_it_could_not_reserve) {
    declare("q");
    reopen();
    doors->full = 1;
    EXPECT_EQ((*begin_publish("q", "refused"))->error().code, Errc::store_full);
    const auto before = publish("q", "a");

    crash();
    const auto after = publish("q", "b");

    EXPECT_GT(after.message, before.message);
    EXPECT_GT(after.sequence, before.sequence);
    EXPECT_EQ(bodies(receive("q")), (Texts{"a", "b"}));
}

TEST_F(FullStore, counts_again_what_it_could_not_count) {
    declare("q", {.lease = 1s, .strict_counting = false});
    publish("q", "a");
    ASSERT_EQ(receive("q").size(), 1u);
    doors->full = 1;
    for (int i = 0; i < 100 && doors->full > 0; ++i) advance(100ms);
    ASSERT_EQ(doors->full, 0) << "the count was to be stored";

    advance(60s);
    crash();

    EXPECT_EQ(receive("q").at(0).receives, 2u);
}

TEST_F(FullStore, does_not_try_all_the_time_to_dead_letter_for_who_waits) {
    declare("dead");
    declare("q", {.lease = 1s, .max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "a");
    ASSERT_EQ(receive("q").size(), 1u);
    constexpr int many = 1'000;
    doors->full = many;
    const auto waits = begin(session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}));

    for (int i = 0; i < 20 && doors->full > 0; ++i) advance(500ms);
    const int tried = many - doors->full;
    doors->full = 0;
    for (int i = 0; i < 3; ++i) advance(1s);

    EXPECT_GT(tried, 2);
    EXPECT_LT(tried, 40);
    EXPECT_EQ(bodies(receive("dead")), Texts{"a"});
}

TEST_F(FullStore, gives_what_stands_behind_what_it_could_not_dead_letter) {
    declare("dead");
    declare("q", {.lease = 1s, .max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    for (const char* body : {"a", "b"}) publish("q", body);
    ASSERT_EQ(bodies(receive("q", 1)), Texts{"a"});
    doors->full = 1;
    advance(1s);
    ASSERT_EQ(doors->full, 0);

    EXPECT_EQ(bodies(receive("q")), Texts{"b"});

    for (int i = 0; i < 3; ++i) advance(1s);
    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(receive("dead").size(), 2u);
}

TEST_F(FullStore, keeps_the_group_behind_what_it_could_not_dead_letter) {
    declare("dead");
    declare("q",
            {.kind = QueueKind::fifo, .lease = 1s, .max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "a", "one");
    publish("q", "b", "one");
    publish("q", "c", "two");
    publish("q", "d", "two");
    ASSERT_EQ(bodies(receive("q", 1)), Texts{"a"});
    doors->full = 1;
    advance(1s);
    ASSERT_EQ(doors->full, 0);

    EXPECT_EQ(bodies(receive("q")), (Texts{"c", "d"}));

    advance(2s);
    EXPECT_EQ(bodies(receive("q")), Texts{"b"});
}

TEST_F(FullStore, does_not_try_all_the_time_to_move_what_is_due) {
    limits.background_rows = 1;
    reopen();
    declare("q", {.delay = 1s});
    for (const char* body : {"a", "b", "c"}) publish("q", body);

    const int tried = tries_on_a_full_disk(10s);
    for (int i = 0; i < 3; ++i) advance(1s);

    EXPECT_GT(tried, 2);
    EXPECT_LT(tried, 40);
    EXPECT_EQ(receive("q").size(), 3u);
}

TEST_F(FullStore, does_not_count_a_receive_that_was_not_answered) {
    declare("dead");
    declare("q", {.max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "a");
    doors->full = 1;
    const auto refused = begin_receive("q");
    ASSERT_EQ((*refused)->error().code, Errc::store_full);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(FullStore, does_not_say_of_what_somebody_else_could_not_remove_that_it_is_gone) {
    declare("q", {.lease = 10s});
    publish("q", "a");
    const auto got = receive("q");
    doors->commits.shut();
    const auto first = begin(session.settle(got.at(0).lease));
    settle_down();
    const auto second = begin(session.settle(got.at(0).lease));
    settle_down();
    EXPECT_FALSE(second->has_value()) << "it waits for the first";

    doors->full = 1;
    open(doors->commits);

    EXPECT_EQ(first->value().error().code, Errc::store_full);
    ASSERT_TRUE(second->has_value());
    EXPECT_TRUE(second->value()) << "and removes it itself";
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(FullStore, does_not_try_all_the_time_to_remove_what_has_expired) {
    declare("q", {.ttl = 1s});
    publish("q", "a");
    receive("q", 1);
    publish("q", "b");

    const int tried = tries_on_a_full_disk(10s);
    for (int i = 0; i < 3; ++i) advance(1s);

    EXPECT_GT(tried, 2);
    EXPECT_LT(tried, 25);
    EXPECT_EQ(counts("q").expired, 1);
}

TEST_F(FullStore, does_not_try_all_the_time_to_mark_what_may_be_delivered_where_nothing_can_be) {
    for (const QueueKind kind : {QueueKind::standard, QueueKind::fifo}) {
        SCOPED_TRACE(kind == QueueKind::fifo ? "fifo" : "standard");
        const std::string name = kind == QueueKind::fifo ? "fifo" : "q";
        declare(name, {.kind = kind, .ttl = 1s});
        for (const char* group : {"g", "h"}) publish(name, "a", group);
        advance(999ms);
        constexpr int many = 1'000;
        doors->full = many;
        advance(1ms);
        const auto waits = begin(session.receive(name, {.max = 7, .max_bytes = 0, .wait = 20s, .lease = {}}));

        for (int i = 0; i < 20 && doors->full > 0; ++i) advance(500ms);
        const int tried = many - doors->full;
        doors->full = 0;
        for (int i = 0; i < 3; ++i) advance(1s);

        EXPECT_GT(tried, 2);
        EXPECT_LT(tried, 60);
        EXPECT_EQ(counts(name).expired, 2);
    }
}

TEST_F(FullStore, keeps_the_leases_of_what_it_could_not_purge_or_delete) {
    for (const QueueKind kind : {QueueKind::standard, QueueKind::fifo})
        for (const bool purge : {true, false}) {
            const std::string name = std::string(kind == QueueKind::fifo ? "fifo" : "q") + (purge ? " purged" : " deleted");
            SCOPED_TRACE(name);
            declare(name, {.kind = kind, .lease = 10s});
            for (const char* body : {"a", "b", "c"}) publish(name, body, "g");
            const auto got = receive(name, 2);
            ASSERT_EQ(bodies(got), (Texts{"a", "b"}));

            doors->full = 1;
            const auto refused = purge ? run_in(io, broker->purge_queue(name, {.leased = true}))
                                       : run_in(io, broker->delete_queue(name, Broker::DeleteConditions{}));
            ASSERT_EQ(refused.error().code, Errc::store_full);

            EXPECT_EQ(bodies(receive(name)), kind == QueueKind::fifo ? Texts{} : Texts{"c"});
            EXPECT_EQ(settle(got.at(0)), std::nullopt);
            advance(10s);
            EXPECT_EQ(bodies(receive(name)), (Texts{"b", "c"}));
            EXPECT_EQ(counts(name).done, 1);
            EXPECT_EQ(run_in(io, broker->purge_queue(name, {.leased = true})).value(), 2);
        }
}

TEST_F(FullStore, remembers_who_had_last_what_it_could_not_purge_or_delete) {
    for (const QueueKind kind : {QueueKind::standard, QueueKind::fifo})
        for (const bool purge : {true, false}) {
            const std::string name = std::string(kind == QueueKind::fifo ? "fifo" : "q") + (purge ? " purged" : " deleted");
            SCOPED_TRACE(name);
            declare(name, {.kind = kind, .lease = 10s, .strict_counting = false});
            for (const char* body : {"a", "b"}) publish(name, body, body);
            const auto got = receive(name);
            ASSERT_EQ(got.size(), 2u);
            advance(10s);
            doors->commits.shut();
            doors->full = 1;
            const auto emptied =
                purge ? begin(broker->purge_queue(name, {.leased = true})) : begin(broker->delete_queue(name, Broker::DeleteConditions{}));
            const auto settled = begin(session.settle(got.at(0).lease));
            EXPECT_FALSE(settled->has_value()) << "is it gone?";

            open(doors->commits);

            ASSERT_EQ(emptied->value().error().code, Errc::store_full);
            ASSERT_TRUE(settled->has_value());
            const auto again = receive(name);
            ASSERT_EQ(bodies(again), settled->value() ? (Texts{"b"}) : (Texts{"a", "b"}));
            EXPECT_EQ(again.back().receives, 2u);
            if (settled->value()) EXPECT_EQ(counts(name).done, 1);
            else EXPECT_EQ(settled->value().error().code, Errc::store_full);
        }
}

TEST_F(FullStore, knows_how_often_it_gave_what_is_asked_for_while_it_cannot_be_purged) {
    for (const bool strict : {true, false}) {
        const std::string name = strict ? "strict" : "loose";
        SCOPED_TRACE(name);
        declare(name, {.lease = 1s, .strict_counting = strict});
        publish(name, "a");
        ASSERT_EQ(bodies(receive(name)), Texts{"a"});
        advance(1s);
        doors->commits.shut();
        const auto asked = begin_receive(name);
        const auto purged = begin(broker->purge_queue(name, {.leased = true}));
        doors->full = 2;

        open(doors->commits);

        ASSERT_EQ(purged->value().error().code, Errc::store_full);
        doors->full = 0;
        const auto again = receive(name);
        ASSERT_EQ(bodies(again), Texts{"a"});
        EXPECT_EQ(again.front().receives, 2u);
        EXPECT_EQ(settle(again.front()), std::nullopt);
    }
}

TEST_F(FullStore, keeps_the_bindings_of_what_it_could_not_delete) {
    declare("q");
    run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})).value();
    const Binding plain{.exchange = "x", .queue = "q", .routing_key = "", .options = {}};
    const Binding filtered{.exchange = "x", .queue = "q", .routing_key = "k", .options = {.note = "n"}};
    for (const Binding& binding : {plain, filtered}) EXPECT_TRUE(run_in(io, broker->bind(binding)));
    const auto before = broker->bindings();
    ASSERT_EQ(before.size(), 2u);

    doors->full = 1;
    EXPECT_EQ(run_in(io, broker->delete_queue("q", Broker::DeleteConditions{})).error().code, Errc::store_full);
    EXPECT_EQ(broker->bindings(), before);

    doors->full = 1;
    EXPECT_EQ(run_in(io, broker->delete_exchange("x")).error().code, Errc::store_full);
    EXPECT_EQ(broker->bindings(), before);

    doors->full = 1;
    EXPECT_EQ(run_in(io, broker->unbind(filtered)).error().code, Errc::store_full);
    EXPECT_EQ(broker->bindings(), before);
    EXPECT_EQ(run_in(io, broker->delete_queue("q", Broker::DeleteConditions{})).value(), 0);
    EXPECT_TRUE(broker->bindings().empty());
}

}  // namespace rowmq::test
