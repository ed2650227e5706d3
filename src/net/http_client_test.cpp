// The client over real sockets on loopback, against the server beside it and against servers that misbehave.
#include "net/http_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "net/http_server.hpp"
#include "net/scripted_server.hpp"
#include "test/support/run.hpp"

namespace rowmq::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using rowmq::test::run_in;

class Client : public testing::Test {
protected:
    Client() : server(io.get_executor(), {}, [this](Request request) { return answer(std::move(request)); }), scripted(io) {
        EXPECT_TRUE(server.listen().has_value());
    }
    ~Client() override { run_in(io, server.stop()); }

    /// Echoes; "/to/N?URL" answers N and leads to URL; "/wait" does not answer in time.
    awaitable<Response> answer(Request request) {
        ++asked;
        Response response;
        response.body = request.method + ' ' + request.target + ' ' + request.body;
        for (const char* name : {"Host", "User-Agent", "Authorization", "Content-Type", "X-Mine"})
            if (const auto value = request.fields.get(name); !value.empty())
                response.body.append(" ").append(name).append("=").append(value);
        if (request.path().starts_with("/to/")) {
            response.status = static_cast<unsigned>(std::stoi(std::string(request.path().substr(4))));
            response.fields.emplace_back("Location", request.query());
        }
        if (request.path() == "/large") response.body.assign(100'000, 'x');
        if (request.path() == "/wait") {
            asio::steady_timer end(io, asio::steady_timer::time_point::max());
            request.peer->on_end([&end] { end.cancel(); });
            boost::system::error_code ignored;
            co_await end.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        co_return response;
    }

    std::string url(std::string path) const { return "http://127.0.0.1:" + std::to_string(server.port()) + path; }
    Result<ClientResponse> send(HttpClient& client, ClientRequest request) { return run_in(io, client.send(std::move(request))); }
    Result<ClientResponse> send(ClientRequest request, HttpClientOptions options = {}) {
        HttpClient client(io.get_executor(), std::move(options));
        return send(client, std::move(request));
    }
    Error refusal(ClientRequest request, HttpClientOptions options = {}) {
        const auto answered = send(std::move(request), std::move(options));
        EXPECT_TRUE(answered.has_error());
        return answered.has_error() ? answered.error() : Error{Errc::in_use, "an answer came"};
    }
    Error refusal_of(std::string bytes, bool close = true, HttpClientOptions options = {}) {
        scripted.steps = {{std::move(bytes), close}};
        return refusal({.url = scripted.url()}, std::move(options));
    }

    asio::io_context io;
    int asked = 0;
    HttpServer server;
    ScriptedServer scripted;
};

TEST_F(Client, sends_what_it_is_given_and_returns_the_answer) {
    const auto answered =
        send({.method = "POST", .url = url("/a?b#c"), .fields = {{"Content-Type", "x/y"}, {"X-Mine", "1"}}, .body = "body"}).value();

    EXPECT_EQ(answered.status, 200u);
    EXPECT_EQ(answered.body, "POST /a?b body Host=127.0.0.1:" + std::to_string(server.port()) +
                                 " User-Agent=rowmq/" ROWMQ_VERSION " Content-Type=x/y X-Mine=1");
    EXPECT_EQ(answered.fields.get("content-length"), std::to_string(answered.body.size()));
}

TEST_F(Client, finds_a_host_by_its_name) {
    EXPECT_EQ(send({.url = "http://localhost:" + std::to_string(server.port()) + "/n"}).value().status, 200u);
    EXPECT_EQ(refusal({.url = "http://no-such-host.invalid/"}).code, Errc::closed);
}

TEST_F(Client, knows_that_the_answer_to_head_has_no_body) {
    const auto answered = send({.method = "HEAD", .url = url("/large")}).value();

    EXPECT_EQ(answered.body, "");
    EXPECT_EQ(answered.fields.get("Content-Length"), "100000");
}

TEST_F(Client, asks_again_on_the_connection_it_has) {
    HttpClient client(io.get_executor(), {});
    for (int i = 0; i < 3; ++i) scripted.steps.push_back({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});

    for (int i = 0; i < 3; ++i) EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");

    EXPECT_EQ(scripted.connections, 1u);
}

TEST_F(Client, keeps_no_connection_that_has_ended_or_said_too_much_or_grown_old) {
    HttpClient client(io.get_executor(), {.idle_time = 20ms});
    const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    scripted.steps = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"}, {whole + "more"}, {whole}, {whole}};

    for (std::size_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");
        EXPECT_EQ(scripted.connections, i);
    }
    io.restart();
    io.run_for(60ms);
    EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");
    EXPECT_EQ(scripted.connections, 4u);
}

TEST_F(Client, asks_once_more_when_the_server_had_closed_a_kept_connection) {
    HttpClient client(io.get_executor(), {});
    scripted.steps = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {"", true}, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"}};

    EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");
    EXPECT_EQ(send(client, {.method = "POST", .url = scripted.url()}).value().body, "again");

    EXPECT_EQ(scripted.connections, 2u);
    EXPECT_EQ(scripted.heard.size(), 3u);
}

TEST_F(Client, takes_nothing_for_an_answer_that_came_before_it_asked) {
    HttpClient client(io.get_executor(), {});
    scripted.steps = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nasked"}};

    EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");
    scripted.say("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked");
    EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "asked");

    EXPECT_EQ(scripted.connections, 2u);
}

TEST_F(Client, does_not_ask_again_when_a_byte_of_the_answer_came_or_the_connection_was_new) {
    HttpClient client(io.get_executor(), {});
    scripted.steps = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {"H", true}, {"", true}};

