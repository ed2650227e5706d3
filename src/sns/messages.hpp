#pragma once
// Every request and response of Amazon SNS that is served, once: a struct and one `layout`, walked by the Query reader and the
// XML writer. Names are those of the service's model (2010-03-31). Which parameters are required is the actions' business.

#include "aws/wire.hpp"

namespace rowmq::sns {

using aws::ListName;
using aws::Map;
using aws::MapName;
using aws::Nothing;
using aws::Number;
using aws::Text;
using aws::Texts;

inline constexpr std::string_view xml_namespace = "http://sns.amazonaws.com/doc/2010-03-31/";

inline constexpr MapName attributes_name{"Attributes", "Attributes.entry", "key", "value"};

/// A result without members, which is an element all the same.
struct Empty {
    static void layout(auto&, auto&) {}
};

struct Tag {
    std::string key, value;

    static void layout(auto& m, auto& wire) {
        wire.text("Key", m.key);
        wire.text("Value", m.value);
    }
};
inline constexpr ListName tags_name{"Tags", "Tags.member"};

// ---------------------------------------------------------------------------------------------- topics

struct CreateTopicRequest {
    Text name, data_protection;
    Map<std::string> attributes;
    std::vector<Tag> tags;

    static void layout(auto& m, auto& wire) {
        wire.text("Name", m.name);
        wire.map(attributes_name, m.attributes);
        wire.list(tags_name, m.tags);
        wire.text("DataProtectionPolicy", m.data_protection);
    }
};
struct TopicArnResult {
    std::string arn;

    static void layout(auto& m, auto& wire) { wire.text("TopicArn", m.arn); }
};

/// DeleteTopic, GetTopicAttributes.
struct TopicRequest {
    Text arn;

    static void layout(auto& m, auto& wire) { wire.text("TopicArn", m.arn); }
};
struct AttributesResult {
    Map<std::string> attributes;

    static void layout(auto& m, auto& wire) { wire.map(attributes_name, m.attributes); }
};
struct SetTopicAttributesRequest {
    Text arn, name, value;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.arn);
        wire.text("AttributeName", m.name);
        wire.text("AttributeValue", m.value);
    }
};

/// ListTopics, ListSubscriptions.
struct ListRequest {
    Text next_token;

    static void layout(auto& m, auto& wire) { wire.text("NextToken", m.next_token); }
};
struct ListTopicsResult {
    std::vector<TopicArnResult> topics;
    Text next_token;

    static void layout(auto& m, auto& wire) {
        wire.list({"Topics", "Topics.member"}, m.topics);
        wire.text("NextToken", m.next_token);
    }
};

struct AddPermissionRequest {
    Text arn, label;
    Texts accounts, actions;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.arn);
        wire.text("Label", m.label);
        wire.list({"AWSAccountId", "AWSAccountId.member"}, m.accounts);
        wire.list({"ActionName", "ActionName.member"}, m.actions);
    }
};
struct RemovePermissionRequest {
    Text arn, label;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.arn);
        wire.text("Label", m.label);
    }
};

struct ResourceRequest {
    Text arn;

    static void layout(auto& m, auto& wire) { wire.text("ResourceArn", m.arn); }
};
struct TagResourceRequest {
    Text arn;
    std::vector<Tag> tags;

    static void layout(auto& m, auto& wire) {
        wire.text("ResourceArn", m.arn);
        wire.list(tags_name, m.tags);
    }
};
struct UntagResourceRequest {
    Text arn;
    Texts keys;

    static void layout(auto& m, auto& wire) {
        wire.text("ResourceArn", m.arn);
        wire.list({"TagKeys", "TagKeys.member"}, m.keys);
    }
};
struct TagsResult {
    std::vector<Tag> tags;

    static void layout(auto& m, auto& wire) { wire.list(tags_name, m.tags); }
};
struct DataProtectionResult {
    std::string policy;

    static void layout(auto& m, auto& wire) { wire.text("DataProtectionPolicy", m.policy); }
};
struct PutDataProtectionRequest {
    Text arn, policy;

    static void layout(auto& m, auto& wire) {
        wire.text("ResourceArn", m.arn);
        wire.text("DataProtectionPolicy", m.policy);
    }
};

// ---------------------------------------------------------------------------------------------- subscriptions

struct SubscribeRequest {
    Text topic, protocol, endpoint, return_arn;
    Map<std::string> attributes;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.topic);
        wire.text("Protocol", m.protocol);
        wire.text("Endpoint", m.endpoint);
        wire.map(attributes_name, m.attributes);
        wire.text("ReturnSubscriptionArn", m.return_arn);
    }
};
struct SubscriptionArnResult {
    std::string arn;

