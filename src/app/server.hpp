#pragma once
// The server: one store, one broker, and the protocols that listen for it.
// Threads: one executor, the broker's strand. Errors: start() says what hinders; a store that breaks later ends the
// process with exit code 70, because nothing may be promised any longer.

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "admin/protocol.hpp"
#include "amqp/protocol.hpp"
#include "app/settings.hpp"
#include "base/random.hpp"
#include "management/management.hpp"
#include "net/http_server.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::app {

class Server final {
public:
    Server(boost::asio::any_io_executor executor, Settings settings);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds every listener, opens the store, serves. Until then clients are answered 503. Errors: those of the listeners
    /// (with how to turn one off) and of the store; then nothing listens any longer.
    awaitable<Result<void>> start();
    /// Accepts nothing more, answers what was accepted, commits, closes the store.
    awaitable<void> stop();

    /// Reads certificate and key again, for connections made from now on; does nothing without TLS. Errors: those of the
    /// files; then the old ones stay.
    Result<void> reload();

    struct Listening {
        std::string name;
        Endpoint endpoint;  ///< with the real port
        bool secure = false;
    };
    std::vector<Listening> listening() const;
    const BrokerHealth& opened() const noexcept { return opened_; }
    /// Who may call SQS, in a few words.
    std::string access() const;

private:
    struct Listener;
    struct Protocols;

    Result<void> listen();
    awaitable<Result<void>> start_amqp();
    std::vector<admin::metrics::Collector> collectors();
    std::optional<admin::metrics::RabbitmqFacts> rabbitmq() const;
    awaitable<void> stop_listeners();
    awaitable<net::Response> answer(std::string name, net::Request request);
    /// Where programs of this machine reach a listener; empty when it is off.
    std::string address_of(std::string_view wanted) const;

    boost::asio::any_io_executor executor_;
    Settings settings_;
    SeededRandom random_;
    std::shared_ptr<net::TlsContext> tls_;        ///< null: no TLS
    std::shared_ptr<net::TlsContext> amqps_tls_;  ///< the same, which may ask for clients' certificates
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<Protocols> protocols_;  ///< null until the store is open
    std::unique_ptr<amqp::Protocol> amqp_;
    std::unique_ptr<management::Management> management_;  ///< while AMQP is served
    std::vector<Listening> binary_;                       ///< listeners of protocols that are not HTTP
    BrokerHealth opened_;
};

}  // namespace rowmq::app
