#pragma once
// Every request and response of Amazon SQS once: a struct and one `layout`, walked by the JSON reader and writer, the
// Query reader and the XML writer. Names are those of the service's model; what a Query list or map is called differs from
// JSON and stands beside it. Which parameters are required is the actions' business.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/wire.hpp"

namespace rowmq::sqs {

using aws::ListName;
using aws::Map;
using aws::MapName;
using aws::Nothing;
using aws::Number;
using aws::Text;
using aws::Texts;

inline constexpr MapName queue_attributes_name{"Attributes", "Attribute"};
inline constexpr MapName message_attributes_name{"MessageAttributes", "MessageAttribute"};
inline constexpr MapName system_attributes_name{"MessageSystemAttributes", "MessageSystemAttribute"};

/// A message attribute: its type and a text or bytes.
struct MessageAttribute {
    Text type, text, bytes;
    Texts texts, several_bytes;  ///< reserved by SQS, refused

    static void layout(auto& m, auto& wire) {
        wire.text("StringValue", m.text);
        wire.bytes("BinaryValue", m.bytes);
        wire.list({"StringListValues", "StringListValue"}, m.texts);
        wire.list({"BinaryListValues", "BinaryListValue"}, m.several_bytes);
        wire.text("DataType", m.type);
    }
};
using MessageAttributes = Map<MessageAttribute>;

/// Why one entry of a batch failed.
struct BatchError {
    std::string id, code, text;
    bool sender = true;

    static void layout(auto& m, auto& wire) {
        wire.text("Id", m.id);
        wire.flag("SenderFault", m.sender);
        wire.text("Code", m.code);
        wire.text("Message", m.text);
    }
};
inline constexpr ListName failed_name{"Failed", "BatchResultErrorEntry"};

// ---------------------------------------------------------------------------------------------- queues

struct CreateQueueRequest {
    Text name;
    Map<std::string> attributes, tags;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueName", m.name);
        wire.map(queue_attributes_name, m.attributes);
        wire.map({"tags", "Tag", "Key"}, m.tags);
    }
};

/// CreateQueue and GetQueueUrl.
struct QueueUrlResult {
    std::string queue_url;

    static void layout(auto& m, auto& wire) { wire.text("QueueUrl", m.queue_url); }
};

struct GetQueueUrlRequest {
    Text name, account;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueName", m.name);
        wire.text("QueueOwnerAWSAccountId", m.account);
    }
};

struct ListQueuesRequest {
    Text prefix, next_token;
    Number max_results;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueNamePrefix", m.prefix);
        wire.text("NextToken", m.next_token);
        wire.number("MaxResults", m.max_results);
    }
};
struct ListQueuesResult {
    Texts queue_urls;
    Text next_token;

    static void layout(auto& m, auto& wire) {
        wire.list({"QueueUrls", "QueueUrl"}, m.queue_urls);
        wire.text("NextToken", m.next_token);
    }
};

/// DeleteQueue, PurgeQueue, ListQueueTags: all they need is the queue.
struct QueueRequest {
    Text queue_url;

    static void layout(auto& m, auto& wire) { wire.text("QueueUrl", m.queue_url); }
};

struct GetQueueAttributesRequest {
    Text queue_url;
    Texts names;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"AttributeNames", "AttributeName"}, m.names);
    }
};
struct GetQueueAttributesResult {
    Map<std::string> attributes;

    static void layout(auto& m, auto& wire) { wire.map(queue_attributes_name, m.attributes); }
};

struct SetQueueAttributesRequest {
    Text queue_url;
    Map<std::string> attributes;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.map(queue_attributes_name, m.attributes);
    }
};

struct ListQueueTagsResult {
    Map<std::string> tags;

    static void layout(auto& m, auto& wire) { wire.map({"Tags", "Tag", "Key"}, m.tags); }
};
struct TagQueueRequest {
    Text queue_url;
    Map<std::string> tags;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.map({"Tags", "Tag", "Key"}, m.tags);
    }
};
struct UntagQueueRequest {
    Text queue_url;
    Texts keys;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"TagKeys", "TagKey"}, m.keys);
    }
};

struct AddPermissionRequest {
    Text queue_url, label;
    Texts accounts, actions;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("Label", m.label);
        wire.list({"AWSAccountIds", "AWSAccountId"}, m.accounts);
        wire.list({"Actions", "ActionName"}, m.actions);
    }
};
struct RemovePermissionRequest {
    Text queue_url, label;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("Label", m.label);
    }
};

