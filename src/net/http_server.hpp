#pragma once
// An HTTP/1.1 server: accepts connections, gives each request to a handler, writes the answers in order.
//
// Threads: one executor (the broker's strand); the handler runs there. Errors: listen() says why it cannot; what goes wrong
// with one client ends that client's connection. Every await on a client has a deadline.

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/http.hpp"
#include "net/tls_context.hpp"
#include "rowmq/error.hpp"

namespace rowmq::net {

struct HttpLimits {
    std::size_t connections = 12'000;                                  ///< beyond it a client is answered 503 and cut
    std::uint32_t header_bytes = 32 * 1024;                            ///< of one request, its first line included: 431
    std::uint64_t body_bytes = 16 * 1024 * 1024;                       ///< of one request: 413
    std::uint64_t waiting_bytes = 128 * 1024 * 1024;                   ///< of bodies on their way in, over all connections: 503
    std::chrono::milliseconds idle_time = std::chrono::seconds(75);    ///< between two requests
    std::chrono::milliseconds header_time = std::chrono::seconds(20);  ///< from the first byte to the end of the header
    std::chrono::milliseconds body_time = std::chrono::seconds(60);    ///< for the body
    std::chrono::milliseconds write_time = std::chrono::seconds(60);   ///< for the answer
    std::chrono::milliseconds stop_time = std::chrono::seconds(5);     ///< what stop() gives clients to take answers
};

struct HttpOptions {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6; "0.0.0.0" and "::" are all interfaces
    std::uint16_t port = 0;             ///< 0: any free one
    HttpLimits limits{};
    std::shared_ptr<TlsContext> tls{};  ///< null: plain HTTP alone; its reload() counts for connections made later
    bool plain_too = false;             ///< with tls: plain HTTP is served on the same port, else refused with 400
    /// How the server words what it refuses by itself: 400, 413, 431, 503. `so_far` is what was read of the request, null when
    /// nothing was; its fields are there once its whole header was. Empty: a line of plain text.
    std::function<Response(unsigned status, const Request* so_far)> refusal{};
};

/// What a server has seen since it was made.
struct HttpCounts {
    std::uint64_t accepted = 0;              ///< connections, those refused included
    std::uint64_t refused = 0;               ///< of them: too many at once
    std::array<std::uint64_t, 6> answers{};  ///< by the first digit of their status
    std::size_t connections = 0;             ///< now
    std::uint64_t waiting_bytes = 0;         ///< now, of bodies on their way in
    HttpLimits limits;
};

class HttpServer final {
public:
    /// What `handler` refers to must outlive stop().
    HttpServer(boost::asio::any_io_executor executor, HttpOptions options, Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and begins to accept. Errors: in_use (the port), invalid_argument (the address), access_refused.
    Result<void> listen();
    /// Where it listens, once it does.
    std::uint16_t port() const noexcept;
    std::size_t connections() const noexcept;
    HttpCounts counts() const;

    /// Accepts nothing more, ends what waits, answers what it accepted, and returns when every connection has ended.
    awaitable<void> stop();

private:
    std::shared_ptr<struct HttpServerState> state_;
};

}  // namespace rowmq::net
