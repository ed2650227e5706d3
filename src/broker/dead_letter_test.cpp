// Where a dead letter goes, told by what the message itself says.
#include "broker/bed.hpp"

namespace rowmq::test {

class DeadLetterTarget : public Bed {
protected:
    void declare_exchange(std::string name) { ASSERT_TRUE(run_in(io, broker->declare_exchange(std::move(name)))); }
    void bind(Binding binding) { ASSERT_TRUE(run_in(io, broker->bind(std::move(binding)))); }

    /// "in" -> q, whose dead letters go to "dlx" by their own keys: red to dead.red, blue to dead.blue.
    void lay_out(QueueOptions options) {
        declare_exchange("in");
        declare_exchange("dlx");
        options.dead_letter = DeadLetter{.exchange = "dlx", .routing_key = {}};
        declare("q", options);
        for (const std::string key : {"red", "blue"}) {
            declare("dead." + key);
            bind({"in", "q", key});
            bind({"dlx", "dead." + key, key});
        }
    }
    void publish_by(std::string key, std::string body, std::optional<milliseconds> ttl = {}) {
        ASSERT_TRUE(try_publish({.exchange = "in", .routing_key = std::move(key), .message = Message(std::move(body)), .ttl = ttl}));
    }
};

TEST_F(DeadLetterTarget, is_found_by_the_messages_own_key_after_a_delivery) {
    lay_out({});
    publish_by("blue", "sea");
    publish_by("red", "rose");

    for (const Delivery& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);

    EXPECT_EQ(bodies(receive("dead.red")), Texts{"rose"});
    EXPECT_EQ(bodies(receive("dead.blue")), Texts{"sea"});
}

TEST_F(DeadLetterTarget, is_found_by_the_messages_own_key_when_it_has_to_be_read_first) {
    limits.page_bytes = 1;  // pages bring one body each
    lay_out({.lease = 1s, .max_receives = 1});
    for (const char* key : {"blue", "red", "blue"}) publish_by(key, key);
    EXPECT_EQ(receive("q").size(), 3u);
    crash();

    EXPECT_TRUE(receive("q").empty());
    settle_down();

    EXPECT_EQ(bodies(receive("dead.red")), Texts{"red"});
    EXPECT_EQ(bodies(receive("dead.blue")), (Texts{"blue", "blue"}));
    EXPECT_EQ(counts("q").dead_lettered, 3);
}

TEST_F(DeadLetterTarget, is_found_for_what_expired_unread) {
    limits.page_bytes = 1;
    lay_out({});
    for (const char* key : {"red", "blue"}) publish_by(key, key, 1s);
    crash();
    advance(2s);

    EXPECT_TRUE(receive("q").empty());
    settle_down();

    EXPECT_EQ(bodies(receive("dead.red")), Texts{"red"});
    EXPECT_EQ(bodies(receive("dead.blue")), Texts{"blue"});
}

TEST_F(DeadLetterTarget, gets_what_expires_in_time_where_nobody_looks) {
    declare("dead");
    declare("q", {.ttl = 5s, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "a");
    settle_down();
    advance(4'999ms);
    EXPECT_EQ(counts("dead").ready, 0);

    advance(2ms);

    EXPECT_EQ(counts("dead").ready, 1);
    EXPECT_EQ(counts("q").ready, 0);
}

TEST_F(DeadLetterTarget, that_is_not_there_keeps_a_message_or_drops_it) {
    declare("keeps", {.dead_letter = DeadLetter{.exchange = "none"}});
    declare("drops", {.dead_letter = DeadLetter{.exchange = "none", .or_drop = true}});
    for (const char* queue : {"keeps", "drops"}) {
        publish(queue, "a");
        EXPECT_EQ(settle(receive(queue).at(0), Verdict::reject), std::nullopt);
        settle_down();
    }

    EXPECT_EQ(counts("keeps").ready, 1);
    EXPECT_EQ(counts("drops").ready, 0);
    EXPECT_EQ(counts("drops").dead_lettered, 1);
}

TEST_F(DeadLetterTarget, learns_by_which_way_a_message_had_come) {
    run_in(io, broker->declare_exchange("x")).value();
    declare("first", {.dead_letter = DeadLetter{.exchange = "x", .routing_key = "k"}});
    declare("second", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "third"}});
    declare("third", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "last"}});
    declare("last");
    run_in(io, broker->bind({.exchange = "x", .queue = "second", .routing_key = "k"})).value();
    publish("first", "a");
    settle(receive("first").at(0), Verdict::reject);
    auto got = receive("second").at(0);
    EXPECT_EQ(got.came_by, (Route{"x", "k"}));
    settle(got, Verdict::reject);
    restart();
    got = receive("third").at(0);
    EXPECT_EQ(got.came_by, std::nullopt) << "through the default exchange";
    settle(got, Verdict::reject);

    got = receive("last").at(0);

    ASSERT_EQ(got.dead_letters.size(), 3u);
    EXPECT_EQ(got.dead_letters[0].came_by, (Route{"", "third"}));
    EXPECT_EQ(got.dead_letters[1].came_by, (Route{"x", "k"}));
    EXPECT_EQ(got.dead_letters[2].came_by, Route{}) << "as it was published";
}

