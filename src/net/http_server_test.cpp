// The server over real sockets on loopback; clients are blocking-free coroutines on the same context.
#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "test/support/run.hpp"

namespace rowmq::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using rowmq::test::run_in;

class Server : public testing::Test {
protected:
    void serve(HttpLimits limits = {}) { serve(HttpOptions{.limits = limits}); }
    void serve(const HttpOptions& options) {
        server.emplace(io.get_executor(), options, [this](Request request) { return answer(std::move(request)); });
        ASSERT_TRUE(server->listen());
    }
    ~Server() override {
        if (server) run_in(io, server->stop());
    }

    /// Echoes; "/wait" waits until the reason to wait is gone.
    awaitable<Response> answer(Request request) {
        Response response;
        response.content_type = "text/plain";
        response.body = request.method + ' ' + request.target + ' ' + request.body;
        response.unsent = [this]() -> awaitable<void> {
            ++unsent;
            co_return;
        };
        if (request.path() == "/wait") {
            asio::steady_timer end(io, asio::steady_timer::time_point::max());
            ++waiting;
            request.peer->on_end([&end] { end.cancel(); });
            boost::system::error_code ignored;
            co_await end.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --waiting;
            was_gone = request.peer->gone();
        }
        if (request.path() == "/large") response.body.assign(64 * 1024 * 1024, 'x');
        co_return response;
    }

    tcp::socket connect() {
        tcp::socket socket(io);
        socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
        return socket;
    }
    static void send(tcp::socket& socket, std::string_view text) { asio::write(socket, asio::buffer(text)); }
    /// Reads until `enough` is in what was read, or the end.
    static awaitable<std::string> read(tcp::socket& socket, std::string enough) {
        std::string all;
        char buffer[4096];
        boost::system::error_code error;
        while (!error && (enough.empty() || all.find(enough) == std::string::npos)) {
            const std::size_t n = co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
            all.append(buffer, n);
        }
        co_return all;
    }
    std::string hear(tcp::socket& socket, std::string enough = {}) { return run_in(io, read(socket, std::move(enough))); }
    template <typename Condition>
    void until(Condition condition) {
        for (int i = 0; i < 5'000 && !condition(); ++i) {
            io.restart();
            io.run_one_for(1ms);
        }
        EXPECT_TRUE(condition());
    }

    asio::io_context io;
    std::optional<HttpServer> server;
    int waiting = 0, unsent = 0;
    bool was_gone = false;
};

