// Conversations with the admin API: requests in, responses out, no socket.

#include "admin/admin_test.hpp"

#include "base/base64.hpp"

namespace rowmq::admin {
namespace {

TEST_F(AdminApi, says_that_it_is_well) {
    EXPECT_EQ(ask("GET", "/healthz").body, "ok\n");

    const auto health = object(ask("GET", "/rowmq/v1/health"));

    EXPECT_TRUE(health.at("serving").as_bool());
    EXPECT_EQ(health.at("store").as_string(), "memory:");
}

TEST_F(AdminApi, answers_prometheus_in_its_text_format) {
    ask("PUT", "/rowmq/v1/queues/orders");
    ask("POST", "/rowmq/v1/queues/orders/messages", R"({"body": "hello"})");

    const auto answer = ask("GET", "/metrics");

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    for (const auto* line : {"\nrowmq_serving 1\n", "\nrowmq_queue_messages_ready{namespace=\"/\",queue=\"orders\"} 1\n",
                             "\nrowmq_queue_sent_total{namespace=\"/\",queue=\"orders\"} 1\n", "\n# TYPE rowmq_commit_rows histogram\n"})
        EXPECT_NE(answer.body.find(line), std::string::npos) << line << answer.body;
}

TEST_F(AdminApi, lets_other_rooms_add_to_its_metrics) {
    Admin admin(*broker_, {[](std::vector<metrics::MetricFamily>& families) {
        families.push_back(metrics::counter("rowmq_deliveries_total", "Of something else.", 3));
    }});

    const auto answer = run(admin.handle(request("GET", "/metrics"))).value();

    EXPECT_NE(answer.body.find("\nrowmq_deliveries_total 3\n"), std::string::npos) << answer.body;
}

TEST_F(AdminApi, declares_shows_changes_and_deletes_a_queue) {
    const auto declared = ask("PUT", "/rowmq/v1/queues/orders", R"({"lease_ms": 5000, "max_receives": 3, "tags": {"team": "a"}})");
    EXPECT_EQ(declared.status, 200) << declared.body;

    const auto changed = ask("PATCH", "/rowmq/v1/queues/orders", R"({"delay_ms": 10})");
    const auto shown = object(ask("GET", "/rowmq/v1/queues/orders"));

    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(shown.at("options").at("lease_ms").as_int64(), 5000);
    EXPECT_EQ(shown.at("options").at("delay_ms").as_int64(), 10);
    EXPECT_EQ(shown.at("options").at("tags").at("team").as_string(), "a");
    EXPECT_EQ(ask("DELETE", "/rowmq/v1/queues/orders").status, 200);
    EXPECT_EQ(ask("GET", "/rowmq/v1/queues/orders").status, 404);
}

TEST_F(AdminApi, reads_back_every_option_it_prints) {
    ask("PUT", "/rowmq/v1/queues/a",
        R"({"kind": "fifo", "ttl_ms": 1000, "max_length": 5, "max_bytes": 1000, "overflow": "reject", "idle_expiry_ms": 60000,
            "dead_letter": {"routing_key": "dead"}, "backoff": {"initial_ms": 10, "multiplier": 3, "jitter": 0},
            "deduplication": {"enabled": true, "scope": "group", "window_ms": 1000}, "strict_counting": false, "paused": true})");
    const auto printed = json::serialize(object(ask("GET", "/rowmq/v1/queues/a")).at("options"));

    const auto again = ask("PUT", "/rowmq/v1/queues/b", printed);