struct ListDeadLetterSourceQueuesRequest {
    Text queue_url, next_token;
    Number max_results;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("NextToken", m.next_token);
        wire.number("MaxResults", m.max_results);
    }
};
struct ListDeadLetterSourceQueuesResult {
    Texts queue_urls;
    Text next_token;

    static void layout(auto& m, auto& wire) {
        wire.list({"queueUrls", "QueueUrl", true}, m.queue_urls);
        wire.text("NextToken", m.next_token);
    }
};

// ---------------------------------------------------------------------------------------------- moving dead letters back

struct StartMessageMoveTaskRequest {
    Text source_arn, destination_arn;
    Number per_second;

    static void layout(auto& m, auto& wire) {
        wire.text("SourceArn", m.source_arn);
        wire.text("DestinationArn", m.destination_arn);
        wire.number("MaxNumberOfMessagesPerSecond", m.per_second);
    }
};
struct StartMessageMoveTaskResult {
    std::string task_handle;

    static void layout(auto& m, auto& wire) { wire.text("TaskHandle", m.task_handle); }
};

struct CancelMessageMoveTaskRequest {
    Text task_handle;

    static void layout(auto& m, auto& wire) { wire.text("TaskHandle", m.task_handle); }
};
struct CancelMessageMoveTaskResult {
    Number moved;

    static void layout(auto& m, auto& wire) { wire.number("ApproximateNumberOfMessagesMoved", m.moved); }
};

struct ListMessageMoveTasksRequest {
    Text source_arn;
    Number max_results;

    static void layout(auto& m, auto& wire) {
        wire.text("SourceArn", m.source_arn);
        wire.number("MaxResults", m.max_results);
    }
};
struct MoveTask {
    Text handle, destination_arn, failure;
    std::string status, source_arn;
    Number per_second, moved, to_move, started_at;

    static void layout(auto& m, auto& wire) {
        wire.text("TaskHandle", m.handle);
        wire.text("Status", m.status);
        wire.text("SourceArn", m.source_arn);
        wire.text("DestinationArn", m.destination_arn);
        wire.number("MaxNumberOfMessagesPerSecond", m.per_second);
        wire.number("ApproximateNumberOfMessagesMoved", m.moved);
        wire.number("ApproximateNumberOfMessagesToMove", m.to_move);
        wire.text("FailureReason", m.failure);
        wire.number("StartedTimestamp", m.started_at);
    }
};
struct ListMessageMoveTasksResult {
    std::vector<MoveTask> tasks;

    static void layout(auto& m, auto& wire) { wire.list({"Results", "ListMessageMoveTasksResultEntry", true}, m.tasks); }
};

// ---------------------------------------------------------------------------------------------- sending

/// What SendMessage and an entry of SendMessageBatch have in common.
struct Outgoing {
    Text body;
    Number delay_seconds;
    MessageAttributes attributes, system_attributes;
    Text deduplication_id, group;

    static void layout(auto& m, auto& wire) {
        wire.text("MessageBody", m.body);
        wire.number("DelaySeconds", m.delay_seconds);
        wire.map(message_attributes_name, m.attributes);
        wire.map(system_attributes_name, m.system_attributes);
        wire.text("MessageDeduplicationId", m.deduplication_id);
        wire.text("MessageGroupId", m.group);
    }
};
/// What both answer for a message that is stored.
struct Sent {
    std::string body_md5;
    Text attributes_md5, system_attributes_md5;
    std::string message_id;
    Text sequence_number;

    static void layout(auto& m, auto& wire) {
        wire.text("MD5OfMessageBody", m.body_md5);
        wire.text("MD5OfMessageAttributes", m.attributes_md5);
        wire.text("MD5OfMessageSystemAttributes", m.system_attributes_md5);
        wire.text("MessageId", m.message_id);
        wire.text("SequenceNumber", m.sequence_number);
    }
};

struct SendMessageRequest {
    Text queue_url;
    Outgoing message;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        Outgoing::layout(m.message, wire);
    }
};

struct SendMessageBatchRequest {
    struct Entry {
        Text id;
        Outgoing message;

        static void layout(auto& m, auto& wire) {
            wire.text("Id", m.id);
            Outgoing::layout(m.message, wire);
        }
    };
    Text queue_url;
    std::vector<Entry> entries;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"Entries", "SendMessageBatchRequestEntry"}, m.entries);
    }
};
struct SendMessageBatchResult {
    struct Entry {
        std::string id;
        Sent sent;

        static void layout(auto& m, auto& wire) {
            wire.text("Id", m.id);
            Sent::layout(m.sent, wire);
        }
    };
    std::vector<Entry> successful;
    std::vector<BatchError> failed;