    static void layout(auto& m, auto& wire) { wire.text("SubscriptionArn", m.arn); }
};
struct ConfirmSubscriptionRequest {
    Text topic, token, authenticate;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.topic);
        wire.text("Token", m.token);
        wire.text("AuthenticateOnUnsubscribe", m.authenticate);
    }
};
/// Unsubscribe, GetSubscriptionAttributes.
struct SubscriptionRequest {
    Text arn;

    static void layout(auto& m, auto& wire) { wire.text("SubscriptionArn", m.arn); }
};
struct SetSubscriptionAttributesRequest {
    Text arn, name, value;

    static void layout(auto& m, auto& wire) {
        wire.text("SubscriptionArn", m.arn);
        wire.text("AttributeName", m.name);
        wire.text("AttributeValue", m.value);
    }
};
struct ListSubscriptionsByTopicRequest {
    Text topic, next_token;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.topic);
        wire.text("NextToken", m.next_token);
    }
};
struct ListedSubscription {
    std::string arn, owner, protocol, endpoint, topic;

    static void layout(auto& m, auto& wire) {
        wire.text("SubscriptionArn", m.arn);
        wire.text("Owner", m.owner);
        wire.text("Protocol", m.protocol);
        wire.text("Endpoint", m.endpoint);
        wire.text("TopicArn", m.topic);
    }
};
struct ListSubscriptionsResult {
    std::vector<ListedSubscription> subscriptions;
    Text next_token;

    static void layout(auto& m, auto& wire) {
        wire.list({"Subscriptions", "Subscriptions.member"}, m.subscriptions);
        wire.text("NextToken", m.next_token);
    }
};

// ---------------------------------------------------------------------------------------------- what there is none of here

struct NoPlatformApplications {
    Texts none;

    static void layout(auto& m, auto& wire) { wire.list({"PlatformApplications", "PlatformApplications.member"}, m.none); }
};
struct NoPhoneNumbers {
    Texts none;

    static void layout(auto& m, auto& wire) { wire.list({"phoneNumbers", "phoneNumbers.member"}, m.none); }
};
struct NoSmsAttributes {
    Map<std::string> none;

    static void layout(auto& m, auto& wire) { wire.map({"attributes", "attributes.entry", "key", "value"}, m.none); }
};

// ---------------------------------------------------------------------------------------------- publishing

struct MessageAttribute {
    Text type, text, bytes;

    static void layout(auto& m, auto& wire) {
        wire.text("DataType", m.type);
        wire.text("StringValue", m.text);
        wire.bytes("BinaryValue", m.bytes);
    }
};

/// What Publish and each entry of PublishBatch say.
struct Outgoing {
    Text message, subject, structure, deduplication_id, group;
    Map<MessageAttribute> attributes;

    static void layout(auto& m, auto& wire) {
        wire.text("Message", m.message);
        wire.text("Subject", m.subject);
        wire.text("MessageStructure", m.structure);
        wire.map({"MessageAttributes", "MessageAttributes.entry"}, m.attributes);
        wire.text("MessageDeduplicationId", m.deduplication_id);
        wire.text("MessageGroupId", m.group);
    }
};
struct PublishRequest {
    Text topic, target, phone;
    Outgoing message;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.topic);
        wire.text("TargetArn", m.target);
        wire.text("PhoneNumber", m.phone);
        Outgoing::layout(m.message, wire);
    }
};
struct Published {
    std::string id;
    Text sequence;

    static void layout(auto& m, auto& wire) {
        wire.text("MessageId", m.id);
        wire.text("SequenceNumber", m.sequence);
    }
};
struct PublishBatchRequest {
    struct Entry {
        Text id;
        Outgoing message;

        static void layout(auto& m, auto& wire) {
            wire.text("Id", m.id);
            Outgoing::layout(m.message, wire);
        }
    };
    Text topic;
    std::vector<Entry> entries;

    static void layout(auto& m, auto& wire) {
        wire.text("TopicArn", m.topic);
        wire.list({"PublishBatchRequestEntries", "PublishBatchRequestEntries.member"}, m.entries);
    }
};
struct BatchPublished {
    std::string id;
    Published message;

    static void layout(auto& m, auto& wire) {
        wire.text("Id", m.id);
        Published::layout(m.message, wire);
    }
};
struct BatchError {
    std::string id, code, text;
    bool sender = true;

    static void layout(auto& m, auto& wire) {
        wire.text("Id", m.id);
        wire.text("Code", m.code);
        wire.text("Message", m.text);
        wire.flag("SenderFault", m.sender);
    }
};
struct PublishBatchResult {
    std::vector<BatchPublished> successful;
    std::vector<BatchError> failed;

    static void layout(auto& m, auto& wire) {
        wire.list({"Successful", "Successful.member"}, m.successful);
        wire.list({"Failed", "Failed.member"}, m.failed);
    }
};

}  // namespace rowmq::sns
