#include "net/http_server.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <exception>
#include <utility>

#include "net/bind.hpp"
#include "net/http_connection.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;

awaitable<void> serve(std::shared_ptr<HttpConnection> connection, bool welcome) {
    if (welcome) {
        co_await connection->run();
    } else {
        co_await connection->refuse();
    }
}

}  // namespace

HttpServerState::HttpServerState(asio::any_io_executor on, HttpOptions o, Handler h)
    : executor(on), options(std::move(o)), handler(std::move(h)), acceptor(on), pause(on), ticks(on), ended(on), scratch(scratch_bytes) {}

/// Runs a coroutine that uses `state`, and tells stop() when it has ended.
static void start(const std::shared_ptr<HttpServerState>& state, awaitable<void> work) {
    ++state->running;
    asio::co_spawn(state->executor, std::move(work), [state](std::exception_ptr failed) {
        --state->running;
        state->ended.cancel();
        if (!failed) return;
        try {
            std::rethrow_exception(failed);
        } catch (const std::exception& e) {
            spdlog::error("http: a connection ended by an exception: {}", e.what());
        }
    });
}

awaitable<void> HttpServerState::accept() {
    const auto self = shared_from_this();
    while (!stopping) {
        error_code error;
        tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (stopping) co_return;
        if (error) {
            // Out of descriptors, or a client that left already: others may still come.
            if (error != asio::error::connection_aborted) spdlog::warn("http: cannot accept a connection: {}", error.message());
            pause.expires_after(std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        ++counts.accepted;
        const bool welcome = connections.size() < options.limits.connections;
        if (!welcome) ++counts.refused;
        if (!welcome && connections.size() >= options.limits.connections + 100) continue;  // not even a word for these
        start(self, serve(std::make_shared<HttpConnection>(self, std::move(socket)), welcome));
        if (!std::exchange(watching, true)) start(self, watch_deadlines());
    }
}

/// One timer for all deadlines: they are seconds long, and a timer a request would cost more than the request.
awaitable<void> HttpServerState::watch_deadlines() {
    const auto self = shared_from_this();
    const HttpLimits& l = options.limits;
    const auto shortest = std::min({l.idle_time, l.header_time, l.body_time, l.write_time, l.stop_time});
    const auto tick = std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
    while (!connections.empty()) {
        ticks.expires_after(tick);
        error_code ignored;
        co_await ticks.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto now = std::chrono::steady_clock::now();
        const std::vector<HttpConnection*> all(connections.begin(), connections.end());
        for (HttpConnection* connection : all)
            if (connections.contains(connection)) connection->cut_if_late(now);
    }
    watching = false;
}

std::string_view HttpServerState::date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_second) {
        date_second = now;
        date_text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    }
    return date_text;
}

HttpServer::HttpServer(asio::any_io_executor executor, HttpOptions options, Handler handler)
    : state_(std::make_shared<HttpServerState>(std::move(executor), std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    state_->stopping = true;
    error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
    const std::vector<HttpConnection*> all(state_->connections.begin(), state_->connections.end());
    for (HttpConnection* connection : all) connection->cut();
}

Result<void> HttpServer::listen() {
    const auto bound = bind_to(state_->acceptor, state_->options.address, state_->options.port);
    if (!bound) return bound.error();
    start(state_, state_->accept());
    return {};
}

std::uint16_t HttpServer::port() const noexcept {
    error_code error;
    const auto endpoint = state_->acceptor.local_endpoint(error);
    return error ? 0 : endpoint.port();
}

std::size_t HttpServer::connections() const noexcept { return state_->connections.size(); }

HttpCounts HttpServer::counts() const {
    HttpCounts counts = state_->counts;
    counts.connections = state_->connections.size();
    counts.waiting_bytes = state_->waiting_bytes;
    counts.limits = state_->options.limits;
    return counts;
}

awaitable<void> HttpServer::stop() {
    const auto state = state_;
    state->stopping = true;
    error_code ignored;
    state->acceptor.close(ignored);
    state->pause.cancel();
    const std::vector<HttpConnection*> all(state->connections.begin(), state->connections.end());
    for (HttpConnection* connection : all)
        if (state->connections.contains(connection)) connection->stop();

    const auto last = std::chrono::steady_clock::now() + state->options.limits.stop_time;
    bool cut = false;
    while (state->running != 0) {
        if (state->connections.empty()) state->ticks.cancel();
        if (!cut && std::chrono::steady_clock::now() >= last) {
            cut = true;
            const std::vector<HttpConnection*> late(state->connections.begin(), state->connections.end());
            for (HttpConnection* connection : late)
                if (state->connections.contains(connection)) connection->cut();
        }
        state->ended.expires_at(cut ? std::chrono::steady_clock::time_point::max() : last);
        co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace rowmq::net
