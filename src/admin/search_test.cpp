// Searching a queue: what is found, what is scanned, where the next request goes on.

#include <fmt/format.h>

#include "admin/admin_test.hpp"
#include "admin/search_filter.hpp"

namespace rowmq::admin {
namespace {

class Search : public AdminApi {
protected:
    void SetUp() override {
        AdminApi::SetUp();
        ask("PUT", "/rowmq/v1/queues/q");
    }
    void send(const std::string& message, const std::string& queue = "q") {
        const auto sent = ask("POST", "/rowmq/v1/queues/" + queue + "/messages", message);
        ASSERT_EQ(sent.status, 200) << sent.body;
    }
    json::object search(const std::string& query, const std::string& queue = "q") {
        const auto answer = ask("GET", "/rowmq/v1/queues/" + queue + "/search" + query);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return object(answer);
    }
    static std::vector<std::string> bodies(const json::object& answer) {
        std::vector<std::string> out;
        for (const auto& message : answer.at("messages").as_array()) out.emplace_back(message.at("body").as_string());
        return out;
    }
    using Bodies = std::vector<std::string>;
};

TEST_F(Search, finds_text_in_bodies_in_the_order_of_the_queue) {
    for (const auto* body : {"two teapots", "a kettle", "one teapot", "TEAPOT"}) send(fmt::format(R"({{"body": "{}"}})", body));

    const auto answer = search("?text=teapot");

    EXPECT_EQ(bodies(answer), (Bodies{"two teapots", "one teapot"}));
    EXPECT_EQ(answer.at("scanned").as_int64(), 4);
    EXPECT_FALSE(answer.contains("next"));
}

TEST_F(Search, finds_what_has_all_the_headers) {
    send(R"({"body": "1", "properties": {"headers": {"tenant": "a", "n": 7, "ok": true}}})");
    send(R"({"body": "2", "properties": {"headers": {"tenant": "a", "n": 8}}})");
    send(R"({"body": "3", "properties": {"headers": {"tenant": "b", "list": [7]}}})");
    send(R"({"body": "4"})");

    EXPECT_EQ(bodies(search("?header=tenant=a")), (Bodies{"1", "2"}));
    EXPECT_EQ(bodies(search("?header=tenant=a&header=n=7")), Bodies{"1"});
    EXPECT_EQ(bodies(search("?header=ok=true")), Bodies{"1"});
    EXPECT_EQ(bodies(search("?header=list=7")), Bodies{});
    EXPECT_EQ(bodies(search("?header=tenant=")), Bodies{});
}

TEST_F(Search, finds_by_group_and_id) {
    ask("PUT", "/rowmq/v1/queues/f", R"({"kind": "fifo"})");
    send(R"({"body": "1", "group": "a"})", "f");
    send(R"({"body": "2", "group": "b", "properties": {"message_id": "order-2"}})", "f");

    const auto found = search("?group=b", "f");
    const auto id = found.at("messages").at(0).at("id").as_int64();

    EXPECT_EQ(bodies(found), Bodies{"2"});
    EXPECT_EQ(bodies(search("?id=" + std::to_string(id), "f")), Bodies{"2"});
    EXPECT_EQ(bodies(search("?id=order-2", "f")), Bodies{"2"});
    EXPECT_EQ(bodies(search("?id=order-3", "f")), Bodies{});
}

TEST_F(Search, finds_by_why_and_from_where_a_message_was_dead_lettered) {
    ask("PUT", "/rowmq/v1/queues/jobs", R"({"dead_letter": {"routing_key": "q"}})");
    send(R"({"body": "bad"})", "jobs");
    send(R"({"body": "never elsewhere"})");
    const auto received = object(ask("POST", "/rowmq/v1/queues/jobs/messages/receive"));
    const auto lease = std::string(received.at("messages").at(0).at("lease").as_string());
    ask("POST", "/rowmq/v1/queues/jobs/messages/settle",
        fmt::format(R"({{"settlements": [{{"lease": "{}", "verdict": "reject"}}]}})", lease));

    EXPECT_EQ(bodies(search("?reason=rejected")), Bodies{"bad"});
    EXPECT_EQ(bodies(search("?reason=rejected&source=jobs")), Bodies{"bad"});
    EXPECT_EQ(bodies(search("?source=others")), Bodies{});
    EXPECT_EQ(bodies(search("?reason=expired")), Bodies{});
}

TEST_F(Search, finds_by_when_a_message_was_published) {
    send(R"({"body": "early"})");
    const auto early = search("").at("messages").at(0).at("published_at_ms").as_int64();
    clock_->advance(std::chrono::milliseconds(10));
    settle();
    send(R"({"body": "late"})");

    EXPECT_EQ(bodies(search(fmt::format("?published_since_ms={}", early + 1))), Bodies{"late"});
    EXPECT_EQ(bodies(search(fmt::format("?published_before_ms={}", early + 10))), Bodies{"early"});
    EXPECT_EQ(bodies(search(fmt::format("?published_since_ms={0}&published_before_ms={0}", early))), Bodies{});
}

TEST_F(Search, goes_on_behind_the_last_it_found) {
    ask("PUT", "/rowmq/v1/queues/p", R"({"max_priority": 3})");
    for (int i = 0; i < 9; ++i)
        send(fmt::format(R"({{"body": "{}", "priority": {}}})", i % 2 ? "odd" : "even " + std::to_string(i), i % 3), "p");

    Bodies all;
    std::string after;
    std::int64_t scanned = 0;
    for (int request = 0; request < 10; ++request) {
        const auto answer = search("?text=even&max=2" + after, "p");
        for (auto& body : bodies(answer)) all.push_back(body);
        scanned += answer.at("scanned").as_int64();
        if (!answer.contains("next")) break;
        after = "&after=" + std::string(answer.at("next").as_string());
    }

    EXPECT_EQ(all, (Bodies{"even 2", "even 8", "even 4", "even 0", "even 6"}));
    EXPECT_EQ(scanned, 9);
}

TEST_F(Search, scans_ten_thousand_messages_a_request_and_says_where_to_go_on) {
    std::string many;
    for (int i = 0; i < 5'000; ++i) many += R"({"body": "hay"},)";
    for (int i = 0; i < 2; ++i) send(R"({"messages": [)" + many.substr(0, many.size() - 1) + "]}");
    send(R"({"body": "needle"})");

    const auto first = search("?text=needle");
    const auto second = search("?text=needle&after=" + std::string(first.at("next").as_string()));

    EXPECT_EQ(first.at("scanned").as_int64(), 10'000);
    EXPECT_EQ(bodies(first), Bodies{});
    EXPECT_EQ(bodies(second), Bodies{"needle"});
    EXPECT_EQ(second.at("scanned").as_int64(), 1);
}

TEST_F(Search, looks_at_the_delayed_ones_where_asked) {
    for (int i = 3; i > 0; --i) send(fmt::format(R"({{"body": "in {0}", "delay_ms": {0}000}})", i));
    send(R"({"body": "in no time"})");

    const auto first = search("?text=in&delayed=true&max=2");

    EXPECT_EQ(bodies(first), (Bodies{"in 1", "in 2"}));
    EXPECT_EQ(bodies(search("?text=in&delayed=true&after=" + std::string(first.at("next").as_string()))), Bodies{"in 3"});
}

TEST_F(Search, refuses_what_it_does_not_understand) {
    for (const auto* query : {"?txt=a", "?header=a", "?header==a", "?reason=bored", "?max=0", "?max=1001", "?published_since_ms=x",
                              "?published_before_ms=-1", "?after=x"}) {
        const auto refused = ask("GET", std::string("/rowmq/v1/queues/q/search") + query);
        EXPECT_EQ(refused.status, 400) << query << refused.body;
    }
    EXPECT_EQ(ask("GET", "/rowmq/v1/queues/missing/search").status, 404);
}

TEST_F(Search, ends_early_when_nobody_waits_for_it) {
    std::string many;
    for (int i = 0; i < 2'000; ++i) many += R"({"body": "hay"},)";
    send(R"({"messages": [)" + many.substr(0, many.size() - 1) + "]}");
    auto question = request("GET", "/rowmq/v1/queues/q/search?text=needle");
    question.on_end = [](std::function<void()> then) { then(); };

    const auto answer = object(ask(question));

    EXPECT_LT(answer.at("scanned").as_int64(), 2'000);
    EXPECT_TRUE(answer.contains("next"));
}

TEST(HeaderEquals, compares_values_as_they_are_written) {
    EXPECT_TRUE(header_equals({.value = std::int64_t{-3}}, "-3"));
    EXPECT_TRUE(header_equals({.value = 1.5}, "1.5"));
    EXPECT_TRUE(header_equals({.value = false}, "false"));
    EXPECT_TRUE(header_equals({.value = nullptr}, "null"));
    EXPECT_TRUE(header_equals({.value = Binary{"\xff"}}, "\xff"));
    EXPECT_TRUE(header_equals({.value = WallTime(milliseconds(5))}, "5"));
    EXPECT_FALSE(header_equals({.value = std::string("a")}, "A"));
    EXPECT_FALSE(header_equals({.value = HeaderList{}}, ""));
}

}  // namespace
}  // namespace rowmq::admin
