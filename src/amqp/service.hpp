#pragma once
// What the connections of AMQP share: the broker, the settings, who is connected, what belongs to whom.
// Threads: the broker's executor.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amqp/crowd.hpp"
#include "amqp/policies.hpp"
#include "amqp/traffic.hpp"
#include "amqp/users.hpp"
#include "base/limits.hpp"
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
    std::size_t message_bytes = 128 * 1024 * 1024;       ///< of one body
    std::size_t inbox_bytes = 8 * 1024 * 1024;           ///< of a connection: read and not yet done
    std::size_t unsent_bytes = 4 * 1024 * 1024;          ///< of a connection: deliveries wait until its client has taken as much
    std::size_t unsent_of_all_bytes = 16 * 1024 * 1024;  ///< beyond it a connection is given more, a little, when it has taken all
    std::chrono::milliseconds stalled_time = std::chrono::seconds(15);  ///< then, beyond twice that, who takes nothing is cut
    std::chrono::milliseconds unread_time = std::chrono::seconds(30);   ///< who takes nothing of what waits for it is cut in any case
    std::size_t inbox_of_all_bytes = 16 * 1024 * 1024;                  ///< beyond it a connection's is `inbox_least_bytes`
    std::size_t inbox_least_bytes = 64 * 1024;
    std::size_t transaction_bytes = 64 * 1024 * 1024;            ///< of bodies of one transaction of a channel
    std::size_t transactions_bytes = 256 * 1024 * 1024;          ///< of memory that all open ones hold (HeldBytes)
    std::size_t transaction_size = Limits{}.publishes_per_call;  ///< publishes and acknowledgements of one
    std::size_t consumers_per_channel = 10'000;
    bool early_delivery = true;  ///< consumers get messages while their commit is under way
    LoginLimits logins{};
    CertificateName certificate_name = CertificateName::common_name;
};

class Connection;
class Channel;

/// A virtual host and a name in it.
using Place = std::pair<std::string, std::string>;

class Service final {
public:
    Service(Broker& of, Settings given, Logins keys)
        : broker(of), settings(std::move(given)), users(of, std::move(keys), settings.logins), policies(of), scratch(64 * 1024) {}

    /// Deletes what does not outlive its server (queues and exchanges that are not durable), declares what every virtual host has
    /// (amq.direct and so on), and learns what exchanges there are. Errors: of the store.
    awaitable<Result<void>> start(std::string vhost);
    bool is_started(std::string_view vhost) const { return vhosts_.contains(vhost); }
    bool has_vhost(std::string_view vhost) const;
    /// start(), unless it was; of one that came by another way. Errors: no_such_namespace, those of the store.
    awaitable<Result<void>> open_vhost(std::string vhost);
    /// False: it was there.
    awaitable<Result<bool>> create_vhost(std::string vhost);
    /// Ends the connections to it, then deletes it with all in it. Errors: no_such_namespace, in_use ("/").
    awaitable<Result<void>> delete_vhost(std::string vhost);
    /// Tells every connection that `is_meant` why it ends (320).
    void close_connections(const std::function<bool(const Connection&)>& is_meant, const std::string& why);

    /// Where policies say something else than before, queues and exchanges change.
    awaitable<Result<void>> apply_policies(std::string vhost);
    /// A name for a queue, a consumer or a place for answers nobody named: nobody guesses it.
    static std::string generated(std::string_view prefix);

    /// All of them, at once; then the exchanges that were to go with their last binding.
    awaitable<void> delete_queues(std::vector<std::string> names, std::string vhost);
    /// Of these queues the ones that go with their last consumer, when it has gone.
    awaitable<void> delete_unused(std::vector<std::string> names, std::string vhost);
    awaitable<void> delete_unbound_exchanges(std::string vhost);

    /// An exchange is there, or gone: remembers what its attributes ask of publishers.
    void note_exchange(const std::string& vhost, const std::string& name, const ExchangeOptions& options);
    void note_bound(const std::string& vhost, const std::string& exchange);
    void forget_exchange(const std::string& vhost, const std::string& name);

    Broker& broker;
    const Settings settings;
    Users users;
    Policies policies;
    std::set<Connection*> connections;
    /// Exclusive queues, and whose they are.
    std::map<Place, Connection*> exclusive;
    /// Exchanges nobody publishes to, those that delay what is published, and those that go with their last binding: whether they had one.
    std::set<Place> internal, delaying;
    std::map<Place, bool> auto_delete_exchanges;
    /// Where answers are delivered that no queue holds, by the last part of their address (amq.rabbitmq.reply-to.).
    std::map<std::string, std::weak_ptr<Channel>, std::less<>> replies;
    Traffic traffic;
    Ticket last_publish{};  ///< of the latest call of any channel
    Crowd crowd;
    /// Logins that somebody answered, by the name RabbitMQ's management API has for the protocol ("amqp091", "http").
    struct LoginAttempts {
        std::uint64_t succeeded = 0, failed = 0;
    };
    std::map<std::string, LoginAttempts, std::less<>> login_attempts;
    std::size_t inbox_bytes = 0;         ///< of all connections
    std::size_t on_their_way_bytes = 0;  ///< to consumers, of all connections: read or being read, and not yet told (Share)
    std::size_t transactions_bytes = 0;  ///< of all open ones
    std::vector<char> scratch;           ///< what one read fills; empty between awaits

private:
    awaitable<Result<void>> declare_standing(std::string vhost);

    std::set<std::string, std::less<>> vhosts_;
};

}  // namespace rowmq::amqp
