// TLS on both sides, over real sockets on loopback.
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <optional>

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/stream.hpp"
#include "net/test_certificate.hpp"
#include "test/support/run.hpp"

namespace rowmq::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using rowmq::test::run_in;

class Tls : public testing::Test {
protected:
    void serve(HttpLimits limits = {}, bool plain_too = false) {
        tls = TlsContext::for_server(certificate.files()).value();
        HttpOptions options{.limits = limits, .tls = tls, .plain_too = plain_too};
        server.emplace(io.get_executor(), options, [this](Request request) { return answer(std::move(request)); });
        ASSERT_TRUE(server->listen());
    }
    ~Tls() override {
        if (server) run_in(io, server->stop());
    }

    awaitable<Response> answer(Request request) {
        Response response;
        response.body = request.method + ' ' + request.target + (request.secure ? " secure " : " open ") +
                        (request.body.size() > 100 ? std::to_string(request.body.size()) : request.body);
        response.unsent = [this]() -> awaitable<void> {
            ++unsent;
            co_return;
        };
        if (request.path() == "/large") response.body.assign(16 * 1024 * 1024, 'x');
        if (request.path() == "/leave") {
            response.status = 302;
            response.fields.emplace_back("Location", "http://127.0.0.1/");
        }
        if (request.path() == "/wait") {
            asio::steady_timer end(io, asio::steady_timer::time_point::max());
            ++waiting;
            request.peer->on_end([&end] { end.cancel(); });
            boost::system::error_code ignored;
            co_await end.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            --waiting;
        }
        co_return response;
    }

    std::string url(std::string path, std::string scheme = "https") const {
        return scheme + "://127.0.0.1:" + std::to_string(server->port()) + path;
    }
    Result<ClientResponse> send(ClientRequest request, HttpClientOptions options = {}) {
        if (options.ca_file.empty()) options.ca_file = certificate.files().certificate;
        HttpClient client(io.get_executor(), std::move(options));
        return run_in(io, client.send(std::move(request)));
    }

    tcp::socket connect() {
        tcp::socket socket(io);
        socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
        return socket;
    }
    /// A TLS client that sends what it likes.
    std::unique_ptr<Stream> connect_tls() {
        auto stream = std::make_unique<Stream>(connect());
        stream->prepare();
        trusting = TlsContext::for_client(certificate.files().certificate).value();
        std::string distrust;
        EXPECT_FALSE(run_in(io, stream->secure_as_client(*trusting, "127.0.0.1", distrust))) << distrust;
        return stream;
    }
    void send(Stream& stream, std::string_view text) { EXPECT_FALSE(run_in(io, stream.write_rest(text, {}, 0))); }
    /// Reads until `enough` is in what was read, or the end.
    static awaitable<std::string> read(Stream& stream, std::string enough, boost::system::error_code* end) {
        std::string all;
        std::vector<char> buffer(16 * 1024);
        boost::system::error_code error;
        while (!error && (enough.empty() || all.find(enough) == std::string::npos)) {
            all.append(buffer.data(), stream.read_some(asio::buffer(buffer), error));
            if (error != asio::error::would_block) continue;
            co_await stream.socket().async_wait(stream.before_reading(), asio::redirect_error(asio::use_awaitable, error));
        }
        if (end) *end = error;
        co_return all;
    }
    std::string hear(Stream& stream, std::string enough = {}, boost::system::error_code* end = nullptr) {
        return run_in(io, read(stream, std::move(enough), end));
    }
    template <typename Condition>
    void until(Condition condition) {
        for (int i = 0; i < 5'000 && !condition(); ++i) {
            io.restart();
            io.run_one_for(1ms);
        }
        EXPECT_TRUE(condition());
    }

    asio::io_context io;
    TestCertificate certificate;
    std::shared_ptr<TlsContext> tls, trusting;
    std::optional<HttpServer> server;
    int waiting = 0, unsent = 0;
};

TEST_F(Tls, carries_requests_and_says_so_to_the_handler) {
    serve();
    EXPECT_EQ(send({.method = "POST", .url = url("/a"), .body = "body"}).value().body, "POST /a secure body");
    EXPECT_EQ(send({.method = "POST", .url = url("/a"), .body = std::string(5'000'000, 'x')}).value().body, "POST /a secure 5000000");
    EXPECT_EQ(send({.url = url("/large")}, {.body_bytes = 1u << 30u}).value().body, std::string(16 * 1024 * 1024, 'x'));
    EXPECT_EQ(unsent, 0);
}