TEST_F(DeadLetterTarget, gets_nothing_of_what_was_purged_while_it_was_read) {
    limits.page_bytes = 1;
    lay_out({.max_receives = 1});
    for (const char* key : {"red", "red"}) publish_by(key, key);
    EXPECT_EQ(receive("q").size(), 2u);
    crash();

    boost::asio::co_spawn(io, session.receive("q", {.max = 10, .wait = 0ms}), [](std::exception_ptr, Result<std::vector<Delivery>>) {});
    const auto purged = run_in(io, broker->purge_queue("q", {.leased = true, .delayed = true}));
    settle_down();

    EXPECT_EQ(purged.value() + counts("q").dead_lettered, 2);
    EXPECT_EQ(std::ssize(receive("dead.red")), counts("q").dead_lettered);
}

TEST_F(DeadLetterTarget, of_rejections_alone_gets_nothing_that_expires) {
    declare("dead");
    for (const bool expired : {true, false}) {
        const std::string queue = expired ? "all" : "rejected alone";
        declare(queue, {.ttl = 1s, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead", .expired = expired}});
        publish(queue, queue);
        advance(1s);
        EXPECT_TRUE(receive(queue).empty());
        settle_down();
        EXPECT_EQ(counts(queue).ready, 0) << queue;
    }

    EXPECT_EQ(bodies(receive("dead")), Texts{"all"});
    EXPECT_EQ(counts("rejected alone").expired, 1);
}

TEST_F(DeadLetterTarget, gets_what_a_full_queue_refuses_where_asked) {
    declare("dead");
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})));
    ASSERT_TRUE(run_in(io, broker->bind({.exchange = "x", .queue = "dead"})));
    QueueOptions full{
        .max_length = 1, .overflow = Overflow::reject_dead_letter, .dead_letter = DeadLetter{.exchange = "x", .routing_key = {}}};
    declare("q", full);
    publish("q", "a");
    Publish p;
    p.routing_key = "q";
    p.message = Message("b");

    const auto receipt = run_in(io, session.publish(std::vector<Publish>(2, p))).value();

    for (const PublishResult& result : receipt.results) EXPECT_EQ(result.error->code, Errc::queue_full);
    EXPECT_EQ(counts("q").sent, 1);
    restart();
    const auto letters = receive("dead");
    EXPECT_EQ(bodies(letters), (Texts{"b", "b"}));
    ASSERT_FALSE(letters.empty());
    ASSERT_EQ(letters[0].dead_letters.size(), 1u);
    EXPECT_EQ(letters[0].dead_letters[0].reason, DeadLetterRecord::Reason::max_length);
    EXPECT_EQ(letters[0].dead_letters[0].queue, "q");
    EXPECT_EQ(letters[0].came_by, (Route{"x", "q"}));
}

TEST_F(DeadLetterTarget, that_is_full_or_the_full_queue_itself_gets_nothing_that_is_refused) {
    declare("dead", {.max_length = 1, .overflow = Overflow::reject});
    for (const char* target : {"q", "dead", "nobody"}) {
        QueueOptions full{
            .max_length = 0, .overflow = Overflow::reject_dead_letter, .dead_letter = DeadLetter{.exchange = "", .routing_key = target}};
        declare("q", full);
        for (int i = 0; i < 2; ++i) {
            Publish p;
            p.routing_key = "q";
            p.message = Message("m");
            EXPECT_EQ(try_publish(std::move(p)).error().code, Errc::queue_full);
        }
        EXPECT_EQ(counts("q").sent, 0);
        const DeleteConditions always;
        ASSERT_TRUE(run_in(io, broker->delete_queue("q", always)));
    }
    EXPECT_EQ(counts("dead").sent, 1);
}

