// What there is in all, and of the one node.

#include <unistd.h>

#include <array>
#include <thread>

#include "amqp/connection.hpp"
#include "base/process_descriptors.hpp"
#include "base/process_memory.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::array exchange_types() {
    json::array types;
    for (const auto& [name, description] : {std::pair("direct", "AMQP direct exchange, as per the AMQP specification"),
                                            std::pair("fanout", "AMQP fanout exchange, as per the AMQP specification"),
                                            std::pair("headers", "AMQP headers exchange, as per the AMQP specification"),
                                            std::pair("topic", "AMQP topic exchange, as per the AMQP specification"),
                                            std::pair("x-delayed-message", "Delayed Message Exchange.")})
        types.push_back(json::object{{"name", name}, {"description", description}, {"enabled", true}});
    return types;
}

constexpr const char* no_erlang = "none";           // tools want some text
constexpr std::int64_t most_processes = 1'048'576;  // of Erlang's kind: nobody counts them here

}  // namespace

awaitable<Answer> Management::whoami(Call call) {
    json::array tags;
    for (const std::string& tag : call.user.tags) tags.push_back(json::string(tag));
    co_return json_answer(json::object{{"name", call.user.name}, {"tags", std::move(tags)}});
}

awaitable<Answer> Management::auth(Call) { co_return json_answer(json::object{{"oauth_enabled", false}}); }

std::string Management::cluster() const {
    const auto& parameters = broker().access().parameters;
    const auto named = parameters.find({"global", "", "cluster_name"});
    if (named == parameters.end()) return service_.settings.cluster;
    boost::system::error_code failed;
    const json::value value = json::parse(named->second, failed);
    return !failed && value.is_string() ? std::string(std::string_view(value.get_string())) : service_.settings.cluster;
}

awaitable<Answer> Management::cluster_name(Call) { co_return json_answer(json::object{{"name", cluster()}}); }

