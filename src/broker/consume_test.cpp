#include "broker/bed.hpp"

namespace rowmq::test {

class Receive : public Bed {};

TEST_F(Receive, returns_what_was_published_in_order) {
    declare("q");
    for (const char* body : {"a", "b", "c"}) publish("q", body);

    const auto got = receive("q");

    EXPECT_EQ(bodies(got), (Texts{"a", "b", "c"}));
    EXPECT_EQ(got[0].receives, 1u);
    EXPECT_FALSE(got[0].redelivered);
}

TEST_F(Receive, returns_nothing_when_all_is_leased_and_the_rest_after_a_settlement) {
    declare("q");
    publish("q", "a");
    const auto first = receive("q");
    EXPECT_TRUE(receive("q").empty());

    EXPECT_EQ(settle(first[0]), std::nullopt);

    EXPECT_EQ(settle(first[0]), Errc::lease_gone);
    EXPECT_EQ(counts("q").done, 1);
    EXPECT_EQ(counts("q").ready, 0);
    EXPECT_EQ(counts("q").leased, 0);
}

TEST_F(Receive, returns_the_message_again_when_its_lease_expires) {
    declare("q", {.lease = 30s});
    publish("q", "a");
    const auto first = receive("q");

    advance(29'999ms);
    EXPECT_TRUE(receive("q").empty());
    advance(1ms);
    const auto second = receive("q");

    ASSERT_EQ(bodies(second), Texts{"a"});
    EXPECT_EQ(second[0].receives, 2u);
    EXPECT_TRUE(second[0].redelivered);
    EXPECT_EQ(settle(first[0]), Errc::lease_gone);
    EXPECT_EQ(settle(second[0]), std::nullopt);
}

TEST_F(Receive, leaves_a_message_as_long_as_its_lease_was_extended_and_not_longer) {
    declare("q", {.lease = 10s});
    publish("q", "a");
    const auto got = receive("q");
    advance(5s);
    EXPECT_EQ(session.extend({&got.at(0).lease, 1}, 20s).front(), std::nullopt);

    advance(20s - 1ms);

    EXPECT_TRUE(receive("q").empty());
    advance(1ms);
    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

TEST_F(Receive, lets_an_expired_lease_settle_until_somebody_leases_anew) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const auto first = receive("q");
    advance(2s);

    EXPECT_EQ(settle(first[0]), std::nullopt);

    EXPECT_TRUE(receive("q").empty());
}

TEST_F(Receive, settles_only_what_is_still_held_where_that_is_asked) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const auto settle_while_held = [&](const Delivery& d) {
        std::vector<Settlement> asked{{.lease = d.lease, .while_held = true}};
        return run_in(io, session.settle(std::move(asked))).results.at(0);
    };
    const auto first = receive("q");
    settle_down();
    clock->advance(1s);  // no timer has rung
    EXPECT_EQ(settle_while_held(first[0])->code, Errc::lease_gone);
    settle_down();
    EXPECT_EQ(settle_while_held(first[0])->code, Errc::lease_gone);
    const auto second = receive("q");
    session.extend({&second[0].lease, 1}, 0ms);
    EXPECT_EQ(settle_while_held(second[0])->code, Errc::lease_gone);
    EXPECT_EQ(counts("q").done, 0);

    const auto third = receive("q");
    advance(999ms);
    EXPECT_EQ(settle_while_held(third[0]), std::nullopt);
    EXPECT_EQ(counts("q").done, 1);

    publish("q", "b");
    const auto before = receive("q");
    restart();
    EXPECT_EQ(settle_while_held(before.at(0)), std::nullopt) << "it was the restart that ended it";
}

TEST_F(Receive, revives_an_expired_lease_that_nobody_took_over_only_when_asked) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    const auto first = receive("q");
    advance(2s);
    const std::vector lease{first[0].lease};

    EXPECT_EQ(session.extend(lease, 10s).front()->code, Errc::lease_gone);
    EXPECT_EQ(session.extend(lease, 10s, RunOut::revive).front(), std::nullopt);