TEST_F(DeadLetterTarget, keeps_the_priority) {
    declare("dead", {.max_priority = 9});
    declare("q", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    for (const std::uint8_t priority : {1, 7}) {
        Publish p{.routing_key = "q", .message = Message(std::to_string(priority)), .priority = priority};
        ASSERT_TRUE(try_publish(p));
    }

    for (const Delivery& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);

    EXPECT_EQ(bodies(receive("dead")), (Texts{"7", "1"}));
}

class Redrive : public Bed {};

TEST_F(Redrive, gives_back_the_priority_though_it_has_to_be_read) {
    limits.page_bytes = 1;
    declare("dead");
    declare("q", {.max_priority = 9, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    for (const std::uint8_t priority : {1, 2, 7}) {
        Publish p{.routing_key = "q", .message = Message(std::to_string(priority)), .priority = priority};
        ASSERT_TRUE(try_publish(p));
    }
    for (const Delivery& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);
    crash();

    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead"})));
    settle_down();

    EXPECT_EQ(bodies(receive("q")), (Texts{"7", "2", "1"}));
    EXPECT_EQ(broker->redrives().front().state, TaskState::completed);
}

TEST_F(Redrive, of_a_queue_with_priorities_moves_what_stands_behind_newer_messages) {
    limits.background_rows = 2;  // one at a time
    restart();
    declare("q", {.max_priority = 9});
    declare("other");
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    ASSERT_TRUE(run_in(io, broker->redrive({.source = "q", .destination = "other", .per_second = 1})));
    Publish p{.routing_key = "q", .message = Message("urgent"), .priority = 9};
    ASSERT_TRUE(try_publish(p));

    for (int i = 0; i < 5; ++i) advance(1s);

    EXPECT_EQ(bodies(receive("other")), (Texts{"a", "b", "c"}));
    EXPECT_EQ(bodies(receive("q")), Texts{"urgent"});
}

class DamagedNotes : public Bed {};

TEST_F(DamagedNotes, keep_their_message_out_of_everybodys_way_and_no_other) {
    declare("dead");
    declare("q", {.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    for (const char* body : {"a", "b", "c"}) publish("q", body);
    for (const Delivery& d : receive("q")) EXPECT_EQ(settle(d, Verdict::reject), std::nullopt);
    settle_down();
    content->entries.begin()->second.notes = std::make_shared<const std::string>(R"({"dead_letters":[{"reason":"mox_receives"}]})");
    restart();

    EXPECT_EQ(run_in(io, broker->peek("dead")).value().messages.size(), 2u);
    EXPECT_EQ(bodies(receive("dead", 1)), Texts{"b"});
    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead"})));
    settle_down();

    EXPECT_EQ(bodies(receive("q")), Texts{"c"});
    EXPECT_EQ(counts("dead").sent, 3);
}

class Peek : public Bed {};

TEST_F(Peek, ends_a_page_where_bodies_end_and_goes_on_after_it) {
    limits.next_bytes = 25;
    restart();
    declare("q");
    for (const char* body : {"ten bytes.", "ten bytes!", "ten bytes?"}) publish("q", body);

    const Page first = run_in(io, broker->peek("q")).value();
    ASSERT_TRUE(first.next);
    const Page second = run_in(io, broker->peek("q", {.after = first.next})).value();

    EXPECT_EQ(bodies(first.messages), (Texts{"ten bytes.", "ten bytes!"}));
    EXPECT_EQ(bodies(second.messages), Texts{"ten bytes?"});
    EXPECT_FALSE(second.next);
}

TEST_F(Peek, tells_what_somebody_has_from_what_is_ready) {
    declare("q");
    publish("q", "a");
    publish("q", "b");
    receive("q", 1);

    const Page page = run_in(io, broker->peek("q")).value();

    ASSERT_EQ(page.messages.size(), 2u);
    EXPECT_TRUE(page.messages[0].leased);
    EXPECT_FALSE(page.messages[1].leased);
}

TEST_F(Peek, ends_a_page_of_delayed_ones_likewise) {
    limits.next_bytes = 15;
    restart();
    declare("q", {.delay = 1h});
    for (const char* body : {"ten bytes.", "ten bytes!"}) publish("q", body);

    const Page first = run_in(io, broker->peek("q", {.delayed = true})).value();
    ASSERT_TRUE(first.next);
    const Page second = run_in(io, broker->peek("q", {.after = first.next, .delayed = true})).value();

    EXPECT_EQ(bodies(first.messages), Texts{"ten bytes."});
    EXPECT_EQ(bodies(second.messages), Texts{"ten bytes!"});
}

}  // namespace rowmq::test
