#pragma once
// What the connections of AMQP share: the broker, the settings, who is connected.
// Threads: the broker's executor.

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/login.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::amqp {

struct Settings {
    /// Clients look at both: kombu decides by them what a global basic.qos means. This one is answered alike by all its versions.
    std::string product = "RabbitMQ", version = "3.13.7";
    std::string cluster = "rowmq";
    std::uint16_t channel_max = 2'047;
    std::uint32_t frame_max = 131'072;
    std::uint16_t heartbeat = 60;  ///< seconds; proposed to clients
    std::chrono::milliseconds login_time = std::chrono::seconds(10);
    std::size_t message_bytes = 128 * 1024 * 1024;  ///< of one body
    std::size_t inbox_bytes = 8 * 1024 * 1024;      ///< of a connection: read and not yet done
    std::size_t unsent_bytes = 4 * 1024 * 1024;     ///< of a connection: deliveries wait until its client has taken as much
    std::size_t consumers_per_channel = 10'000;
};

class Connection;

class Service final {
public:
    Service(Broker& of, Settings given, Logins users)
        : broker(of), settings(std::move(given)), logins(std::move(users)), scratch(64 * 1024) {}

    /// Declares what every virtual host has (amq.direct and so on). Errors: of the store.
    awaitable<Result<void>> prepare(std::string vhost);
    /// A name for a queue or a consumer nobody named.
    std::string generated(std::string_view prefix);

    Broker& broker;
    const Settings settings;
    Logins logins;
    std::set<Connection*> connections;
    /// Exclusive queues by virtual host and name, and whose they are.
    std::map<std::pair<std::string, std::string>, Connection*> exclusive;
    std::vector<char> scratch;  ///< what one read fills; empty between awaits

private:
    std::set<std::string> prepared_;
    std::uint64_t names_ = 0;
};

}  // namespace rowmq::amqp
