#pragma once
// A connection to a broker of AMQP, by librabbitmq: logged in, with its channels open. Blocks, at most as long as its deadlines.
// Owns its socket; one thread. Errors: closed (nobody answers, or the connection is gone: it may be tried again), access_refused,
// no_such_queue, in_use, invalid_argument (what the broker said).

#include <sys/time.h>

#include <amqp.h>

#include <memory>
#include <optional>
#include <string>

#include "app/forward/amqp_address.hpp"

namespace rowmq::app {

inline constexpr timeval no_time{.tv_sec = 0, .tv_usec = 0};  ///< for what has come already

class AmqpLink final {
public:
    /// `ca_file`: the certificates to trust for amqps; empty: the system's.
    static Result<std::unique_ptr<AmqpLink>> open(const AmqpAddress& address, const std::string& ca_file);
    ~AmqpLink();
    AmqpLink(const AmqpLink&) = delete;
    AmqpLink& operator=(const AmqpLink&) = delete;

    amqp_connection_state_t state() const noexcept { return state_; }
    Result<void> open_channel(amqp_channel_t channel);
    /// How many messages of a queue nobody has.
    Result<std::int64_t> ready(amqp_channel_t channel, const std::string& queue);
    /// Waits until the broker has done what it was sent; then the link is of no more use.
    void close();

    /// What an answer of librabbitmq says; `doing` begins the text.
    Result<void> checked(const amqp_rpc_reply_t& reply, const std::string& doing) const;
    /// The same of a status.
    Result<void> checked(int status, const std::string& doing) const;
    /// What the broker says by channel.close or connection.close; none: the method is another.
    std::optional<Error> closing(const amqp_method_t& method, const std::string& doing) const;

private:
    explicit AmqpLink(const AmqpAddress& address);
    Result<void> connect(const AmqpAddress& address, const std::string& ca_file);

    amqp_connection_state_t state_;
    std::string at_;  ///< for people
};

inline amqp_bytes_t bytes_of(const std::string& text) noexcept { return {text.size(), const_cast<char*>(text.data())}; }
inline std::string_view text_of(amqp_bytes_t bytes) noexcept { return {static_cast<const char*>(bytes.bytes), bytes.len}; }

}  // namespace rowmq::app
