#pragma once
// One client's connection: requests in, answers out, in order. Internal to the server.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "net/http_server.hpp"
#include "net/request_parser.hpp"
#include "net/stream.hpp"

namespace rowmq::net {

class HttpConnection;

/// What the connections of one server share. One thread: no locks.
struct HttpServerState : std::enable_shared_from_this<HttpServerState> {
    HttpServerState(boost::asio::any_io_executor executor, HttpOptions options, Handler handler);

    awaitable<void> accept();
    awaitable<void> watch_deadlines();
    std::string_view date();

    boost::asio::any_io_executor executor;
    HttpOptions options;
    Handler handler;
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer pause;  ///< between failed accepts
    boost::asio::steady_timer ticks;  ///< of the deadline watch
    boost::asio::steady_timer ended;  ///< cancelled whenever something ends, for stop()
    std::unordered_set<HttpConnection*> connections;
    std::size_t running = 0;  ///< coroutines that use this state
    bool watching = false;
    bool stopping = false;
    std::uint64_t waiting_bytes = 0;  ///< of bodies in connections
    HttpCounts counts;                ///< without what is told from the other members
    std::vector<char> scratch;        ///< what one read call fills; empty between awaits
    std::int64_t date_second = 0;
    std::string date_text;
};

class HttpConnection final : public Peer, public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(std::shared_ptr<HttpServerState> server, boost::asio::ip::tcp::socket socket);
    ~HttpConnection() override;

    /// Serves until the client or the server ends it.
    awaitable<void> run();
    /// Answers 503 and hangs up.
    awaitable<void> refuse();

    void stop();  ///< the server is stopping
    void cut();   ///< now
    void cut_if_late(std::chrono::steady_clock::time_point now);

    std::string address() const override;
    bool gone() const noexcept override { return gone_; }
    void on_end(std::function<void()> then) override;

private:
    enum class Heard { request, refused, nothing };
    awaitable<bool> agree();
    awaitable<Heard> hear();
    Response refusal(unsigned status) const;
    awaitable<bool> say(const Response& response, bool keep, bool head_only);
    awaitable<bool> write(std::string_view head, std::string_view body);
    awaitable<void> linger();
    void listen_for_end();
    void end_waiting();
    void count_body();
    void until(std::chrono::milliseconds limit) { deadline_ = std::chrono::steady_clock::now() + limit; }
    void without_deadline() { deadline_ = std::chrono::steady_clock::time_point::max(); }
    const HttpLimits& limits() const noexcept { return server_->options.limits; }

    std::shared_ptr<HttpServerState> server_;
    Stream stream_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    std::unique_ptr<RequestParser> parser_;  ///< of the request being heard
    std::string pending_;                    ///< read and not yet parsed
    std::string head_;                       ///< of the answer being written
    std::function<void()> on_end_;
    std::uint64_t counted_ = 0;  ///< of server_->waiting_bytes
    bool idle_ = false;          ///< between two requests
    bool answering_ = false;     ///< the handler is running
    bool gone_ = false;
};

}  // namespace rowmq::net
