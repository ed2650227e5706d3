// Who is connected: connections, channels, consumers.

#include <fmt/format.h>

#include "amqp/channel.hpp"
#include "amqp/connection.hpp"
#include "amqp/queue_arguments.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"
#include "management/tables.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

std::string channel_name(const amqp::Connection& connection, std::uint16_t number) {
    return fmt::format("{} ({})", connection.name(), number);
}

}  // namespace

bool Management::sees(const Call& call, const amqp::Connection& connection) const {
    if (connection.vhost().empty()) return false;  // not open yet
    return call.is_monitor() || connection.user() == call.user.name;
}

amqp::Connection* Management::connection_named(const std::string& name) const {
    for (amqp::Connection* connection : service_.connections)
        if (connection->name() == name && !connection->vhost().empty()) return connection;
    return nullptr;
}

json::object Management::connection_json(const amqp::Connection& connection) const {
    const auto f = connection.facts();
    json::object out{{"name", f.name},
                     {"node", settings_.node},
                     {"type", "network"},
                     {"protocol", "AMQP 0-9-1"},
                     {"user", connection.user()},
                     {"user_who_performed_action", connection.user()},
                     {"vhost", connection.vhost()},
                     {"state", !f.running  ? "closing"
                               : f.blocked ? "blocked"
                                           : "running"},
                     {"peer_host", f.peer_host},
                     {"peer_port", f.peer_port},
                     {"host", f.host},
                     {"port", f.port},
                     {"ssl", f.secure},
                     {"auth_mechanism", f.mechanism},
                     {"channels", connection.channels().size()},
                     {"channel_max", f.channel_max},
                     {"frame_max", f.frame_max},
                     {"timeout", f.heartbeat},
                     {"connected_at", f.connected_at_ms},
                     {"client_properties", to_json(connection.client_properties())},
                     {"recv_oct", f.received_bytes},
                     {"send_oct", f.sent_bytes}};
    const auto* name = amqp::find(connection.client_properties(), "connection_name");
    if (const auto* text = name ? std::get_if<std::string>(&name->value) : nullptr) out["user_provided_name"] = *text;
    return out;
}

std::vector<json::object> Management::channels_json(const amqp::Connection& connection) const {
    std::vector<json::object> all;
    for (const auto& [number, channel] : connection.channels()) {
        const auto f = channel->facts();
        const auto c = connection.facts();
        all.push_back({{"name", channel_name(connection, number)},
                       {"number", number},
                       {"node", settings_.node},
                       {"user", connection.user()},
                       {"user_who_performed_action", connection.user()},
                       {"vhost", connection.vhost()},
                       {"state", "running"},
                       {"confirm", f.confirms},
                       {"transactional", f.transactional},
                       {"consumer_count", channel->consumers().size()},
                       {"prefetch_count", f.prefetch},
                       {"global_prefetch_count", f.channel_prefetch},
                       {"messages_unacknowledged", f.unacknowledged},
                       {"messages_unconfirmed", f.unconfirmed},
                       {"messages_uncommitted", f.uncommitted},
                       {"acks_uncommitted", f.acks_uncommitted},
                       {"connection_details", json::object{{"name", c.name}, {"peer_host", c.peer_host}, {"peer_port", c.peer_port}}}});
    }
    return all;
}

std::vector<json::object> Management::consumers_json(const std::string* vhost, const std::string* queue, const Call* seen_by) const {
    std::vector<json::object> all;
    std::map<std::pair<std::string, std::string>, bool> single_active;  // queues, by virtual host and name
    const auto is_single_active = [&](const std::string& where, const std::string& name) {
        const auto [at, is_new] = single_active.try_emplace({where, name});
        if (is_new) {
            const Result<QueueInfo> found = broker().queue(name, where);
            at->second = found && amqp::is_single_active(found->options);
        }
        return at->second;
    };
    for (const amqp::Connection* connection : service_.connections) {
        if (seen_by && !sees(*seen_by, *connection)) continue;
        if (vhost && connection->vhost() != *vhost) continue;
        const auto c = connection->facts();
        for (const auto& [number, channel] : connection->channels())
            for (const auto& [tag, consumer] : channel->consumers()) {
                if (queue && consumer->queue != *queue) continue;
                const bool active = consumer->subscription.is_active();
                const bool alone = active && is_single_active(connection->vhost(), consumer->queue);
                all.push_back({{"consumer_tag", tag},
                               {"queue", json::object{{"name", consumer->queue}, {"vhost", connection->vhost()}}},
                               {"ack_required", !consumer->no_ack},
                               {"exclusive", consumer->exclusive},
                               {"prefetch_count", consumer->prefetch},
                               {"active", active},
                               {"activity_status", alone    ? "single_active"
                                                   : active ? "up"
                                                            : "waiting"},
                               {"arguments", to_json(consumer->arguments)},
                               {"channel_details", json::object{{"name", channel_name(*connection, number)},
                                                                {"number", number},
                                                                {"user", connection->user()},
                                                                {"connection_name", c.name},
                                                                {"peer_host", c.peer_host},
                                                                {"peer_port", c.peer_port},
                                                                {"node", settings_.node}}}});
            }
    }
    return all;
}

