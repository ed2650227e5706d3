#include <utility>

#include "sqs/access_policy.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/queue_attributes.hpp"
#include "sqs/tags.hpp"

namespace rowmq::sqs {
namespace {

awaitable<Answer<Nothing>> alter(Service& service, QueueInfo queue, QueueOptions options) {
    if (options == queue.options) co_return Nothing{};
    const auto altered = co_await service.broker.alter_queue(queue.name, std::move(options));
    if (!altered) co_return refusal_of(altered.error());
    co_return Nothing{};
}

}  // namespace

awaitable<Answer<GetQueueAttributesResult>> get_queue_attributes(Service& service, Caller, GetQueueAttributesRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    auto attributes = attributes_of(*queue, request.names, service.settings);
    if (!attributes) co_return attributes.error();
    co_return GetQueueAttributesResult{.attributes = *std::move(attributes)};
}

awaitable<Answer<Nothing>> set_queue_attributes(Service& service, Caller, SetQueueAttributesRequest request) {
    auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (request.attributes.empty()) co_return missing("Attributes");
    const FindQueue find = [&service](std::string_view wanted) -> std::optional<QueueInfo> {
        auto found = service.broker.queue(wanted);
        return found ? std::optional(*std::move(found)) : std::nullopt;
    };
    auto options = with_attributes(queue->options, request.attributes, {.queue = queue->name, .settings = service.settings, .find = find});
    if (!options) co_return options.error();
    co_return co_await alter(service, *std::move(queue), *std::move(options));
}

awaitable<Answer<ListQueueTagsResult>> list_queue_tags(Service& service, Caller, QueueRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    ListQueueTagsResult result;
    for (const auto& [key, value] : queue->options.tags) result.tags.emplace_back(key, value);
    co_return result;
}

awaitable<Answer<Nothing>> tag_queue(Service& service, Caller, TagQueueRequest request) {
    auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (request.tags.empty()) co_return missing("Tags");
    if (auto wrong = check_tags(queue->options.tags, request.tags, queue->name)) co_return *std::move(wrong);
    QueueOptions options = queue->options;
    for (auto& [key, value] : request.tags) options.tags[key] = value;
    co_return co_await alter(service, *std::move(queue), std::move(options));
}

awaitable<Answer<Nothing>> untag_queue(Service& service, Caller, UntagQueueRequest request) {
    auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (request.keys.empty()) co_return missing("TagKeys");
    QueueOptions options = queue->options;
    for (const auto& key : request.keys) options.tags.erase(key);
    co_return co_await alter(service, *std::move(queue), std::move(options));
}

awaitable<Answer<Nothing>> add_permission(Service& service, Caller, AddPermissionRequest request) {
    auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (!request.label || request.label->empty()) co_return missing("Label");
    QueueOptions options = queue->options;
    std::string& policy = options.attributes["sqs.Policy"];
    auto added = with_permission(policy, arn_of(queue->name, service.settings),
                                 {.label = *request.label, .accounts = std::move(request.accounts), .actions = std::move(request.actions)});
    if (!added) co_return added.error();
    policy = *std::move(added);
    co_return co_await alter(service, *std::move(queue), std::move(options));
}

awaitable<Answer<Nothing>> remove_permission(Service& service, Caller, RemovePermissionRequest request) {
    auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (!request.label || request.label->empty()) co_return missing("Label");
    QueueOptions options = queue->options;
    auto left = without_permission(options.attributes["sqs.Policy"], *request.label);
    if (!left) co_return left.error();
    options.attributes["sqs.Policy"] = *left;
    if (left->empty()) options.attributes.erase("sqs.Policy");
    co_return co_await alter(service, *std::move(queue), std::move(options));
}

}  // namespace rowmq::sqs
