#pragma once
// Binds a listening socket, or says why not in words for the person who started the program. Internal to the servers.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "rowmq/error.hpp"

namespace rowmq::net {

/// Opens, binds and listens. Errors: in_use (the port), invalid_argument (the address), access_refused; then it is closed.
Result<void> bind_to(boost::asio::ip::tcp::acceptor& acceptor, const std::string& address, std::uint16_t port);

}  // namespace rowmq::net
