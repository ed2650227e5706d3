#pragma once
// The queues of one broker of AMQP that are filled: published to with confirms, each through a fanout exchange of its own, so that
// a message keeps its routing key and goes to that queue alone, whatever its CC header says.
// Owns its connection; one thread. Errors: those of AmqpLink.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/forward/amqp_link.hpp"
#include "app/forward/amqp_source.hpp"
#include "app/forward/ledger.hpp"

namespace rowmq::app {

/// "rowmq.forward.QUEUE", of which a queue with a very long name keeps a hash.
std::string exchange_for(const std::string& queue);

class AmqpTarget final {
public:
    static Result<std::unique_ptr<AmqpTarget>> open(const AmqpAddress& address, const std::string& ca_file,
                                                    const std::vector<std::string>& queues);

    /// To the queue of that name. Persistent; a user_id that is not the own one becomes the header x-forwarded-user-id.
    Result<void> publish(const Taken& taken);
    /// What has been said since of publishes, without waiting.
    Result<void> hear(Ledger& ledger);
    /// Takes its exchanges away; nothing may be unconfirmed.
    void close();
    int socket() const { return amqp_get_sockfd(link_->state()); }

private:
    AmqpTarget(std::unique_ptr<AmqpLink> link, std::string user) : link_(std::move(link)), user_(std::move(user)) {}
    Result<void> prepare(const std::string& queue);
    Result<void> on(const amqp_method_t& method, Ledger& ledger);

    std::unique_ptr<AmqpLink> link_;
    std::string user_;
    std::map<std::string, std::string, std::less<>> exchanges_;  ///< by queue
};

}  // namespace rowmq::app