    EXPECT_EQ(json::serialize(object(again).at("options")), printed);
}

TEST_F(AdminApi, lists_queues_in_pages) {
    for (const auto* name : {"a1", "a2", "a3", "b1"}) ask("PUT", std::string("/rowmq/v1/queues/") + name);

    const auto first = object(ask("GET", "/rowmq/v1/queues?prefix=a&max=2"));
    const auto second = object(ask("GET", "/rowmq/v1/queues?prefix=a&max=2&after=a2"));

    EXPECT_EQ(first.at("queues").as_array().size(), 2u);
    EXPECT_EQ(first.at("next").as_string(), "a2");
    ASSERT_EQ(second.at("queues").as_array().size(), 1u);
    EXPECT_EQ(second.at("queues").at(0).at("name").as_string(), "a3");
    EXPECT_FALSE(second.contains("next"));
}

TEST_F(AdminApi, takes_names_with_slashes_and_spaces_encoded) {
    ask("PUT", "/rowmq/v1/queues/a%2Fb%20c");

    EXPECT_EQ(object(ask("GET", "/rowmq/v1/queues/a%2Fb%20c")).at("name").as_string(), "a/b c");
}

TEST_F(AdminApi, sends_receives_and_settles_a_message) {
    ask("PUT", "/rowmq/v1/queues/orders");
    const auto sent =
        ask("POST", "/rowmq/v1/queues/orders/messages",
            R"({"body": "hello", "properties": {"content_type": "text/plain", "headers": {"n": 1, "deep": {"list": [true, null]}}}})");
    ASSERT_EQ(sent.status, 200) << sent.body;

    const auto received = object(ask("POST", "/rowmq/v1/queues/orders/messages/receive", R"({"max": 10})")).at("messages").as_array();
    ASSERT_EQ(received.size(), 1u);
    const auto& message = received[0].as_object();
    const auto lease = std::string(message.at("lease").as_string());
    const auto settled = ask("POST", "/rowmq/v1/queues/orders/messages/settle", R"({"settlements": [{"lease": ")" + lease + R"("}]})");
    const auto again = ask("POST", "/rowmq/v1/queues/orders/messages/settle", R"({"settlements": [{"lease": ")" + lease + R"("}]})");

    EXPECT_EQ(message.at("body").as_string(), "hello");
    EXPECT_EQ(message.at("id"), object(sent).at("id"));
    EXPECT_EQ(message.at("properties").at("content_type").as_string(), "text/plain");
    EXPECT_EQ(json::serialize(message.at("properties").at("headers")), R"({"n":1,"deep":{"list":[true,null]}})");
    EXPECT_EQ(settled.body, "{\"results\":[{\"ok\":true}]}\n");
    EXPECT_EQ(object(again).at("results").at(0).at("error").at("code").as_string(), "lease_gone");
    EXPECT_EQ(object(ask("GET", "/rowmq/v1/queues/orders")).at("counts").at("done").as_int64(), 1);
}

TEST_F(AdminApi, carries_bytes_that_are_not_text_in_base64) {
    const std::string bytes("\0\xff\x01", 3);
    ask("PUT", "/rowmq/v1/queues/orders");
    ask("POST", "/rowmq/v1/queues/orders/messages", R"({"body_base64": ")" + base64_encode(bytes) + R"("})");

    const auto message = object(ask("GET", "/rowmq/v1/queues/orders/messages")).at("messages").at(0).as_object();

    EXPECT_EQ(base64_decode(message.at("body_base64").as_string()), bytes);
    EXPECT_FALSE(message.contains("lease"));
}

TEST_F(AdminApi, sends_several_and_names_the_one_that_was_refused) {
    ask("PUT", "/rowmq/v1/queues/small", R"({"max_message_bytes": 1024})");
    const std::string large(2000, 'x');

    const auto answer =
        object(ask("POST", "/rowmq/v1/queues/small/messages", R"({"messages": [{"body": "a"}, {"body": ")" + large + R"("}]})"));

    EXPECT_TRUE(answer.at("results").at(0).as_object().contains("id"));
    EXPECT_EQ(answer.at("results").at(1).at("error").at("code").as_string(), "message_too_large");
    EXPECT_EQ(ask("POST", "/rowmq/v1/queues/small/messages", R"({"body": ")" + large + R"("})").status, 413);
}

TEST_F(AdminApi, a_receive_that_waits_is_woken_by_a_message) {
    ask("PUT", "/rowmq/v1/queues/orders");
    auto waiting = start(admin_->handle(request("POST", "/rowmq/v1/queues/orders/messages/receive", R"({"wait_ms": 20000})")));
    ASSERT_FALSE(waiting->has_value());

    ask("POST", "/rowmq/v1/queues/orders/messages", R"({"body": "now"})");

    ASSERT_TRUE(waiting->has_value());
    EXPECT_EQ(object(**waiting).at("messages").at(0).at("body").as_string(), "now");
}

TEST_F(AdminApi, a_receive_that_waits_ends_empty_when_the_wait_is_over) {
    ask("PUT", "/rowmq/v1/queues/orders");
    auto waiting = start(admin_->handle(request("POST", "/rowmq/v1/queues/orders/messages/receive", R"({"wait_ms": 2000})")));

    clock_->advance(std::chrono::milliseconds(2000));
    settle();

    ASSERT_TRUE(waiting->has_value());
    EXPECT_EQ((*waiting)->body, "{\"messages\":[]}\n");
}

TEST_F(AdminApi, a_lease_ends_and_is_extended) {
    ask("PUT", "/rowmq/v1/queues/orders", R"({"lease_ms": 1000})");
    ask("POST", "/rowmq/v1/queues/orders/messages", R"({"body": "x"})");
    const auto receive = [&] { return object(ask("POST", "/rowmq/v1/queues/orders/messages/receive", "{}")).at("messages").as_array(); };
    const auto first = receive();
    const auto lease = std::string(first.at(0).at("lease").as_string());

    const auto extended = ask("POST", "/rowmq/v1/queues/orders/messages/extend", R"({"leases": [")" + lease + R"("], "lease_ms": 3000})");
    clock_->advance(std::chrono::milliseconds(2000));
    settle();
    const auto meanwhile = receive();
    clock_->advance(std::chrono::milliseconds(2000));
    settle();
    const auto after = receive();

    EXPECT_EQ(extended.body, "{\"results\":[{\"ok\":true}]}\n");
    EXPECT_TRUE(meanwhile.empty());
    ASSERT_EQ(after.size(), 1u);
    EXPECT_EQ(after.at(0).at("receives").as_int64(), 2);
}

TEST_F(AdminApi, purges_and_counts) {
    ask("PUT", "/rowmq/v1/queues/orders");
    ask("POST", "/rowmq/v1/queues/orders/messages", R"({"messages": [{"body": "1"}, {"body": "2"}]})");

    const auto purged = ask("POST", "/rowmq/v1/queues/orders/purge");
    const auto counts = object(ask("GET", "/rowmq/v1/counts"));

    EXPECT_EQ(purged.body, "{\"messages\":2}\n");
    EXPECT_EQ(counts.at("queues").as_int64(), 1);
    EXPECT_EQ(counts.at("counts").at("sent").as_int64(), 2);
    EXPECT_EQ(counts.at("counts").at("purged").as_int64(), 2);
    EXPECT_EQ(counts.at("counts").at("ready").as_int64(), 0);
}

TEST_F(AdminApi, keeps_namespaces_apart) {
    ask("PUT", "/rowmq/v1/queues/orders?namespace=other");

    EXPECT_EQ(ask("GET", "/rowmq/v1/queues/orders").status, 404);
    EXPECT_EQ(ask("GET", "/rowmq/v1/queues/orders?namespace=other").status, 200);
}

TEST_F(AdminApi, refuses_what_it_does_not_understand_and_says_what) {
    ask("PUT", "/rowmq/v1/queues/orders");
    struct Case {
        const char* method;
        const char* target;
        const char* body;
        int status;
        const char* code;
    };
    for (const auto& wrong : std::initializer_list<Case>{
             {"GET", "/", "", 404, "no_such_path"},
             {"GET", "/api/overview", "", 404, "no_such_path"},
             {"GET", "/rowmq/v1/queues/orders/else", "", 404, "no_such_path"},
             {"GET", "/rowmq/v1/queues/missing", "", 404, "no_such_queue"},
             {"POST", "/rowmq/v1/queues/missing/messages", R"({"body": "x"})", 404, "no_such_queue"},
             {"POST", "/rowmq/v1/queues/missing/messages/receive", "", 404, "no_such_queue"},
             {"POST", "/rowmq/v1/queues/orders", "", 405, "method_not_allowed"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"lease": 1})", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"lease_ms": "1"})", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"max_priority": 256})", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"kind": "topic"})", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"backoff": {"initial": 1}})", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"([])", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({)", 400, "invalid_argument"},
             {"PUT", "/rowmq/v1/queues/orders", R"({"lease_ms": 1000})", 409, "already_exists"},
             {"POST", "/rowmq/v1/queues/orders/messages", R"({})", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/queues/orders/messages", R"({"body": "a", "body_base64": "YQ=="})", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/queues/orders/messages", R"({"body_base64": "Y"})", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/queues/orders/messages", R"({"messages": []})", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/queues/orders/messages/receive", R"({"max": 0})", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/queues/orders/messages/settle", R"({"settlements": [{"lease": "x"}]})", 400, "invalid_argument"},
             {"GET", "/rowmq/v1/queues?max=0", "", 400, "invalid_argument"},
             {"POST", "/rowmq/v1/backup", R"({"path": "relative.db"})", 400, "invalid_argument"},
             {"DELETE", "/rowmq/v1/redrives/x", "", 404, "no_such_task"},
         }) {
        const auto response = ask(wrong.method, wrong.target, wrong.body);

        EXPECT_EQ(response.status, wrong.status) << wrong.method << " " << wrong.target << " " << wrong.body << response.body;
        EXPECT_EQ(code(response), wrong.code) << wrong.method << " " << wrong.target << " " << wrong.body;
    }
    EXPECT_EQ(ask("POST", "/rowmq/v1/queues").allow, "GET");
}