TEST_F(Server, answers_and_keeps_the_connection) {
    serve();
    auto client = connect();

    send(client, "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    const std::string first = hear(client, "POST /a?b body");
    send(client, "GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string second = hear(client, "GET /c ");

    EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_NE(first.find("\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\n"), std::string::npos) << first;
    EXPECT_TRUE(second.starts_with("HTTP/1.1 200 OK"));
    EXPECT_EQ(unsent, 0);
}

TEST_F(Server, counts_connections_and_answers) {
    serve({.connections = 1});
    auto client = connect();
    send(client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    hear(client, "GET /a ");
    send(client, "nonsense\r\n\r\n");
    hear(client);
    client.close();
    until([&] { return server->connections() == 0; });
    auto held = connect();
    until([&] { return server->counts().accepted == 2 && server->connections() == 1; });
    auto refused = connect();
    hear(refused);

    const HttpCounts counts = server->counts();

    EXPECT_EQ(counts.accepted, 3u);
    EXPECT_EQ(counts.refused, 1u);
    EXPECT_EQ(counts.answers[2], 1u);
    EXPECT_EQ(counts.answers[4], 1u);
    EXPECT_EQ(counts.answers[5], 1u);
    EXPECT_EQ(counts.waiting_bytes, 0u);
    EXPECT_EQ(counts.limits.connections, 1u);
}

TEST_F(Server, answers_pipelined_requests_in_order) {
    serve();
    auto client = connect();
    std::string many;
    for (int i = 0; i < 100; ++i) many += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy";

    send(client, many);
    const std::string all = hear(client, "POST /99 xy");

    std::size_t at = 0;
    for (int i = 0; i < 100; ++i) {
        at = all.find("POST /" + std::to_string(i) + " xy", at);
        ASSERT_NE(at, std::string::npos) << i;
    }
}

TEST_F(Server, takes_a_request_in_any_pieces) {
    serve();
    const std::string request = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    for (const std::size_t piece : {1u, 2u, 7u, 40u}) {
        auto client = connect();
        for (std::size_t i = 0; i < request.size(); i += piece) {
            send(client, request.substr(i, piece));
            io.restart();
            io.poll();
        }
        EXPECT_NE(hear(client, "POST /a abcde"), "") << piece;
    }
}

TEST_F(Server, closes_when_asked_to) {
    serve();
    auto client = connect();

    send(client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    EXPECT_NE(hear(client).find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST_F(Server, says_continue_to_those_who_wait_for_it) {
    serve();
    auto client = connect();

    send(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(hear(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    send(client, "body");

    EXPECT_NE(hear(client, "POST /a body"), "");
}

TEST_F(Server, refuses_what_is_malformed_or_too_large_and_closes) {
    serve({.header_bytes = 1'000, .body_bytes = 10});
    const auto status = [&](std::string request) {
        auto client = connect();
        send(client, request);
        const std::string all = hear(client);
        return all.substr(0, 12);
    };
    EXPECT_EQ(status("nonsense\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x') + "\r\n\r\n"), "HTTP/1.1 431");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), "HTTP/1.1 413");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nB\r\nxxxxxxxxxxx\r\n0\r\n\r\n"), "HTTP/1.1 413");
    EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "HTTP/1.1 400");
}

TEST_F(Server, words_what_it_refuses_as_it_is_told) {
    HttpOptions options{.limits = {.connections = 1, .header_bytes = 1'000, .body_bytes = 10, .waiting_bytes = 5}};
    options.refusal = [](unsigned status, const Request* so_far) {
        Response worded;
        worded.status = status;
        worded.body = so_far ? "so far: " + so_far->target + ' ' + std::string(so_far->fields.get("X")) : "nothing yet";
        return worded;
    };
    serve(options);
    const auto answer = [&](std::string request) {
        until([&] { return server->connections() == 0; });
        auto client = connect();
        send(client, request);
        return hear(client);
    };

    const std::string large = answer("POST /l HTTP/1.1\r\nX: y\r\nContent-Length: 11\r\n\r\n");
    const std::string full = answer("POST /f HTTP/1.1\r\nX: y\r\nContent-Length: 9\r\n\r\nxxxxxx");
    const std::string broken = answer("nonsense\r\n\r\n");
    until([&] { return server->connections() == 0; });
    auto only = connect();
    until([&] { return server->connections() == 1; });
    auto beyond = connect();
    const std::string none = hear(beyond);

    EXPECT_TRUE(large.starts_with("HTTP/1.1 413 ") && large.ends_with("so far: /l y")) << large;
    EXPECT_TRUE(full.starts_with("HTTP/1.1 503 ") && full.ends_with("so far: /f y")) << full;
    EXPECT_TRUE(broken.starts_with("HTTP/1.1 400 ") && broken.ends_with("so far:  ")) << broken;
    EXPECT_TRUE(none.starts_with("HTTP/1.1 503 ") && none.ends_with("nothing yet")) << none;
}

TEST_F(Server, cuts_clients_that_are_idle_or_slow) {
    serve({.idle_time = 30ms, .header_time = 30ms, .body_time = 30ms});
    auto idle = connect(), slow_header = connect(), slow_body = connect();
    send(slow_header, "GET / HTTP/1.1\r\nHo");
    send(slow_body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");

    EXPECT_EQ(hear(idle), "");
    EXPECT_EQ(hear(slow_header), "");
    EXPECT_EQ(hear(slow_body), "");
}

TEST_F(Server, cuts_clients_that_do_not_take_their_answer_and_says_so_to_the_handler) {
    serve({.write_time = 30ms});
    auto client = connect();

    send(client, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");

    until([&] { return unsent == 1; });
}

TEST_F(Server, gives_a_large_answer_whole_to_a_client_that_takes_it) {
    serve();
    auto client = connect();

    send(client, "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    EXPECT_GT(hear(client).size(), 64u * 1024 * 1024);
    EXPECT_EQ(unsent, 0);
}

TEST_F(Server, tells_a_waiting_handler_that_its_client_hung_up) {
    serve();
    auto client = connect();
    send(client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return waiting == 1; });

    client.close();

    until([&] { return waiting == 0 && unsent == 1; });
    EXPECT_TRUE(was_gone);
}

TEST_F(Server, hears_what_a_client_sends_while_its_request_waits) {
    serve();
    auto client = connect();
    send(client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return waiting == 1; });
    send(client, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    io.restart();
    io.poll();

    client.shutdown(tcp::socket::shutdown_send);

    until([&] { return waiting == 0 && unsent == 1; });
}

TEST_F(Server, has_room_for_so_many_and_tells_the_next) {
    serve({.connections = 2});
    auto one = connect(), two = connect();
    until([&] { return server->connections() == 2; });

    auto three = connect();
    EXPECT_TRUE(hear(three).starts_with("HTTP/1.1 503 "));

    one.close();
    until([&] { return server->connections() == 1; });
    auto four = connect();
    send(four, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(hear(four, "GET /a ").starts_with("HTTP/1.1 200 "));
}

TEST_F(Server, stopping_answers_what_it_accepted_and_cuts_the_idle) {
    serve();
    auto idle = connect(), waits = connect();
    send(waits, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return waiting == 1 && server->connections() == 2; });

    run_in(io, server->stop());

    EXPECT_EQ(hear(idle), "");
    const std::string answer = hear(waits);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_FALSE(was_gone);
    EXPECT_EQ(unsent, 0);
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Server, stopping_does_not_wait_for_ever_for_a_slow_client) {
    serve({.stop_time = 30ms});
    auto slow = connect();
    send(slow, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
    until([&] { return server->connections() == 1; });
    io.restart();
    io.poll();

    run_in(io, server->stop());

    EXPECT_EQ(hear(slow), "");
}

TEST_F(Server, says_which_port_is_taken) {
    serve();
    HttpOptions options;
    options.port = server->port();
    HttpServer second(io.get_executor(), options, [this](Request request) { return answer(std::move(request)); });

    const auto listening = second.listen();

    ASSERT_TRUE(listening.has_error());
    EXPECT_EQ(listening.error().code, Errc::in_use);
    EXPECT_NE(listening.error().text.find("port " + std::to_string(options.port)), std::string::npos) << listening.error();
}

TEST_F(Server, refuses_an_address_that_is_none) {
    HttpOptions options;
    options.address = "localhost";
    HttpServer wrong(io.get_executor(), options, [this](Request request) { return answer(std::move(request)); });

    EXPECT_EQ(wrong.listen().error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace rowmq::net
