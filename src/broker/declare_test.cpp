// Queues, exchanges and bindings: made, found, altered, ended.
#include "broker/bed.hpp"

namespace rowmq::test {

class Declare : public Bed {
protected:
    template <typename T>
    static std::string text_of(const Result<T>& result) {
        return result ? "ok" : std::string(name_of(result.error().code)) + ": " + result.error().text;
    }
};

TEST_F(Declare, finds_a_queue_with_equal_options_and_names_the_first_difference_else) {
    const QueueInfo made = declare("q", {.lease = 5s});

    EXPECT_EQ(declare("q", {.lease = 5s}).id, made.id);
    const auto refused = run_in(io, broker->declare_queue("q", {.lease = 6s}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::already_exists);
    EXPECT_NE(refused.error().text.find("lease"), std::string::npos) << refused.error().text;
}

TEST_F(Declare, refuses_names_and_options_out_of_range_and_says_which) {
    for (const auto& [name, part] : std::vector<std::pair<std::string, std::string>>{
             {"", "1 to 255"}, {std::string(256, 'x'), "255"}, {"\xff", "UTF-8"}, {std::string("a\0b", 3), "U+0000"}}) {
        const auto refused = run_in(io, broker->declare_queue(name));
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_NE(refused.error().text.find(part), std::string::npos) << refused.error().text;
    }
    const auto refused = run_in(io, broker->declare_queue("q", {.lease = -1ms}));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("lease"), std::string::npos) << refused.error().text;
}

TEST_F(Declare, keeps_namespaces_apart) {
    declare("q");
    ASSERT_TRUE(run_in(io, broker->declare_queue("q", {}, "other")));
    publish("q", "here");
    Session there = broker->open_session("other").value();

    EXPECT_TRUE(run_in(io, there.receive("q", {.wait = 0ms})).value().empty());
    EXPECT_EQ(broker->queues("", "", 10, "other").size(), 1u);
    EXPECT_EQ(broker->queue("q", "nowhere").error().code, Errc::no_such_queue);
}

TEST_F(Declare, of_more_queues_than_allowed_is_refused) {
    limits.queues = 2;
    restart();
    declare("a");
    declare("b");

    EXPECT_EQ(run_in(io, broker->declare_queue("c")).error().code, Errc::limit_exceeded);
}

TEST_F(Declare, lists_in_name_order_by_prefix_and_page) {
    for (const char* name : {"b2", "a", "b1", "b3"}) declare(name);

    Texts names;
    for (const QueueInfo& q : broker->queues("b", "b1", 2)) names.push_back(q.name);

    EXPECT_EQ(names, (Texts{"b2", "b3"}));
}

TEST_F(Declare, alters_what_may_change_and_keeps_it_across_a_restart) {
    declare("q", {.lease = 5s});

    ASSERT_TRUE(run_in(io, broker->alter_queue("q", {.lease = 9s, .tags = {{"team", "a"}}})));
    restart();

    EXPECT_EQ(broker->queue("q")->options.lease, 9s);
    EXPECT_EQ(broker->queue("q")->options.tags.at("team"), "a");
    EXPECT_EQ(run_in(io, broker->alter_queue("q", {.kind = QueueKind::fifo})).error().code, Errc::invalid_argument);
    EXPECT_EQ(run_in(io, broker->alter_queue("q", {.max_priority = 3})).error().code, Errc::invalid_argument);
    EXPECT_EQ(run_in(io, broker->alter_queue("nobody", {})).error().code, Errc::no_such_queue);
}

TEST_F(Declare, deletes_under_conditions) {
    declare("q");
    publish("q", "a");
    Subscription consumer = session.subscribe("q").value();

    EXPECT_EQ(run_in(io, broker->delete_queue("q", {.if_unused = true})).error().code, Errc::in_use);
    EXPECT_EQ(run_in(io, broker->delete_queue("q", {.if_empty = true})).error().code, Errc::in_use);
    consumer.close();

    EXPECT_EQ(run_in(io, broker->delete_queue("q", {.if_unused = true})).value(), 1);
    EXPECT_EQ(broker->queue("q").error().code, Errc::no_such_queue);
}

TEST_F(Declare, deletes_what_nobody_used_for_so_long) {
    declare("idle", {.idle_expiry = 10s});
    declare("used", {.idle_expiry = 10s});
    const Subscription consumer = session.subscribe("used").value();

    for (int i = 0; i < 9; ++i) advance(1s);
    EXPECT_TRUE(broker->queue("idle"));
    for (int i = 0; i < 3; ++i) advance(1s);

    EXPECT_FALSE(broker->queue("idle"));
    EXPECT_TRUE(broker->queue("used"));
}

TEST_F(Declare, names_the_queues_whose_dead_letters_come_here) {
    declare("dead");
    for (const char* name : {"b", "a"}) declare(name, {.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    declare("c");

    EXPECT_EQ(broker->dead_letter_sources("dead"), (Texts{"a", "b"}));
}

class Exchanges : public Bed {
protected:
    void bind(std::string exchange, std::string queue, std::string key) {
        ASSERT_TRUE(run_in(io, broker->bind({std::move(exchange), std::move(queue), std::move(key)})));
    }
    PublishResult publish_to(std::string exchange, std::string key) {
        Publish p{.exchange = std::move(exchange), .routing_key = std::move(key), .message = Message("m")};
        return try_publish(std::move(p)).value();
    }
};

TEST_F(Exchanges, of_kind_direct_route_by_key_each_queue_once) {
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x")));
    for (const char* name : {"a", "b"}) declare(name);
    bind("x", "a", "red");
    bind("x", "a", "red");
    bind("x", "b", "red");
    bind("x", "b", "blue");

    EXPECT_EQ(publish_to("x", "red").queues, 2u);
    EXPECT_EQ(publish_to("x", "blue").queues, 1u);
    EXPECT_EQ(publish_to("x", "green").queues, 0u);
    EXPECT_EQ(counts("a").sent, 1);
    EXPECT_EQ(counts("b").sent, 2);
}

TEST_F(Exchanges, forget_a_binding_that_is_undone_and_a_queue_that_is_deleted) {
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})));
    for (const char* name : {"a", "b", "c"}) {
        declare(name);
        bind("x", name, "");
    }
    ASSERT_TRUE(run_in(io, broker->unbind({"x", "a", ""})));
    ASSERT_TRUE(run_in(io, broker->delete_queue("b", {})));
    EXPECT_EQ(publish_to("x", "").queues, 1u);

    restart();

    EXPECT_EQ(publish_to("x", "").queues, 1u);
    EXPECT_EQ(broker->bindings().size(), 1u);
    EXPECT_EQ(counts("c").sent, 2);
}

TEST_F(Exchanges, are_deleted_with_their_bindings_unless_in_use) {
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x")));
    declare("q");
    bind("x", "q", "k");

    EXPECT_EQ(run_in(io, broker->delete_exchange("x", true)).error().code, Errc::in_use);
    ASSERT_TRUE(run_in(io, broker->delete_exchange("x")));

    EXPECT_TRUE(broker->bindings().empty());
    Publish p{.exchange = "x", .routing_key = "k", .message = Message("m")};
    EXPECT_EQ(try_publish(p).error().code, Errc::no_such_exchange);
    EXPECT_EQ(run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})).value().options.kind, ExchangeKind::fanout);
}

TEST_F(Exchanges, are_found_again_only_with_equal_options) {
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x")));

    EXPECT_TRUE(run_in(io, broker->declare_exchange("x")));
    EXPECT_EQ(run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})).error().code, Errc::already_exists);
    EXPECT_EQ(run_in(io, broker->bind({"x", "nobody", "k"})).error().code, Errc::no_such_queue);
    EXPECT_EQ(run_in(io, broker->bind({"nobody", "q", "k"})).error().code, Errc::no_such_exchange);
}

}  // namespace rowmq::test
