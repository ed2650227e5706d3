// Where exchanges lead: by words, by headers, to other exchanges, and to the alternate where they lead nowhere.
#include <algorithm>
#include <set>

#include "broker/bed.hpp"

namespace rowmq::test {
namespace {

class ExchangeRoutes : public Bed {
protected:
    void declare_exchange(std::string name, ExchangeKind kind, std::string alternate = {}) {
        ExchangeOptions options;
        options.kind = kind;
        options.alternate = std::move(alternate);
        ASSERT_TRUE(run_in(io, broker->declare_exchange(std::move(name), std::move(options))));
    }
    void bind(Binding binding) {
        const auto bound = run_in(io, broker->bind(std::move(binding)));
        ASSERT_TRUE(bound) << bound.error().text;
    }
    /// To which of `queues` a message comes, as one text: "a c".
    std::string reached(std::string exchange, std::string key, HeaderTable headers = {}) {
        Publish p;
        p.exchange = std::move(exchange);
        p.routing_key = std::move(key);
        Properties properties;
        properties.headers = std::move(headers);
        p.message = Message("m", std::move(properties));
        try_publish(std::move(p)).value();
        std::string names;
        for (const QueueInfo& queue : broker->queues())
            for (const Delivery& got : receive(queue.name)) {
                settle(got);
                names += names.empty() ? queue.name : " " + queue.name;
            }
        return names;
    }
};

TEST_F(ExchangeRoutes, of_topics_match_words_also_after_a_restart) {
    declare_exchange("x", ExchangeKind::topic);
    for (const char* pattern : {"a.*", "#", "*.b.#"}) {
        declare(pattern);
        bind({.exchange = "x", .queue = pattern, .routing_key = pattern});
    }
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(reached("x", "a.b"), "# *.b.# a.*");
        EXPECT_EQ(reached("x", "c.b.d.e"), "# *.b.#");
        EXPECT_EQ(reached("x", ""), "#");
        restart();
    }
    ASSERT_TRUE(run_in(io, broker->unbind({.exchange = "x", .queue = "#", .routing_key = "#"})));
    EXPECT_EQ(reached("x", ""), "");
}

TEST_F(ExchangeRoutes, of_headers_ask_for_all_or_any_of_them) {
    declare_exchange("x", ExchangeKind::headers);
    const HeaderTable two{{"n", {std::int64_t{1}, {}}}, {"t", {std::string("a"), {}}}};
    for (const auto match : {BindingOptions::Match::all, BindingOptions::Match::any}) {
        const std::string queue = match == BindingOptions::Match::all ? "all" : "any";
        declare(queue);
        BindingOptions options;
        options.headers = two;
        options.match = match;
        bind({.exchange = "x", .queue = queue, .routing_key = queue, .options = options});
    }
    declare("there");
    BindingOptions there;
    there.headers = {{"n", {nullptr, {}}}};
    bind({.exchange = "x", .queue = "there", .options = there});
    restart();

    EXPECT_EQ(reached("x", "", two), "all any there");
    EXPECT_EQ(reached("x", "", {two[0]}), "any there");
    EXPECT_EQ(reached("x", "", {{"n", {std::int64_t{2}, {}}}}), "there");
    EXPECT_EQ(reached("x", "", {{"t", {std::int64_t{1}, {}}}}), "");
    EXPECT_EQ(reached("x", ""), "");
}

TEST_F(ExchangeRoutes, of_hashes_lead_to_one_and_to_the_same_after_a_restart) {
    declare_exchange("x", ExchangeKind::hash);
    declare_exchange("y", ExchangeKind::fanout);
    for (const char* queue : {"a", "b", "c"}) declare(queue);
    for (const char* queue : {"a", "b"}) bind({.exchange = "x", .queue = queue, .routing_key = "10"});
    bind({.exchange = "x", .routing_key = "20", .to_exchange = "y"});
    bind({.exchange = "y", .queue = "c"});
    const auto all = [&] {
        std::string to;
        for (int key = 0; key < 60; ++key) to += reached("x", std::to_string(key));
        return to;
    };

    const std::string before = all();

    EXPECT_EQ(before.size(), 60u) << "each to one: " << before;
    for (const char queue : {'a', 'b', 'c'}) EXPECT_GT(std::count(before.begin(), before.end(), queue), 5) << queue;
    restart();
    EXPECT_EQ(all(), before);
    ASSERT_TRUE(run_in(io, broker->unbind({.exchange = "x", .queue = "b", .routing_key = "10"})));
    const std::string after = all();
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i] == 'b' ? after[i] != 'b' : after[i] == before[i]) << i;
    bind({.exchange = "x", .queue = "b", .routing_key = "10"});
    EXPECT_EQ(all(), before);
    ASSERT_TRUE(run_in(io, broker->delete_exchange("y")));
    EXPECT_EQ(all().find('c'), std::string::npos);
}