TEST_F(Tls, keeps_the_connection_and_answers_pipelined_requests_in_order) {
    serve();
    auto client = connect_tls();
    std::string many;
    for (int i = 0; i < 3'000; ++i) many += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy";

    send(*client, many);
    const std::string all = hear(*client, "POST /2999 secure xy");

    std::size_t at = 0;
    for (int i = 0; i < 3'000; ++i) {
        at = all.find("POST /" + std::to_string(i) + " secure xy", at);
        ASSERT_NE(at, std::string::npos) << i;
    }
    EXPECT_EQ(server->connections(), 1u);
}

TEST_F(Tls, ends_with_a_word_when_the_client_asked_for_the_end) {
    serve();
    auto client = connect_tls();
    boost::system::error_code end;

    send(*client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string answer = hear(*client, {}, &end);

    EXPECT_TRUE(answer.ends_with("GET /a secure ")) << answer;
    EXPECT_EQ(end, asio::error::eof);
}

TEST_F(Tls, is_asked_of_everybody_unless_plain_http_is_allowed_too) {
    serve();
    const auto refused = send({.url = url("/a", "http")}).value();
    EXPECT_EQ(refused.status, 400u);
    EXPECT_NE(refused.body.find("HTTPS"), std::string::npos) << refused.body;

    run_in(io, server->stop());
    serve({}, true);
    EXPECT_EQ(send({.url = url("/a", "http")}).value().body, "GET /a open ");
    EXPECT_EQ(send({.url = url("/a")}).value().body, "GET /a secure ");
}

TEST_F(Tls, holds_clients_to_the_same_times) {
    serve({.idle_time = 30ms, .header_time = 30ms, .body_time = 30ms});
    Stream silent(connect()), slow_handshake(connect());
    asio::write(slow_handshake.socket(), asio::buffer("\x16\x03\x01", 3));
    auto idle = connect_tls(), slow_header = connect_tls(), slow_body = connect_tls();
    send(*slow_header, "GET / HTTP/1.1\r\nHo");
    send(*slow_body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");

    for (Stream* each : {&silent, &slow_handshake, idle.get(), slow_header.get(), slow_body.get()}) {
        each->prepare();
        EXPECT_EQ(hear(*each), "");
    }
}

TEST_F(Tls, cuts_clients_that_do_not_take_their_answer) {
    serve({.write_time = 30ms});
    auto client = connect_tls();
    send(*client, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return unsent == 1; });
}

TEST_F(Tls, tells_a_waiting_handler_that_its_client_hung_up) {
    serve();
    auto abrupt = connect_tls(), polite = connect_tls();
    for (Stream* each : {abrupt.get(), polite.get()}) send(*each, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return waiting == 2; });

    abrupt->socket().close();
    until([&] { return waiting == 1 && unsent == 1; });
    polite->finish();
    until([&] { return waiting == 0 && unsent == 2; });
}

TEST_F(Tls, hears_what_a_client_sends_while_its_request_waits) {
    serve();
    auto client = connect_tls();
    send(*client, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    until([&] { return waiting == 1; });
    send(*client, "POST /next HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + std::string(50'000, 'x'));
    io.restart();
    io.poll();

    run_in(io, server->stop());

    EXPECT_NE(hear(*client).find("GET /wait secure "), std::string::npos);
}

TEST_F(Tls, tells_clients_beyond_the_limit_in_their_own_tongue) {
    serve({.connections = 1});
    auto first = connect_tls();
    EXPECT_EQ(send({.url = url("/a")}).value().status, 503u);
}

TEST_F(Tls, uses_other_files_after_a_reload_and_the_old_ones_when_those_are_bad) {
    serve();
    const TestCertificate other;
    auto old = connect_tls();
    certificate.renew("IP:127.0.0.1");
    EXPECT_EQ(send({.url = url("/a")}).error().code, Errc::access_refused);

    ASSERT_TRUE(tls->reload());
    EXPECT_EQ(send({.url = url("/a")}).value().status, 200u);
    send(*old, "GET /old HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(hear(*old, "GET /old secure ").find("200 OK"), std::string::npos);

    const std::string key = certificate.files().key;
    std::filesystem::copy_file(other.files().key, key, std::filesystem::copy_options::overwrite_existing);
    const auto mismatched = tls->reload();
    ASSERT_TRUE(mismatched.has_error());
    EXPECT_NE(mismatched.error().text.find(key), std::string::npos) << mismatched.error();
    EXPECT_EQ(send({.url = url("/a")}).value().status, 200u);
}

TEST_F(Tls, names_the_file_that_cannot_be_used) {
    const auto why = [](TlsFiles files) { return TlsContext::for_server(std::move(files)).error(); };
    const std::string crt = certificate.files().certificate, key = certificate.files().key, none = crt + ".none", bad = crt + ".bad";
    std::ofstream(bad) << "no PEM\n";

    EXPECT_EQ(why({none, key}),
              (Error{Errc::invalid_argument, "the certificate file \"" + none + "\" cannot be used: No such file or directory"}));
    EXPECT_NE(why({crt, none}).text.find(none), std::string::npos);
    EXPECT_NE(why({bad, key}).text.find(bad), std::string::npos);
    EXPECT_NE(why({crt, bad}).text.find(bad), std::string::npos);
    EXPECT_NE(TlsContext::for_client(bad).error().text.find(bad), std::string::npos);
    std::filesystem::remove(bad);
}

TEST_F(Tls, client_trusts_nobody_but_the_host_it_asked_for) {
    serve();
    const TestCertificate stranger;
    const auto untrusted = send({.url = url("/a")}, {.ca_file = stranger.files().certificate});
    ASSERT_TRUE(untrusted.has_error());
    EXPECT_EQ(untrusted.error().code, Errc::access_refused);
    EXPECT_NE(untrusted.error().text.find("self-signed"), std::string::npos) << untrusted.error();

    const auto other_name = send({.url = "https://localhost:" + std::to_string(server->port()) + "/a"});
    ASSERT_TRUE(other_name.has_error());
    EXPECT_NE(other_name.error().text.find("hostname mismatch"), std::string::npos) << other_name.error();

    certificate.renew("DNS:localhost");
    ASSERT_TRUE(tls->reload());
    EXPECT_EQ(send({.url = "https://localhost:" + std::to_string(server->port()) + "/a"}).value().status, 200u);
    const auto other_address = send({.url = url("/a")});
    ASSERT_TRUE(other_address.has_error());
    EXPECT_NE(other_address.error().text.find("IP address mismatch"), std::string::npos) << other_address.error();

    HttpClient of_the_system(io.get_executor(), {});
    EXPECT_EQ(run_in(io, of_the_system.send({.url = url("/a")})).error().code, Errc::access_refused);
}

TEST_F(Tls, client_follows_no_redirect_out_of_it) {
    serve();
    EXPECT_EQ(send({.url = url("/leave")}).value().status, 302u);
    const auto refused = send({.url = url("/leave")}, {.redirects = 3});
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, Errc::access_refused);
    EXPECT_NE(refused.error().text.find("leaves TLS"), std::string::npos) << refused.error();
}

TEST_F(Tls, client_asks_again_on_the_connection_it_has) {
    serve();
    HttpClient client(io.get_executor(), {.ca_file = certificate.files().certificate});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run_in(io, client.send({.url = url("/a")})).value().status, 200u);
    EXPECT_EQ(server->connections(), 1u);
}

TEST_F(Tls, client_does_not_wait_for_ever_for_a_handshake_or_take_a_cut_for_an_end) {
    tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
    const std::string to = "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/";
    const auto silent = send({.url = to}, {.connect_time = 30ms});
    EXPECT_EQ(silent.error().code, Errc::limit_exceeded);
    EXPECT_NE(silent.error().text.find("connect_time of 30 ms"), std::string::npos) << silent.error();
    const auto before = std::chrono::steady_clock::now();
    const auto in_all = send({.url = to}, {.total_time = 30ms});
    EXPECT_NE(in_all.error().text.find("total_time of 30 ms"), std::string::npos) << in_all.error();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
    acceptor.accept();
    acceptor.accept();

    tls = TlsContext::for_server(certificate.files()).value();
    for (const bool politely : {true, false}) {
        asio::co_spawn(
            io,
            [&]() -> awaitable<void> {
                Stream stream(co_await acceptor.async_accept(asio::use_awaitable));
                stream.prepare();
                EXPECT_FALSE(co_await stream.secure_as_server(*tls));
                EXPECT_FALSE(co_await stream.write_rest("HTTP/1.1 200 OK\r\n\r\n", "until the end", 0));
                if (!politely) stream.socket().close();
            },
            asio::detached);
        const auto answered = send({.url = to});
        EXPECT_EQ(answered.has_value(), politely);
        if (!politely) {
            EXPECT_EQ(answered.error().code, Errc::closed);
        }
    }
}

}  // namespace
}  // namespace rowmq::net
