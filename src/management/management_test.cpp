// The management API as questions and answers, without a socket.
#include "management/management.hpp"

#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "broker/bed.hpp"
#include "management/listing.hpp"
#include "management/tables.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
using test::run_in;

class ManagementTest : public test::Bed {
protected:
    ManagementTest() {
        protocol = std::make_unique<amqp::Protocol>(*broker, amqp::Settings{}, amqp::Logins());
        EXPECT_TRUE(run_in(io, protocol->start()));
        management = std::make_unique<Management>(*protocol, Settings{});
    }
    ~ManagementTest() override {
        management.reset();
        protocol.reset();
    }
    Answer ask(std::string method, std::string path, std::string body = {}, std::string who = "guest:guest") {
        net::Request request;
        request.method = std::move(method);
        request.target = "/api/" + path;
        if (!who.empty()) request.fields.add("Authorization", "Basic " + base64_encode(who));
        request.body = std::move(body);
        return run_in(io, management->handle(std::move(request)));
    }
    unsigned status(std::string method, std::string path, std::string body = {}, std::string who = "guest:guest") {
        return ask(std::move(method), std::move(path), std::move(body), std::move(who)).status;
    }
    json::value get(std::string path) {
        const Answer answer = ask("GET", path);
        EXPECT_EQ(answer.status, 200u) << path << " " << answer.body;
        return json::parse(answer.body);
    }

    std::unique_ptr<amqp::Protocol> protocol;
    std::unique_ptr<Management> management;
};

TEST_F(ManagementTest, asks_for_a_user_and_a_password) {
    EXPECT_EQ(status("GET", "whoami", "", ""), 401u);
    EXPECT_EQ(status("GET", "whoami", "", "guest:wrong"), 401u);
    EXPECT_EQ(status("GET", "nosuch", "", "guest:wrong"), 401u);
    EXPECT_EQ(ask("GET", "whoami").body, R"({"name":"guest","tags":["administrator"]})");
}

TEST_F(ManagementTest, refuses_what_a_page_of_another_site_sends) {
    net::Request request;
    request.method = "GET";
    request.target = "/api/whoami";
    request.fields.add("Authorization", "Basic " + base64_encode("guest:guest"));
    request.fields.add("Host", "127.0.0.1:15672");
    request.fields.add("Origin", "http://elsewhere.example");

    EXPECT_EQ(run_in(io, management->handle(std::move(request))).status, 401u);
}

TEST_F(ManagementTest, tells_unknown_paths_from_unknown_methods) {
    EXPECT_EQ(ask("GET", "nosuch").body, R"({"error":"Object Not Found","reason":"Not Found"})");
    const Answer refused = ask("PATCH", "queues/%2F/q");
    EXPECT_EQ(refused.status, 405u);
    EXPECT_EQ(refused.fields.at(0), std::pair(std::string("Allow"), std::string("GET, PUT, DELETE")));
    EXPECT_EQ(status("GET", std::string(300, '/')), 400u);
}

TEST_F(ManagementTest, every_get_without_a_name_answers_a_list_or_an_object) {
    for (const char* path : {"overview",
                             "nodes",
                             "vhosts",
                             "users",
                             "permissions",
                             "topic-permissions",
                             "queues",
                             "exchanges",
                             "bindings",
                             "connections",
                             "channels",
                             "consumers",
                             "policies",
                             "operator-policies",
                             "parameters",
                             "global-parameters",
                             "definitions",
                             "cluster-name",
                             "extensions",
                             "feature-flags",
                             "vhost-limits",
                             "user-limits",
                             "users/without-permissions",
                             "health/checks/alarms",
                             "health/checks/virtual-hosts",
                             "healthchecks/node",
                             "auth"})
        get(path);
}

TEST_F(ManagementTest, bodies_that_are_no_objects_are_refused) {
    for (const char* body : {"x", "[1]", "5", "\"text\"", "{\"a\":"}) EXPECT_EQ(status("PUT", "queues/%2F/q", body), 400u) << body;
    EXPECT_EQ(status("PUT", "queues/%2F/q", "[]"), 201u);
}

