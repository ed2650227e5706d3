#pragma once
// The actions served, one coroutine each: the only place that calls the broker.

#include <cstdint>

#include "sqs/messages.hpp"
#include "sqs/service.hpp"

namespace rowmq::sqs {

inline constexpr std::int64_t max_visibility_seconds = 43'200;  ///< from the receive on: 12 hours

// queues.cpp
awaitable<Answer<QueueUrlResult>> create_queue(Service& service, Caller caller, CreateQueueRequest request);
awaitable<Answer<QueueUrlResult>> get_queue_url(Service& service, Caller caller, GetQueueUrlRequest request);
awaitable<Answer<ListQueuesResult>> list_queues(Service& service, Caller caller, ListQueuesRequest request);
awaitable<Answer<Nothing>> delete_queue(Service& service, Caller caller, QueueRequest request);
awaitable<Answer<Nothing>> purge_queue(Service& service, Caller caller, QueueRequest request);

// attributes.cpp
awaitable<Answer<GetQueueAttributesResult>> get_queue_attributes(Service& service, Caller caller, GetQueueAttributesRequest request);
awaitable<Answer<Nothing>> set_queue_attributes(Service& service, Caller caller, SetQueueAttributesRequest request);
awaitable<Answer<ListQueueTagsResult>> list_queue_tags(Service& service, Caller caller, QueueRequest request);
awaitable<Answer<Nothing>> tag_queue(Service& service, Caller caller, TagQueueRequest request);
awaitable<Answer<Nothing>> untag_queue(Service& service, Caller caller, UntagQueueRequest request);
awaitable<Answer<Nothing>> add_permission(Service& service, Caller caller, AddPermissionRequest request);
awaitable<Answer<Nothing>> remove_permission(Service& service, Caller caller, RemovePermissionRequest request);

// send.cpp
awaitable<Answer<Sent>> send_message(Service& service, Caller caller, SendMessageRequest request);
awaitable<Answer<SendMessageBatchResult>> send_message_batch(Service& service, Caller caller, SendMessageBatchRequest request);

// receive.cpp
awaitable<Answer<ReceiveMessageResult>> receive_message(Service& service, Caller caller, ReceiveMessageRequest request);

/// What came through a subscription of SNS is shown as SNS's envelope, which holds the attributes.
awaitable<void> unfold(Service& service, Caller caller, std::vector<Delivery>& deliveries);

// peek.cpp
awaitable<Answer<ReceiveMessageResult>> peek_messages(Service& service, Caller caller, PeekMessagesRequest request);

// settle.cpp
awaitable<Answer<Nothing>> delete_message(Service& service, Caller caller, DeleteMessageRequest request);
awaitable<Answer<DeleteMessageBatchResult>> delete_message_batch(Service& service, Caller caller, DeleteMessageBatchRequest request);
awaitable<Answer<Nothing>> change_message_visibility(Service& service, Caller caller, ChangeMessageVisibilityRequest request);
awaitable<Answer<ChangeMessageVisibilityBatchResult>> change_message_visibility_batch(Service& service, Caller caller,
                                                                                      ChangeMessageVisibilityBatchRequest request);

// dead_letters.cpp
awaitable<Answer<ListDeadLetterSourceQueuesResult>> list_dead_letter_source_queues(Service& service, Caller caller,
                                                                                   ListDeadLetterSourceQueuesRequest request);
awaitable<Answer<StartMessageMoveTaskResult>> start_message_move_task(Service& service, Caller caller, StartMessageMoveTaskRequest request);
awaitable<Answer<CancelMessageMoveTaskResult>> cancel_message_move_task(Service& service, Caller caller,
                                                                        CancelMessageMoveTaskRequest request);
awaitable<Answer<ListMessageMoveTasksResult>> list_message_move_tasks(Service& service, Caller caller, ListMessageMoveTasksRequest request);

}  // namespace rowmq::sqs