TEST_F(ExchangeRoutes, of_hashes_have_one_weight_to_each) {
    declare_exchange("x", ExchangeKind::hash);
    declare("a");
    for (const char* key : {"", "0", "-1", "a", "1000000001"})
        EXPECT_EQ(run_in(io, broker->bind({.exchange = "x", .queue = "a", .routing_key = key})).error().code, Errc::invalid_argument);
    bind({.exchange = "x", .queue = "a", .routing_key = "5"});
    bind({.exchange = "x", .queue = "a", .routing_key = "5"});

    EXPECT_EQ(run_in(io, broker->bind({.exchange = "x", .queue = "a", .routing_key = "6"})).error().code, Errc::already_exists);

    EXPECT_EQ(broker->bindings().size(), 1u);
    EXPECT_EQ(reached("x", "k"), "a");
    ASSERT_TRUE(run_in(io, broker->unbind({.exchange = "x", .queue = "a", .routing_key = "5"})));
    EXPECT_EQ(reached("x", "k"), "");
    bind({.exchange = "x", .queue = "a", .routing_key = "6"});
    EXPECT_EQ(reached("x", "k"), "a");
}

TEST_F(ExchangeRoutes, of_hashes_look_at_a_header_and_at_the_first_of_several_keys) {
    ExchangeOptions options;
    options.kind = ExchangeKind::hash;
    options.hash_on = {HashOn::What::header, "customer"};
    ASSERT_TRUE(run_in(io, broker->declare_exchange("x", options)));
    declare_exchange("k", ExchangeKind::hash);
    for (const char* queue : {"a", "b", "c", "d"}) {
        declare(queue);
        for (const char* exchange : {"x", "k"}) bind({.exchange = exchange, .queue = queue, .routing_key = "1"});
    }
    restart();
    EXPECT_EQ(run_in(io, broker->declare_exchange("x", options)).value().options, options);
    const HeaderTable header{{"customer", {std::string("7"), {}}}};
    const std::string first = reached("x", "0", header);

    for (int key = 1; key < 30; ++key) EXPECT_EQ(reached("x", std::to_string(key), header), first);
    std::set<std::string> others;
    for (int n = 0; n < 30; ++n) others.insert(reached("x", "0", {{"customer", {std::int64_t{n}, {}}}}));
    EXPECT_EQ(others, (std::set<std::string>{"a", "b", "c", "d"}));

    Publish several{.exchange = "k", .routing_key = "0", .message = Message("m")};
    for (int key = 1; key < 30; ++key) several.more_keys.push_back(std::to_string(key));
    EXPECT_EQ(try_publish(std::move(several)).value().queues, 1u);
}

TEST_F(ExchangeRoutes, lead_to_each_other_and_round_and_round) {
    declare_exchange("x", ExchangeKind::direct);
    declare_exchange("y", ExchangeKind::fanout);
    for (const char* queue : {"a", "b"}) declare(queue);
    bind({.exchange = "x", .routing_key = "k", .to_exchange = "y"});
    bind({.exchange = "y", .to_exchange = "x"});
    bind({.exchange = "x", .queue = "a", .routing_key = "k"});
    bind({.exchange = "y", .queue = "a"});
    bind({.exchange = "y", .queue = "b"});
    restart();

    EXPECT_EQ(reached("x", "k"), "a b");
    EXPECT_EQ(reached("x", "other"), "");
    EXPECT_EQ(reached("y", "other"), "a b");
    ASSERT_TRUE(run_in(io, broker->delete_exchange("y")));
    EXPECT_EQ(reached("x", "k"), "a");
    EXPECT_EQ(broker->bindings().size(), 1u);
    restart();
    EXPECT_EQ(broker->bindings().size(), 1u);
}

