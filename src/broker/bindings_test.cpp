// What a binding chooses: filters, notes, pauses; kept over a restart.
#include "broker/bed.hpp"
#include "rowmq/look.hpp"

namespace rowmq::test {
namespace {

class Bindings : public Bed {
protected:
    Bindings() {
        EXPECT_TRUE(run_in(io, broker->declare_exchange("x", {.kind = ExchangeKind::fanout})));
        declare("a");
        declare("b");
    }
    void bind(std::string queue, BindingOptions options, std::string key = "") {
        const auto bound = run_in(io, broker->bind({"x", std::move(queue), std::move(key), std::move(options)}));
        ASSERT_TRUE(bound) << bound.error().text;
    }
    std::uint32_t publish_kind(std::string kind, std::string body = "m") {
        Properties p;
        p.headers.push_back({"kind", {std::move(kind), "String"}});
        return try_publish({.exchange = "x", .message = Message(std::move(body), std::move(p))}).value().queues;
    }
};

TEST_F(Bindings, take_what_their_filters_match) {
    bind("a", {.filter = R"({"kind":["red"]})"});
    bind("b", {.filter = R"({"n":[{"numeric":[">",1]}]})", .filter_on = BindingOptions::FilterOn::body});

    EXPECT_EQ(publish_kind("red", R"({"n":2})"), 2u);
    EXPECT_EQ(publish_kind("red"), 1u);
    EXPECT_EQ(publish_kind("blue"), 0u);
    EXPECT_EQ(counts("a").sent, 2);
    EXPECT_EQ(counts("b").sent, 1);
}

TEST_F(Bindings, tell_their_note_to_who_receives) {
    bind("a", {.note = "first \"note\""});
    bind("b", {});

    publish_kind("red");

    const auto a = receive("a"), b = receive("b");
    ASSERT_EQ(a.size(), 1u);
    EXPECT_EQ(a[0].note, "first \"note\"");
    ASSERT_EQ(b.size(), 1u);
    EXPECT_EQ(b[0].note, "");
}

TEST_F(Bindings, keep_their_note_in_a_dead_letter_queue_and_back) {
    declare("dead");
    declare("c", {.max_receives = 1, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    bind("c", {.note = "n"});
    publish_kind("red");
    settle(receive("c").at(0), Verdict::reject);

    const auto dead = receive("dead");

    ASSERT_EQ(dead.size(), 1u);
    EXPECT_EQ(dead[0].note, "n");
    EXPECT_EQ(dead[0].dead_letters.at(0).queue, "c");
    settle(dead[0], Verdict::release, 0ms);
    ASSERT_TRUE(run_in(io, broker->redrive({.source = "dead"})));
    advance(1s);
    EXPECT_EQ(receive("c").at(0).note, "n");
}

TEST_F(Bindings, take_nothing_while_paused) {
    bind("a", {.paused = true});
    EXPECT_EQ(publish_kind("red"), 0u);

    bind("a", {});

    EXPECT_EQ(publish_kind("red"), 1u);
    EXPECT_EQ(broker->bindings().size(), 1u);
}

TEST_F(Bindings, lead_to_a_queue_once_however_many_take_a_message) {
    bind("a", {.filter = R"({"kind":["red"]})", .note = "one"}, "1");
    bind("a", {.note = "two"}, "2");

    EXPECT_EQ(publish_kind("red"), 1u);
    EXPECT_EQ(publish_kind("blue"), 1u);

    const auto got = receive("a");
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(got[0].note, "one");
    EXPECT_EQ(got[1].note, "two");
}

TEST_F(Bindings, are_the_same_after_a_restart) {
    const BindingOptions options{.filter = R"({"kind":["red"]})", .note = "n", .attributes = {{"k", "v"}}};
    bind("a", options);
    bind("b", {.paused = true});

    restart();

    const auto bindings = broker->bindings("/", "x");
    ASSERT_EQ(bindings.size(), 2u);
    EXPECT_EQ(bindings[0].options, options);
    EXPECT_TRUE(bindings[1].options.paused);
    EXPECT_EQ(publish_kind("red"), 1u);
    EXPECT_EQ(publish_kind("blue"), 0u);
}

TEST_F(Bindings, are_seen_in_the_order_of_their_keys_from_one_on) {
    for (const std::string key : {"c", "a", "b", "d"}) bind("a", {.note = "n" + key}, key);
    const auto seen = [&](std::string_view from, std::size_t max) {
        std::string keys;
        see_bindings(*broker, "x", from, [&](const BindingView& one) {
            EXPECT_EQ(one.exchange, "x");
            EXPECT_EQ(one.queue, "a");
            EXPECT_EQ(one.options.note, "n" + std::string(one.routing_key));
            keys += one.routing_key;
            return keys.size() < max;
        });
        return keys;
    };

    EXPECT_EQ(seen("", 9), "abcd");
    EXPECT_EQ(seen("b", 2), "bc");
    EXPECT_EQ(seen("bb", 9), "cd");
    EXPECT_EQ(seen("e", 9), "");
    see_bindings(*broker, "nobody", "", [](const BindingView&) {
        ADD_FAILURE();
        return true;
    });
}

TEST_F(Bindings, are_of_exchanges_seen_in_the_order_of_their_names) {
    for (const std::string name : {"z", "w", "y"}) ASSERT_TRUE(run_in(io, broker->declare_exchange(name, {})));
    ASSERT_TRUE(run_in(io, broker->declare_exchange("a", {}, "elsewhere")));
    const auto names = [&](std::string_view after, std::size_t max) {
        std::string all;
        see_exchanges(*broker, after, [&](const ExchangeView& one) {
            EXPECT_EQ(one.options, broker->exchange(one.name).value().options);
            all += one.name;
            return all.size() < max;
        });
        return all;
    };

    EXPECT_EQ(names("", 2), "wx");
    EXPECT_EQ(names("x", 9), "yz");
    EXPECT_EQ(names("z", 9), "");
    ASSERT_TRUE(run_in(io, broker->delete_exchange("y")));
    EXPECT_EQ(names("", 9), "wxz");
}

TEST_F(Bindings, may_change_where_there_may_be_no_more) {
    bind("a", {});
    limits.bindings = 1;
    restart();

    EXPECT_EQ(run_in(io, broker->bind({"x", "b", "", {}})).error().code, Errc::limit_exceeded);
    bind("a", {.note = "n"});

    EXPECT_EQ(broker->bindings().at(0).options.note, "n");
}

TEST_F(Bindings, refuse_what_is_no_filter_and_stay_as_they_were) {
    bind("a", {.note = "n"});

    const auto refused = run_in(io, broker->bind({"x", "a", "", {.filter = "no"}}));

    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(broker->bindings().at(0).options.note, "n");
    const auto large = run_in(io, broker->bind({"x", "a", "", {.note = std::string(limits.attributes_bytes + 1, 'n')}}));
    EXPECT_EQ(large.error().code, Errc::invalid_argument);
}

TEST_F(Bindings, choose_among_dead_letters_by_headers_only) {
    declare("dead");
    declare("c", {.dead_letter = DeadLetter{.exchange = "x", .routing_key = {}}});
    bind("dead", {.filter = R"({"n":[1]})", .filter_on = BindingOptions::FilterOn::body, .note = "why"});
    bind("a", {.filter = R"({"kind":["red"]})"});
    publish("c", R"({"n":2})");

    settle(receive("c").at(0), Verdict::reject);

    EXPECT_EQ(receive("dead").at(0).note, "why");
    EXPECT_EQ(counts("a").sent, 0);
}

TEST_F(Bindings, survive_a_change_of_their_exchange) {
    bind("a", {});

    const auto altered = run_in(io, broker->alter_exchange("x", {.kind = ExchangeKind::fanout, .attributes = {{"name", "value"}}}));
    ASSERT_TRUE(altered);
    restart();

    EXPECT_EQ(broker->exchange("x").value().options.attributes.at("name"), "value");
    EXPECT_EQ(publish_kind("red"), 1u);
    EXPECT_EQ(run_in(io, broker->alter_exchange("x", {.kind = ExchangeKind::direct})).error().code, Errc::invalid_argument);
    EXPECT_EQ(run_in(io, broker->alter_exchange("nobody", {})).error().code, Errc::no_such_exchange);
}

}  // namespace
}  // namespace rowmq::test
