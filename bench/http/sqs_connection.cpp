#include "bench/http/sqs_connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace rowmq::bench {
namespace {

[[noreturn]] void give_up(const std::string& doing) { throw std::runtime_error(doing + ": " + std::strerror(errno)); }

}  // namespace

SqsConnection::SqsConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("connect");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

SqsConnection::~SqsConnection() { ::close(socket_); }

void SqsConnection::ask(const std::string& question) {
    if (::send(socket_, question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size())) give_up("write");
}

bool SqsConnection::hear() {
    char some[64 * 1024];
    const auto got = ::read(socket_, some, sizeof some);
    if (got <= 0) give_up("the server hung up");
    if (whole_) heard_.clear();
    heard_.append(some, static_cast<std::size_t>(got));
    const auto end = heard_.find("\r\n\r\n"), length = heard_.find("Content-Length: ");
    if (end == std::string::npos || length > end) return whole_ = false;
    if (!heard_.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("the server answered " + heard_);
    std::size_t bytes = 0;
    std::from_chars(heard_.data() + length + 16, heard_.data() + end, bytes);
    return whole_ = heard_.size() >= end + 4 + bytes;
}

const std::string& SqsConnection::call(const std::string& question) {
    ask(question);
    while (!hear()) {}
    return heard_;
}

std::string question(std::string_view action, std::string_view body) {
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{}\r\nContent-Length: "
        "{}\r\n\r\n{}",
        action, body.size(), body);
}

std::string_view next_field(std::string_view answer, std::string_view name, std::size_t& from) {
    const std::string start = fmt::format("\"{}\":\"", name);
    const auto found = answer.find(start, from);
    if (found == std::string_view::npos) return {};
    const auto begin = found + start.size();
    from = answer.find('"', begin);
    return answer.substr(begin, from - begin);
}

std::string field(const std::string& answer, std::string_view name) {
    std::size_t from = 0;
    const auto value = next_field(answer, name, from);
    if (value.empty()) throw std::runtime_error(fmt::format("no {} in {}", name, answer));
    return std::string(value);
}

}  // namespace rowmq::bench
