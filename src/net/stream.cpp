#include "net/stream.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rowmq::net {
namespace asio = boost::asio;
namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // RFC 8446 5.1

}  // namespace

void Stream::prepare() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
}

awaitable<Stream::error_code> Stream::secure_as_server(const TlsContext& context) {
    tls_ = std::make_unique<TlsSession>(context, socket_);
    co_return co_await shake_hands();
}

awaitable<Stream::error_code> Stream::secure_as_client(const TlsContext& context, std::string host, std::string& distrust) {
    tls_ = std::make_unique<TlsSession>(context, socket_, host);
    const error_code error = co_await shake_hands();
    if (error) distrust = tls_->distrust();
    co_return error;
}

awaitable<Stream::error_code> Stream::shake_hands() {
    for (;;) {
        error_code error;
        tls_->handshake(error);
        if (!must_wait(error)) co_return error;
        error = {};
        co_await socket_.async_wait(tls_->wants(), asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return error;
    }
}

/// Head and body share the first record, so that a small answer is one packet. Cut at the same places when it is tried again.
std::size_t Stream::write_records(std::string_view head, std::string_view body, error_code& error) {
    std::string first;
    std::size_t done = 0;
    error = {};
    while (!error && done < head.size() + body.size()) {
        std::string_view record;
        if (done < head.size()) {
            first.assign(head.substr(done, record_bytes));
            first.append(body.substr(0, record_bytes - first.size()));
            record = first;
        } else {
            record = body.substr(done - head.size(), record_bytes);
        }
        done += tls_->write_some(asio::buffer(record), error);
    }
    return done;
}

awaitable<Stream::error_code> Stream::write_rest(std::string_view head, std::string_view body, std::size_t done) {
    while (done < head.size() + body.size()) {
        error_code error;
        co_await socket_.async_wait(tls_ ? tls_->wants() : tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return error;
        const std::size_t of_head = std::min(done, head.size());
        done += write_some(head.substr(of_head), body.substr(done - of_head), error);
        if (error && !must_wait(error)) co_return error;
    }
    co_return error_code();
}

void Stream::finish() {
    if (tls_) tls_->close_notify();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace rowmq::net