    EXPECT_EQ(counts("q").leased, 1);
    advance(9'999ms);
    EXPECT_TRUE(receive("q").empty());
    advance(1ms);
    const auto second = receive("q");
    ASSERT_EQ(bodies(second), Texts{"a"});
    EXPECT_EQ(second[0].receives, 2u);
    EXPECT_EQ(session.extend(lease, 10s, RunOut::revive).front()->code, Errc::lease_gone);
    EXPECT_EQ(settle(second[0]), std::nullopt);
    EXPECT_EQ(session.extend({&second[0].lease, 1}, 10s, RunOut::revive).front()->code, Errc::lease_gone);
}

TEST_F(Receive, settles_a_revived_lease_and_ends_it_at_once) {
    declare("q", {.lease = 1s});
    publish("q", "a");
    publish("q", "b");
    const auto both = receive("q");
    advance(2s);
    for (const Delivery& d : both) EXPECT_EQ(session.extend({&d.lease, 1}, 10s, RunOut::revive).front(), std::nullopt);

    EXPECT_EQ(settle(both[0]), std::nullopt);
    EXPECT_EQ(session.extend({&both[1].lease, 1}, 0ms).front(), std::nullopt);

    EXPECT_EQ(bodies(receive("q")), Texts{"b"});
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(Receive, is_woken_by_a_publish) {
    declare("q");
    std::optional<std::vector<Delivery>> got;
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> r) { got = std::move(r.value()); });
    settle_down();
    ASSERT_FALSE(got);

    publish("q", "late");
    settle_down();

    ASSERT_TRUE(got);
    EXPECT_EQ(bodies(*got), Texts{"late"});
}

TEST_F(Receive, is_bounded_by_what_may_be_given_when_there_is_something) {
    struct Budget final : ByteBudget {
        std::size_t take() override { return ++asked, bytes; }
        std::size_t bytes = 20;
        int asked = 0;
    };
    declare("q");
    const auto budget = std::make_shared<Budget>();
    Subscription subscription = session.subscribe("q", {.budget = budget}).value();
    const NextRequest request{.max = 10, .max_bytes = 0, .wait = 0ms, .lease = {}};
    EXPECT_TRUE(run_in(io, subscription.next(request)).value().empty());
    EXPECT_EQ(budget->asked, 0);
    for (int i = 0; i < 4; ++i) publish("q", "ten bytes.");

    EXPECT_EQ(run_in(io, subscription.next(request)).value().size(), 2u);
    budget->bytes = 0;
    EXPECT_EQ(run_in(io, subscription.next(request)).value().size(), 1u) << "one is given always";
    EXPECT_EQ(budget->asked, 2);
}

TEST_F(Receive, answers_empty_when_the_wait_is_over) {
    declare("q");
    std::optional<std::size_t> got;
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> r) { got = r.value().size(); });

    advance(19'999ms);
    EXPECT_FALSE(got);
    advance(1ms);

    EXPECT_EQ(got, 0u);
}

TEST_F(Receive, takes_what_was_stored_before_a_restart_and_marks_what_may_have_been_seen) {
    declare("q");
    publish("q", "seen");
    receive("q");
    publish("q", "unseen");

    restart();
    const auto got = receive("q");

    ASSERT_EQ(bodies(got), (Texts{"seen", "unseen"}));
    EXPECT_TRUE(got[0].redelivered);
    EXPECT_EQ(counts("q").leased, 2);
}

TEST_F(Receive, pages_a_backlog_longer_than_its_window) {
    limits.window_entries = 64;
    limits.windows_entries = 100;
    limits.page_entries = 16;
    restart();
    declare("q");
    for (int i = 0; i < 500; ++i) publish("q", std::to_string(i));

    Texts got;
    for (;;) {
        const auto some = receive("q", 7);
        if (some.empty()) break;
        for (const auto& d : some) {
            got.emplace_back(d.message.text());
            EXPECT_EQ(settle(d), std::nullopt);
        }
    }

    ASSERT_EQ(got.size(), 500u);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
    EXPECT_EQ(counts("q").done, 500);
}