TEST_F(AdminApi, refuses_a_body_that_does_not_say_it_is_json) {
    auto question = request("PUT", "/rowmq/v1/queues/orders", "{}");
    question.content_type = "text/plain";

    EXPECT_EQ(ask(question).status, 415);
}

TEST_F(AdminApi, refuses_web_pages_of_other_sites) {
    auto question = request("POST", "/rowmq/v1/queues/orders/purge");
    question.host = "127.0.0.1:15672";
    question.origin = "http://elsewhere.example";
    EXPECT_EQ(ask(question).status, 403);

    question.origin = "http://127.0.0.1:15672";
    EXPECT_EQ(ask(question).status, 404);  // no such queue: it was let in
}

TEST_F(AdminApi, takes_ten_thousand_small_messages_but_no_more_values_than_a_body_pays_for) {
    ask("PUT", "/rowmq/v1/queues/q");
    const auto list_of = [](std::string_view what, int many) {
        std::string body = R"({"messages":[)";
        for (int i = 0; i < many; ++i) (body += what) += i + 1 == many ? "" : ",";
        return body + "]}";
    };

    EXPECT_EQ(ask("POST", "/rowmq/v1/queues/q/messages", list_of(R"({"body":"x"})", 10'000)).status, 200);
    EXPECT_EQ(code(ask("POST", "/rowmq/v1/queues/q/messages", list_of("0", 1'000'000))), "limit_exceeded");
}

}  // namespace
}  // namespace rowmq::admin
