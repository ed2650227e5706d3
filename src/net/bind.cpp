#include "net/bind.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int backlog = 1024;

}  // namespace

Result<void> bind_to(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) return Error{Errc::invalid_argument, fmt::format("'{}' is not an IP address to listen on", address)};
    const tcp::endpoint endpoint(ip, port);
    const std::string where = ip.is_v6() ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);

    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(backlog, error);
    if (!error) return {};
    boost::system::error_code ignored;
    acceptor.close(ignored);
    if (error == asio::error::address_in_use)
        return Error{Errc::in_use, fmt::format("cannot listen on {}: port {} is used by another program", where, port)};
    if (error == asio::error::access_denied)
        return Error{Errc::access_refused, fmt::format("cannot listen on {}: port {} needs more rights", where, port)};
    return Error{Errc::invalid_argument, fmt::format("cannot listen on {}: {}", where, error.message())};
}

}  // namespace rowmq::net