TEST_F(Receive, does_not_give_what_somebody_has_again_when_the_window_was_forgotten_meanwhile) {
    limits.windows_entries = 4;
    restart();
    for (const QueueKind kind : {QueueKind::standard, QueueKind::fifo}) {
        const std::string queue = kind == QueueKind::fifo ? "fifo" : "q", other = "other than " + queue;
        declare(queue, {.kind = kind});
        declare(other);
        for (const char* body : {"a", "b", "c"}) publish(queue, body, body);
        ASSERT_EQ(bodies(receive(queue, 2)), (Texts{"a", "b"}));
        for (int i = 0; i < 10; ++i) publish(other, std::to_string(i));  // needs the memory
        receive(other);

        EXPECT_EQ(bodies(receive(queue)), Texts{"c"}) << queue;
        EXPECT_TRUE(receive(queue).empty()) << queue;
    }
}

TEST_F(Receive, gives_higher_priorities_first) {
    declare("q", {.max_priority = 9});
    for (const int priority : {0, 5, 9, 5}) {
        Publish p;
        p.routing_key = "q";
        p.message = Message(std::to_string(priority));
        p.priority = static_cast<std::uint8_t>(priority);
        ASSERT_TRUE(try_publish(std::move(p)));
    }
    EXPECT_EQ(bodies(receive("q")), (Texts{"9", "5", "5", "0"}));
    restart();
    EXPECT_EQ(bodies(receive("q")), (Texts{"9", "5", "5", "0"}));
}

TEST_F(Receive, gives_higher_priorities_first_where_they_have_to_be_read) {
    limits.window_entries = 4;
    restart();
    declare("q", {.max_priority = 9});
    EXPECT_TRUE(receive("q").empty());                           // from now on it is looked at
    for (const std::uint8_t priority : {0, 0, 9, 9, 9, 9, 9}) {  // the last three find no room
        Publish p{.routing_key = "q", .message = Message(std::to_string(priority)), .priority = priority};
        ASSERT_TRUE(try_publish(p));
    }

    EXPECT_EQ(bodies(receive("q", 5)), (Texts{"9", "9", "9", "9", "9"}));
    EXPECT_EQ(bodies(receive("q", 5)), (Texts{"0", "0"}));
}

TEST_F(Receive, drops_what_expired) {
    declare("q", {.ttl = 10s});
    publish("q", "old");
    advance(9s);
    publish("q", "young");
    advance(1s);

    EXPECT_EQ(bodies(receive("q")), Texts{"young"});
    settle_down();
    EXPECT_EQ(counts("q").expired, 1);
}

class Fifo : public Bed {};

TEST_F(Fifo, holds_a_group_by_one_receive_and_keeps_its_order) {
    declare("q", {.kind = QueueKind::fifo});
    for (const char* body : {"a1", "a2"}) publish("q", body, "a");
    publish("q", "b1", "b");
    publish("q", "a3", "a");

    const auto first = receive("q", 2);
    EXPECT_EQ(bodies(first), (Texts{"a1", "a2"}));
    const auto second = receive("q");
    EXPECT_EQ(bodies(second), Texts{"b1"});
    EXPECT_EQ(settle(first[0]), std::nullopt);
    EXPECT_TRUE(receive("q").empty());
    EXPECT_EQ(settle(first[1], Verdict::release), std::nullopt);

    EXPECT_EQ(bodies(receive("q")), (Texts{"a2", "a3"}));
}

TEST_F(Fifo, waits_for_a_head_released_with_a_delay) {
    declare("q", {.kind = QueueKind::fifo});
    publish("q", "a1", "a");
    publish("q", "a2", "a");
    const auto first = receive("q", 1);
    EXPECT_EQ(settle(first[0], Verdict::release, 5s), std::nullopt);
    EXPECT_TRUE(receive("q").empty());

    advance(5s);

    EXPECT_EQ(bodies(receive("q")), (Texts{"a1", "a2"}));
}

TEST_F(Fifo, gives_a_head_released_in_a_transaction_to_who_waits_at_once) {
    declare("q", {.kind = QueueKind::fifo});
    publish("q", "a1", "a");
    const auto first = receive("q", 1);
    std::optional<Texts> got;
    advance(1s);
    boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                          [&](std::exception_ptr, const Result<std::vector<Delivery>>& r) { got = bodies(r.value()); });
    advance(1s);

    const Settlement release{.lease = first[0].lease, .verdict = Verdict::release, .delay = {}};
    ASSERT_TRUE(run_in(io, session.commit({.publishes = {}, .settlements = {release}})));
    settle_down();

    EXPECT_EQ(got, Texts{"a1"});
}