TEST_F(ManagementTest, makes_and_deletes_what_it_is_told) {
    EXPECT_EQ(status("PUT", "vhosts/v", "{}"), 201u);
    EXPECT_EQ(status("PUT", "queues/v/q", R"({"durable":true,"arguments":{"x-max-length":5}})"), 201u);
    EXPECT_EQ(status("PUT", "exchanges/v/x", R"({"type":"headers"})"), 201u);
    EXPECT_EQ(status("POST", "bindings/v/e/x/q/q", R"({"routing_key":"k","arguments":{"a":1,"x-match":"any"}})"), 201u);
    const auto bindings = get("bindings/v/e/x/q/q").as_array();
    ASSERT_EQ(bindings.size(), 1u);
    const std::string key(bindings[0].at("properties_key").as_string());
    EXPECT_EQ(bindings[0].at("arguments"), json::parse(R"({"a":1,"x-match":"any"})"));
    EXPECT_EQ(get("queues/v/q").at("arguments"), json::parse(R"({"x-max-length":5})"));

    EXPECT_EQ(status("DELETE", "bindings/v/e/x/q/q/" + management::quoted(key)), 204u);
    EXPECT_EQ(status("DELETE", "exchanges/v/x"), 204u);
    EXPECT_EQ(status("DELETE", "queues/v/q"), 204u);
    EXPECT_EQ(status("DELETE", "vhosts/v"), 204u);
    EXPECT_EQ(status("GET", "queues/v"), 404u);
}

TEST_F(ManagementTest, what_it_exports_it_imports) {
    for (const auto& [path, body] :
         {std::pair("vhosts/v", "{}"), std::pair("users/u", R"({"password":"p","tags":"management"})"),
          std::pair("permissions/v/u", R"({"configure":"a","write":"b","read":"c"})"), std::pair("queues/v/q", R"({"durable":true})"),
          std::pair("exchanges/v/x", R"({"type":"topic"})"), std::pair("policies/v/p", R"({"pattern":"q","definition":{"max-length":3}})")})
        ASSERT_EQ(status("PUT", path, body), 201u) << path;
    ASSERT_EQ(status("POST", "bindings/v/e/x/q/q", R"({"routing_key":"a.*"})"), 201u);
    const std::string exported = ask("GET", "definitions").body;
    ASSERT_EQ(status("DELETE", "vhosts/v"), 204u);
    ASSERT_EQ(status("DELETE", "users/u"), 204u);

    EXPECT_EQ(ask("POST", "definitions", exported).status, 204u);

    EXPECT_EQ(ask("GET", "definitions").body, exported);
    EXPECT_EQ(broker->queue("q", "v").value().options.max_length, 3);
}

TEST_F(ManagementTest, policies_survive_a_restart_and_hold_when_the_store_is_opened) {
    ASSERT_EQ(status("PUT", "queues/%2F/q", R"({"durable":true})"), 201u);
    ASSERT_EQ(status("PUT", "policies/%2F/p", R"({"pattern":"q","definition":{"max-length":3}})"), 201u);
    management.reset();
    protocol.reset();

    restart();

    protocol = std::make_unique<amqp::Protocol>(*broker, amqp::Settings{}, amqp::Logins());
    EXPECT_TRUE(run_in(io, protocol->start()));
    management = std::make_unique<Management>(*protocol, Settings{});
    EXPECT_EQ(get("queues/%2F/q").at("policy"), "p");
    EXPECT_EQ(status("DELETE", "policies/%2F/p"), 204u);
    EXPECT_EQ(broker->queue("q").value().options.max_length, std::nullopt);
}