    static void layout(auto& m, auto& wire) {
        wire.list({"Successful", "SendMessageBatchResultEntry"}, m.successful);
        wire.list(failed_name, m.failed);
    }
};

// ---------------------------------------------------------------------------------------------- receiving

struct ReceiveMessageRequest {
    Text queue_url;
    Texts attribute_names, system_attribute_names, message_attribute_names;
    Number max_messages, visibility_timeout, wait_seconds;
    Text attempt_id;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"AttributeNames", "AttributeName"}, m.attribute_names);
        wire.list({"MessageSystemAttributeNames", "MessageSystemAttributeName"}, m.system_attribute_names);
        wire.list({"MessageAttributeNames", "MessageAttributeName"}, m.message_attribute_names);
        wire.number("MaxNumberOfMessages", m.max_messages);
        wire.number("VisibilityTimeout", m.visibility_timeout);
        wire.number("WaitTimeSeconds", m.wait_seconds);
        wire.text("ReceiveRequestAttemptId", m.attempt_id);
    }
};
struct ReceivedMessage {
    std::string message_id, receipt_handle, body_md5, body;
    Map<std::string> system_attributes;
    Text attributes_md5;
    MessageAttributes attributes;

    static void layout(auto& m, auto& wire) {
        wire.text("MessageId", m.message_id);
        wire.text("ReceiptHandle", m.receipt_handle);
        wire.text("MD5OfBody", m.body_md5);
        wire.text("Body", m.body);
        wire.map(queue_attributes_name, m.system_attributes);
        wire.text("MD5OfMessageAttributes", m.attributes_md5);
        wire.map(message_attributes_name, m.attributes);
    }
};
struct ReceiveMessageResult {
    std::vector<ReceivedMessage> messages;

    static void layout(auto& m, auto& wire) { wire.list({"Messages", "Message"}, m.messages); }
};

/// Looking without receiving, as LocalStack has it; not an action of AWS.
struct PeekMessagesRequest {
    Text queue_url, show_invisible, show_delayed;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("ShowInvisible", m.show_invisible);
        wire.text("ShowDelayed", m.show_delayed);
    }
};

// ---------------------------------------------------------------------------------------------- settling

struct DeleteMessageRequest {
    Text queue_url, receipt_handle;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("ReceiptHandle", m.receipt_handle);
    }
};
struct DeleteMessageBatchRequest {
    struct Entry {
        Text id, receipt_handle;

        static void layout(auto& m, auto& wire) {
            wire.text("Id", m.id);
            wire.text("ReceiptHandle", m.receipt_handle);
        }
    };
    Text queue_url;
    std::vector<Entry> entries;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"Entries", "DeleteMessageBatchRequestEntry"}, m.entries);
    }
};

/// An entry that a batch settled.
struct BatchId {
    std::string id;

    static void layout(auto& m, auto& wire) { wire.text("Id", m.id); }
};
struct DeleteMessageBatchResult {
    std::vector<BatchId> successful;
    std::vector<BatchError> failed;

    static void layout(auto& m, auto& wire) {
        wire.list({"Successful", "DeleteMessageBatchResultEntry"}, m.successful);
        wire.list(failed_name, m.failed);
    }
};

struct ChangeMessageVisibilityRequest {
    Text queue_url, receipt_handle;
    Number visibility_timeout;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.text("ReceiptHandle", m.receipt_handle);
        wire.number("VisibilityTimeout", m.visibility_timeout);
    }
};
struct ChangeMessageVisibilityBatchRequest {
    struct Entry {
        Text id, receipt_handle;
        Number visibility_timeout;

        static void layout(auto& m, auto& wire) {
            wire.text("Id", m.id);
            wire.text("ReceiptHandle", m.receipt_handle);
            wire.number("VisibilityTimeout", m.visibility_timeout);
        }
    };
    Text queue_url;
    std::vector<Entry> entries;

    static void layout(auto& m, auto& wire) {
        wire.text("QueueUrl", m.queue_url);
        wire.list({"Entries", "ChangeMessageVisibilityBatchRequestEntry"}, m.entries);
    }
};
struct ChangeMessageVisibilityBatchResult {
    std::vector<BatchId> successful;
    std::vector<BatchError> failed;

    static void layout(auto& m, auto& wire) {
        wire.list({"Successful", "ChangeMessageVisibilityBatchResultEntry"}, m.successful);
        wire.list(failed_name, m.failed);
    }
};

}  // namespace rowmq::sqs
