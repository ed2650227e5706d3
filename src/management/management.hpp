#pragma once
// RabbitMQ's management API under /api/, without a socket: what tools of RabbitMQ ask of it (doc/protocols/management.md).
// Threads: the broker's executor. Ownership: the AMQP protocol outlives it. Errors: answers {"error", "reason"}.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "amqp/limits.hpp"
#include "amqp/protocol.hpp"
#include "amqp/rights.hpp"
#include "management/call.hpp"
#include "management/rates.hpp"

namespace rowmq::management {

/// Where something else listens, as `overview` lists it.
struct OtherListener {
    std::string protocol, address;
    std::uint16_t port = 0;
};

struct Settings {
    std::string node = "rowmq@localhost";
    std::int64_t memory_bytes = 0;                          ///< Limits::memory_bytes
    std::int64_t disk_bytes = 0;                            ///< Limits::disk_free_bytes, where it is set
    std::function<std::vector<OtherListener>()> listeners;  ///< but those of AMQP; empty: none
    /// When the certificate ends that all listeners with TLS have. Empty: there are none.
    std::function<std::optional<std::chrono::system_clock::time_point>()> certificate_expires{};
};

class Management final {
public:
    Management(amqp::Protocol& protocol, Settings settings);
    Management(const Management&) = delete;
    Management& operator=(const Management&) = delete;

    /// A request whose target begins with /api/.
    awaitable<Answer> handle(net::Request request);

private:
    enum class May : std::uint8_t { manager, policymaker, monitor, administrator };
    using Handler = awaitable<Answer> (Management::*)(Call);
    struct Route;
    static std::span<const Route> routes();

    awaitable<amqp::LoginAnswer> who(const net::Request& request);
    static std::optional<Answer> unless(May may, const Call& call);

    // Which virtual hosts somebody sees, and what there is.
    std::vector<Permission> permissions() const;
    bool is_user(const std::string& name) const;
    bool enters(const Call& call, const std::string& vhost) const;
    std::vector<std::string> vhosts_of(const Call& call) const;
    /// Refuses one that is not there, or is not the user's.
    std::optional<Answer> unless_enters(const Call& call, const std::string& vhost) const;
    amqp::Rights rights(const Call& call, const std::string& vhost) const;
    Broker& broker() const { return service_.broker; }
    awaitable<Answer> change(std::vector<AccessChange> changes, Answer good);

