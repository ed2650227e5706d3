#pragma once
// What ends a channel or a connection: RabbitMQ's codes and words.

#include <cstdint>
#include <string>
#include <string_view>

#include "amqp/messages.hpp"
#include "rowmq/error.hpp"

namespace rowmq::amqp {

enum class Code : std::uint16_t {
    content_too_large = 311,
    no_route = 312,
    no_consumers = 313,
    connection_forced = 320,
    invalid_path = 402,
    access_refused = 403,
    not_found = 404,
    resource_locked = 405,
    precondition_failed = 406,
    frame_error = 501,
    syntax_error = 502,
    command_invalid = 503,
    channel_error = 504,
    unexpected_frame = 505,
    resource_error = 506,
    not_allowed = 530,
    not_implemented = 540,
    internal_error = 541,
};

/// "NOT_FOUND" and so on.
std::string_view name_of(Code code) noexcept;
/// Whether it ends the whole connection.
bool is_hard(Code code) noexcept;

/// Why a channel or the connection ends. The text begins with the code's name, as RabbitMQ's does.
struct Refusal {
    Code code{};
    std::string text;

    Refusal() = default;
    Refusal(Code c, std::string_view why);
    Closing closing(MethodId method) const;
};

/// `what` is the queue, exchange or else that the error is about, as RabbitMQ names it: "queue 'q' in vhost '/'".
Refusal refusal_of(const Error& error, std::string_view what);

std::string queue_text(std::string_view name, std::string_view vhost);
std::string exchange_text(std::string_view name, std::string_view vhost);

}  // namespace rowmq::amqp