TEST(Listing, is_cut_into_pages_after_it_was_sorted) {
    const auto items = [] {
        std::vector<json::object> all;
        for (const int n : {3, 1, 2}) all.push_back({{"name", "q" + std::to_string(n)}, {"n", n}});
        return all;
    };
    const auto asked = [&](const char* target) {
        const auto call = parse_target("GET", target).value();
        return list(call, items(), "name", true).body;
    };
    EXPECT_EQ(asked("/api/queues?columns=n&sort=n"), R"([{"n":1},{"n":2},{"n":3}])");
    EXPECT_EQ(asked("/api/queues?columns=n&sort=n&sort_reverse=true"), R"([{"n":3},{"n":2},{"n":1}])");
    EXPECT_EQ(asked("/api/queues?page=2&page_size=2&columns=name&sort=name"),
              R"({"filtered_count":3,"item_count":1,"page":2,"page_count":2,"page_size":2,"total_count":3,"items":[{"name":"q3"}]})");
    EXPECT_EQ(asked("/api/queues?page=1&name=1&columns=name"),
              R"({"filtered_count":1,"item_count":1,"page":1,"page_count":1,"page_size":100,"total_count":3,"items":[{"name":"q1"}]})");
    for (const char* wrong : {"page=0", "page=x", "page=1&page_size=0", "page=1&page_size=501", "page=9", "page=1&name=(&use_regex=true"})
        EXPECT_NE(asked((std::string("/api/queues?") + wrong).c_str()).find("\"error\""), std::string::npos) << wrong;
}

TEST(Rates, are_over_what_was_said_before) {
    std::chrono::steady_clock::time_point now{};
    Rates rates([&] { return now; });

    EXPECT_EQ(rates.of("q", {10}), std::vector<double>{0.0});
    now += std::chrono::seconds(1);
    EXPECT_EQ(rates.of("q", {20}), std::vector<double>{0.0});
    now += std::chrono::seconds(9);
    EXPECT_EQ(rates.of("q", {60}), std::vector<double>{5.0});
    now += std::chrono::seconds(1);
    EXPECT_EQ(rates.of("q", {60}), std::vector<double>{5.0});
    now += std::chrono::seconds(9);
    EXPECT_EQ(rates.of("q", {60}), std::vector<double>{0.0});
}

TEST(Rates, keep_what_a_queue_had_counted_that_was_deleted) {
    Rates rates;
    const auto sum = [](std::int64_t ready, std::int64_t sent) {
        QueueCounts counts;
        counts.ready = ready;
        counts.sent = sent;
        return counts;
    };
    EXPECT_EQ(rates.risen("v", sum(5, 10)), sum(5, 10));
    EXPECT_EQ(rates.risen("v", sum(1, 4)), sum(1, 10)) << "a queue that had counted 6 is gone";
    EXPECT_EQ(rates.risen("v", sum(2, 7)), sum(2, 13));
    EXPECT_EQ(rates.risen("w", sum(2, 7)), sum(2, 7));

    rates.forget();
    EXPECT_EQ(rates.risen("v", sum(2, 7)), sum(2, 7));
}

TEST(Tables, go_to_json_and_back) {
    const auto object = json::parse(R"({"n":1,"d":1.5,"t":"x","b":true,"l":[1,"a",{"x":[]}],"o":{"y":2}})").as_object();
    const auto table = table_of(object).value();

    EXPECT_EQ(to_json(table), object);
    EXPECT_FALSE(table_of(json::parse(R"({"a":[null]})").as_object()));
    EXPECT_FALSE(table_of(json::parse(R"({"a":18446744073709551615})").as_object()));

    const auto properties =
        json::parse(R"({"content_type":"a/b","priority":3,"delivery_mode":2,"timestamp":9,"headers":{"x":1}})").as_object();
    EXPECT_EQ(to_json(properties_of(properties).value()).as_object(), properties);
    EXPECT_EQ(to_json(amqp::BasicProperties{}), json::array());
    for (const char* wrong :
         {R"({"priority":300})", R"({"priority":"x"})", R"({"headers":[1]})", R"({"content_type":5})", R"({"timestamp":-1})"})
        EXPECT_FALSE(properties_of(json::parse(wrong).as_object())) << wrong;
    EXPECT_FALSE(properties_of(json::parse(R"({"headers":[]})").as_object()).value().headers) << "PHP's empty table";
}

