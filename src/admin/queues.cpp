// The admin API's queues, tasks and facts about the whole broker.

#include "admin/fields.hpp"
#include "admin/openapi.hpp"
#include "admin/queue_json.hpp"
#include "admin/routes.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

constexpr std::int64_t queues_per_page = 1'000;

Response answer(const Result<QueueInfo>& queue) { return queue ? json_response(to_json(*queue)) : error_response(queue.error()); }
Response answer(const Result<RedriveTask>& task) { return task ? json_response(to_json(*task)) : error_response(task.error()); }

}  // namespace

awaitable<Response> Admin::healthz(Call) {
    const auto health = broker_.health();
    if (health.serving) co_return Response{.content_type = "text/plain", .body = "ok\n"};
    co_return Response{.status = 503, .content_type = "text/plain", .body = health.problem + "\n"};
}

awaitable<Response> Admin::openapi(Call) { co_return Response{.body = std::string(openapi_json())}; }

awaitable<Response> Admin::health(Call) {
    const auto health = broker_.health();
    auto facts = to_json(health);
    facts["version"] = ROWMQ_VERSION;
    co_return json_response(facts, health.serving ? 200 : 503);
}

awaitable<Response> Admin::counts(Call call) {
    QueueCounts total;
    std::int64_t queues = 0;
    std::string after;
    for (;;) {
        const auto page = broker_.queues("", after, queues_per_page, call.ns);
        if (page.empty()) break;
        for (const auto& queue : page) {
            const auto& c = queue.counts;
            total.ready += c.ready;
            total.delayed += c.delayed;
            total.leased += c.leased;
            total.sent += c.sent;
            total.done += c.done;
            total.dead_lettered += c.dead_lettered;
            total.expired += c.expired;
            total.purged += c.purged;
            total.overflowed += c.overflowed;
            total.redriven += c.redriven;
            total.bytes += c.bytes;
            total.delivered += c.delivered;
            total.redelivered += c.redelivered;
        }
        queues += static_cast<std::int64_t>(page.size());
        after = page.back().name;
    }
    json::object answer;
    answer["namespace"] = call.ns;
    answer["queues"] = queues;
    answer["counts"] = to_json(total);
    co_return json_response(answer);
}

awaitable<Response> Admin::list_queues(Call call) {
    const auto max = number_of(call.request, "max", queues_per_page, 1, queues_per_page);
    if (max.has_error()) co_return error_response(max.error());
    const auto page =
        broker_.queues(text_of(call.request, "prefix"), text_of(call.request, "after"), static_cast<std::size_t>(*max), call.ns);
    json::array queues;
    for (const auto& queue : page) queues.push_back(to_json(queue));
    json::object answer;
    answer["queues"] = std::move(queues);
    if (static_cast<std::int64_t>(page.size()) == *max) answer["next"] = page.back().name;
    co_return json_response(answer);
}

awaitable<Response> Admin::get_queue(Call call) { co_return answer(broker_.queue(call.name, call.ns)); }

awaitable<Response> Admin::declare_queue(Call call) {
    const auto options = read_queue_options(call.body);
    if (options.has_error()) co_return error_response(options.error());
    const auto declared = co_await broker_.declare_queue(call.name, *options, call.ns);
    co_return answer(declared);
}

awaitable<Response> Admin::alter_queue(Call call) {
    const auto existing = broker_.queue(call.name, call.ns);
    if (existing.has_error()) co_return error_response(existing.error());
    const auto options = read_queue_options(call.body, existing->options);
    if (options.has_error()) co_return error_response(options.error());
    const auto altered = co_await broker_.alter_queue(call.name, *options, call.ns);
    co_return answer(altered);
}

awaitable<Response> Admin::delete_queue(Call call) {
    const DeleteConditions conditions{.if_unused = flag_of(call.request, "if_unused"), .if_empty = flag_of(call.request, "if_empty")};
    const auto deleted = co_await broker_.delete_queue(call.name, conditions, call.ns);
    if (deleted.has_error()) co_return error_response(deleted.error());
    json::object answer;
    answer["messages"] = *deleted;
    co_return json_response(answer);
}

awaitable<Response> Admin::purge_queue(Call call) {
    PurgeScope scope;
    Fields fields(call.body, "purge");
    fields.flag("leased", scope.leased);
    fields.flag("delayed", scope.delayed);
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto purged = co_await broker_.purge_queue(call.name, scope, call.ns);
    if (purged.has_error()) co_return error_response(purged.error());
    json::object answer;
    answer["messages"] = *purged;
    co_return json_response(answer);
}

awaitable<Response> Admin::redrive(Call call) {
    RedriveRequest request;
    request.source = call.name;
    Fields fields(call.body, "redrive");
    fields.text("destination", request.destination);
    fields.integer("per_second", request.per_second);
    if (const auto* selected = fields.array("selected")) {
        for (const auto& sequence : *selected) {
            if (!sequence.is_int64()) {
                fields.fail("redrive: \"selected\" is not an array of sequences");
                break;
            }
            request.selected.push_back(Sequence{sequence.get_int64()});
        }
        // An empty selection means nothing here, and everything to the broker.
        if (selected->empty()) fields.fail("redrive: \"selected\" is empty");
    }
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto task = co_await broker_.redrive(request, call.ns);
    co_return answer(task);
}

awaitable<Response> Admin::list_redrives(Call call) {
    json::array tasks;
    for (const auto& task : broker_.redrives(text_of(call.request, "source"), call.ns)) tasks.push_back(to_json(task));
    json::object answer;
    answer["redrives"] = std::move(tasks);
    co_return json_response(answer);
}

awaitable<Response> Admin::cancel_redrive(Call call) {
    std::int64_t id = 0;
    const auto read = std::from_chars(call.name.data(), call.name.data() + call.name.size(), id);
    if (read.ec != std::errc{} || read.ptr != call.name.data() + call.name.size()) {
        co_return error_response(Error{Errc::no_such_task, "a redrive is named by a number"});
    }
    const auto task = co_await broker_.cancel_redrive(id);
    co_return answer(task);
}

awaitable<Response> Admin::backup(Call call) {
    std::string path;
    Fields fields(call.body, "backup");
    fields.text("path", path);
    if (path.empty() || path.front() != '/') fields.fail("backup: \"path\" is not the absolute path of a new file");
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto done = co_await broker_.backup(path);
    if (done.has_error()) co_return error_response(done.error());
    json::object answer;
    answer["path"] = path;
    co_return json_response(answer);
}

}  // namespace rowmq::admin
