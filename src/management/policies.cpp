// Policies and operator policies: stored as parameters, in force when the answer comes.

#include "amqp/policies.hpp"

#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

/// Which of the two the path is about.
amqp::PolicyKind kind_of(const Call& call) {
    return call.path.front() == "operator-policies" ? amqp::PolicyKind::operators : amqp::PolicyKind::user;
}
std::string component_of(amqp::PolicyKind kind) {
    return std::string(kind == amqp::PolicyKind::operators ? amqp::operator_component : amqp::policy_component);
}

}  // namespace

std::vector<json::object> Management::policies_json(const Call& call, std::string_view component) const {
    std::vector<json::object> all;
    for (const auto& [key, text] : broker().access().parameters) {
        const auto& [of, vhost, name] = key;
        if (of != component || !enters(call, vhost)) continue;
        boost::system::error_code failed;
        const json::value value = json::parse(text, failed);
        if (failed || !value.is_object()) continue;
        json::object one{{"vhost", vhost}, {"name", name}};
        for (const auto& [member, what] : value.get_object()) one[member] = what;
        all.push_back(std::move(one));
    }
    return all;
}

awaitable<Answer> Management::list_policies(Call call) {
    auto all = policies_json(call, component_of(kind_of(call)));
    if (!call.names.empty()) {
        if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
        std::erase_if(all, [&](const json::object& one) { return !is_text(one.at("vhost"), call.name(0)); });
    }
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::get_policy(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    for (const json::object& one : policies_json(call, component_of(kind_of(call))))
        if (is_text(one.at("vhost"), call.name(0)) && is_text(one.at("name"), call.name(1))) co_return json_answer(one);
    co_return not_found();
}

awaitable<Answer> Management::put_policy(Call call) {
    const std::string vhost = call.name(0), name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (auto wrong = missing(call.body, {"pattern", "definition"})) co_return *std::move(wrong);
    const amqp::PolicyKind kind = kind_of(call);
    json::object given = call.body;
    if (const auto priority = number_of(given, "priority")) given["priority"] = *priority;
    const Result<amqp::Policy> policy = amqp::read_policy(name, given, kind);
    if (!policy) co_return bad_request(policy.error().text);
    const std::string component = component_of(kind);
    const bool is_new = !broker().access().parameters.contains({component, vhost, name});
    std::vector<AccessChange> changes{Parameter{component, vhost, name, json::serialize(amqp::to_json(*policy))}};
    const Result<void> kept = co_await broker().change_access(std::move(changes));
    if (!kept) co_return answer_of(kept.error());
    const Result<void> applied = co_await service_.apply_policies(vhost);
    if (!applied) co_return answer_of(applied.error());
    co_return stored(is_new);
}

awaitable<Answer> Management::delete_policy(Call call) {
    const std::string vhost = call.name(0);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    const std::string component = component_of(kind_of(call));
    if (!broker().access().parameters.contains({component, vhost, call.name(1)})) co_return not_found();
    std::vector<AccessChange> changes{ParameterGone{component, vhost, call.name(1)}};
    const Result<void> gone = co_await broker().change_access(std::move(changes));
    if (!gone) co_return answer_of(gone.error());
    const Result<void> applied = co_await service_.apply_policies(vhost);
    if (!applied) co_return answer_of(applied.error());
    co_return done();
}

}  // namespace rowmq::management