TEST_F(ManagementTest, keeps_limits_of_virtual_hosts_and_users_and_refuses_what_is_none) {
    ASSERT_EQ(status("PUT", "users/ann", R"({"password":"p","tags":""})"), 201u);
    EXPECT_EQ(status("PUT", "vhost-limits/%2F/max-queues", R"({"value":2})"), 204u);
    EXPECT_EQ(status("PUT", "vhost-limits/%2F/max-connections", R"({"value":"7"})"), 204u);
    EXPECT_EQ(status("PUT", "user-limits/ann/max-channels", R"({"value":5})"), 204u);

    EXPECT_EQ(json::serialize(get("vhost-limits")), R"([{"vhost":"/","value":{"max-queues":2,"max-connections":7}}])");
    EXPECT_EQ(json::serialize(get("user-limits/ann")), R"([{"user":"ann","value":{"max-channels":5}}])");
    EXPECT_EQ(get("users/ann").at("limits").at("max-channels"), 5);
    EXPECT_EQ(ask("PUT", "vhost-limits/%2F/nosuch", R"({"value":2})").body,
              R"({"error":"bad_request","reason":"Validation failed\n\nUnrecognised terms [{<<\"nosuch\">>,2}] in limits\n"})");
    EXPECT_EQ(ask("PUT", "user-limits/ann/max-channels", R"({"value":"x"})").body,
              R"({"error":"bad_request","reason":"max-channels should be a number, actually was <<\"x\">>"})");
    EXPECT_EQ(status("PUT", "user-limits/ann/max-queues", R"({"value":1})"), 400u);
    EXPECT_EQ(status("PUT", "vhost-limits/%2F/max-queues", "{}"), 400u);
    EXPECT_EQ(status("PUT", "vhost-limits/nowhere/max-queues", R"({"value":2})"), 404u);
    EXPECT_EQ(status("PUT", "user-limits/nobody/max-channels", R"({"value":2})"), 404u);
    EXPECT_EQ(status("GET", "user-limits/nobody"), 404u);

    for (const char* queue : {"a", "b"}) EXPECT_EQ(status("PUT", std::string("queues/%2F/") + queue, "{}"), 201u);
    EXPECT_EQ(ask("PUT", "queues/%2F/c", "{}").body,
              R"({"error":"bad_request","reason":"cannot declare queue 'c': queue limit in vhost '/' (2) is reached"})");
    EXPECT_EQ(status("PUT", "queues/%2F/a", "{}"), 204u) << "that is there";
    EXPECT_EQ(status("DELETE", "vhost-limits/%2F/max-queues"), 204u);
    EXPECT_EQ(status("DELETE", "vhost-limits/%2F/max-queues"), 204u);
    EXPECT_EQ(status("PUT", "queues/%2F/c", "{}"), 201u);
    ASSERT_EQ(status("DELETE", "users/ann"), 204u);
    ASSERT_EQ(status("PUT", "users/ann", R"({"password":"p","tags":""})"), 201u);
    EXPECT_EQ(json::serialize(get("user-limits/ann")), "[]") << "its own went with it";
}

TEST_F(ManagementTest, exports_and_imports_limits_and_the_default_queue_type) {
    const std::string definitions = R"({"users":[{"name":"ann","password_hash":"","tags":[],"limits":{"max-connections":3}}],
        "vhosts":[{"name":"v","default_queue_type":"quorum"}],
        "parameters":[{"component":"vhost-limits","vhost":"v","name":"limits","value":{"max-queues":1}}]})";
    ASSERT_EQ(status("POST", "definitions", definitions), 204u);

    const json::value exported = get("definitions");
    EXPECT_EQ(exported.at("users").at(0).at("limits").at("max-connections"), 3);
    EXPECT_EQ(exported.at("parameters").at(0).at("component"), "vhost-limits");
    EXPECT_EQ(exported.at("parameters").at(0).at("value").at("max-queues"), 1);
    EXPECT_EQ(get("vhosts/v").at("default_queue_type"), "quorum");
    EXPECT_EQ(get("vhost-limits/v").at(0).at("value").at("max-queues"), 1);
    EXPECT_EQ(status("POST", "definitions", R"({"users":[{"name":"b","password_hash":"","tags":[],"limits":{"max":1}}]})"), 400u);
    EXPECT_EQ(status("POST", "definitions",
                     R"({"parameters":[{"component":"vhost-limits","vhost":"v","name":"limits","value":{"max-queues":"x"}}]})"),
              400u);
}

