#pragma once
// The queues of one broker of AMQP that are emptied: consumed with acknowledgements, at most `prefetch` at a time of each.
// Owns its connection; one thread. Errors: those of AmqpLink.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/forward/amqp_link.hpp"
#include "app/forward/ledger.hpp"

namespace rowmq::app {

/// A message that was delivered, until its target has it.
struct Taken {
    std::string_view queue;
    std::uint64_t tag = 0;
    std::string_view routing_key;
    const amqp_message_t* message = nullptr;
};

class AmqpSource final {
public:
    static Result<std::unique_ptr<AmqpSource>> open(const AmqpAddress& address, const std::string& ca_file, std::vector<std::string> queues,
                                                    std::uint16_t prefetch);

    /// How many messages wait, of all queues together.
    Result<std::int64_t> ready();
    /// Shows what has come to `take`, at most `max` messages, without waiting; how many. An error of `take` ends it.
    Result<std::size_t> read(std::size_t max, const std::function<Result<void>(const Taken&)>& take);
    Result<void> acknowledge(const std::vector<Ledger::Acknowledge>& acknowledgements);
    /// Gives back what is not acknowledged, and waits until what is acknowledged is.
    void close() { link_->close(); }
    int socket() const { return amqp_get_sockfd(link_->state()); }

private:
    AmqpSource(std::unique_ptr<AmqpLink> link, std::vector<std::string> queues) : link_(std::move(link)), queues_(std::move(queues)) {}
    Result<void> consume(std::uint16_t prefetch);
    /// What is no delivery: the end of a consumer, a channel or the connection is an error.
    Result<void> other_frame();

    std::unique_ptr<AmqpLink> link_;
    std::vector<std::string> queues_;  ///< the consumer of the nth is called "n"
};

}  // namespace rowmq::app
