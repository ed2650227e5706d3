// Definitions are taken as RabbitMQ exports them: what is there already stays, and must be the same.

#include <fmt/format.h>

#include "amqp/policies.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

/// The objects of one list; an error where something in it is none.
Result<std::vector<json::object>> objects_of(const json::object& definitions, std::string_view name) {
    std::vector<json::object> all;
    const json::value* value = definitions.if_contains(name);
    if (!value || value->is_null()) return all;
    const json::array* list = value->if_array();
    if (!list) return Error{Errc::invalid_argument, fmt::format("{} is no list", name)};
    for (const json::value& one : *list) {
        if (!one.is_object()) return Error{Errc::invalid_argument, fmt::format("an entry of {} is no object", name)};
        all.push_back(one.get_object());
    }
    return all;
}

Error without(std::string_view list, std::string_view member) {
    return {Errc::invalid_argument, fmt::format("an entry of {} has no {}", list, member)};
}

/// Says of which entry something was wrong.
Answer about(std::string_view what, const std::string& name, Answer answer) {
    boost::system::error_code failed;
    json::value body = json::parse(answer.body, failed);
    if (failed || !body.is_object()) return answer;
    const auto reason = text_of(body.get_object(), "reason").value_or("");
    return refused(answer.status == 401 ? 401 : 400, "bad_request", fmt::format("{} '{}': {}", what, name, reason));
}

}  // namespace

awaitable<std::optional<Answer>> Management::import_access(json::object definitions, amqp::LoggedIn by) {
    const auto users = objects_of(definitions, "users"), vhosts = objects_of(definitions, "vhosts"),
               permissions = objects_of(definitions, "permissions"), topics = objects_of(definitions, "topic_permissions");
    for (const auto* list : {&users, &vhosts, &permissions, &topics})
        if (!*list) co_return answer_of(list->error());
    std::vector<AccessChange> changes;
    for (const json::object& one : *users) {
        const auto name = text_of(one, "name");
        if (!name) co_return answer_of(without("users", "name"));
        Result<User> user = co_await read_user(*name, one);
        if (!user) co_return answer_of(user.error());
        changes.emplace_back(*std::move(user));
        const json::object* limits = object_of(one, "limits");
        if (!limits) continue;
        if (const auto wrong = amqp::wrong_limits(amqp::Limited::user, *limits)) co_return bad_request(*wrong);
        if (!limits->empty()) changes.emplace_back(amqp::kept_limits(amqp::Limited::user, *name, *limits));
    }
    const Result<void> kept = co_await broker().change_access(std::move(changes));
    if (!kept) co_return answer_of(kept.error());
    for (const json::object& one : *vhosts) {
        const auto name = text_of(one, "name");
        if (!name) co_return answer_of(without("vhosts", "name"));
        json::object metadata;
        if (const json::object* given = object_of(one, "metadata")) metadata = *given;
        for (const std::string_view member : {"description", "tags", "default_queue_type"})
            if (const auto* value = one.if_contains(member)) metadata[member] = *value;
        const Result<bool> made = co_await make_vhost(*name, std::move(metadata), by);
        if (!made) co_return answer_of(made.error());
    }
    std::vector<AccessChange> rules;
    for (const json::object& one : *permissions) {
        const auto text = [&](std::string_view member) { return text_of(one, member).value_or(""); };
        rules.emplace_back(Permission{text("user"), text("vhost"), text("configure"), text("write"), text("read")});
    }
    for (const json::object& one : *topics) {
        const auto text = [&](std::string_view member) { return text_of(one, member).value_or(""); };
        rules.emplace_back(TopicPermission{text("user"), text("vhost"), text("exchange"), text("write"), text("read")});
    }
    const Result<void> given = co_await broker().change_access(std::move(rules));
    if (!given && given.error().code == Errc::no_such_namespace) co_return bad_request("vhost_or_user_not_found");
    if (!given) co_return answer_of(given.error());
    co_return std::nullopt;
}

