#include "net/http_connection.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "base/failpoint.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t read_ahead = 64 * 1024;  // of pipelined requests, while one is being answered

Response plain(unsigned status) {
    Response response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = fmt::format("{} {}\n", status, reason_of(status));
    return response;
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerState> server, tcp::socket socket)
    : server_(std::move(server)), stream_(std::move(socket)) {
    stream_.prepare();
    server_->connections.insert(this);
}

HttpConnection::~HttpConnection() { server_->connections.erase(this); }

std::string HttpConnection::address() const {
    error_code error;
    const auto endpoint = stream_.socket().remote_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

awaitable<void> HttpConnection::run() {
    if (server_->options.tls && !co_await agree()) co_return;
    for (bool keep = true; keep && !gone_;) {
        const Heard heard = co_await hear();
        if (heard == Heard::nothing) co_return;
        if (heard == Heard::refused) {
            const Response refused = refusal(parser_->failed() != 0 ? parser_->failed() : 503);
            if (co_await say(refused, false, false)) co_await linger();
            co_return;
        }
        const bool head_only = parser_->request.method == "HEAD";
        keep = parser_->keep_alive();
        Request request = std::move(parser_->request);
        parser_.reset();
        request.peer = this;
        request.secure = stream_.secure();

        without_deadline();
        answering_ = true;
        Response response = co_await server_->handler(std::move(request));
        answering_ = false;
        count_body();
        if (on_end_) {
            on_end_ = nullptr;
            error_code ignored;
            stream_.socket().cancel(ignored);  // nothing but listen_for_end() waits on the socket now
        }

        keep = keep && !server_->stopping;
        const bool said = !gone_ && co_await say(response, keep, head_only);
        if (!said && response.unsent) co_await response.unsent();
        if (!said) co_return;
    }
}

/// Plain HTTP or TLS: the first byte of a connection tells, because no method begins with that of a handshake.
awaitable<bool> HttpConnection::agree() {
    constexpr unsigned char handshake = 0x16;  // RFC 8446 5.1
    unsigned char first = 0;
    until(limits().idle_time);
    error_code error = asio::error::would_block;
    while (must_wait(error)) {
        idle_ = true;
        co_await stream_.socket().async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        idle_ = false;
        if (error) co_return false;
        stream_.socket().receive(asio::buffer(&first, 1), tcp::socket::message_peek, error);
    }
    if (error) co_return false;
    if (first == handshake) {
        until(limits().header_time);
        error = co_await stream_.secure_as_server(*server_->options.tls);
        co_return !error;
    }
    if (server_->options.plain_too) co_return true;
    Response refused = plain(400);
    refused.body = "This port speaks HTTPS; the request came as plain HTTP.\n";
    if (co_await say(refused, false, false)) co_await linger();
    co_return false;
}

awaitable<void> HttpConnection::refuse() {
    if (server_->options.tls && !co_await agree()) co_return;
    const Response refused = refusal(503);
    if (co_await say(refused, false, false)) co_await linger();
}

Response HttpConnection::refusal(unsigned status) const {
    const auto& worded = server_->options.refusal;
    return worded ? worded(status, parser_ ? &parser_->request : nullptr) : plain(status);
}

/// Reads until the parser has one whole request. The buffer of a read belongs to the server: a connection that waits owns
/// none, only what is left of an unfinished header.
awaitable<HttpConnection::Heard> HttpConnection::hear() {
    bool continued = false;
    until(limits().idle_time);
    for (;;) {
        if (!pending_.empty()) {
            if (!parser_) {
                parser_ = std::make_unique<RequestParser>(limits().header_bytes, limits().body_bytes);
                until(limits().header_time);
            }
            const bool had_header = parser_->is_header_done();
            pending_.erase(0, parser_->feed(pending_));
            if (pending_.empty()) pending_.shrink_to_fit();
            if (parser_->failed() != 0) co_return Heard::refused;
            count_body();
            if (server_->waiting_bytes > limits().waiting_bytes) co_return Heard::refused;
            if (parser_->is_done()) co_return Heard::request;
            if (!had_header && parser_->is_header_done()) {
                until(limits().body_time);
                if (parser_->expects_continue() && !std::exchange(continued, true))
                    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return Heard::nothing;
            }
        }
        if (server_->stopping && !parser_) co_return Heard::nothing;

        idle_ = !parser_;
        error_code error;
        co_await stream_.socket().async_wait(stream_.before_reading(), asio::redirect_error(asio::use_awaitable, error));
        idle_ = false;
        if (error) co_return Heard::nothing;

        auto& scratch = server_->scratch;
        const std::size_t count = stream_.read_some(asio::buffer(scratch), error);
        if (must_wait(error)) continue;
        if (error) co_return Heard::nothing;
        const std::string_view bytes(scratch.data(), count);
        if (pending_.empty() && parser_ && parser_->is_header_done()) {  // a body: no copy between
            const std::size_t used = parser_->feed(bytes);
            pending_.assign(bytes.substr(used));
            if (parser_->failed() != 0) co_return Heard::refused;
            count_body();
            if (server_->waiting_bytes > limits().waiting_bytes) co_return Heard::refused;
            if (parser_->is_done()) co_return Heard::request;
        } else {
            pending_.append(bytes);
        }
    }
}

void HttpConnection::count_body() {
    const std::uint64_t now = parser_ ? parser_->request.body.size() : 0;
    server_->waiting_bytes += now - counted_;
    counted_ = now;
}

awaitable<bool> HttpConnection::say(const Response& response, bool keep, bool head_only) {
    ++server_->counts.answers[std::min<std::size_t>(response.status / 100, server_->counts.answers.size() - 1)];
    head_.clear();
    auto out = std::back_inserter(head_);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_of(response.status), server_->date());
    if (!response.content_type.empty()) head_.append("Content-Type: ").append(response.content_type).append("\r\n");
    if (response.status != 204) fmt::format_to(out, "Content-Length: {}\r\n", response.body.size());
    for (const auto& [name, value] : response.fields) head_.append(name).append(": ").append(value).append("\r\n");
    if (!keep) head_ += "Connection: close\r\n";
    head_ += "\r\n";
    const std::string_view body = head_only || response.status == 204 ? std::string_view() : std::string_view(response.body);
    co_return co_await write(head_, body);
}

