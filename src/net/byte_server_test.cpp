// A binary protocol's server, against plain sockets.
#include "net/byte_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

namespace rowmq::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// A server whose executor has a thread of its own, and blocking clients.
class Bed {
public:
    explicit Bed(ByteServer::Serve serve, ByteLimits limits = {})
        : server_(context_.get_executor(), {.name = "test", .address = "127.0.0.1", .port = 0, .limits = limits, .tls = {}},
                  std::move(serve)) {
        EXPECT_TRUE(server_.listen());
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Bed() {
        stop();
        thread_.join();
    }
    void stop() {
        if (std::exchange(stopped_, true)) return;
        std::promise<void> done;
        asio::co_spawn(context_, server_.stop(), [&](std::exception_ptr) { done.set_value(); });
        done.get_future().wait();
    }
    tcp::socket connect() {
        tcp::socket socket(clients_);
        socket.connect({asio::ip::address_v4::loopback(), server_.port()});
        return socket;
    }

private:
    asio::io_context context_, clients_;
    ByteServer server_;
    bool stopped_ = false;
    std::thread thread_;
};

std::string heard(tcp::socket& socket, std::size_t bytes) {
    std::string text(bytes, '\0');
    boost::system::error_code error;
    text.resize(asio::read(socket, asio::buffer(text), error));
    return text;
}

awaitable<void> echo(std::shared_ptr<ByteConnection> connection) {
    std::string scratch(16 * 1024, '\0');
    for (;;) {
        const auto count = co_await connection->read(asio::buffer(scratch), std::chrono::milliseconds::max());
        if (!count) co_return;
        connection->out().append(scratch, 0, *count);
        connection->flush();
    }
}

TEST(ByteServer, gives_the_bytes_of_each_client_to_its_coroutine) {
    Bed bed(echo);
    auto one = bed.connect(), other = bed.connect();
    asio::write(one, asio::buffer("first", 5));
    asio::write(other, asio::buffer("second", 6));
    EXPECT_EQ(heard(one, 5), "first");
    EXPECT_EQ(heard(other, 6), "second");
}

TEST(ByteServer, writes_more_than_a_client_takes_at_once_in_order) {
    constexpr std::size_t count = 200'000;
    Bed bed([](std::shared_ptr<ByteConnection> connection) -> awaitable<void> {
        std::size_t most = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::string line = std::to_string(i) + "\n";
            connection->out() += line;
            connection->flush();
            if (connection->unsent() > 100'000) co_await connection->drained(50'000);
            most = std::max(most, connection->unsent());
        }
        EXPECT_LE(most, 150'000u);
        co_await connection->drained(0);
    });
    auto client = bed.connect();
    std::this_thread::sleep_for(20ms);  // so that the server is ahead of it
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) expected += std::to_string(i) + "\n";
    EXPECT_EQ(heard(client, expected.size()), expected);
    EXPECT_EQ(heard(client, 1), "") << "the coroutine ended, and with it the connection";
}

TEST(ByteServer, says_when_nothing_came_in_time) {
    Bed bed([](std::shared_ptr<ByteConnection> connection) -> awaitable<void> {
        std::string scratch(16 * 1024, '\0');
        int quiet = 0;
        for (;;) {
            const auto count = co_await connection->read(asio::buffer(scratch), 20ms);
            if (!count) co_return;
            if (*count > 0) break;
            ++quiet;
        }
        connection->out() = quiet >= 2 ? "late" : "soon";
        connection->flush();
        co_await connection->drained(0);
    });
    auto client = bed.connect();
    std::this_thread::sleep_for(100ms);
    asio::write(client, asio::buffer("x", 1));
    EXPECT_EQ(heard(client, 4), "late");
}

TEST(ByteServer, cuts_clients_beyond_its_limit) {
    Bed bed(echo, {.connections = 1});
    auto one = bed.connect();
    asio::write(one, asio::buffer("a", 1));
    EXPECT_EQ(heard(one, 1), "a");
    auto other = bed.connect();
    EXPECT_EQ(heard(other, 1), "");
}

TEST(ByteServer, tells_connections_that_it_stops_and_cuts_those_that_go_on) {
    Bed bed(
        [](std::shared_ptr<ByteConnection> connection) -> awaitable<void> {
            connection->on_stop([connection = connection.get()] {
                connection->out() += "bye";
                connection->flush();
            });
            return echo(std::move(connection));
        },
        {.stop_time = 50ms});
    auto client = bed.connect();
    asio::write(client, asio::buffer("a", 1));
    EXPECT_EQ(heard(client, 1), "a");
    bed.stop();
    EXPECT_EQ(heard(client, 3), "bye");
    EXPECT_EQ(heard(client, 1), "");
}

TEST(ByteServer, says_which_port_is_taken) {
    asio::io_context context;
    tcp::acceptor taken(context, {asio::ip::address_v4::loopback(), 0});
    ByteServer server(context.get_executor(),
                      {.name = "test", .address = "127.0.0.1", .port = taken.local_endpoint().port(), .limits = {}, .tls = {}}, echo);
    const auto listening = server.listen();
    ASSERT_FALSE(listening);
    EXPECT_EQ(listening.error().code, Errc::in_use);
}

}  // namespace
}  // namespace rowmq::net
