#include <fmt/format.h>

#include <utility>

#include "base/planted.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/batch.hpp"
#include "sqs/mapping.hpp"
#include "sqs/message_checks.hpp"

namespace rowmq::sqs {
namespace {

/// The digests, which are of the message as it came; the rest is known when it is stored.
Sent digested(Service& service, const Outgoing& message) {
    Sent sent;
    sent.body_md5 = service.digests.md5(*message.body);
    sent.attributes_md5 = service.digests.md5_of(message.attributes);
    sent.system_attributes_md5 = service.digests.md5_of(message.system_attributes);
    return sent;
}

std::optional<Refusal> stored(Service& service, const QueueInfo& queue, const PublishResult& result, Sent& sent) {
    if (result.error) return refusal_of(*result.error);
    if (result.queues == 0 && !result.duplicate) return no_such_queue();  // deleted meanwhile
    sent.message_id = service.seal.message_id(result.message);
    if (queue.options.kind == QueueKind::fifo) sent.sequence_number = sequence_number(result.sequence);
    return std::nullopt;
}

/// What every entry for a FIFO queue must have: where one lacks it, AWS refuses the whole batch.
std::optional<Refusal> check_fifo_entries(const std::vector<SendMessageBatchRequest::Entry>& entries, const QueueInfo& queue) {
    if (queue.options.kind == QueueKind::standard) return std::nullopt;
    for (const auto& entry : entries)
        if (!entry.message.group) return Refusal{Fault::invalid_parameter_value, missing("MessageGroupId").text};
    for (const auto& entry : entries)
        if (!entry.message.deduplication_id && !queue.options.deduplication.content_based) return no_deduplication_id();
    return std::nullopt;
}

/// Of an entry AWS says it in other words.
Refusal of_entry(Refusal refusal) {
    constexpr std::string_view alone = "One or more parameters are invalid.";
    if (refusal.text.starts_with(alone)) refusal.text.replace(0, alone.size(), "One or more parameters cannot be validated.");
    return refusal;
}

}  // namespace

awaitable<Answer<Sent>> send_message(Service& service, Caller caller, SendMessageRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto wrong = check(request.message, *queue)) co_return *std::move(wrong);
    const auto session = service.session();
    if (!session) co_return session.error();

    Sent sent = digested(service, request.message);
    Publish publish = publish_of(request.message, *queue, caller);
    const Result<PublishResult> published = co_await (*session)->publish(std::move(publish));
    if (!published) co_return refusal_of(published.error());
    if (auto refused = stored(service, *queue, *published, sent)) co_return *std::move(refused);
    co_return sent;
}

awaitable<Answer<SendMessageBatchResult>> send_message_batch(Service& service, Caller caller, SendMessageBatchRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto wrong = check_batch(request.entries, "SendMessageBatchRequestEntry")) co_return *std::move(wrong);
    std::size_t bytes = 0;
    for (const auto& entry : request.entries) bytes += size_of(entry.message);
    if (bytes > batch_bytes)
        co_return Refusal{Fault::batch_request_too_long,
                          fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.", batch_bytes, bytes)};
    if (auto wrong = check_fifo_entries(request.entries, *queue)) co_return *std::move(wrong);
    const auto session = service.session();
    if (!session) co_return session.error();

    SendMessageBatchResult result;
    std::vector<SendMessageBatchResult::Entry> waiting;
    std::vector<Publish> publishes;
    for (auto& entry : request.entries) {
        if (auto wrong = check(entry.message, *queue)) {
            result.failed.push_back(batch_error(*entry.id, of_entry(*std::move(wrong))));
            continue;
        }
        waiting.push_back({*entry.id, digested(service, entry.message)});
        publishes.push_back(publish_of(entry.message, *queue, caller));
    }
    if (publishes.empty()) co_return result;
    const Result<Receipt> receipt = co_await (*session)->publish(std::move(publishes));
    if (!receipt) co_return refusal_of(receipt.error());
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (const auto refused = stored(service, *queue, receipt->results[planted(Bug::batch_answers_swapped) ? 0 : i], waiting[i].sent)) {
            result.failed.push_back(batch_error(waiting[i].id, *refused));
        } else {
            result.successful.push_back(std::move(waiting[i]));
        }
    }
    co_return result;
}

}  // namespace rowmq::sqs
