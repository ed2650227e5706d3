#pragma once
// AMQP 0-9-1 on a port: the plug of this room.
// Threads: the broker's executor. Errors: listen() says why it cannot.

#include <memory>
#include <string>
#include <vector>

#include "amqp/service.hpp"
#include "net/byte_server.hpp"

namespace rowmq::amqp {

class Protocol final {
public:
    /// `broker` outlives stop().
    /// `keys` are users that may do everything.
    Protocol(Broker& broker, Settings settings, Logins keys);
    ~Protocol();

    /// Puts away what does not outlive a server, makes what every one has. Errors: of the store.
    awaitable<Result<void>> start();
    /// One more port; with TLS when `options.tls` is set. Errors: as ByteServer::listen.
    Result<std::uint16_t> listen(net::ByteServerOptions options);
    /// Tells every client (connection.close 320), and returns when all have gone.
    awaitable<void> stop();
    net::ByteCounts counts() const;
    /// Where it listens.
    struct Listening {
        std::string address;
        std::uint16_t port = 0;
        bool secure = false;
    };
    const std::vector<Listening>& listening() const noexcept { return listening_; }
    Service& service() noexcept { return *service_; }

private:
    std::unique_ptr<Service> service_;
    std::vector<std::unique_ptr<net::ByteServer>> servers_;
    std::vector<Listening> listening_;
};

}  // namespace rowmq::amqp