TEST_F(ManagementTest, makes_exchanges_that_hash_and_refuses_keys_that_are_no_weights) {
    EXPECT_EQ(status("PUT", "exchanges/%2F/h", R"({"type":"x-consistent-hash","arguments":{"hash-header":"h"}})"), 201u);
    EXPECT_EQ(json::serialize(get("exchanges/%2F/h").at("arguments")), R"({"hash-header":"h"})");
    EXPECT_EQ(get("exchanges/%2F/h").at("type"), "x-consistent-hash");
    EXPECT_EQ(ask("PUT", "exchanges/%2F/g", R"({"type":"x-consistent-hash","arguments":{"hash-property":"app_id"}})").body,
              R"({"error":"bad_request","reason":"Unsupported property: app_id"})");
    ASSERT_EQ(status("PUT", "queues/%2F/q", "{}"), 201u);
    const std::string path = "bindings/%2F/e/h/q/q";

    EXPECT_EQ(ask("POST", path, R"({"routing_key":"a"})").body,
              R"({"error":"bad_request","reason":"The binding key must be an integer: <<\"a\">>"})");
    EXPECT_EQ(ask("POST", path, R"({"routing_key":"0"})").body,
              R"({"error":"bad_request","reason":"The binding key must be greater than 0"})");
    EXPECT_EQ(status("POST", path, R"({"routing_key":"2"})"), 201u);
    EXPECT_EQ(status("POST", path, R"({"routing_key":"3"})"), 201u) << "as RabbitMQ, which makes nothing of it";
    EXPECT_EQ(get("bindings/%2F/e/h/q/q").as_array().size(), 1u);
}

TEST_F(ManagementTest, tells_bindings_of_one_key_apart_by_their_arguments) {
    ASSERT_EQ(status("PUT", "queues/%2F/q", "{}"), 201u);
    const std::string path = "bindings/%2F/e/amq.topic/q/q";
    const Answer first = ask("POST", path, R"({"routing_key":"k","arguments":{"b":1,"a":"x"}})");
    EXPECT_EQ(status("POST", path, R"({"routing_key":"k"})"), 201u);
    EXPECT_EQ(status("POST", path, R"({"routing_key":"k","arguments":{"a":"x","b":1}})"), 201u) << "the same";
    const json::array both = get(path).as_array();
    ASSERT_EQ(both.size(), 2u);

    EXPECT_EQ(json::serialize(both[0].at("arguments")), R"({"a":"x","b":1})");
    EXPECT_EQ(first.fields.at(0), std::pair(std::string("Location"), "q/" + std::string(both[0].at("properties_key").as_string())));
    EXPECT_EQ(both[1].at("properties_key"), "k");
    EXPECT_EQ(status("DELETE", path + "/k"), 204u);
    EXPECT_EQ(status("DELETE", path + "/k"), 404u);
    EXPECT_EQ(get(path).as_array().size(), 1u);
    EXPECT_EQ(status("DELETE", path + "/" + std::string(both[0].at("properties_key").as_string())), 204u);
    EXPECT_EQ(get(path).as_array().size(), 0u);
}

