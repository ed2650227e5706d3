#pragma once
// TLS over one non-blocking socket: what would wait says so, and nothing here waits. Internal to Stream.
// Threads: one executor. The socket must outlive the session; a closed one ends it with an error.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/peer_certificate.hpp"
#include "net/tls_context.hpp"

struct ssl_st;

namespace rowmq::net {

class TlsSession final {
public:
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;

    /// The server's side.
    TlsSession(const TlsContext& context, tcp::socket& socket);
    /// The client's: `host` (a name or an address) is whom the certificate must be for.
    TlsSession(const TlsContext& context, tcp::socket& socket, const std::string& host);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    /// Goes on with the handshake. Like the others: would_block when the socket must first be ready for wants().
    void handshake(error_code& error);
    /// eof: the peer said that this was all. Without such a word it is connection_reset.
    std::size_t read_some(boost::asio::mutable_buffer into, error_code& error);
    /// After would_block the same bytes must come again.
    std::size_t write_some(boost::asio::const_buffer from, error_code& error);
    /// Tells the peer that this was all, if that is possible at once.
    void close_notify() noexcept;

    tcp::socket::wait_type wants() const noexcept { return wants_; }
    /// Whom the peer has shown itself to be, when the handshake is done.
    std::optional<PeerCertificate> peer() const { return peer_certificate(ssl_.get()); }
    /// Why the peer's certificate is not good enough; empty when that is not what went wrong.
    std::string distrust() const;

private:
    void judge(int result, error_code& error);

    std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
    tcp::socket::wait_type wants_ = tcp::socket::wait_read;
    bool failed_ = false;
};

}  // namespace rowmq::net
