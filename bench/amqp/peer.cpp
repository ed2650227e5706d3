#include "peer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace rowmq::bench {
namespace {

constexpr std::size_t read_at_once = 256 * 1024, compacted_from = 1024 * 1024;
constexpr int patience_ms = 60'000;
constexpr std::uint32_t frame_max = 131'072;

int connected(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket < 0 || ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        if (socket >= 0) ::close(socket);
        throw std::runtime_error(fmt::format("cannot connect to 127.0.0.1:{}", port));
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

void wait_for(int socket, short events) {
    pollfd one{.fd = socket, .events = events, .revents = 0};
    if (::poll(&one, 1, patience_ms) <= 0) throw std::runtime_error("the broker does not answer");
}

}  // namespace

amqp::MethodId method_of(std::string_view payload) {
    wire::Reader reader(payload);
    amqp::MethodId id;
    id.klass = reader.u16();
    id.method = reader.u16();
    return id;
}

std::uint64_t number64_at(std::string_view bytes, std::size_t at) {
    wire::Reader reader(bytes.substr(std::min(at, bytes.size())));
    return reader.u64();
}

void write_number64(char* at, std::uint64_t value) {
    for (int i = 7; i >= 0; --i, value >>= 8u) at[i] = static_cast<char>(value & 0xffu);
}

Peer::Peer(int port) : socket_(connected(port)), in_(read_at_once) {
    frames_.limit(frame_max);
    out_ = amqp::protocol_header;
    try {
        await(amqp::ConnectionStart::id);
        amqp::ConnectionStartOk start;
        start.client_properties = {{"product", {std::string("rowmq_bench_amqp"), {}}}};
        start.mechanism = "PLAIN";
        start.response = std::string("\0guest\0guest", 12);
        start.locale = "en_US";
        ask(start, amqp::ConnectionTune::id, 0);
        amqp::ConnectionTuneOk tune;
        tune.channel_max = 100;
        tune.frame_max = frame_max;
        amqp::append_method(out_, 0, tune);
        amqp::ConnectionOpen open;
        open.virtual_host = "/";
        ask(open, amqp::ConnectionOpenOk::id, 0);
        ask(amqp::ChannelOpen{}, {20, 11});
    } catch (...) {
        ::close(socket_);
        throw;
    }
}

Peer::~Peer() { ::close(socket_); }

void Peer::flush() {
    while (sent_ < out_.size()) {
        const ssize_t count = ::send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) throw std::runtime_error("the broker hung up");
        sent_ += static_cast<std::size_t>(count);
    }
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
    } else if (sent_ > compacted_from) {
        out_.erase(0, sent_);
        sent_ = 0;
    }
}

std::string_view Peer::read() {
    for (;;) {
        const ssize_t count = ::recv(socket_, in_.data(), in_.size(), MSG_DONTWAIT);
        if (count > 0) return {in_.data(), static_cast<std::size_t>(count)};
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return {};
        throw std::runtime_error("the broker hung up");
    }
}

void Peer::complain(const amqp::Frame& frame) {
    if (frame.kind != amqp::FrameKind::method) return;
    const amqp::MethodId id = method_of(frame.payload);
    if (id != amqp::ConnectionClose::id && id != amqp::ChannelClose::id) return;
    wire::Reader reader(frame.payload.substr(4));
    amqp::MethodReader fields(reader);
    amqp::Closing closing;
    amqp::Closing::layout(closing, fields);
    throw std::runtime_error(fmt::format("the broker says: {} {}", closing.code, closing.text));
}

std::string Peer::await(amqp::MethodId wanted) {
    std::string found;
    while (found.empty()) {
        flush();
        wait_for(socket_, unsent() > 0 ? POLLIN | POLLOUT : POLLIN);
        hear([&](const amqp::Frame& frame) {
            if (frame.kind == amqp::FrameKind::method && method_of(frame.payload) == wanted) found = frame.payload;
        });
    }
    return found;
}

}  // namespace rowmq::bench
