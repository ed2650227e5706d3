#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sqs/actions/actions.hpp"
#include "sqs/page_token.hpp"
#include "sqs/queue_attributes.hpp"
#include "sqs/tags.hpp"

namespace rowmq::sqs {
namespace {

constexpr std::int64_t max_listed = 1'000;

Answer<std::string> new_queue_name(const CreateQueueRequest& request) {
    if (!request.name) return missing("QueueName");
    const auto fifo =
        std::find_if(request.attributes.begin(), request.attributes.end(), [](const auto& a) { return a.first == "FifoQueue"; });
    const bool wants_fifo = fifo != request.attributes.end() && (fifo->second == "true" || fifo->second == "True");
    if (wants_fifo && (!is_fifo_name(*request.name) || !is_queue_name(*request.name)))
        return Refusal{
            Fault::invalid_parameter_value,
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix "
            "and be 1 to 80 in length."};
    if (!is_queue_name(*request.name) || (is_fifo_name(*request.name) && !wants_fifo))
        return Refusal{Fault::invalid_parameter_value,
                       "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"};
    return *request.name;
}

/// A queue of that name is there: the same, as far as the request says?
std::optional<Refusal> differs(const QueueInfo& queue, const Map<std::string>& attributes, const AttributeScope& scope) {
    for (const auto& attribute : attributes) {
        const auto changed = with_attributes(queue.options, {attribute}, scope);
        if (!changed) return changed.error();
        if (*changed == queue.options) continue;
        return Refusal{Fault::queue_name_exists,
                       fmt::format("A queue already exists with the same name and a different value for attribute {}", attribute.first)};
    }
    return std::nullopt;
}

/// Up to `max` queues, without those from which SNS sends to HTTP endpoints.
std::vector<QueueInfo> queues_after(const Broker& broker, const std::string& prefix, std::string after, std::size_t max) {
    std::vector<QueueInfo> found;
    while (found.size() < max) {
        auto some = broker.queues(prefix, after, max - found.size());
        if (some.empty()) break;
        after = some.back().name;
        std::erase_if(some, [](const QueueInfo& queue) { return queue.options.attributes.contains("sns.topic"); });
        std::move(some.begin(), some.end(), std::back_inserter(found));
    }
    return found;
}

}  // namespace

awaitable<Answer<QueueUrlResult>> create_queue(Service& service, Caller caller, CreateQueueRequest request) {
    auto name = new_queue_name(request);
    if (!name) co_return name.error();
    if (auto wrong = check_tags({}, request.tags, *name)) co_return *std::move(wrong);
    const FindQueue find = [&service](std::string_view wanted) -> std::optional<QueueInfo> {
        auto found = service.broker.queue(wanted);
        return found ? std::optional(*std::move(found)) : std::nullopt;
    };
    const AttributeScope scope{.queue = *name, .settings = service.settings, .find = find, .creating = true};

    QueueUrlResult result{.queue_url = url_of(*name, caller.origin, service.settings)};
    if (const auto there = find(*name)) {
        if (auto refused = differs(*there, request.attributes, scope)) co_return *std::move(refused);
        co_return result;
    }
    if (service.deleted_queues.contains(*name, service.clock.monotonic()))
        co_return Refusal{Fault::queue_deleted_recently,
                          fmt::format("You must wait {} seconds after deleting a queue before you can create another with the same name.",
                                      std::chrono::ceil<std::chrono::seconds>(service.settings.recreate_after).count())};
    auto options = with_attributes(default_options(*name), request.attributes, scope);
    if (!options) co_return options.error();
    for (auto& [key, value] : request.tags) options->tags[key] = value;
    auto declared = co_await service.broker.declare_queue(*name, *std::move(options));
    if (!declared) co_return refusal_of(declared.error());
    co_return result;
}

awaitable<Answer<QueueUrlResult>> get_queue_url(Service& service, Caller caller, GetQueueUrlRequest request) {
    if (!request.name || request.name->empty()) co_return missing("QueueName");
    if (request.account && !request.account->empty() && *request.account != service.settings.account) co_return no_such_queue();
    const auto found = service.broker.queue(*request.name);
    if (!found) co_return refusal_of(found.error());
    co_return QueueUrlResult{.queue_url = url_of(*request.name, caller.origin, service.settings)};
}

awaitable<Answer<ListQueuesResult>> list_queues(Service& service, Caller caller, ListQueuesRequest request) {
    const std::int64_t max = request.max_results.value_or(max_listed);
    if (max < 1 || max > max_listed)
        co_return invalid_value(std::to_string(max), "MaxResults", "MaxResults must be an integer between 1 and 1000.");
    std::string after;
    if (request.next_token) {
        auto decoded = name_of_page_token(*request.next_token);
        if (!decoded) co_return invalid_value(*request.next_token, "NextToken", "It was not given by ListQueues.");
        after = *std::move(decoded);
    }
    // One more than asked for tells whether there are more.
    const auto found = queues_after(service.broker, request.prefix.value_or(""), after, static_cast<std::size_t>(max) + 1);
    ListQueuesResult result;
    for (const QueueInfo& queue : found) {
        if (result.queue_urls.size() == static_cast<std::size_t>(max)) break;
        result.queue_urls.push_back(url_of(queue.name, caller.origin, service.settings));
    }
    if (request.max_results && found.size() > static_cast<std::size_t>(max))
        result.next_token = page_token_after(found[static_cast<std::size_t>(max) - 1].name);
    co_return result;
}

awaitable<Answer<Nothing>> delete_queue(Service& service, Caller, QueueRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    const auto deleted = co_await service.broker.delete_queue(queue->name, {});
    if (!deleted) co_return refusal_of(deleted.error());
    service.purges.forget(queue->id);
    service.attempts.forget(queue->id);
    service.deleted_queues.add(queue->name, service.clock.monotonic());
    co_return Nothing{};
}

awaitable<Answer<Nothing>> purge_queue(Service& service, Caller, QueueRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (!service.purges.begin(queue->id, service.clock.monotonic()))
        co_return Refusal{Fault::purge_queue_in_progress,
                          fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue->name)};
    service.attempts.forget(queue->id);
    const PurgeScope everything{.leased = true, .delayed = true};
    const auto purged = co_await service.broker.purge_queue(queue->name, everything);
    if (!purged) {
        service.purges.forget(queue->id);
        co_return refusal_of(purged.error());
    }
    co_return Nothing{};
}

}  // namespace rowmq::sqs
