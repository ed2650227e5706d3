// What operators ask of a node, beside what it holds.

#include <array>

#include "amqp/password.hpp"
#include "base/process_memory.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

/// What RabbitMQ tells apart of its runtime's memory. Nothing of that is here: it is all of the process.
constexpr std::array parts_of_memory{"connection_readers",
                                     "connection_writers",
                                     "connection_channels",
                                     "connection_other",
                                     "queue_procs",
                                     "queue_slave_procs",
                                     "quorum_queue_procs",
                                     "quorum_queue_dlx_procs",
                                     "stream_queue_procs",
                                     "stream_queue_replica_reader_procs",
                                     "stream_queue_coordinator_procs",
                                     "plugins",
                                     "metadata_store",
                                     "metrics",
                                     "mgmt_db",
                                     "mnesia",
                                     "quorum_ets",
                                     "metadata_store_ets",
                                     "other_ets",
                                     "binary",
                                     "msg_index",
                                     "code",
                                     "atom",
                                     "other_system",
                                     "allocated_unused",
                                     "reserved_unallocated"};

}  // namespace

awaitable<Answer> Management::memory(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    const std::int64_t resident = static_cast<std::int64_t>(resident_memory());
    json::object memory;
    for (const char* part : parts_of_memory) memory[part] = 0;
    memory["other_proc"] = resident;
    memory["total"] = json::object{{"rss", resident}, {"allocated", resident}, {"erlang", resident}};
    memory["strategy"] = "rss";
    co_return json_answer(with_columns(call, json::object{{"memory", std::move(memory)}}));
}

/// There is one node.
awaitable<Answer> Management::rebalance(Call) { co_return done(); }

/// What is remembered of the past; what queues count is theirs.
awaitable<Answer> Management::reset(Call) {
    rates_.forget();
    co_return done();
}

awaitable<Answer> Management::reset_node(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    Answer answer = co_await reset(std::move(call));
    co_return answer;
}

awaitable<Answer> Management::login_attempts(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    json::array all;
    for (const auto& [protocol, attempts] : service_.login_attempts)
        all.push_back(json::object{{"protocol", protocol},
                                   {"auth_attempts", attempts.succeeded + attempts.failed},
                                   {"auth_attempts_failed", attempts.failed},
                                   {"auth_attempts_succeeded", attempts.succeeded}});
    co_return json_answer(all);
}

/// As in a RabbitMQ that was not told to remember from where they came.
awaitable<Answer> Management::login_attempts_by_source(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    co_return json_answer(json::array());
}

awaitable<Answer> Management::forget_login_attempts(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    service_.login_attempts.clear();
    co_return done();
}

awaitable<Answer> Management::hash_password(Call call) {
    const auto hash = amqp::rabbitmq_hash(call.name(0));
    if (!hash) co_return bad_request("there is no random salt");
    co_return json_answer(json::object{{"ok", *hash}});
}

/// Those of mirrored queues, which have nothing to do here.
awaitable<Answer> Management::act_on_queue(Call call) {
    const std::string &vhost = call.name(0), &queue = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (!broker().queue(queue, vhost)) co_return not_found();
    if (auto refusal = missing(call.body, {"action"})) co_return *std::move(refusal);
    const auto action = text_of(call.body, "action");
    if (action != "sync" && action != "cancel_sync") co_return bad_request("unknown action");
    co_return done();
}

awaitable<Answer> Management::start_vhost(Call call) {
    if (!service_.has_vhost(call.name(0)) || call.name(1) != settings_.node) co_return not_found();
    co_return done();
}

}  // namespace rowmq::management