awaitable<bool> HttpConnection::write(std::string_view head, std::string_view body) {
    error_code error;
    ROWMQ_FAILPOINT_AFTER(half_reply, stream_.write_some(head, body.substr(0, body.size() / 2), error));
    const std::size_t done = stream_.write_some(head, body, error);
    if (done == head.size() + body.size()) co_return true;
    if (error && !must_wait(error)) co_return false;

    // The client is slower than its answer: the rest waits for it, but not for ever.
    const auto before = deadline_;
    until(limits().write_time);
    error = co_await stream_.write_rest(head, body, done);
    deadline_ = before;
    co_return !error;
}

/// Closing while the client still sends would take the answer back (RST); so hear it out, for a moment.
awaitable<void> HttpConnection::linger() {
    stream_.finish();
    until(std::chrono::seconds(1));
    auto& socket = stream_.socket();
    for (error_code error; !error;) {
        co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        socket.read_some(asio::buffer(server_->scratch), error);
        if (must_wait(error)) error = {};
    }
}

void HttpConnection::on_end(std::function<void()> then) {
    if (gone_ || server_->stopping) {
        then();
        return;
    }
    on_end_ = std::move(then);
    listen_for_end();
}

void HttpConnection::listen_for_end() {
    stream_.socket().async_wait(stream_.before_reading(), [self = shared_from_this()](error_code error) {
        if (error == asio::error::operation_aborted || !self->answering_ || !self->on_end_) return;
        auto& scratch = self->server_->scratch;
        // So far ahead that it cannot be told any more; the answer's write will.
        if (!error && self->pending_.size() >= read_ahead) return;
        std::size_t count = 0;
        if (!error) count = self->stream_.read_some(asio::buffer(scratch), error);
        if (!error || must_wait(error)) {
            self->pending_.append(scratch.data(), count);
            self->listen_for_end();
            return;
        }
        self->gone_ = true;
        self->end_waiting();
    });
}

void HttpConnection::end_waiting() {
    if (auto then = std::exchange(on_end_, nullptr)) then();
}

void HttpConnection::stop() {
    if (idle_) cut();
    if (answering_ && on_end_) {
        error_code ignored;
        stream_.socket().cancel(ignored);
        end_waiting();
    }
}

void HttpConnection::cut() {
    if (idle_) stream_.finish();
    error_code ignored;
    stream_.socket().close(ignored);
    if (answering_) {
        gone_ = true;
        end_waiting();
    }
}

void HttpConnection::cut_if_late(std::chrono::steady_clock::time_point now) {
    if (deadline_ < now) cut();
}

}  // namespace rowmq::net
