#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <utility>

#include "base/base64.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/page_token.hpp"
#include "sqs/policy_json.hpp"

namespace rowmq::sqs {
namespace {

namespace json = boost::json;

constexpr std::int64_t max_listed_queues = 1'000;
constexpr std::int64_t max_listed_tasks = 10;
constexpr std::int64_t max_per_second = 500;

constexpr std::string_view task_prefix = "00000000-0000-0000-0000-";  // twelve digits of its number make it a UUID

/// As Amazon's, which tools read: the Base64 of {"taskId":"00000000-0000-0000-0000-00000000000c","sourceArn":"arn:.."}.
std::string handle_of(const RedriveTask& task, const Settings& settings) {
    return base64_encode(json::serialize(
        json::object{{"taskId", fmt::format("{}{:012x}", task_prefix, task.id)}, {"sourceArn", arn_of(task.source, settings)}}));
}

struct NamedTask {
    std::int64_t id = 0;  ///< 0: of no task
    std::string source;   ///< the queue's name; empty: of another account
};
std::optional<NamedTask> task_of(const std::string& handle, const Settings& settings) {
    const auto text = base64_decode(handle);
    const auto object = text ? parse_json_object(*text) : std::nullopt;
    const auto member = [&](const char* name) {
        const json::value* found = object ? object->if_contains(name) : nullptr;
        return found && found->is_string() ? std::optional(std::string(std::string_view(found->get_string()))) : std::nullopt;
    };
    const auto id = member("taskId"), arn = member("sourceArn");
    if (!id || !arn || !arn->starts_with("arn:")) return std::nullopt;
    NamedTask task{.id = 0, .source = queue_of_arn(*arn, settings).value_or("")};
    if (!id->starts_with(task_prefix)) return task;
    const char* const end = id->data() + id->size();
    const auto [stop, error] = std::from_chars(id->data() + task_prefix.size(), end, task.id, 16);
    if (error != std::errc() || stop != end) task.id = 0;
    return task;
}

std::string_view status_of(TaskState state) {
    switch (state) {
        case TaskState::running: return "RUNNING";
        case TaskState::completed: return "COMPLETED";
        case TaskState::cancelling: return "CANCELLING";
        case TaskState::cancelled: return "CANCELLED";
        case TaskState::failed: return "FAILED";
    }
    return "FAILED";
}

MoveTask described(const RedriveTask& task, const Settings& settings) {
    MoveTask described;
    if (task.state == TaskState::running) described.handle = handle_of(task, settings);
    described.status = status_of(task.state);
    described.source_arn = arn_of(task.source, settings);
    if (task.destination) described.destination_arn = arn_of(*task.destination, settings);
    if (task.per_second > 0) described.per_second = task.per_second;
    described.moved = task.moved;
    described.to_move = task.total;
    if (!task.failure.empty()) described.failure = task.failure;
    described.started_at = task.started_at.time_since_epoch().count();
    return described;
}

Refusal no_such_resource(std::string_view parameter) {
    return {Fault::resource_not_found, fmt::format("The resource that you specified for the {} parameter doesn't exist.", parameter)};
}

/// The queue an ARN parameter names.
Answer<std::string> queue_of(Service& service, const Text& arn, std::string_view parameter) {
    if (!arn || arn->empty()) return missing(parameter);
    const auto name = queue_of_arn(*arn, service.settings);
    if (!name) return invalid_value(*arn, parameter, "It is not the ARN of a queue of this account.");
    if (!service.broker.queue(*name)) return no_such_resource(parameter);
    return *name;
}

}  // namespace

awaitable<Answer<ListDeadLetterSourceQueuesResult>> list_dead_letter_source_queues(Service& service, Caller caller,
                                                                                   ListDeadLetterSourceQueuesRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    const std::int64_t max = request.max_results.value_or(max_listed_queues);
    if (max < 1 || max > max_listed_queues)
        co_return invalid_value(std::to_string(max), "MaxResults", "MaxResults must be an integer between 1 and 1000.");
    const std::vector<std::string> names = service.broker.dead_letter_sources(queue->name);
    auto from = names.begin();
    if (request.next_token) {
        const auto after = name_of_page_token(*request.next_token);
        if (!after) co_return invalid_value(*request.next_token, "NextToken", "It was not given by ListDeadLetterSourceQueues.");
        from = std::upper_bound(names.begin(), names.end(), *after);
    }
    ListDeadLetterSourceQueuesResult result;
    for (; from != names.end() && result.queue_urls.size() < static_cast<std::size_t>(max); ++from)
        result.queue_urls.push_back(url_of(*from, caller.origin, service.settings));
    if (request.max_results && from != names.end()) result.next_token = page_token_after(*(from - 1));
    co_return result;
}

awaitable<Answer<StartMessageMoveTaskResult>> start_message_move_task(Service& service, Caller, StartMessageMoveTaskRequest request) {
    const auto source = queue_of(service, request.source_arn, "SourceArn");
    if (!source) co_return source.error();
    if (request.per_second && (*request.per_second < 1 || *request.per_second > max_per_second))
        co_return invalid_value(std::to_string(*request.per_second), "MaxNumberOfMessagesPerSecond",
                                "Must be between 1 and 500, if provided.");
    RedriveRequest redrive;
    redrive.source = *source;
    redrive.per_second = static_cast<std::uint32_t>(request.per_second.value_or(0));
    if (request.destination_arn && !request.destination_arn->empty()) {
        const auto destination = queue_of(service, request.destination_arn, "DestinationArn");
        if (!destination) co_return destination.error();
        redrive.destination = *destination;
    }
    if (service.broker.dead_letter_sources(*source).empty())
        co_return Refusal{Fault::invalid_parameter_value, "Source queue must be configured as a Dead Letter Queue."};

    const Result<RedriveTask> task = co_await service.broker.redrive(std::move(redrive));
    if (!task && task.error().code == Errc::already_exists)
        co_return Refusal{Fault::invalid_parameter_value,
                          "There is already a task running. Only one active task is allowed for a source queue arn at a given time."};
    if (!task) co_return refusal_of(task.error());
    co_return StartMessageMoveTaskResult{.task_handle = handle_of(*task, service.settings)};
}

awaitable<Answer<CancelMessageMoveTaskResult>> cancel_message_move_task(Service& service, Caller, CancelMessageMoveTaskRequest request) {
    if (!request.task_handle || request.task_handle->empty()) co_return missing("TaskHandle");
    const auto named = task_of(*request.task_handle, service.settings);
    if (!named) co_return Refusal{Fault::invalid_parameter_value, "Value for parameter TaskHandle is invalid."};
    if (!service.broker.queue(named->source)) co_return no_such_resource("SourceArn");
    const Result<RedriveTask> task = co_await service.broker.cancel_redrive(named->id);
    if (!task) co_return Refusal{Fault::resource_not_found, "Task does not exist."};
    co_return CancelMessageMoveTaskResult{.moved = task->moved};
}

awaitable<Answer<ListMessageMoveTasksResult>> list_message_move_tasks(Service& service, Caller, ListMessageMoveTasksRequest request) {
    const auto source = queue_of(service, request.source_arn, "SourceArn");
    if (!source) co_return source.error();
    const std::int64_t max = request.max_results.value_or(1);
    if (max < 1 || max > max_listed_tasks)
        co_return invalid_value(std::to_string(max), "MaxResults", "Must be between 1 and 10, if provided.");
    ListMessageMoveTasksResult result;
    for (const RedriveTask& task : service.broker.redrives(*source)) {
        if (result.tasks.size() == static_cast<std::size_t>(max)) break;
        result.tasks.push_back(described(task, service.settings));
    }
    co_return result;
}

}  // namespace rowmq::sqs