    // overview.cpp
    awaitable<Answer> whoami(Call call);
    awaitable<Answer> overview(Call call);
    awaitable<Answer> nodes(Call call);
    awaitable<Answer> node(Call call);
    awaitable<Answer> cluster_name(Call call);
    awaitable<Answer> put_cluster_name(Call call);
    awaitable<Answer> extensions(Call call);
    awaitable<Answer> feature_flags(Call call);
    awaitable<Answer> enable_feature_flag(Call call);
    awaitable<Answer> deprecated_features(Call call);
    awaitable<Answer> auth(Call call);
    boost::json::object node_json();
    boost::json::array listeners_json() const;
    std::string cluster() const;
    // health.cpp
    awaitable<Answer> alarms(Call call);
    awaitable<Answer> alarms_of_node(Call call);
    awaitable<Answer> healthy(Call call);
    awaitable<Answer> single_node(Call call);
    awaitable<Answer> port_listener(Call call);
    awaitable<Answer> protocol_listener(Call call);
    awaitable<Answer> certificates(Call call);
    awaitable<Answer> aliveness(Call call);
    // upkeep.cpp
    awaitable<Answer> memory(Call call);
    awaitable<Answer> rebalance(Call call);
    awaitable<Answer> reset(Call call);
    awaitable<Answer> reset_node(Call call);
    awaitable<Answer> login_attempts(Call call);
    awaitable<Answer> login_attempts_by_source(Call call);
    awaitable<Answer> forget_login_attempts(Call call);
    awaitable<Answer> hash_password(Call call);
    awaitable<Answer> act_on_queue(Call call);
    awaitable<Answer> start_vhost(Call call);
    // vhosts.cpp
    awaitable<Answer> list_vhosts(Call call);
    awaitable<Answer> get_vhost(Call call);
    awaitable<Answer> put_vhost(Call call);
    awaitable<Answer> delete_vhost(Call call);
    boost::json::object vhost_json(const std::string& vhost);
    boost::json::object vhost_metadata(const std::string& vhost) const;
    awaitable<Result<bool>> make_vhost(std::string vhost, boost::json::object metadata, amqp::LoggedIn by);
    // users.cpp
    awaitable<Answer> list_users(Call call);
    awaitable<Answer> users_without_permissions(Call call);
    awaitable<Answer> get_user(Call call);
    awaitable<Answer> put_user(Call call);
    awaitable<Answer> delete_user(Call call);
    awaitable<Answer> delete_users(Call call);
    awaitable<Answer> forget_users(std::vector<std::string> names);
    std::vector<boost::json::object> users_json() const;
    awaitable<Result<User>> read_user(std::string name, boost::json::object body);
    // permissions.cpp
    awaitable<Answer> list_permissions(Call call);
    awaitable<Answer> permissions_of_user(Call call);
    awaitable<Answer> permissions_in_vhost(Call call);
    awaitable<Answer> get_permission(Call call);
    awaitable<Answer> put_permission(Call call);
    awaitable<Answer> delete_permission(Call call);
    awaitable<Answer> list_topic_permissions(Call call);
    awaitable<Answer> topic_permissions_of_user(Call call);
    awaitable<Answer> topic_permissions_in_vhost(Call call);
    awaitable<Answer> get_topic_permission(Call call);
    awaitable<Answer> put_topic_permission(Call call);
    awaitable<Answer> delete_topic_permission(Call call);
    // queues.cpp
    awaitable<Answer> list_queues(Call call);
    awaitable<Answer> queues_of_vhost(Call call);
    awaitable<Answer> get_queue(Call call);
    awaitable<Answer> put_queue(Call call);
    awaitable<Answer> delete_queue(Call call);
    Answer queues_json(const Call& call, const std::vector<std::string>& vhosts);
    boost::json::object queue_json(const QueueInfo& queue);
    awaitable<std::optional<Answer>> make_queue(std::string vhost, std::string name, boost::json::object body, amqp::LoggedIn by,
                                                bool& is_new);
    // messages.cpp
    awaitable<Answer> get_messages(Call call);
    awaitable<Answer> purge(Call call);
    awaitable<Answer> publish(Call call);
    // exchanges.cpp
    awaitable<Answer> list_exchanges(Call call);
    awaitable<Answer> exchanges_of_vhost(Call call);
    awaitable<Answer> get_exchange(Call call);
    awaitable<Answer> put_exchange(Call call);
    awaitable<Answer> delete_exchange(Call call);
    boost::json::object exchange_json(const ExchangeInfo& exchange);
    std::vector<boost::json::object> exchanges_json(const std::string& vhost);
    awaitable<std::optional<Answer>> make_exchange(std::string vhost, std::string name, boost::json::object body, amqp::LoggedIn by,
                                                   bool& is_new);
    // bindings.cpp
    struct BoundPair;
    awaitable<Answer> list_bindings(Call call);
    awaitable<Answer> bindings_of_vhost(Call call);
    awaitable<Answer> bindings_of_queue(Call call);
    awaitable<Answer> bindings_from(Call call);
    awaitable<Answer> bindings_to(Call call);
    awaitable<Answer> bindings_to_queue(Call call);
    awaitable<Answer> bindings_to_exchange(Call call);
    awaitable<Answer> post_binding_to_queue(Call call);
    awaitable<Answer> post_binding_to_exchange(Call call);
    awaitable<Answer> get_binding_to_queue(Call call);
    awaitable<Answer> get_binding_to_exchange(Call call);
    awaitable<Answer> delete_binding_to_queue(Call call);
    awaitable<Answer> delete_binding_to_exchange(Call call);
    std::vector<boost::json::object> bindings_json(const std::string& vhost);
    std::vector<boost::json::object> between(const Call& call, bool to_queue);
    awaitable<Answer> post_binding(Call call, bool to_queue);
    awaitable<Answer> delete_binding(Call call, bool to_queue);
    Answer get_binding(const Call& call, bool to_queue);
    awaitable<std::optional<Answer>> make_binding(std::string vhost, boost::json::object binding, amqp::LoggedIn by);
    // connections.cpp
    awaitable<Answer> list_connections(Call call);
    awaitable<Answer> connections_of_vhost(Call call);
    awaitable<Answer> connections_of_user(Call call);
    awaitable<Answer> get_connection(Call call);
    awaitable<Answer> delete_connection(Call call);
    awaitable<Answer> delete_connections_of_user(Call call);
    awaitable<Answer> channels_of_connection(Call call);
    awaitable<Answer> list_channels(Call call);
    awaitable<Answer> channels_of_vhost(Call call);
    awaitable<Answer> get_channel(Call call);
    awaitable<Answer> list_consumers(Call call);
    awaitable<Answer> consumers_of_vhost(Call call);
    bool sees(const Call& call, const amqp::Connection& connection) const;
    amqp::Connection* connection_named(const std::string& name) const;
    boost::json::object connection_json(const amqp::Connection& connection) const;
    std::vector<boost::json::object> channels_json(const amqp::Connection& connection) const;
    std::vector<boost::json::object> consumers_json(const std::string* vhost, const std::string* queue,
                                                    const Call* seen_by = nullptr) const;
    // policies.cpp
    awaitable<Answer> list_policies(Call call);
    awaitable<Answer> get_policy(Call call);
    awaitable<Answer> put_policy(Call call);
    awaitable<Answer> delete_policy(Call call);
    std::vector<boost::json::object> policies_json(const Call& call, std::string_view component) const;
    // parameters.cpp
    awaitable<Answer> list_parameters(Call call);
    awaitable<Answer> get_parameter(Call call);
    awaitable<Answer> put_parameter(Call call);
    awaitable<Answer> delete_parameter(Call call);
    awaitable<Answer> list_global_parameters(Call call);
    awaitable<Answer> get_global_parameter(Call call);
    awaitable<Answer> put_global_parameter(Call call);
    awaitable<Answer> delete_global_parameter(Call call);
    std::vector<boost::json::object> global_parameters_json() const;
    // limits.cpp
    awaitable<Answer> vhost_limits(Call call);
    awaitable<Answer> put_vhost_limit(Call call);
    awaitable<Answer> delete_vhost_limit(Call call);
    awaitable<Answer> user_limits(Call call);
    awaitable<Answer> put_user_limit(Call call);
    awaitable<Answer> delete_user_limit(Call call);
    awaitable<Answer> put_limit(Call call, amqp::Limited of);
    awaitable<Answer> delete_limit(Call call, amqp::Limited of);
    // definitions.cpp, import.cpp
    awaitable<Answer> get_definitions(Call call);
    awaitable<Answer> post_definitions(Call call);
    awaitable<Answer> get_definitions_of_vhost(Call call);
    awaitable<Answer> post_definitions_of_vhost(Call call);
    boost::json::object definitions_json(const std::string* vhost);
    awaitable<std::optional<Answer>> import_access(boost::json::object definitions, amqp::LoggedIn by);
    awaitable<std::optional<Answer>> import_parameters(boost::json::object definitions, const std::string* vhost);
    awaitable<std::optional<Answer>> import_topology(boost::json::object definitions, std::optional<std::string> vhost, amqp::LoggedIn by);

    amqp::Protocol& protocol_;
    amqp::Service& service_;
    const Settings settings_;
    const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
    Rates rates_;
};

}  // namespace rowmq::management
