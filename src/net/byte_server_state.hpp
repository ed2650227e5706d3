#pragma once
// What the connections of one ByteServer share. Internal. One thread: no locks.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_set>

#include "net/byte_server.hpp"

namespace rowmq::net {

struct ByteServerState : std::enable_shared_from_this<ByteServerState> {
    ByteServerState(boost::asio::any_io_executor on, ByteServerOptions o, ByteServer::Serve s);

    awaitable<void> accept();
    static awaitable<void> serve_one(std::shared_ptr<ByteServerState> self, std::shared_ptr<ByteConnection> connection);
    void cut_all();

    boost::asio::any_io_executor executor;
    ByteServerOptions options;
    ByteServer::Serve serve;
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer pause;  ///< between failed accepts
    boost::asio::steady_timer ended;  ///< cancelled whenever something ends, for stop()
    std::unordered_set<ByteConnection*> connections;
    bool stopping = false, accepting = false;
    ByteCounts counts;
    std::size_t unsent = 0;  ///< of all connections
};

}  // namespace rowmq::net
