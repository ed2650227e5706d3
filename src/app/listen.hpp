#pragma once
// Where a listener listens, as a user writes it: "sqs=127.0.0.1:9324", "admin=15673", "amqp=off".

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::app {

/// An IP address and a port; port 0 lets the system choose.
struct Endpoint {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// "127.0.0.1:9324", "[::1]:9324".
std::string to_text(const Endpoint& endpoint);

struct Listen {
    std::string name;
    std::optional<Endpoint> endpoint;  ///< none: off
    friend bool operator==(const Listen&, const Listen&) = default;
};

/// Every name a listener can have, whether this build serves it or not.
inline constexpr std::array<std::string_view, 9> listener_names{"sqs",      "amqp", "amqps", "kafka",     "stomp",
                                                                "openwire", "mqtt", "admin", "management"};

/// Those this build serves, with their default ports on 127.0.0.1; 0: off unless it is asked for.
struct Served {
    std::string_view name;
    std::uint16_t port;
};
inline constexpr std::array<Served, 5> served_listeners{Served{"sqs", 9324}, Served{"amqp", 5672}, Served{"amqps", 0},
                                                        Served{"admin", 15672}, Served{"management", 0}};

/// "off", "ADDRESS:PORT" or "PORT" (on 127.0.0.1) for the listener `name`. Errors: invalid_argument.
Result<Listen> parse_listen(std::string_view name, std::string_view where);
/// "NAME=WHERE". Errors: invalid_argument.
Result<Listen> parse_listen(std::string_view name_and_where);

}  // namespace rowmq::app
