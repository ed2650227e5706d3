#include <chrono>
#include <utility>

#include "sqs/actions/actions.hpp"
#include "sqs/mapping.hpp"

namespace rowmq::sqs {
namespace {

/// At most, of the ready and of the delayed each.
constexpr std::size_t max_peeked = 1'000;
/// A message that is looked at has no lease to name.
constexpr std::string_view no_handle = "SQS/BACKDOOR/ACCESS";

bool is_on(const Text& text) { return text && (*text == "true" || *text == "True" || *text == "1"); }

}  // namespace

awaitable<Answer<ReceiveMessageResult>> peek_messages(Service& service, Caller caller, PeekMessagesRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    Result<Page> page = co_await service.broker.peek(queue->name, {.max = max_peeked});
    if (!page) co_return refusal_of(page.error());
    if (!is_on(request.show_invisible)) std::erase_if(page->messages, [](const Delivery& d) { return d.leased; });
    std::vector<Delivery> found = std::move(page->messages);
    if (is_on(request.show_delayed)) {
        Result<Page> delayed = co_await service.broker.peek(queue->name, {.max = max_peeked, .delayed = true});
        if (!delayed) co_return refusal_of(delayed.error());
        for (Delivery& delivery : delayed->messages) found.push_back(std::move(delivery));
    }
    co_await unfold(service, caller, found);
    const Selection everything{.system = {"All"}, .message = {"All"}};
    const Rendering as{.selection = everything,
                       .settings = service.settings,
                       .seal = service.seal,
                       .digests = service.digests,
                       .fifo = queue->options.kind == QueueKind::fifo};
    ReceiveMessageResult result;
    for (const Delivery& delivery : found) result.messages.push_back(received(delivery, as));
    for (ReceivedMessage& message : result.messages) message.receipt_handle = no_handle;
    co_return result;
}

}  // namespace rowmq::sqs