awaitable<Answer> Management::put_cluster_name(Call call) {
    const auto name = text_of(call.body, "name");
    if (!name) co_return bad_request("[{key_missing,name}]");
    std::vector<AccessChange> changes{Parameter{"global", "", "cluster_name", json::serialize(json::string(*name))}};
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

awaitable<Answer> Management::extensions(Call) { co_return json_answer(json::array()); }

awaitable<Answer> Management::deprecated_features(Call call) {
    std::vector<json::object> none;
    co_return list(call, std::move(none));
}

namespace {

struct FeatureFlag {
    const char *name, *description;
    bool is_on;
};
constexpr std::array feature_flags_there{FeatureFlag{"implicit_default_bindings", "Every queue is bound to the default exchange", true},
                                         FeatureFlag{"quorum_queue", "Queues of type quorum", true},
                                         FeatureFlag{"user_limits", "Limits of users' connections and channels", true},
                                         FeatureFlag{"detailed_queues_endpoint", "queues/detailed of the management API", true},
                                         FeatureFlag{"virtual_host_metadata", "Descriptions and tags of virtual hosts", true},
                                         FeatureFlag{"stream_queue", "Queues of type stream: not served", false}};

}  // namespace

/// What is enabled stays so, and nothing else can be.
awaitable<Answer> Management::enable_feature_flag(Call call) {
    for (const FeatureFlag& flag : feature_flags_there)
        if (flag.is_on && call.name(0) == flag.name) co_return done();
    co_return bad_request("unsupported");
}

/// What cannot be enabled is called experimental: tools that enable all flags leave it out.
awaitable<Answer> Management::feature_flags(Call) {
    json::array flags;
    for (const FeatureFlag& flag : feature_flags_there)
        flags.push_back(json::object{{"name", flag.name},
                                     {"desc", flag.description},
                                     {"doc_url", ""},
                                     {"state", flag.is_on ? "enabled" : "disabled"},
                                     {"stability", flag.is_on ? "stable" : "experimental"},
                                     {"provided_by", "rowmq"}});
    co_return json_answer(flags);
}

json::array Management::listeners_json() const {
    json::array all;
    const auto add = [&](std::string_view protocol, const std::string& address, std::uint16_t port) {
        all.push_back(json::object{{"node", settings_.node}, {"protocol", protocol}, {"ip_address", address}, {"port", port}});
    };
    for (const auto& one : protocol_.listening()) add(one.secure ? "amqp/ssl" : "amqp", one.address, one.port);
    if (settings_.listeners)
        for (const OtherListener& one : settings_.listeners()) add(one.protocol, one.address, one.port);
    return all;
}

awaitable<Answer> Management::overview(Call call) {
    QueueCounts sum;
    std::size_t queues = 0, exchanges = 0, connections = 0, channels = 0, consumers = 0;
    for (const std::string& vhost : vhosts_of(call)) {
        std::string after;
        for (;;) {
            const std::vector<QueueInfo> some = broker().queues("", after, 1'000, vhost);
            if (some.empty()) break;
            after = some.back().name;
            queues += some.size();
            for (const QueueInfo& queue : some) {
                add(sum, queue.counts);
                consumers += queue.consumers;
            }
        }
        exchanges += broker().exchanges(vhost).size() + 1;
    }
    for (const amqp::Connection* connection : service_.connections) {
        if (!sees(call, *connection)) continue;
        ++connections;
        channels += connection->channels().size();
    }
    const std::string whose = "overview of " + call.user.name;
    sum = rates_.risen(whose, sum);
    const auto rates = rates_.of(whose, shown(sum));
    const auto counts = protocol_.counts();
    const std::string& version = service_.settings.version;
    json::array contexts;
    if (settings_.listeners)
        for (const OtherListener& one : settings_.listeners())
            contexts.push_back(json::object{
                {"node", settings_.node}, {"description", "RabbitMQ Management"}, {"path", "/"}, {"port", std::to_string(one.port)}});
    json::object out{
        {"management_version", version},
        {"rates_mode", "basic"},
        {"exchange_types", exchange_types()},
        {"product_version", version},
        {"product_name", service_.settings.product},
        {"rabbitmq_version", version},
        {"erlang_version", no_erlang},
        {"erlang_full_version", no_erlang},
        {"cluster_name", cluster()},
        {"disable_stats", false},
        {"enable_queue_totals", false},
        {"message_stats", message_stats(sum, rates)},
        {"churn_rates", json::object{{"connection_created", counts.accepted}, {"connection_closed", counts.accepted - counts.connections}}},
        {"queue_totals", queue_totals(sum, rates)},
        {"object_totals",
         json::object{
             {"channels", channels}, {"connections", connections}, {"consumers", consumers}, {"exchanges", exchanges}, {"queues", queues}}},
        {"statistics_db_event_queue", 0},
        {"node", settings_.node}};
    if (call.is_monitor()) {
        out["listeners"] = listeners_json();
        out["contexts"] = std::move(contexts);
    }
    co_return json_answer(with_columns(call, std::move(out)));
}

namespace {

/// RabbitMQ's names of what is there without a plugin: tools look for them.
json::array plugins_at_home() {
    return {"rabbitmq_consistent_hash_exchange", "rabbitmq_delayed_message_exchange", "rabbitmq_management", "rabbitmq_management_agent",
            "rabbitmq_prometheus"};
}

}  // namespace

json::object Management::node_json() {
    const Alarms alarms = broker().alarms();
    const auto counts = protocol_.counts();
    const StoreMetrics store = broker().metrics().store;
    const auto up = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now() - started_).count();
    return {{"name", settings_.node},
            {"type", "disc"},
            {"running", true},
            {"being_drained", false},
            {"partitions", json::array()},
            {"cluster_links", json::array()},
            {"os_pid", std::to_string(getpid())},
            {"uptime", up},
            {"processors", std::thread::hardware_concurrency()},
            {"rates_mode", "basic"},
            {"fd_total", most_descriptors()},
            {"fd_used", open_descriptors()},
            {"sockets_total", net::ByteLimits{}.connections},
            {"disk_free_limit", settings_.disk_bytes},
            {"proc_total", most_processes},
            {"proc_used", counts.connections},
            {"run_queue", 0},
            {"sockets_used", counts.connections},
            {"mem_used", resident_memory()},
            {"mem_limit", settings_.memory_bytes},
            {"mem_alarm", alarms.memory.has_value()},
            {"disk_free", store.disk_free_bytes ? json::value(*store.disk_free_bytes) : json::value()},
            {"disk_free_alarm", alarms.disk.has_value()},
            {"exchange_types", exchange_types()},
            {"auth_mechanisms",
             json::array{json::object{{"name", "PLAIN"}, {"description", "SASL PLAIN authentication mechanism"}, {"enabled", true}},
                         json::object{{"name", "AMQPLAIN"}, {"description", "QPid AMQPLAIN mechanism"}, {"enabled", true}}}},
            {"enabled_plugins", plugins_at_home()},
            {"db_dir", broker().health().store}};
}

awaitable<Answer> Management::nodes(Call call) {
    std::vector<json::object> all{node_json()};
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::node(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    co_return json_answer(with_columns(call, node_json()));
}

}  // namespace rowmq::management
