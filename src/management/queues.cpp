// Queues: what they are, how many messages they have, how fast those come and go.

#include <fmt/format.h>

#include "amqp/queue_arguments.hpp"
#include "amqp/table.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"
#include "management/tables.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::value name_or_null(const std::optional<amqp::Policy>& policy) { return policy ? json::value(policy->name) : json::value(); }

}  // namespace

json::object Management::queue_json(const QueueInfo& queue) {
    const QueueCounts& c = queue.counts;
    const auto rates = rates_.of(fmt::format("queue {}", value_of(queue.id)), shown(c));
    const amqp::Applied applied = service_.policies.of_queue(queue.ns, queue.name, queue.options);
    json::object out{{"name", queue.name},
                     {"vhost", queue.ns},
                     {"type", amqp::is_quorum(queue.options) ? "quorum" : "classic"},
                     {"durable", amqp::is_durable(queue.options)},
                     {"auto_delete", amqp::is_auto_delete(queue.options)},
                     {"exclusive", amqp::is_exclusive(queue.options)},
                     {"arguments", to_json(amqp::arguments_of(queue.options))},
                     {"node", settings_.node},
                     {"state", "running"},
                     {"consumers", queue.consumers},
                     {"policy", name_or_null(applied.policy)},
                     {"operator_policy", name_or_null(applied.operators)},
                     {"effective_policy_definition", applied.definition()},
                     {"messages_delayed", c.delayed},
                     {"message_bytes", c.bytes},
                     {"message_stats", message_stats(c, rates)}};
    for (auto& [name, value] : queue_totals(c, rates)) out[name] = value;
    return out;
}

Answer Management::queues_json(const Call& call, const std::vector<std::string>& vhosts) {
    std::vector<QueueInfo> all;
    for (const std::string& vhost : vhosts) {
        std::string after;
        for (;;) {
            std::vector<QueueInfo> some = broker().queues("", after, 1'000, vhost);
            if (some.empty()) break;
            after = some.back().name;
            std::move(some.begin(), some.end(), std::back_inserter(all));
        }
    }
    Listing listing;
    listing.size = all.size();
    listing.pages = true;
    listing.name = [&](std::size_t i) -> std::string_view { return all[i].name; };
    listing.make = [&](std::size_t i) { return queue_json(all[i]); };
    return list(call, listing);
}

awaitable<Answer> Management::list_queues(Call call) { co_return queues_json(call, vhosts_of(call)); }

awaitable<Answer> Management::queues_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    std::vector<std::string> one{call.name(0)};
    co_return queues_json(call, one);
}

awaitable<Answer> Management::get_queue(Call call) {
    const std::string &vhost = call.name(0), &name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    const Result<QueueInfo> queue = broker().queue(name, vhost);
    if (!queue) co_return not_found();
    json::object out = queue_json(*queue);
    json::array consumers;
    json::value exclusive, active;
    for (json::object& one : consumers_json(&vhost, &name)) {
        if (one["exclusive"] == true) exclusive = one["consumer_tag"];
        if (amqp::is_single_active(queue->options) && one["active"] == true && active.is_null()) active = one["consumer_tag"];
        consumers.push_back(std::move(one));
    }
    out["consumer_details"] = std::move(consumers);
    out["exclusive_consumer_tag"] = std::move(exclusive);
    out["single_active_consumer_tag"] = std::move(active);
    co_return json_answer(with_columns(call, std::move(out)));
}

/// None: it is there now. As queue.declare of that user.
awaitable<std::optional<Answer>> Management::make_queue(std::string vhost, std::string name, json::object body, amqp::LoggedIn by,
                                                        bool& is_new) {
    static const json::object nothing;
    const json::object* arguments = object_of(body, "arguments");
    const Result<HeaderTable> table = table_of(arguments ? *arguments : nothing);
    if (!table) co_return answer_of(table.error());
    if (auto wrong = unless_flags(body, {"durable", "auto_delete"})) co_return wrong;
    amqp::QueueDeclare method;
    method.queue = name;
    method.durable = flag_of(body, "durable");
    method.auto_delete = flag_of(body, "auto_delete");
    method.arguments = *table;
    if (const auto type = text_of(body, "queue_type"); type && !amqp::find(method.arguments, "x-queue-type"))
        method.arguments.push_back({"x-queue-type", {*type, {}}});
    amqp::Rights rights(broker(), by.name, vhost, by.everything);
    if (const auto refusal = rights.queue(amqp::Right::configure, name)) co_return answer_of(*refusal);
    const std::string what = amqp::queue_text(name, vhost);
    if (const Result<QueueInfo> existing = broker().queue(name, vhost)) {
        is_new = false;
        if (const auto refusal = amqp::difference(method, existing->options, what)) co_return answer_of(*refusal);
        co_return std::nullopt;
    }
    if (name.starts_with("amq.")) co_return not_authorised(fmt::format("queue name '{}' contains reserved prefix 'amq.*'", name));
    if (const auto refusal = amqp::refusal_of_queue(broker(), vhost, name)) co_return answer_of(*refusal);
    auto options = amqp::options_of(method, vhost, service_.settings.message_bytes);
    if (!options) co_return answer_of(options.error());
    if (options->dead_letter) {
        auto refusal = rights.queue(amqp::Right::read, name);
        if (!refusal) refusal = rights.exchange(amqp::Right::write, options->dead_letter->exchange);
        if (refusal) co_return answer_of(*refusal);
    }
    const amqp::Applied applied = service_.policies.of_queue(vhost, name, *options);
    QueueOptions effective = with(applied, *std::move(options));
    const Result<QueueInfo> made = co_await broker().declare_queue(name, std::move(effective), vhost);
    if (!made) co_return answer_of(made.error());
    is_new = true;
    co_return std::nullopt;
}

awaitable<Answer> Management::put_queue(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    bool is_new = false;
    std::optional<Answer> wrong = co_await make_queue(call.name(0), call.name(1), call.body, call.user, is_new);
    if (wrong) co_return *std::move(wrong);
    co_return stored(is_new);
}

awaitable<Answer> Management::delete_queue(Call call) {
    const std::string vhost = call.name(0), name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    const Result<QueueInfo> queue = broker().queue(name, vhost);
    if (!queue) co_return not_found();
    amqp::Rights rights = this->rights(call, vhost);
    if (const auto refusal = rights.queue(amqp::Right::configure, name)) co_return answer_of(*refusal);
    const std::string what = amqp::queue_text(name, vhost);
    if (service_.exclusive.contains({vhost, name})) co_return bad_request(fmt::format("cannot obtain exclusive access to locked {}", what));
    if (call.flag("if-empty") && queue->counts.ready > 0) co_return bad_request(what + " not empty");
    if (call.flag("if-unused") && queue->consumers > 0) co_return bad_request(what + " in use");
    DeleteConditions conditions;
    conditions.if_unused = call.flag("if-unused");
    const Result<std::int64_t> deleted = co_await broker().delete_queue(name, conditions, vhost);
    if (!deleted) co_return answer_of(deleted.error());
    co_await service_.delete_unbound_exchanges(vhost);
    co_return done();
}

}  // namespace rowmq::management
