// Definitions as RabbitMQ exports them.

#include "amqp/exchange_arguments.hpp"
#include "amqp/policies.hpp"
#include "amqp/queue_arguments.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::object only(const json::object& from, std::initializer_list<std::string_view> members, bool with_vhost) {
    json::object out;
    for (const std::string_view name : members)
        if (const auto* value = from.if_contains(name); value && (with_vhost || name != "vhost")) out[name] = *value;
    return out;
}

}  // namespace

json::object Management::definitions_json(const std::string* vhost) {
    const bool all = !vhost;
    const std::string& version = service_.settings.version;
    json::object out{{"rabbit_version", version},
                     {"rabbitmq_version", version},
                     {"product_name", service_.settings.product},
                     {"product_version", version}};
    const Access& access = broker().access();
    const std::vector<std::string> vhosts = all ? broker().namespaces() : std::vector<std::string>{*vhost};
    if (all) {
        json::array users, hosts, permissions, topics, globals;
        for (json::object& one : users_json())
            if (access.users.contains(*text_of(one, "name"))) users.push_back(std::move(one));
        for (const std::string& name : vhosts) {
            json::object metadata = vhost_metadata(name);
            hosts.push_back(
                json::object{{"name", name}, {"description", metadata["description"]}, {"tags", metadata["tags"]}, {"metadata", metadata}});
        }
        for (const auto& [key, p] : access.permissions)
            permissions.push_back(
                json::object{{"user", p.user}, {"vhost", p.ns}, {"configure", p.configure}, {"write", p.write}, {"read", p.read}});
        for (const auto& [key, p] : access.topic_permissions)
            topics.push_back(
                json::object{{"user", p.user}, {"vhost", p.ns}, {"exchange", p.exchange}, {"write", p.write}, {"read", p.read}});
        for (json::object& one : global_parameters_json()) globals.push_back(std::move(one));
        out["users"] = std::move(users);
        out["vhosts"] = std::move(hosts);
        out["permissions"] = std::move(permissions);
        out["topic_permissions"] = std::move(topics);
        out["global_parameters"] = std::move(globals);
    }
    json::array parameters, policies, queues, exchanges, bindings;
    for (const auto& [key, text] : access.parameters) {
        const auto& [component, ns, name] = key;
        if (ns.empty() || component == "vhost-metadata" || (vhost && ns != *vhost)) continue;
        boost::system::error_code failed;
        const json::value value = json::parse(text, failed);
        if (failed) continue;
        if (component == amqp::policy_component && value.is_object()) {
            json::object policy{{"name", name}};
            if (all) policy["vhost"] = ns;
            for (const auto& [member, what] : value.get_object()) policy[member] = what;
            policies.push_back(std::move(policy));
        } else {
            json::object parameter{{"component", component}, {"name", name}, {"value", value}};
            if (all) parameter["vhost"] = ns;
            parameters.push_back(std::move(parameter));
        }
    }
    for (const std::string& name : vhosts) {
        std::string after;
        for (;;) {
            const std::vector<QueueInfo> some = broker().queues("", after, 1'000, name);
            if (some.empty()) break;
            after = some.back().name;
            for (const QueueInfo& queue : some)
                if (!amqp::is_exclusive(queue.options))
                    queues.push_back(only(queue_json(queue), {"name", "vhost", "durable", "auto_delete", "arguments"}, all));
        }
        for (const ExchangeInfo& exchange : broker().exchanges(name))
            if (!exchange.name.starts_with("amq."))
                exchanges.push_back(
                    only(exchange_json(exchange), {"name", "vhost", "type", "durable", "auto_delete", "internal", "arguments"}, all));
        for (const json::object& binding : bindings_json(name))
            if (!is_text(binding.at("source"), ""))
                bindings.push_back(only(binding, {"source", "vhost", "destination", "destination_type", "routing_key", "arguments"}, all));
    }
    out["parameters"] = std::move(parameters);
    out["policies"] = std::move(policies);
    out["queues"] = std::move(queues);
    out["exchanges"] = std::move(exchanges);
    out["bindings"] = std::move(bindings);
    return out;
}

awaitable<Answer> Management::get_definitions(Call call) {
    Answer answer = json_answer(definitions_json(nullptr));
    if (const auto name = call.asked("download"))
        answer.fields.emplace_back("Content-Disposition", "attachment; filename=" + quoted(*name));
    co_return answer;
}

awaitable<Answer> Management::get_definitions_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return json_answer(definitions_json(&call.name(0)));
}

}  // namespace rowmq::management
