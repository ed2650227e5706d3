#pragma once
// Where a broker of AMQP is, out of "amqp://user:password@host:port/vhost" (RabbitMQ's URI specification).
// Values. Errors: invalid_argument, which never repeats the password.

#include <cstdint>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::app {

struct AmqpAddress {
    bool tls = false;  ///< "amqps"
    std::string host;
    std::uint16_t port = 5672;  ///< 5671 with TLS, where none is said
    std::string user = "guest", password = "guest", vhost = "/";

    /// For people: without the password.
    std::string text() const;
};

bool is_amqp(std::string_view url) noexcept;
/// No path, and the path "/" alone, are the virtual host "/".
Result<AmqpAddress> amqp_address(const std::string& url);

}  // namespace rowmq::app