TEST_F(Receive, is_not_needed_for_what_expires_to_go) {
    for (const QueueKind kind : {QueueKind::standard, QueueKind::fifo}) {
        const std::string queue = kind == QueueKind::fifo ? "fifo" : "q";
        declare(queue, {.kind = kind, .ttl = 60s});
        for (int i = 0; i < 3; ++i) publish(queue, "x", "g" + std::to_string(i));
    }
    restart();

    for (int i = 0; i < 10; ++i) advance(10s);  // a queue nobody uses is looked at now and then

    for (const char* queue : {"q", "fifo"}) EXPECT_EQ(counts(queue).expired, 3) << queue;
}

TEST_F(Receive, is_not_needed_for_what_expires_to_go_in_time) {
    declare("q", {.ttl = 500ms});
    declare("plain");
    for (int i = 0; i < 3; ++i) publish("q", "x");
    Publish p{.routing_key = "plain", .message = Message("x")};
    p.ttl = 500ms;
    ASSERT_TRUE(try_publish(std::move(p)));

    advance(499ms);
    EXPECT_EQ(counts("q").ready, 3);
    for (int i = 0; i < 5; ++i) advance(10ms);

    EXPECT_EQ(counts("q").expired, 3);
    EXPECT_EQ(counts("plain").expired, 1);
}

TEST_F(Fifo, gives_what_stands_behind_expired_heads_in_one_receive) {
    declare("q", {.kind = QueueKind::fifo});
    for (const char* body : {"a1", "a2"}) {
        Publish p;
        p.routing_key = "q";
        p.message = Message(body);
        p.group = "a";
        p.ttl = 1s;
        ASSERT_TRUE(try_publish(std::move(p)));
    }
    publish("q", "a3", "a");
    clock->advance(2s);

    EXPECT_EQ(bodies(receive("q")), Texts{"a3"});
    settle_down();
    EXPECT_EQ(counts("q").expired, 2);
}

TEST_F(Fifo, gives_a_head_at_once_when_its_delay_is_taken_back) {
    declare("q", {.kind = QueueKind::fifo});
    publish("q", "a1", "a");
    const auto first = receive("q", 1);
    EXPECT_EQ(settle(first[0], Verdict::release, 5s), std::nullopt);

    EXPECT_EQ(settle(first[0], Verdict::release, 0s), std::nullopt);

    EXPECT_EQ(bodies(receive("q")), Texts{"a1"});
}

TEST_F(Fifo, stores_a_deduplication_id_once_within_its_window) {
    declare("q", {.kind = QueueKind::fifo, .deduplication = {.enabled = true, .content_based = true}});
    const auto first = publish("q", "x", "g");
    const auto again = publish("q", "x", "g");
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.message, first.message);
    EXPECT_EQ(again.sequence, first.sequence);

    advance(5min);

    EXPECT_FALSE(publish("q", "x", "g").duplicate);
    EXPECT_EQ(counts("q").sent, 2);
}

TEST_F(Fifo, pages_many_groups) {
    limits.window_entries = 64;
    restart();
    declare("q", {.kind = QueueKind::fifo});
    for (int i = 0; i < 600; ++i) publish("q", std::to_string(i), "g" + std::to_string(i % 7));
    restart();

    std::map<std::string, int> last;
    std::size_t got = 0;
    for (;;) {
        const auto some = receive("q", 5);
        if (some.empty()) break;
        for (const auto& d : some) {
            const int n = std::stoi(std::string(d.message.text()));
            const auto [at, fresh] = last.emplace(d.message.properties->group, n);
            EXPECT_TRUE(fresh || at->second < n);
            at->second = n;
            ++got;
            EXPECT_EQ(settle(d), std::nullopt);
        }
    }

    EXPECT_EQ(got, 600u);
}

}  // namespace rowmq::test