    EXPECT_EQ(send(client, {.url = scripted.url()}).value().body, "ok");
    EXPECT_EQ(send(client, {.url = scripted.url()}).error().code, Errc::closed);
    EXPECT_EQ(send(client, {.url = scripted.url()}).error().code, Errc::closed);

    EXPECT_EQ(scripted.heard.size(), 3u);
}

TEST_F(Client, reads_every_form_of_body) {
    const auto body_of = [&](std::string bytes, bool close) {
        scripted.steps = {{std::move(bytes), close}};
        return send({.url = scripted.url()}).value().body;
    };
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", false), "abcde");
    EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\n\r\nuntil the end", true), "until the end");
    EXPECT_EQ(
        body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz", false),
        "z");
    EXPECT_EQ(body_of("HTTP/1.1 204 No Content\r\n\r\n", false), "");
}

TEST_F(Client, takes_an_answer_that_ends_early_or_is_not_http_for_none) {
    for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                              "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"})
        EXPECT_EQ(refusal_of(bytes).code, Errc::closed) << bytes;
}

TEST_F(Client, takes_no_more_than_its_limits_and_names_them) {
    const auto too_long = refusal({.url = url("/large")});
    EXPECT_EQ(too_long.code, Errc::limit_exceeded);
    EXPECT_NE(too_long.text.find("body_bytes (65536)"), std::string::npos) << too_long;
    EXPECT_EQ(send({.url = url("/large")}, {.body_bytes = 100'000}).value().body.size(), 100'000u);

    const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
    std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", endless = "HTTP/1.1 200 OK\r\n\r\n";
    for (int i = 0; i < 17; ++i) chunks += chunk;
    EXPECT_NE(refusal_of(chunks).text.find("body_bytes (65536)"), std::string::npos);
    EXPECT_NE(refusal_of(endless + std::string(70'000, 'x')).text.find("body_bytes (65536)"), std::string::npos);

    const auto header = refusal_of("HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(header.code, Errc::limit_exceeded);
    EXPECT_NE(header.text.find("header_bytes (16384)"), std::string::npos) << header;
    const auto trailer = refusal_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(40'000, 'x'), false);
    EXPECT_NE(trailer.text.find("header_bytes (16384)"), std::string::npos) << trailer;
}

TEST_F(Client, waits_no_longer_than_it_may) {
    const auto late = refusal({.url = url("/wait")}, {.total_time = 30ms});
    EXPECT_EQ(late.code, Errc::limit_exceeded);
    EXPECT_NE(late.text.find("total_time of 30 ms"), std::string::npos) << late;

    const auto drop_by_drop = refusal_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nslow", false, {.total_time = 30ms});
    EXPECT_EQ(drop_by_drop.code, Errc::limit_exceeded);

    // What does not fit into the sockets' buffers waits for a server that reads nothing.
    const auto untaken =
        refusal({.method = "POST", .url = scripted.url("/"), .body = std::string(64 * 1024 * 1024, 'x')}, {.total_time = 200ms});
    EXPECT_EQ(untaken.code, Errc::limit_exceeded);
}

TEST_F(Client, connects_to_no_address_it_must_not) {
    for (const char* address :
         {"169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "0.0.0.0", "2852039166", "0xa9fea9fe", "0"}) {
        const auto refused = refusal({.url = std::string("http://") + address + "/"});
        EXPECT_EQ(refused.code, Errc::access_refused) << address << ' ' << refused;
    }
    const auto loopback = refusal({.url = url("/")}, {.addresses = {.loopback_too = false}});
    EXPECT_EQ(loopback.code, Errc::access_refused);
    EXPECT_NE(loopback.text.find("127.0.0.1 is refused"), std::string::npos) << loopback;
    EXPECT_EQ(refusal({.url = "http://localhost:" + std::to_string(server.port())}, {.addresses = {.loopback_too = false}}).code,
              Errc::access_refused);
    EXPECT_EQ(asked, 0);
}

TEST_F(Client, says_that_nobody_listens) {
    const auto refused = refusal({.url = "http://127.0.0.1:1/"});

    EXPECT_EQ(refused.code, Errc::closed);
    EXPECT_NE(refused.text.find("Connection refused"), std::string::npos) << refused;
}

TEST_F(Client, takes_a_redirect_for_the_answer_unless_told_to_follow) {
    EXPECT_EQ(send({.url = url("/to/302?/a")}).value().status, 302u);
    EXPECT_EQ(asked, 1);
}

TEST_F(Client, follows_redirects_as_far_as_it_may) {
    EXPECT_TRUE(send({.url = url("/to/302?/a")}, {.redirects = 1}).value().body.starts_with("GET /a "));
    EXPECT_TRUE(send({.url = url("/to/301?" + url("/to/308?/b"))}, {.redirects = 2}).value().body.starts_with("GET /b "));
    const auto loop = refusal({.url = url("/to/302?/to/302?/to/302?/c")}, {.redirects = 2});
    EXPECT_EQ(loop.code, Errc::limit_exceeded);
    EXPECT_NE(loop.text.find("redirects (2)"), std::string::npos) << loop;
}

TEST_F(Client, keeps_method_and_body_where_the_redirect_says_so) {
    const auto sent_to = [&](std::string path) {
        return send({.method = "POST", .url = url(path), .fields = {{"Content-Type", "x/y"}}, .body = "body"}, {.redirects = 1})
            .value()
            .body;
    };
    EXPECT_TRUE(sent_to("/to/307?/a").starts_with("POST /a body "));
    EXPECT_TRUE(sent_to("/to/308?/a").ends_with("Content-Type=x/y"));
    EXPECT_TRUE(sent_to("/to/303?/a").starts_with("GET /a  "));
    EXPECT_EQ(sent_to("/to/302?/a").find("Content-Type"), std::string::npos);
}

TEST_F(Client, tells_secrets_to_nobody_else) {
    const auto body_after = [&](std::string to) {
        return send({.url = url("/to/307?" + to), .fields = {{"Authorization", "secret"}, {"X-Mine", "1"}}}, {.redirects = 1}).value().body;
    };
    EXPECT_NE(body_after("/a").find("secret"), std::string::npos);
    const std::string elsewhere = body_after("http://localhost:" + std::to_string(server.port()) + "/a");
    EXPECT_EQ(elsewhere.find("secret"), std::string::npos);
    EXPECT_NE(elsewhere.find("X-Mine=1"), std::string::npos);
}

TEST_F(Client, checks_where_a_redirect_leads) {
    const auto code = [&](std::string to) { return refusal({.url = url("/to/302?" + to)}, {.redirects = 3}).code; };
    EXPECT_EQ(code("http://169.254.169.254/latest/meta-data/"), Errc::access_refused);
    EXPECT_EQ(refusal_of("HTTP/1.1 302 Found\r\nLocation: //[fe80::1]/\r\nContent-Length: 0\r\n\r\n", true, {.redirects = 1}).code,
              Errc::access_refused);
    EXPECT_EQ(code("file:///etc/hosts"), Errc::invalid_argument);
    EXPECT_EQ(code("http://u@127.0.0.1/"), Errc::invalid_argument);
}

TEST_F(Client, refuses_requests_that_are_none) {
    const auto code = [&](ClientRequest request) { return refusal(std::move(request)).code; };
    EXPECT_EQ(code({.url = "ftp://h/"}), Errc::invalid_argument);
    EXPECT_EQ(code({.method = "GET / HTTP/1.1\r\nX:", .url = url("/")}), Errc::invalid_argument);
    EXPECT_EQ(code({.method = "", .url = url("/")}), Errc::invalid_argument);
    EXPECT_EQ(code({.url = url("/"), .fields = {{"X Y", "z"}}}), Errc::invalid_argument);
    EXPECT_EQ(code({.url = url("/"), .fields = {{"X", "a\r\nY: b"}}}), Errc::invalid_argument);
    EXPECT_EQ(code({.url = url("/"), .fields = {{"content-length", "1"}}}), Errc::invalid_argument);
    EXPECT_EQ(asked, 0);
}

TEST_F(Client, ends_what_is_under_way_when_it_is_destroyed) {
    auto client = std::make_unique<HttpClient>(io.get_executor(), HttpClientOptions{});
    std::vector<Errc> ended;
    for (std::string to : {url("/wait"), scripted.url(), std::string("http://name.invalid/")}) {
        asio::co_spawn(io, client->send({.url = to}), [&](std::exception_ptr, Result<ClientResponse> answered) {
            ended.push_back(answered.has_error() ? answered.error().code : Errc::in_use);
        });
    }
    while (asked == 0 || scripted.heard.empty()) io.run_one();
    const auto unstarted = client->send({.url = url("/")});

    client.reset();
    while (ended.size() < 3) io.run_one();

    EXPECT_EQ(ended, (std::vector<Errc>(3, Errc::closed)));
}

TEST_F(Client, makes_many_requests_at_once_and_keeps_few_connections) {
    HttpClient client(io.get_executor(), {.idle_connections = 3, .idle_per_origin = 2});
    int done = 0;
    for (int i = 0; i < 50; ++i) {
        asio::co_spawn(io, client.send({.method = "POST", .url = url("/" + std::to_string(i)), .body = std::string(1'000, 'x')}),
                       [&, i](std::exception_ptr, Result<ClientResponse> answered) {
                           EXPECT_TRUE(answered.value().body.starts_with("POST /" + std::to_string(i) + " xxx"));
                           ++done;
                       });
    }
    while (done < 50) io.run_one();
    for (int i = 0; i < 5'000 && server.connections() > 2; ++i) io.run_one_for(1ms);

    EXPECT_EQ(server.connections(), 2u);
}

}  // namespace
}  // namespace rowmq::net
