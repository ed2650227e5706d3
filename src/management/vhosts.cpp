// Virtual hosts. What is said of one (description, tags) is a parameter of the component "vhost-metadata".

#include "amqp/connection.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
constexpr const char *component = "vhost-metadata", *name_of_it = "metadata";

/// RabbitMQ takes "a,b" as well as ["a", "b"].
json::array tags_of(const json::object& body) {
    if (const json::array* list = array_of(body, "tags")) return *list;
    json::array tags;
    std::string text = text_of(body, "tags").value_or("");
    for (std::size_t from = 0; from < text.size();) {
        const auto comma = std::min(text.find(',', from), text.size());
        const auto first = text.find_first_not_of(' ', from);
        if (first < comma) tags.push_back(json::string(text.substr(first, comma - first)));
        from = comma + 1;
    }
    return tags;
}

}  // namespace

json::object Management::vhost_metadata(const std::string& vhost) const {
    json::object out{{"description", vhost == default_namespace ? "Default virtual host" : ""}, {"tags", json::array()}};
    const auto found = broker().access().parameters.find({component, vhost, name_of_it});
    if (found == broker().access().parameters.end()) return out;
    boost::system::error_code failed;
    const json::value kept = json::parse(found->second, failed);
    if (failed || !kept.is_object()) return out;
    for (const auto& [key, value] : kept.get_object()) out[key] = value;
    return out;
}

json::object Management::vhost_json(const std::string& vhost) {
    QueueCounts sum;
    std::string after;
    for (;;) {
        const std::vector<QueueInfo> some = broker().queues("", after, 1'000, vhost);
        if (some.empty()) break;
        after = some.back().name;
        for (const QueueInfo& queue : some) add(sum, queue.counts);
    }
    std::uint64_t received = 0, sent = 0;
    for (const amqp::Connection* connection : service_.connections) {
        if (connection->vhost() != vhost) continue;
        const auto facts = connection->facts();
        received += facts.received_bytes;
        sent += facts.sent_bytes;
    }
    sum = rates_.risen("vhost " + vhost, sum);
    const auto rates = rates_.of("vhost " + vhost, shown(sum));
    json::object metadata = vhost_metadata(vhost);
    json::object out{{"name", vhost},
                     {"description", metadata["description"]},
                     {"tags", metadata["tags"]},
                     {"tracing", false},
                     {"cluster_state", json::object{{settings_.node, "running"}}},
                     {"recv_oct", received},
                     {"send_oct", sent},
                     {"message_stats", message_stats(sum, rates)}};
    if (const auto* type = metadata.if_contains("default_queue_type")) out["default_queue_type"] = *type;
    out["metadata"] = std::move(metadata);
    for (auto& [name, value] : queue_totals(sum, rates)) out[name] = value;
    return out;
}

awaitable<Answer> Management::list_vhosts(Call call) {
    std::vector<json::object> all;
    for (const std::string& vhost : call.is_monitor() ? broker().namespaces() : vhosts_of(call)) all.push_back(vhost_json(vhost));
    co_return list(call, std::move(all), "name", true);
}

awaitable<Answer> Management::get_vhost(Call call) {
    const std::string& vhost = call.name(0);
    if (!service_.has_vhost(vhost)) co_return not_found();
    if (!call.is_monitor() && !enters(call, vhost)) co_return not_authorised("User not authorised to access virtual host");
    co_return json_answer(with_columns(call, vhost_json(vhost)));
}

/// True: it is new. Who makes it may do everything in it.
awaitable<Result<bool>> Management::make_vhost(std::string vhost, json::object metadata, amqp::LoggedIn by) {
    const Result<bool> made = co_await service_.create_vhost(vhost);
    if (!made) co_return made.error();
    std::vector<AccessChange> changes;
    if (!metadata.empty()) {
        json::object kept = vhost_metadata(vhost);
        for (const auto& [key, value] : metadata) kept[key] = value;
        changes.emplace_back(Parameter{component, vhost, name_of_it, json::serialize(kept)});
    }
    if (*made && broker().access().users.contains(by.name)) changes.emplace_back(Permission{by.name, vhost, ".*", ".*", ".*"});
    const Result<void> stored = co_await broker().change_access(std::move(changes));
    if (!stored) co_return stored.error();
    co_return *made;
}

awaitable<Answer> Management::put_vhost(Call call) {
    json::object metadata;
    if (const json::object* member = object_of(call.body, "metadata")) {
        const json::object given = *member;
        for (const std::string_view name : {"description", "tags", "default_queue_type"})
            if (const auto* value = given.if_contains(name); value && !call.body.contains(name)) call.body[name] = *value;
    }
    if (const auto description = text_of(call.body, "description")) metadata["description"] = *description;
    if (call.body.contains("tags")) metadata["tags"] = tags_of(call.body);
    for (const std::string_view name : {"defaultqueuetype", "default_queue_type"})
        if (const auto type = text_of(call.body, name)) {
            if (*type != "classic" && *type != "quorum")
                co_return bad_request("Unsupported default queue type: classic and quorum are served");
            metadata["default_queue_type"] = *type;
        }
    const Result<bool> made = co_await make_vhost(call.name(0), std::move(metadata), call.user);
    if (!made) co_return answer_of(made.error());
    co_return stored(*made);
}

awaitable<Answer> Management::delete_vhost(Call call) {
    const Result<void> deleted = co_await service_.delete_vhost(call.name(0));
    if (!deleted) co_return answer_of(deleted.error());
    co_return done();
}

}  // namespace rowmq::management
