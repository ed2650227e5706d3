#pragma once
// The admin API as a handler of the HTTP server.
// Threads: the broker's strand. Ownership: the broker outlives it, it outlives the server's stop().

#include "admin/admin.hpp"
#include "net/http.hpp"

namespace rowmq::admin {

class Protocol final {
public:
    explicit Protocol(Broker& broker, std::vector<metrics::Collector> collectors = {}, metrics::RabbitmqSource rabbitmq = {})
        : admin_(broker, std::move(collectors), std::move(rabbitmq)) {}

    awaitable<net::Response> answer(net::Request request);
    /// Ends sessions; after the server has stopped.
    void close() { admin_.close(); }

private:
    Admin admin_;
};

}  // namespace rowmq::admin