awaitable<Answer> Management::list_connections(Call call) {
    std::vector<json::object> all;
    for (const amqp::Connection* one : service_.connections)
        if (sees(call, *one)) all.push_back(connection_json(*one));
    co_return list(call, std::move(all), "name", true);
}

awaitable<Answer> Management::connections_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    std::vector<json::object> all;
    for (const amqp::Connection* one : service_.connections)
        if (sees(call, *one) && one->vhost() == call.name(0)) all.push_back(connection_json(*one));
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::connections_of_user(Call call) {
    std::vector<json::object> all;
    for (const amqp::Connection* one : service_.connections)
        if (sees(call, *one) && one->user() == call.name(0)) all.push_back(connection_json(*one));
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::get_connection(Call call) {
    const amqp::Connection* connection = connection_named(call.name(0));
    if (!connection) co_return not_found();
    if (!sees(call, *connection)) co_return not_authorised("User not authorised to access object");
    co_return json_answer(with_columns(call, connection_json(*connection)));
}

awaitable<Answer> Management::delete_connection(Call call) {
    const amqp::Connection* meant = connection_named(call.name(0));
    if (!meant) co_return not_found();
    if (!call.is_administrator() && meant->user() != call.user.name) co_return not_authorised("User not authorised to access object");
    const std::string why = call.reason.empty() ? "Closed via management plugin" : call.reason;
    service_.close_connections([&](const amqp::Connection& one) { return &one == meant; }, why);
    co_return done();
}

awaitable<Answer> Management::delete_connections_of_user(Call call) {
    if (!call.is_administrator() && call.name(0) != call.user.name) co_return not_authorised("User not authorised to access object");
    const std::string why = call.reason.empty() ? "Closed via management plugin" : call.reason;
    service_.close_connections([&](const amqp::Connection& one) { return one.user() == call.name(0); }, why);
    co_return done();
}

awaitable<Answer> Management::channels_of_connection(Call call) {
    const amqp::Connection* connection = connection_named(call.name(0));
    if (!connection) co_return not_found();
    if (!sees(call, *connection)) co_return not_authorised("User not authorised to access object");
    co_return list(call, channels_json(*connection));
}

awaitable<Answer> Management::list_channels(Call call) {
    std::vector<json::object> all;
    for (const amqp::Connection* one : service_.connections)
        if (sees(call, *one))
            for (json::object& channel : channels_json(*one)) all.push_back(std::move(channel));
    co_return list(call, std::move(all), "name", true);
}

awaitable<Answer> Management::channels_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    std::vector<json::object> all;
    for (const amqp::Connection* one : service_.connections)
        if (sees(call, *one) && one->vhost() == call.name(0))
            for (json::object& channel : channels_json(*one)) all.push_back(std::move(channel));
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::get_channel(Call call) {
    for (const amqp::Connection* one : service_.connections)
        for (json::object& channel : channels_json(*one)) {
            if (!is_text(channel["name"], call.name(0))) continue;
            if (!sees(call, *one)) co_return not_authorised("User not authorised to access object");
            json::array consumers;
            for (json::object& consumer : consumers_json(nullptr, nullptr))
                if (is_text(consumer["channel_details"].get_object()["name"], call.name(0))) consumers.push_back(std::move(consumer));
            channel["consumer_details"] = std::move(consumers);
            co_return json_answer(with_columns(call, std::move(channel)));
        }
    co_return not_found();
}

awaitable<Answer> Management::list_consumers(Call call) {
    std::vector<json::object> all;
    for (const std::string& vhost : vhosts_of(call))
        for (json::object& one : consumers_json(&vhost, nullptr, &call)) all.push_back(std::move(one));
    co_return list(call, std::move(all), "consumer_tag");
}

awaitable<Answer> Management::consumers_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return list(call, consumers_json(&call.name(0), nullptr, &call), "consumer_tag");
}

}  // namespace rowmq::management