TEST_F(ExchangeRoutes, of_headers_look_at_the_first_of_a_name_also_among_many) {
    declare_exchange("x", ExchangeKind::headers);
    declare("a");
    BindingOptions options;
    options.headers = {{"n", {std::int64_t{1}, {}}}, {"t", {std::string("a"), {}}}};
    bind({.exchange = "x", .queue = "a", .options = options});
    for (const int others : {10, 2'000}) {
        HeaderTable all{{"n", {std::int64_t{1}, {}}}};
        for (int i = 0; i < others; ++i) all.push_back({"h" + std::to_string(i), {std::int64_t{i}, {}}});
        all.push_back({"n", {std::int64_t{2}, {}}});
        EXPECT_EQ(reached("x", "", all), "");
        all.push_back({"t", {std::string("a"), {}}});
        EXPECT_EQ(reached("x", "", all), "a");
        std::swap(all.front(), all[all.size() - 2]);
        EXPECT_EQ(reached("x", "", all), "") << "n is 2 there";
    }
}

TEST_F(ExchangeRoutes, look_at_all_keys_of_a_message_at_each_of_them) {
    declare_exchange("last", ExchangeKind::fanout);
    declare_exchange("x", ExchangeKind::direct, "last");
    declare_exchange("y", ExchangeKind::topic);
    for (const char* queue : {"a", "b", "rest"}) declare(queue);
    bind({.exchange = "x", .routing_key = "1", .to_exchange = "y"});
    bind({.exchange = "x", .queue = "a", .routing_key = "1"});
    bind({.exchange = "y", .queue = "b", .routing_key = "#.2"});
    bind({.exchange = "y", .queue = "a", .routing_key = "*.2"});
    bind({.exchange = "last", .queue = "rest"});
    const auto queues = [&](std::string key, std::vector<std::string> more) {
        Publish p{.exchange = "x", .routing_key = std::move(key), .message = Message("m")};
        p.more_keys = std::move(more);
        return try_publish(std::move(p)).value().queues;
    };

    EXPECT_EQ(queues("k.2", {"1"}), 2u);
    EXPECT_EQ(queues("1", {"k.2"}), 2u);
    EXPECT_EQ(queues("k", {"1", "2", "k.2"}), 2u);
    EXPECT_EQ(counts("a").ready, 3);
    EXPECT_EQ(counts("b").ready, 3);
    EXPECT_EQ(counts("rest").ready, 0) << "one of the keys led somewhere";
    EXPECT_EQ(queues("k", {"l"}), 1u);
    EXPECT_EQ(counts("rest").ready, 1);
}

TEST_F(ExchangeRoutes, that_lead_nowhere_have_an_alternate) {
    declare_exchange("last", ExchangeKind::fanout);
    declare_exchange("x", ExchangeKind::direct, "last");
    for (const char* queue : {"a", "rest"}) declare(queue);
    bind({.exchange = "x", .queue = "a", .routing_key = "k"});
    bind({.exchange = "last", .queue = "rest"});
    restart();

    EXPECT_EQ(reached("x", "k"), "a");
    EXPECT_EQ(reached("x", "other"), "rest");
}

TEST_F(ExchangeRoutes, bound_to_themselves_count_that_binding_once) {
    limits.bindings = 1;
    restart();
    declare_exchange("x", ExchangeKind::direct);
    bind({.exchange = "x", .routing_key = "k", .to_exchange = "x"});
    EXPECT_EQ(reached("x", "k"), "");
    ASSERT_TRUE(run_in(io, broker->delete_exchange("x")));
    declare_exchange("x", ExchangeKind::direct);
    declare("a");

    bind({.exchange = "x", .queue = "a", .routing_key = "k"});

    EXPECT_EQ(reached("x", "k"), "a");
    EXPECT_EQ(run_in(io, broker->bind({.exchange = "x", .queue = "a", .routing_key = "l"})).error().code, Errc::limit_exceeded);
}

}  // namespace
}  // namespace rowmq::test
