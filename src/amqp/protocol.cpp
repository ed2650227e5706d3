#include "amqp/protocol.hpp"

#include <utility>

#include "amqp/connection.hpp"

namespace rowmq::amqp {

Protocol::Protocol(Broker& broker, Settings settings, Logins keys)
    : service_(std::make_unique<Service>(broker, std::move(settings), std::move(keys))) {}

Protocol::~Protocol() = default;

awaitable<Result<void>> Protocol::start() {
    for (const std::string& vhost : service_->broker.namespaces()) {
        const Result<void> started = co_await service_->start(vhost);
        if (!started) co_return started;
    }
    co_return Result<void>();
}

Result<std::uint16_t> Protocol::listen(net::ByteServerOptions options) {
    options.name = "amqp";
    Listening here{.address = options.address, .secure = options.tls != nullptr};
    auto serve = [service = service_.get()](std::shared_ptr<net::ByteConnection> bytes) -> awaitable<void> {
        auto connection = std::make_shared<Connection>(*service, std::move(bytes));
        co_await connection->run();
    };
    auto server = std::make_unique<net::ByteServer>(service_->broker.executor(), std::move(options), std::move(serve));
    const Result<void> listening = server->listen();
    if (!listening) return listening.error();
    const std::uint16_t port = server->port();
    servers_.push_back(std::move(server));
    here.port = port;
    listening_.push_back(std::move(here));
    return port;
}

awaitable<void> Protocol::stop() {
    for (auto& server : servers_) co_await server->stop();
}

net::ByteCounts Protocol::counts() const {
    net::ByteCounts all;
    for (const auto& server : servers_) {
        const net::ByteCounts one = server->counts();
        all.accepted += one.accepted;
        all.refused += one.refused;
        all.connections += one.connections;
    }
    return all;
}

}  // namespace rowmq::amqp