TEST_F(ManagementTest, a_binding_is_named_as_a_form_writes_its_key) {
    ASSERT_EQ(status("PUT", "queues/%2F/q", "{}"), 201u);
    const std::string path = "bindings/%2F/e/amq.topic/q/q";
    for (const char* key : {"a b", "a+b", "50%"})
        ASSERT_EQ(status("POST", path, json::serialize(json::object{{"routing_key", key}})), 201u);

    for (const auto& [written, key] : {std::pair("a+b", "a b"), std::pair("a%20b", "a b"), std::pair("a%252Bb", "a+b"),
                                       std::pair("50%2525", "50%"), std::pair("50%25", "50%")})
        EXPECT_EQ(get(path + "/" + written).at("routing_key"), key) << written;
}

TEST_F(ManagementTest, exchanges_keep_arguments_nobody_knows) {
    EXPECT_EQ(status("PUT", "exchanges/%2F/x", R"({"type":"topic","arguments":{"n":1,"alternate-exchange":"y","list":["a"]}})"), 201u);

    EXPECT_EQ(get("exchanges/%2F/x").at("arguments"), json::parse(R"({"n":1,"alternate-exchange":"y","list":["a"]})"));
    EXPECT_EQ(status("PUT", "exchanges/%2F/x", R"({"type":"topic","arguments":{"n":2,"alternate-exchange":"y"}})"), 204u) << "as RabbitMQ";
    EXPECT_EQ(status("PUT", "exchanges/%2F/x", R"({"type":"topic","arguments":{"n":1}})"), 400u);
    EXPECT_EQ(get("exchanges/%2F/x").at("arguments").at("n"), 1);
}

TEST_F(ManagementTest, refuses_what_is_neither_true_nor_false) {
    EXPECT_EQ(ask("PUT", "queues/%2F/q", R"({"durable":"troo"})").body, R"({"error":"bad_request","reason":"{not_boolean,<<\"troo\">>}"})");
    EXPECT_EQ(status("PUT", "exchanges/%2F/x", R"({"type":"direct","internal":1})"), 400u);
    EXPECT_EQ(status("PUT", "queues/%2F/q", R"({"durable":"true"})"), 201u);
    EXPECT_EQ(get("queues/%2F/q").at("durable"), true);
}