awaitable<std::optional<Answer>> Management::import_parameters(json::object definitions, const std::string* vhost) {
    const auto parameters = objects_of(definitions, "parameters"), globals = objects_of(definitions, "global_parameters"),
               policies = objects_of(definitions, "policies");
    for (const auto* list : {&parameters, &globals, &policies})
        if (!*list) co_return answer_of(list->error());
    std::vector<AccessChange> changes;
    for (const json::object& one : *parameters) {
        const auto component = text_of(one, "component"), name = text_of(one, "name");
        const json::value* value = one.if_contains("value");
        if (!component || !name || !value) co_return answer_of(without("parameters", "component, name or value"));
        if (*component == "vhost-limits") {
            const auto wrong = value->is_object() ? amqp::wrong_limits(amqp::Limited::vhost, value->get_object())
                                                  : std::optional<std::string>("limits are no object");
            if (wrong) co_return bad_request(*wrong);
        }
        if (*component == amqp::operator_component) {
            static const json::object nothing;
            const auto policy = amqp::read_policy(*name, value->is_object() ? value->get_object() : nothing, amqp::PolicyKind::operators);
            if (!policy) co_return bad_request(policy.error().text);
        }
        changes.emplace_back(Parameter{*component, vhost ? *vhost : text_of(one, "vhost").value_or(""), *name, json::serialize(*value)});
    }
    for (const json::object& one : *globals) {
        const auto name = text_of(one, "name");
        const json::value* value = one.if_contains("value");
        if (!name || !value) co_return answer_of(without("global_parameters", "name or value"));
        if (*name != "internal_cluster_id" && !vhost) changes.emplace_back(Parameter{"global", "", *name, json::serialize(*value)});
    }
    for (const json::object& one : *policies) {
        const auto name = text_of(one, "name");
        if (!name) co_return answer_of(without("policies", "name"));
        const Result<amqp::Policy> policy = amqp::read_policy(*name, one, amqp::PolicyKind::user);
        if (!policy) co_return bad_request(fmt::format("policy '{}': {}", *name, policy.error().text));
        changes.emplace_back(Parameter{std::string(amqp::policy_component), vhost ? *vhost : text_of(one, "vhost").value_or(""), *name,
                                       json::serialize(amqp::to_json(*policy))});
    }
    const Result<void> kept = co_await broker().change_access(std::move(changes));
    if (!kept && kept.error().code == Errc::no_such_namespace) co_return bad_request(kept.error().text);
    if (!kept) co_return answer_of(kept.error());
    co_return std::nullopt;
}

awaitable<std::optional<Answer>> Management::import_topology(json::object definitions, std::optional<std::string> vhost,
                                                             amqp::LoggedIn by) {
    const auto queues = objects_of(definitions, "queues"), exchanges = objects_of(definitions, "exchanges"),
               bindings = objects_of(definitions, "bindings");
    for (const auto* list : {&queues, &exchanges, &bindings})
        if (!*list) co_return answer_of(list->error());
    const auto place = [&](const json::object& one) { return vhost ? *vhost : text_of(one, "vhost").value_or(""); };
    for (const json::object& one : *queues) {
        const auto name = text_of(one, "name");
        if (!name) co_return answer_of(without("queues", "name"));
        if (name->starts_with("amq.")) continue;  // a server had named it
        const std::string where = place(one);
        if (!service_.has_vhost(where)) co_return bad_request(fmt::format("queue '{}': there is no vhost '{}'", *name, where));
        bool is_new = false;
        std::optional<Answer> wrong = co_await make_queue(where, *name, one, by, is_new);
        if (wrong) co_return about("queue", *name, *std::move(wrong));
    }
    for (const json::object& one : *exchanges) {
        const auto name = text_of(one, "name");
        if (!name) co_return answer_of(without("exchanges", "name"));
        if (name->starts_with("amq.")) continue;  // every virtual host has those
        const std::string where = place(one);
        if (!service_.has_vhost(where)) co_return bad_request(fmt::format("exchange '{}': there is no vhost '{}'", *name, where));
        bool is_new = false;
        std::optional<Answer> wrong = co_await make_exchange(where, *name, one, by, is_new);
        if (wrong) co_return about("exchange", *name, *std::move(wrong));
    }
    for (const json::object& one : *bindings) {
        const auto source = text_of(one, "source");
        if (!source) co_return answer_of(without("bindings", "source"));
        if (source->empty()) continue;  // older releases export those of the default exchange
        if (text_of(one, "destination_type") == "queue" && text_of(one, "destination").value_or("").starts_with("amq.")) continue;
        std::optional<Answer> wrong = co_await make_binding(place(one), one, by);
        if (wrong) co_return about("binding of", *source, *std::move(wrong));
    }
    co_return std::nullopt;
}

awaitable<Answer> Management::post_definitions(Call call) {
    // Whoever imports may do so to its end, also where what is imported would end that.
    amqp::LoggedIn by = call.user;
    by.everything = true;
    std::optional<Answer> wrong = co_await import_access(call.body, by);
    if (wrong) co_return *std::move(wrong);
    wrong = co_await import_parameters(call.body, nullptr);
    if (wrong) co_return *std::move(wrong);
    wrong = co_await import_topology(call.body, std::nullopt, by);
    if (wrong) co_return *std::move(wrong);
    for (const std::string& vhost : broker().namespaces()) {
        const Result<void> applied = co_await service_.apply_policies(vhost);
        if (!applied) co_return answer_of(applied.error());
    }
    co_return done();
}

awaitable<Answer> Management::post_definitions_of_vhost(Call call) {
    const std::string vhost = call.name(0);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    std::optional<Answer> wrong = co_await import_parameters(call.body, &vhost);
    if (wrong) co_return *std::move(wrong);
    wrong = co_await import_topology(call.body, vhost, call.user);
    if (wrong) co_return *std::move(wrong);
    const Result<void> applied = co_await service_.apply_policies(vhost);
    if (!applied) co_return answer_of(applied.error());
    co_return done();
}

}  // namespace rowmq::management
