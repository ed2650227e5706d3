#pragma once
// Bytes to and from one peer, plain or through TLS, over one non-blocking socket. Internal to server and client.
// Threads: one executor. Closing the socket ends every wait. Errors are codes of the socket; would_block means "not now".

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/tls_session.hpp"

namespace rowmq::net {

using boost::asio::awaitable;

/// There is nothing to read yet, or no room to write.
inline bool must_wait(const boost::system::error_code& error) {
    return error == boost::asio::error::would_block || error == boost::asio::error::try_again;
}

class Stream final {
public:
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;

    explicit Stream(tcp::socket socket) : socket_(std::move(socket)) {}
    ~Stream() {
        if (tls_) tls_->close_notify();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    tcp::socket& socket() noexcept { return socket_; }
    const tcp::socket& socket() const noexcept { return socket_; }
    bool secure() const noexcept { return tls_ != nullptr; }

    /// Whom a verified certificate of the peer names.
    std::optional<PeerCertificate> peer() const { return tls_ ? tls_->peer() : std::nullopt; }

    /// The socket is connected from now on: no call of this class may block.
    void prepare();
    /// Goes over to TLS; the caller has the deadline. After an error `distrust` says whether a certificate was the reason.
    awaitable<error_code> secure_as_server(const TlsContext& context);
    awaitable<error_code> secure_as_client(const TlsContext& context, std::string host, std::string& distrust);

    /// `into` holds at least 16 KiB, a whole record: what TLS kept back, no socket would announce.
    std::size_t read_some(boost::asio::mutable_buffer into, error_code& error) {
        return tls_ ? tls_->read_some(into, error) : socket_.read_some(into, error);
    }
    /// What to wait for when read_some() would block, or before it.
    tcp::socket::wait_type before_reading() const noexcept { return tls_ ? tls_->wants() : tcp::socket::wait_read; }

    /// So much of both, one behind the other, as can be written now.
    std::size_t write_some(std::string_view head, std::string_view body, error_code& error) {
        if (tls_) return write_records(head, body, error);
        const std::array<boost::asio::const_buffer, 2> parts{boost::asio::buffer(head), boost::asio::buffer(body)};
        return socket_.write_some(parts, error);
    }
    /// Both whole, behind the first `done` bytes of them; the caller has the deadline.
    awaitable<error_code> write_rest(std::string_view head, std::string_view body, std::size_t done);

    /// Nothing more comes from this side.
    void finish();

private:
    std::size_t write_records(std::string_view head, std::string_view body, error_code& error);
    awaitable<error_code> shake_hands();

    tcp::socket socket_;
    std::unique_ptr<TlsSession> tls_;
};

}  // namespace rowmq::net