TEST_F(ManagementTest, makes_users_with_permissions_and_limits) {
    const std::string all = R"("permissions":{"/":{"configure":"a","write":"b","read":"c"}},"limits":{"max-connections":5})";
    EXPECT_EQ(status("PUT", "users/ann", R"({"tags":"","permissions":{"nowhere":{"configure":"","write":"","read":""}}})"), 400u);
    EXPECT_EQ(status("PUT", "users/ann", R"({"tags":"","permissions":{"/":{"configure":"[","write":"","read":""}}})"), 400u);
    EXPECT_EQ(status("PUT", "users/ann", R"({"tags":"","limits":{"max":5}})"), 400u);
    EXPECT_EQ(status("GET", "users/ann"), 404u);
    EXPECT_EQ(status("PUT", "users/ann", R"({"tags":"",)" + all + "}"), 201u);

    EXPECT_EQ(get("permissions/%2F/ann").at("read"), "c");
    EXPECT_EQ(get("users/ann").at("limits"), json::parse(R"({"max-connections":5})"));
    EXPECT_EQ(status("DELETE", "permissions/%2F/ann"), 204u);
    EXPECT_EQ(status("PUT", "users/ann", R"({"tags":"",)" + all + "}"), 204u);
    EXPECT_EQ(status("GET", "permissions/%2F/ann"), 404u) << "they are for who is new";
}

TEST_F(ManagementTest, knows_hashes_that_do_not_say_how_they_were_made) {
    const auto definitions = [&](const std::string& hash) {  // releases before 3.6 did not say so
        return status("POST", "definitions",
                      R"({"rabbit_version":"3.5.4","users":[{"name":"ann","password_hash":")" + hash + R"(","tags":""}]})");
    };

    EXPECT_EQ(definitions("WAbU0ZIcvjTpxM3Q3SbJhEAM2tQ="), 204u);
    EXPECT_EQ(get("users/ann").at("hashing_algorithm"), "rabbit_password_hashing_md5");
    EXPECT_EQ(definitions("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"), 204u);
    EXPECT_EQ(get("users/ann").at("hashing_algorithm"), "rabbit_password_hashing_sha256");
    EXPECT_EQ(definitions("AAAA"), 400u);
}

TEST_F(ManagementTest, takes_definitions_from_a_form) {
    net::Request request;
    request.method = "POST";
    request.target = "/api/definitions";
    request.fields.add("Authorization", "Basic " + base64_encode("guest:guest"));
    request.fields.add("Content-Type", "multipart/form-data; boundary=edge");
    request.body =
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.json\"\r\n\r\n"
        R"({"vhosts":[{"name":"v"}]})"
        "\r\n--edge--\r\n";

    EXPECT_EQ(run_in(io, management->handle(request)).status, 204u);
    EXPECT_EQ(get("vhosts/v").at("name"), "v");
    request.body = "{}";
    EXPECT_EQ(run_in(io, management->handle(request)).status, 400u);
    EXPECT_EQ(status("POST", "definitions", "[]"), 400u);
}

TEST_F(ManagementTest, limits_of_a_virtual_host_are_a_parameter_for_administrators) {
    ASSERT_EQ(status("PUT", "users/maker", R"({"password":"p","tags":"policymaker"})"), 201u);
    ASSERT_EQ(status("PUT", "users/boss", R"({"password":"p","tags":"administrator"})"), 201u);
    const std::string path = "parameters/vhost-limits/%2F/limits", body = R"({"value":{"max-queues":7}})", boss = "boss:p";
    ASSERT_EQ(status("PUT", "permissions/%2F/maker", R"({"configure":"","write":"","read":""})", boss), 201u);

    EXPECT_EQ(status("PUT", path, body, "maker:p"), 401u);
    EXPECT_EQ(status("PUT", path, body, boss), 201u);
    EXPECT_EQ(status("PUT", path, body, boss), 204u);
    EXPECT_EQ(ask("GET", "vhost-limits/%2F", "", boss).body, R"([{"vhost":"/","value":{"max-queues":7}}])");
    EXPECT_EQ(status("DELETE", path, "", "maker:p"), 401u);
    EXPECT_EQ(status("DELETE", path, "", boss), 204u);
    EXPECT_EQ(ask("GET", "vhost-limits/%2F", "", boss).body, "[]");
    EXPECT_EQ(status("PUT", path, R"({"value":{"max":7}})", boss), 400u);
    EXPECT_EQ(status("PUT", path, R"({"value":7})", boss), 400u);
    EXPECT_EQ(status("PUT", "parameters/vhost-limits/%2F/other", body, boss), 400u);
}

TEST_F(ManagementTest, the_overflow_an_operator_sets_holds_over_that_of_a_policy) {
    ASSERT_EQ(status("PUT", "policies/%2F/p", R"({"pattern":"q","definition":{"overflow":"reject-publish-dlx","queue-version":1}})"), 201u);
    ASSERT_EQ(status("PUT", "operator-policies/%2F/p", R"({"pattern":"q","definition":{"overflow":"reject-publish","queue-version":2}})"),
              201u);
    ASSERT_EQ(status("PUT", "queues/%2F/q", "{}"), 201u);

    EXPECT_EQ(get("queues/%2F/q").at("effective_policy_definition"), json::parse(R"({"overflow":"reject-publish","queue-version":2})"));
    EXPECT_EQ(broker->queue("q")->options.overflow, Overflow::reject);
}

TEST(Listing, chooses_columns_also_in_lists) {
    Call call;
    call.query["columns"] = "name,list.a,object.b.c,text.more,missing.x";
    const json::value given =
        json::parse(R"({"list":[{"a":1,"b":2},{"b":3}],"name":"n","object":{"b":{"c":1,"d":2},"e":3},"other":1,"text":"t"})");

    EXPECT_EQ(json::serialize(with_columns(call, given.get_object())),
              R"({"list":[{"a":1},{}],"name":"n","object":{"b":{"c":1}},"text":"t"})");
}

}  // namespace
}  // namespace rowmq::management
