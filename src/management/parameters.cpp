// Parameters of virtual hosts, and those of all. RabbitMQ's plugins keep theirs here; none of those is served, so what came with
// definitions is kept and shown, and nothing new is taken but limits of virtual hosts.

#include <fmt/format.h>

#include "amqp/policies.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
constexpr const char *global = "global", *vhost_limits_component = "vhost-limits";

json::value parsed(const std::string& text) {
    boost::system::error_code failed;
    json::value value = json::parse(text, failed);
    return failed ? json::value() : value;
}

/// Those that have endpoints of their own.
bool is_hidden(const std::string& component) {
    return component == global || component == amqp::policy_component || component == amqp::operator_component ||
           component == "vhost-metadata" || component == "user-limits";
}

}  // namespace

awaitable<Answer> Management::list_parameters(Call call) {
    if (call.names.size() > 1 && !service_.has_vhost(call.name(1))) co_return not_found();
    std::vector<json::object> all;
    for (const auto& [key, text] : broker().access().parameters) {
        const auto& [component, vhost, name] = key;
        if (is_hidden(component) || !enters(call, vhost)) continue;
        if (!call.names.empty() && component != call.name(0)) continue;
        if (call.names.size() > 1 && vhost != call.name(1)) continue;
        all.push_back({{"component", component}, {"vhost", vhost}, {"name", name}, {"value", parsed(text)}});
    }
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::get_parameter(Call call) {
    if (auto refusal = unless_enters(call, call.name(1))) co_return *std::move(refusal);
    const auto found = broker().access().parameters.find({call.name(0), call.name(1), call.name(2)});
    if (is_hidden(call.name(0)) || found == broker().access().parameters.end()) co_return not_found();
    co_return json_answer(
        json::object{{"component", call.name(0)}, {"vhost", call.name(1)}, {"name", call.name(2)}, {"value", parsed(found->second)}});
}

awaitable<Answer> Management::put_parameter(Call call) {
    if (auto refusal = unless_enters(call, call.name(1))) co_return *std::move(refusal);
    if (call.name(0) != vhost_limits_component)
        co_return bad_request(fmt::format("Validation failed\n\ncomponent {} not found\n", call.name(0)));
    if (!call.is_administrator()) co_return not_authorised("Not administrator user");  // as for vhost-limits themselves
    if (call.name(2) != "limits") co_return bad_request("Validation failed\n\nlimits of a virtual host are named limits\n");
    if (auto wrong = missing(call.body, {"value"})) co_return *std::move(wrong);
    const json::object* limits = object_of(call.body, "value");
    const auto why = limits ? amqp::wrong_limits(amqp::Limited::vhost, *limits) : std::optional<std::string>("limits are no object");
    if (why) co_return bad_request(fmt::format("Validation failed\n\n{}\n", *why));
    const bool is_new = !broker().access().parameters.contains({call.name(0), call.name(1), call.name(2)});
    std::vector<AccessChange> changes{amqp::kept_limits(amqp::Limited::vhost, call.name(1), *limits)};
    Answer answer = co_await change(std::move(changes), stored(is_new));
    co_return answer;
}

awaitable<Answer> Management::delete_parameter(Call call) {
    if (auto refusal = unless_enters(call, call.name(1))) co_return *std::move(refusal);
    if (is_hidden(call.name(0)) || !broker().access().parameters.contains({call.name(0), call.name(1), call.name(2)}))
        co_return not_found();
    if (call.name(0) == vhost_limits_component && !call.is_administrator()) co_return not_authorised("Not administrator user");
    std::vector<AccessChange> changes{ParameterGone{call.name(0), call.name(1), call.name(2)}};
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

std::vector<json::object> Management::global_parameters_json() const {
    std::vector<json::object> all;
    for (const auto& [key, text] : broker().access().parameters)
        if (std::get<0>(key) == global) all.push_back({{"name", std::get<2>(key)}, {"value", parsed(text)}});
    all.push_back({{"name", "internal_cluster_id"}, {"value", "rabbitmq-cluster-id-" + broker().health().store_id}});
    return all;
}

awaitable<Answer> Management::list_global_parameters(Call call) { co_return list(call, global_parameters_json()); }

awaitable<Answer> Management::get_global_parameter(Call call) {
    for (const json::object& one : global_parameters_json())
        if (is_text(one.at("name"), call.name(0))) co_return json_answer(one);
    co_return not_found();
}

awaitable<Answer> Management::put_global_parameter(Call call) {
    const json::value* value = call.body.if_contains("value");
    if (!value) co_return bad_request("[{key_missing,value}]");
    if (call.name(0) == "internal_cluster_id") co_return bad_request("internal_cluster_id is the store's");
    const bool is_new = !broker().access().parameters.contains({global, "", call.name(0)});
    std::vector<AccessChange> changes{Parameter{global, "", call.name(0), json::serialize(*value)}};
    Answer answer = co_await change(std::move(changes), stored(is_new));
    co_return answer;
}

awaitable<Answer> Management::delete_global_parameter(Call call) {
    if (!broker().access().parameters.contains({global, "", call.name(0)})) co_return not_found();
    std::vector<AccessChange> changes{ParameterGone{global, "", call.name(0)}};
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

}  // namespace rowmq::management
