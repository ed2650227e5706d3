#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/planted.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/batch.hpp"

namespace rowmq::sqs {
namespace {

/// What a deletion that the broker answered with `error` answers. On standard queues a handle that is no longer the newest
/// deletes nothing and is no error; on FIFO queues it has expired, unless it deleted its message before.
std::optional<Refusal> deletion(Service& service, const QueueInfo& queue, const Lease& lease, const std::optional<Error>& error,
                                const std::string& handle) {
    if (!error) {
        service.deletions.add(lease);
        service.attempts.forget(lease);
        return std::nullopt;
    }
    if (error->code != Errc::lease_gone) return refusal_of(*error);
    if (queue.options.kind == QueueKind::standard || service.deletions.contains(lease)) return std::nullopt;
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.");
}

/// A standard queue hides a message again whose visibility has ended, for the newest handle; a FIFO queue has gone on without it.
RunOut run_out_of(const QueueInfo& queue) { return queue.options.kind == QueueKind::standard ? RunOut::revive : RunOut::refuse; }

/// A FIFO queue's handle deletes as long as its message is hidden. One of before this process is believed: it was the restart that ended
/// its visibility, not the client.
Settlement deletion_of(const QueueInfo& queue, const Lease& lease) {
    const bool fifo = queue.options.kind == QueueKind::fifo && !planted(Bug::fifo_deletes_what_has_run_out);
    return {.lease = lease, .verdict = Verdict::done, .delay = {}, .while_held = fifo};
}

std::optional<Refusal> change_visibility(Service& service, const QueueInfo& queue, const Text& handle, const Number& timeout) {
    const auto opened = service.handle(handle, queue);
    if (!opened) return opened.error();
    if (!timeout) return missing("VisibilityTimeout");
    if (*timeout < 0 || *timeout > max_visibility_seconds)
        return invalid_value(std::to_string(*timeout), "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200");
    // The whole seconds of both times may make one too many.
    std::int64_t held = (service.second() + aws::handle_seconds - opened->second) % aws::handle_seconds;
    if (held > aws::handle_seconds / 2) held = 0;  // given before the clock was set back and the server restarted
    if (*timeout + held > max_visibility_seconds + 1)
        return invalid_value(std::to_string(*timeout), "VisibilityTimeout",
                             "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]");
    const auto session = service.session();
    if (!session) return session.error();
    const Lease& lease = opened->lease;
    service.attempts.forget(lease);
    const auto errors = (*session)->extend({&lease, 1}, std::chrono::seconds(*timeout), run_out_of(queue));
    if (errors.empty() || !errors.front()) return std::nullopt;
    if (errors.front()->code != Errc::lease_gone) return refusal_of(*errors.front());
    if (service.deletions.contains(lease))
        return invalid_value(*handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.");
    return Refusal{Fault::message_not_inflight, "The specified message isn't in flight."};
}

}  // namespace

awaitable<Answer<Nothing>> delete_message(Service& service, Caller, DeleteMessageRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    const auto handle = service.handle(request.receipt_handle, *queue);
    if (!handle) co_return handle.error();
    const auto session = service.session();
    if (!session) co_return session.error();
    std::vector<Settlement> asked{deletion_of(*queue, handle->lease)};
    const Settled settled = co_await (*session)->settle(std::move(asked));
    if (auto refused = deletion(service, *queue, handle->lease, settled.results.front(), *request.receipt_handle))
        co_return *std::move(refused);
    co_return Nothing{};
}

awaitable<Answer<DeleteMessageBatchResult>> delete_message_batch(Service& service, Caller, DeleteMessageBatchRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto wrong = check_batch(request.entries, "DeleteMessageBatchRequestEntry")) co_return *std::move(wrong);
    const auto session = service.session();
    if (!session) co_return session.error();

    DeleteMessageBatchResult result;
    std::vector<const DeleteMessageBatchRequest::Entry*> waiting;
    std::vector<Settlement> settlements;
    for (const auto& entry : request.entries) {
        const auto handle = service.handle(entry.receipt_handle, *queue);
        if (!handle) {
            result.failed.push_back(batch_error(*entry.id, handle.error()));
            continue;
        }
        waiting.push_back(&entry);
        settlements.push_back(deletion_of(*queue, handle->lease));
    }
    if (settlements.empty()) co_return result;
    std::vector<Settlement> asked = settlements;
    const Settled settled = co_await (*session)->settle(std::move(asked));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        const auto& entry = *waiting[i];
        if (const auto refused = deletion(service, *queue, settlements[i].lease, settled.results[i], *entry.receipt_handle)) {
            result.failed.push_back(batch_error(*entry.id, *refused));
        } else {
            result.successful.push_back({*entry.id});
        }
    }
    co_return result;
}

awaitable<Answer<Nothing>> change_message_visibility(Service& service, Caller, ChangeMessageVisibilityRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto refused = change_visibility(service, *queue, request.receipt_handle, request.visibility_timeout))
        co_return *std::move(refused);
    co_return Nothing{};
}

awaitable<Answer<ChangeMessageVisibilityBatchResult>> change_message_visibility_batch(Service& service, Caller,
                                                                                      ChangeMessageVisibilityBatchRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto wrong = check_batch(request.entries, "ChangeMessageVisibilityBatchRequestEntry")) co_return *std::move(wrong);
    ChangeMessageVisibilityBatchResult result;
    for (const auto& entry : request.entries) {
        if (const auto refused = change_visibility(service, *queue, entry.receipt_handle, entry.visibility_timeout)) {
            result.failed.push_back(batch_error(*entry.id, *refused));
        } else {
            result.successful.push_back({*entry.id});
        }
    }
    co_return result;
}

}  // namespace rowmq::sqs
