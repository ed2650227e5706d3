// Retries, dead letters, delays, purge, deletion, transactions: the life of a message beside the plain way.
#include "broker/bed.hpp"

namespace rowmq::test {

class DeadLetters : public Bed {};

TEST_F(DeadLetters, move_after_exactly_max_receives_with_their_history) {
    declare("dead");
    declare("q", {.lease = 1s, .max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "poison");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(receive("q").size(), 1u);
        advance(1s);
    }

    EXPECT_TRUE(receive("q").empty());
    const auto got = receive("dead");

    ASSERT_EQ(bodies(got), Texts{"poison"});
    EXPECT_EQ(got[0].receives, 1u);
    ASSERT_EQ(got[0].dead_letters.size(), 1u);
    EXPECT_EQ(got[0].dead_letters[0].queue, "q");
    EXPECT_EQ(got[0].dead_letters[0].receives, 2u);
    EXPECT_EQ(got[0].dead_letters[0].reason, DeadLetterRecord::Reason::max_receives);
    EXPECT_EQ(counts("q").dead_lettered, 1);
    EXPECT_EQ(counts("dead").sent, 1);
}

TEST_F(DeadLetters, count_receives_across_a_restart) {
    declare("dead");
    declare("q", {.lease = 1s, .max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "poison");
    EXPECT_EQ(receive("q").size(), 1u);
    restart();
    ASSERT_EQ(receive("q").size(), 1u);
    restart();

    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(bodies(receive("dead")), Texts{"poison"});
}

TEST_F(DeadLetters, of_leases_that_run_out_together_keep_their_order) {
    declare("dead");
    declare("q",
            {.kind = QueueKind::fifo, .lease = 1s, .max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    const Texts all{"a", "b", "c", "d", "e"};
    for (const std::string& body : all) publish("q", body, "g");
    EXPECT_EQ(bodies(receive("q")), all);

    advance(1s);

    EXPECT_EQ(bodies(receive("dead")), all);
}

TEST_F(DeadLetters, go_back_by_redrive) {
    declare("dead");
    declare("q", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    for (const char* body : {"a", "b"}) publish("q", body);
    for (const auto& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);

    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead"})));
    settle_down();

    EXPECT_EQ(bodies(receive("q")), (Texts{"a", "b"}));
    EXPECT_EQ(broker->redrives().front().state, TaskState::completed);
    EXPECT_EQ(broker->redrives().front().moved, 2);
    EXPECT_EQ(counts("dead").redriven, 2);
}

class Retry : public Bed {};

TEST_F(Retry, backs_off_exponentially) {
    declare("q", {.backoff = {.initial = 1s, .multiplier = 3, .max = 5s, .jitter = 0}});
    publish("q", "a");
    for (const milliseconds expected : {1'000ms, 3'000ms, 5'000ms}) {
        const auto got = receive("q");
        ASSERT_EQ(got.size(), 1u);
        EXPECT_EQ(settle(got[0], Verdict::release), std::nullopt);
        EXPECT_EQ(counts("q").delayed, 1);
        advance(expected - 1ms);
        EXPECT_TRUE(receive("q").empty());
        advance(2ms);
    }
    EXPECT_EQ(receive("q")[0].receives, 4u);
}

class Delay : public Bed {};

TEST_F(Delay, holds_a_message_back_until_it_is_due_across_a_restart) {
    declare("q");
    Publish p;
    p.routing_key = "q";
    p.message = Message("later");
    p.delay = 24h * 400;
    ASSERT_TRUE(try_publish(p));
    restart();
    advance(24h * 400 - 1s);
    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(counts("q").delayed, 1);

    advance(2s);

    EXPECT_EQ(bodies(receive("q")), Texts{"later"});
    EXPECT_EQ(counts("q").delayed, 0);
}

TEST_F(Delay, lasts_to_the_millisecond) {
    declare("q", {.delay = 10s});
    publish("q", "later");

    advance(10s - 1ms);

    EXPECT_TRUE(receive("q").empty());
    advance(1ms);
    EXPECT_EQ(bodies(receive("q")), Texts{"later"});
}

TEST_F(Delay, can_be_cancelled) {
    declare("q");
    Publish p;
    p.routing_key = "q";
    p.message = Message("never");
    p.delay = 10s;
    const auto published = try_publish(p).value();

    EXPECT_TRUE(run_in(io, broker->cancel_delayed("q", published.message)));

    EXPECT_FALSE(run_in(io, broker->cancel_delayed("q", published.message)));
    advance(11s);
    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(counts("q").delayed, 0);
}

class Fanout : public Bed {};

TEST_F(Fanout, reaches_every_queue_and_stores_the_body_until_the_last_is_done) {
    run_in(io, broker->declare_exchange("news", {.kind = ExchangeKind::fanout})).value();
    for (const char* name : {"a", "b", "c"}) {
        declare(name);
        ASSERT_TRUE(run_in(io, broker->bind({.exchange = "news", .queue = name, .routing_key = ""})));
    }
    Publish p;
    p.exchange = "news";
    p.message = Message("hello");
    EXPECT_EQ(try_publish(p).value().queues, 3u);
    restart();

    for (const char* name : {"a", "b", "c"}) {
        const auto got = receive(name);
        ASSERT_EQ(bodies(got), Texts{"hello"});
        EXPECT_EQ(settle(got[0]), std::nullopt);
    }
}

class Purge : public Bed {};

TEST_F(Purge, removes_what_is_ready_and_spares_leases) {
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    const auto leased = receive("q", 1);

    EXPECT_EQ(run_in(io, broker->purge_queue("q", {})).value(), 2);

    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(settle(leased[0], Verdict::release), std::nullopt);
    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
    EXPECT_EQ(counts("q").purged, 2);
}

TEST_F(Purge, of_all_leaves_no_bytes) {
    declare("q");
    for (const char* body : {"a", "bb"}) publish("q", body);

    EXPECT_EQ(run_in(io, broker->purge_queue("q", {})).value(), 2);

    EXPECT_EQ(counts("q").bytes, 0);
    restart();
    EXPECT_EQ(counts("q").bytes, 0);
    EXPECT_EQ(counts("q").purged, 2);
}

TEST_F(Purge, removes_leased_and_delayed_ones_where_asked) {
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    Publish p;
    p.routing_key = "q";
    p.message = Message("later");
    p.delay = 10s;
    ASSERT_TRUE(try_publish(p));
    const auto leased = receive("q", 1);

    EXPECT_EQ(run_in(io, broker->purge_queue("q", {.leased = true, .delayed = true})).value(), 4);

    EXPECT_EQ(settle(leased[0]), Errc::lease_gone);
    publish("q", "new");
    advance(11s);
    EXPECT_EQ(bodies(receive("q")), Texts{"new"});
    restart();
    EXPECT_EQ(bodies(receive("q")), Texts{"new"});
    EXPECT_EQ(counts("q").purged, 4);
}

class DeleteQueue : public Bed {};

TEST_F(DeleteQueue, tells_who_waits_and_frees_the_name) {
    declare("q");
    std::optional<Errc> got;
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> r) { got = r.error().code; });
    settle_down();
    publish("q", "x");
    settle_down();
    got.reset();
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> r) { got = r.error().code; });
    settle_down();

    EXPECT_EQ(run_in(io, broker->delete_queue("q", {})).value(), 1);
    settle_down();

    EXPECT_EQ(got, Errc::queue_deleted);
    declare("q");
    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(counts("q").sent, 0);
}

class Length : public Bed {};

TEST_F(Length, drops_the_oldest_beyond_max_length) {
    declare("q", {.max_length = 2});
    for (const char* body : {"a", "b", "c", "d"}) publish("q", body);
    settle_down();

    EXPECT_EQ(bodies(receive("q")), (Texts{"c", "d"}));
    EXPECT_EQ(counts("q").overflowed, 2);
}

TEST_F(Length, holds_for_what_comes_back) {
    declare("q", {.max_length = 2});
    for (const char* body : {"a", "b"}) publish("q", body);
    const auto both = receive("q");
    for (const char* body : {"c", "d"}) publish("q", body);
    settle_down();
    EXPECT_EQ(counts("q").overflowed, 0);

    ASSERT_EQ(settle(both[0], Verdict::release), std::nullopt);
    advance(1ms);
    EXPECT_EQ(counts("q").overflowed, 1);
    EXPECT_EQ(bodies(receive("q", 1)), Texts{"c"});
    publish("q", "e");

    ASSERT_EQ(settle(both[1], Verdict::release), std::nullopt);
    EXPECT_EQ(bodies(receive("q")), (Texts{"d", "e"})) << "before anything else is done";
    settle_down();
    EXPECT_EQ(counts("q").overflowed, 2);
}

TEST_F(Length, holds_where_the_window_is_forgotten_for_want_of_memory) {
    limits.windows_entries = 4;
    restart();
    declare("q", {.max_length = 1});
    declare("other");
    for (const char* queue : {"q", "other"}) receive(queue);
    publish("q", "a");
    for (int i = 0; i < 3; ++i) publish("other", std::to_string(i));

    publish("q", "b");
    settle_down();

    EXPECT_EQ(counts("q").ready, 1);
    EXPECT_EQ(bodies(receive("q")), Texts{"b"});
}

TEST_F(Length, counts_as_expired_what_had_expired_before_it_was_dropped) {
    declare("q", {.max_length = 2});
    publish("q", "a");
    Publish p;
    p.routing_key = "q";
    p.message = Message("b");
    p.ttl = 1s;
    ASSERT_TRUE(try_publish(p));
    advance(2s);
    Publish c;
    c.routing_key = "q";
    c.message = Message("c");

    ASSERT_TRUE(run_in(io, session.publish(std::vector<Publish>(2, c))));
    settle_down();

    EXPECT_EQ(bodies(receive("q")), (Texts{"c", "c"}));
    EXPECT_EQ(counts("q").overflowed, 1);
    EXPECT_EQ(counts("q").expired, 1);
}

TEST_F(Length, refuses_beyond_max_length_where_asked) {
    declare("q", {.max_length = 1, .overflow = Overflow::reject});
    publish("q", "a");
    Publish p;
    p.routing_key = "q";
    p.message = Message("b");
    EXPECT_EQ(try_publish(p).error().code, Errc::queue_full);
}

TEST_F(Length, counts_what_the_same_call_brings) {
    declare("q", {.max_length = 2, .overflow = Overflow::reject});
    Publish p;
    p.routing_key = "q";
    p.message = Message("b");

    const auto receipt = run_in(io, session.publish(std::vector<Publish>(3, p))).value();

    EXPECT_FALSE(receipt.results[0].error);
    EXPECT_FALSE(receipt.results[1].error);
    ASSERT_TRUE(receipt.results[2].error);
    EXPECT_EQ(receipt.results[2].error->code, Errc::queue_full);
    EXPECT_EQ(counts("q").ready, 2);
}

TEST_F(Purge, counts_the_bytes_of_what_stays) {
    declare("q");
    for (const char* body : {"aa", "bb"}) publish("q", body);
    Publish p;
    p.routing_key = "q";
    p.message = Message(std::string(128, 'x'));
    p.delay = 10s;
    ASSERT_TRUE(try_publish(p));
    receive("q", 1);

    EXPECT_EQ(run_in(io, broker->purge_queue("q", {.leased = true, .delayed = false})).value(), 2);

    EXPECT_EQ(counts("q").bytes, 128);
    EXPECT_EQ(counts("q").delayed, 1);
}

class Transaction : public Bed {};

TEST_F(Transaction, publishes_and_settles_all_or_none) {
    declare("in");
    declare("out");
    publish("in", "order");
    const auto got = receive("in");
    const auto work = [&] {
        Publish p;
        p.routing_key = "out";
        p.message = Message("paid");
        return Work{.publishes = {p}, .settlements = {{.lease = got[0].lease}}};
    };

    EXPECT_TRUE(run_in(io, session.commit(work())));
    EXPECT_EQ(run_in(io, session.commit(work())).error().code, Errc::lease_gone);

    EXPECT_EQ(bodies(receive("out")), Texts{"paid"});
    EXPECT_EQ(counts("in").done, 1);
}

TEST_F(Transaction, is_tried_again_whole_without_a_publish_that_is_a_duplicate) {
    declare("in");
    declare("out", {.deduplication = {.enabled = true}});
    const auto out = [](std::string body, std::string id) {
        return Publish{.routing_key = "out", .message = Message(std::move(body)), .deduplication_id = std::move(id)};
    };
    ASSERT_TRUE(try_publish(out("known", "1")));
    publish("in", "order");
    const auto got = receive("in");

    const auto receipt =
        run_in(io, session.commit({.publishes = {out("again", "1"), out("new", "2")}, .settlements = {{.lease = got[0].lease}}}));

    ASSERT_TRUE(receipt) << receipt.error().text;
    EXPECT_TRUE(receipt->results[0].duplicate);
    EXPECT_FALSE(receipt->results[1].duplicate);
    EXPECT_EQ(bodies(receive("out")), (Texts{"known", "new"}));
    EXPECT_EQ(counts("in").done, 1);
}

class Sessions : public Bed {};

TEST_F(Sessions, release_their_leases_when_they_close) {
    declare("q");
    publish("q", "a");
    Session other = broker->open_session().value();
    const auto got = run_in(io, other.receive("q", {.max = 1, .max_bytes = 0, .wait = 0ms, .lease = {}}, {.lease = std::nullopt})).value();
    ASSERT_EQ(got.size(), 1u);
    EXPECT_TRUE(receive("q").empty());

    other.close();

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(Sessions, are_told_of_the_end_in_the_order_they_were_opened) {
    declare("q");
    std::vector<Session> opened;
    for (int i = 0; i < 4; ++i) opened.push_back(broker->open_session().value());
    opened[0] = broker->open_session().value();  // in the memory of one before, perhaps
    Texts ended;
    for (const int i : {0, 3, 1, 2})
        boost::asio::co_spawn(
            io, opened[static_cast<std::size_t>(i)].receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
            [&ended, i](std::exception_ptr, const Result<std::vector<Delivery>>&) { ended.push_back(std::to_string(i)); });
    settle_down();

    run_in(io, broker->close());
    settle_down();

    EXPECT_EQ(ended, (Texts{"1", "2", "3", "0"}));
}

class Sweeps : public Bed {};

TEST_F(Sweeps, of_many_queues_leave_nothing) {
    for (int i = 0; i < 250; ++i) {
        declare("q" + std::to_string(i));
        for (int k = 0; k < 12; ++k) publish("q" + std::to_string(i), "x");
    }
    limits.background_rows = 100;
    restart();
    for (int i = 0; i < 250; ++i) ASSERT_TRUE(run_in(io, broker->delete_queue("q" + std::to_string(i), {})));

    settle_down();

    EXPECT_TRUE(content->queues.empty());
    EXPECT_TRUE(content->entries.empty());
    EXPECT_TRUE(content->messages.empty());
}

class Crashes : public Bed {};

TEST_F(Crashes, do_not_shorten_a_delay) {
    declare("q");
    Publish later;
    later.routing_key = "q";
    later.message = Message("late");
    later.delay = 1s;
    ASSERT_TRUE(try_publish(std::move(later)));
    for (int i = 0; i < 10; ++i) {
        crash();
        publish("q", "now");
        const auto got = receive("q");
        ASSERT_EQ(bodies(got), Texts{"now"});
        EXPECT_EQ(settle(got.front()), std::nullopt);
        advance(99ms);
    }

    EXPECT_TRUE(receive("q").empty()) << "990 ms are over";
    advance(10ms);
    EXPECT_EQ(bodies(receive("q")), Texts{"late"});
}

TEST_F(Crashes, remember_the_time_when_the_clock_is_set_back) {
    declare("q");
    publish("q", "a");
    const auto before = clock->wall();
    clock->jump_wall(-1h);
    crash();

    publish("q", "b");
    const auto got = receive("q");

    ASSERT_EQ(got.size(), 2u);
    EXPECT_GE(got[1].published_at, before - 1s);
}

}  // namespace rowmq::test
