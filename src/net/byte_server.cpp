#include "net/byte_server.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "net/bind.hpp"
#include "net/byte_server_state.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

ByteServerState::ByteServerState(asio::any_io_executor on, ByteServerOptions o, ByteServer::Serve s)
    : executor(on), options(std::move(o)), serve(std::move(s)), acceptor(on), pause(on), ended(on) {}

awaitable<void> ByteServerState::serve_one(std::shared_ptr<ByteServerState> self, std::shared_ptr<ByteConnection> connection) {
    if (self->options.tls) {
        connection->deadline_.expires_after(self->options.limits.handshake_time);
        connection->deadline_.async_wait([connection](error_code cancelled) {
            if (!cancelled) connection->cut();
        });
        const error_code error = co_await connection->stream_.secure_as_server(*self->options.tls);
        connection->deadline_.cancel();
        if (error) co_return;
    }
    co_await self->serve(std::move(connection));
}

awaitable<void> ByteServerState::accept() {
    const auto self = shared_from_this();
    accepting = true;
    while (!stopping) {
        error_code error;
        tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (stopping) break;
        if (error) {
            // Out of descriptors, or a client that left already: others may still come.
            if (error != asio::error::connection_aborted) spdlog::warn("{}: cannot accept a connection: {}", options.name, error.message());
            pause.expires_after(std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        ++counts.accepted;
        if (connections.size() >= options.limits.connections) {
            ++counts.refused;
            continue;
        }
        asio::co_spawn(executor, serve_one(self, std::make_shared<ByteConnection>(self, std::move(socket))),
                       [name = options.name](std::exception_ptr failed) {
                           if (!failed) return;
                           try {
                               std::rethrow_exception(failed);
                           } catch (const std::exception& e) {
                               spdlog::error("{}: a connection ended by an exception: {}", name, e.what());
                           }
                       });
    }
    accepting = false;
    ended.cancel();
}

void ByteServerState::cut_all() {
    const std::vector<ByteConnection*> all(connections.begin(), connections.end());
    for (ByteConnection* connection : all)
        if (connections.contains(connection)) connection->cut();
}

ByteServer::ByteServer(asio::any_io_executor executor, ByteServerOptions options, Serve serve)
    : state_(std::make_shared<ByteServerState>(std::move(executor), std::move(options), std::move(serve))) {}

ByteServer::~ByteServer() {
    state_->stopping = true;
    error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
    state_->cut_all();
}

Result<void> ByteServer::listen() {
    const auto bound = bind_to(state_->acceptor, state_->options.address, state_->options.port);
    if (!bound) return bound.error();
    asio::co_spawn(state_->executor, state_->accept(), [](std::exception_ptr) {});
    return {};
}

std::uint16_t ByteServer::port() const noexcept {
    error_code error;
    const auto endpoint = state_->acceptor.local_endpoint(error);
    return error ? 0 : endpoint.port();
}

ByteCounts ByteServer::counts() const {
    ByteCounts counts = state_->counts;
    counts.connections = state_->connections.size();
    return counts;
}

awaitable<void> ByteServer::stop() {
    const auto state = state_;
    state->stopping = true;
    error_code ignored;
    state->acceptor.close(ignored);
    state->pause.cancel();
    const std::vector<ByteConnection*> all(state->connections.begin(), state->connections.end());
    for (ByteConnection* connection : all)
        if (state->connections.contains(connection)) connection->stop();

    const auto last = std::chrono::steady_clock::now() + state->options.limits.stop_time;
    bool cut = false;
    while (!state->connections.empty() || state->accepting) {
        if (!cut && std::chrono::steady_clock::now() >= last) {
            cut = true;
            state->cut_all();
        }
        state->ended.expires_at(cut ? std::chrono::steady_clock::time_point::max() : last);
        co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace rowmq::net
