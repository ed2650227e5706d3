#include "net/byte_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/byte_server_state.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kept_capacity = 64 * 1024;  // of the buffers of a connection that has nothing to say

void forget(std::string& bytes) {
    if (bytes.capacity() > kept_capacity) std::string().swap(bytes);
    else bytes.clear();
}

}  // namespace

ByteConnection::ByteConnection(std::shared_ptr<ByteServerState> server, tcp::socket socket)
    : server_(std::move(server)), stream_(std::move(socket)), deadline_(server_->executor), drained_(server_->executor) {
    stream_.prepare();
    drained_.expires_at(std::chrono::steady_clock::time_point::max());
    server_->connections.insert(this);
}

ByteConnection::~ByteConnection() {
    server_->unsent -= counted_;
    server_->connections.erase(this);
    server_->ended.cancel();
}

awaitable<std::optional<std::size_t>> ByteConnection::read(asio::mutable_buffer into, std::chrono::milliseconds wait) {
    const auto self = shared_from_this();
    error_code error;
    for (;;) {
        if (gone_) co_return std::nullopt;
        const std::size_t count = stream_.read_some(into, error);
        if (!error) co_return count;
        if (!must_wait(error)) break;
        late_ = false;
        if (wait != std::chrono::milliseconds::max()) {
            deadline_.expires_after(wait);
            deadline_.async_wait([self, turn = ++turn_](error_code cancelled) {
                if (cancelled || turn != self->turn_) return;  // of a wait that is over
                self->late_ = true;
                error_code ignored;
                self->stream_.socket().cancel(ignored);
            });
        }
        co_await stream_.socket().async_wait(stream_.before_reading(), asio::redirect_error(asio::use_awaitable, error));
        ++turn_;
        deadline_.cancel();
        if (late_ && !gone_) co_return 0;
        if (error && error != asio::error::operation_aborted) break;
    }
    cut();
    co_return std::nullopt;
}

std::size_t ByteConnection::unsent_of_all() const noexcept { return server_->unsent; }

void ByteConnection::count_unsent() {
    const std::size_t now = gone_ || unsent() == 0 ? 0 : out_.capacity() + writing_.capacity();
    server_->unsent += now - std::exchange(counted_, now);  // modulo, where it falls
}

void ByteConnection::flush() {
    count_unsent();
    if (scheduled_ || busy_ || gone_ || out_.empty()) return;
    scheduled_ = true;
    asio::post(server_->executor, [self = shared_from_this()] {
        self->scheduled_ = false;
        if (self->busy_ || self->gone_ || self->out_.empty()) return;
        error_code error;
        const std::size_t done = self->stream_.write_some(self->out_, {}, error);
        if (error && !must_wait(error)) return self->cut();
        self->sent_ += done;
        if (done == self->out_.size()) {
            forget(self->out_);
            self->count_unsent();
            self->wake_drained();
            return;
        }
        // The client is slower than what it is told: the rest waits for it.
        self->busy_ = true;
        self->writing_.swap(self->out_);
        self->written_ = done;
        self->count_unsent();
        asio::co_spawn(self->server_->executor, self->write(), asio::detached);
    });
}

awaitable<void> ByteConnection::write() {
    const auto self = shared_from_this();
    while (!gone_) {
        const error_code error = co_await stream_.write_rest(writing_, {}, written_);
        sent_ += writing_.size() - written_;
        written_ = 0;
        forget(writing_);
        count_unsent();
        if (error) {
            cut();
            break;
        }
        wake_drained();
        if (out_.empty()) break;
        writing_.swap(out_);
    }
    busy_ = false;
}

awaitable<void> ByteConnection::drained(std::size_t most) {
    const auto self = shared_from_this();
    while (!gone_ && unsent() > most) {
        error_code ignored;
        co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void ByteConnection::wake_drained() { drained_.cancel(); }

void ByteConnection::end_writing() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

void ByteConnection::cut() {
    if (std::exchange(gone_, true)) return;
    error_code ignored;
    stream_.socket().close(ignored);
    count_unsent();
    deadline_.cancel();
    wake_drained();
}

void ByteConnection::on_stop(std::function<void()> then) {
    if (server_->stopping) return then();
    on_stop_ = std::move(then);
}

void ByteConnection::stop() {
    if (auto then = std::exchange(on_stop_, nullptr)) then();
    else cut();
}

std::string ByteConnection::address() const {
    error_code error;
    const auto endpoint = stream_.socket().remote_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

std::string ByteConnection::local_address() const {
    error_code error;
    const auto endpoint = stream_.socket().local_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

std::uint16_t ByteConnection::local_port() const {
    error_code error;
    const auto endpoint = stream_.socket().local_endpoint(error);
    return error ? 0 : endpoint.port();
}

std::uint16_t ByteConnection::peer_port() const {
    error_code error;
    const auto endpoint = stream_.socket().remote_endpoint(error);
    return error ? 0 : endpoint.port();
}

bool ByteConnection::from_loopback() const {
    error_code error;
    const auto endpoint = stream_.socket().remote_endpoint(error);
    return !error && endpoint.address().is_loopback();
}

}  // namespace rowmq::net
