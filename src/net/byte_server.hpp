#pragma once
// A server of a binary protocol: accepts connections, agrees on TLS, and gives each to a coroutine of the protocol's.
//
// Threads: one executor (the broker's strand). Errors: listen() says why it cannot; what goes wrong with one client ends that
// client's connection.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/byte_connection.hpp"
#include "net/tls_context.hpp"
#include "rowmq/error.hpp"

namespace rowmq::net {

struct ByteLimits {
    std::size_t connections = 12'000;                                     ///< beyond it a client is cut
    std::chrono::milliseconds handshake_time = std::chrono::seconds(10);  ///< of TLS
    std::chrono::milliseconds stop_time = std::chrono::seconds(5);        ///< what stop() gives clients to end
};

struct ByteServerOptions {
    std::string name;                   ///< of the protocol, for the log
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6; "0.0.0.0" and "::" are all interfaces
    std::uint16_t port = 0;             ///< 0: any free one
    ByteLimits limits{};
    std::shared_ptr<TlsContext> tls{};  ///< null: plain
};

/// What a server has seen since it was made.
struct ByteCounts {
    std::uint64_t accepted = 0;   ///< connections, those refused included
    std::uint64_t refused = 0;    ///< of them: too many at once
    std::size_t connections = 0;  ///< now
};

class ByteServer final {
public:
    /// Serves one connection until it returns. Its last reference to the connection closes it.
    using Serve = std::function<awaitable<void>(std::shared_ptr<ByteConnection>)>;

    ByteServer(boost::asio::any_io_executor executor, ByteServerOptions options, Serve serve);
    ~ByteServer();
    ByteServer(const ByteServer&) = delete;
    ByteServer& operator=(const ByteServer&) = delete;

    /// Binds and begins to accept. Errors: in_use (the port), invalid_argument (the address), access_refused.
    Result<void> listen();
    std::uint16_t port() const noexcept;
    ByteCounts counts() const;

    /// Accepts nothing more, tells each connection (ByteConnection::stopping), cuts those that last longer than stop_time, and
    /// returns when every connection has ended.
    awaitable<void> stop();

private:
    std::shared_ptr<struct ByteServerState> state_;
};

}  // namespace rowmq::net
