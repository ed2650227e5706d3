#pragma once
// The addresses behind a URL's host. Internal to the client.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "net/client_call.hpp"
#include "net/client_url.hpp"

namespace rowmq::net {

/// In the resolver's order; an address is its own. Ends with `call`'s time even though the system's resolver cannot be ended:
/// that goes on in its own thread, and nobody hears its answer. It is one thread for all names, so a name server that is silent
/// makes other look-ups wait, each until its own call's time is over. Errors: closed (no such name), those of `call`.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::tcp::endpoint>>> look_up(boost::asio::any_io_executor executor, ClientCall& call,
                                                                                    const ClientUrl& url);

}  // namespace rowmq::net
