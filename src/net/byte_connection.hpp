#pragma once
// One client's connection of a binary protocol: bytes in when they come, bytes out when the client takes them.
// Threads: one executor.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/stream.hpp"

namespace rowmq::net {

class ByteConnection final : public std::enable_shared_from_this<ByteConnection> {
public:
    ByteConnection(std::shared_ptr<struct ByteServerState> server, boost::asio::ip::tcp::socket socket);
    ~ByteConnection();

    /// Waits for bytes, at most until `wait` is over; `into` holds at least 16 KiB. None: the client is gone, or the
    /// connection was cut. 0: nothing came in time.
    awaitable<std::optional<std::size_t>> read(boost::asio::mutable_buffer into, std::chrono::milliseconds wait);

    /// What is to be written next, in order; whoever appends says flush(). Nothing waits here: see unsent().
    std::string& out() noexcept { return out_; }
    /// Writes soon, with all else that this turn appends.
    void flush();
    /// Bytes appended that the client has not taken.
    std::size_t unsent() const noexcept { return out_.size() + writing_.size() - written_; }
    /// The memory that holds it, of all connections of the server.
    std::size_t unsent_of_all() const noexcept;
    /// Until no more than `most` bytes are unsent, or the connection is gone.
    awaitable<void> drained(std::size_t most);

    /// Nothing more is written: the client reads to the end of what it was told. It may go on sending.
    void end_writing();
    /// Nothing more is read or written.
    void cut();
    bool gone() const noexcept { return gone_; }
    /// Called at once when the server stops, or has stopped; the connection then has its server's stop_time.
    void on_stop(std::function<void()> then);

    std::string address() const;
    std::uint16_t peer_port() const;
    std::string local_address() const;
    std::uint16_t local_port() const;
    bool from_loopback() const;
    /// Bytes the client's socket has taken, before TLS.
    std::uint64_t sent() const noexcept { return sent_; }
    bool secure() const noexcept { return stream_.secure(); }
    /// Whom the client's certificate names, where the server asked for one and could verify it.
    std::optional<PeerCertificate> peer_certificate() const { return stream_.peer(); }

private:
    friend class ByteServer;
    friend struct ByteServerState;

    awaitable<void> write();
    void wake_drained();
    void count_unsent();
    void stop();

    std::shared_ptr<struct ByteServerState> server_;
    Stream stream_;
    boost::asio::steady_timer deadline_;  ///< of a read
    boost::asio::steady_timer drained_;   ///< cancelled whenever bytes were written
    std::string out_, writing_;
    std::size_t written_ = 0;  ///< of writing_
    std::size_t counted_ = 0;  ///< in the server's sum
    std::uint64_t turn_ = 0;   ///< of the waits for bytes
    std::uint64_t sent_ = 0;
    bool late_ = false, scheduled_ = false, busy_ = false, gone_ = false;
    std::function<void()> on_stop_;
};

}  // namespace rowmq::net
