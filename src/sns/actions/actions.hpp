#pragma once
// The actions served, one coroutine each: the only place that calls the broker.

#include "sns/messages.hpp"
#include "sns/service.hpp"

namespace rowmq::sns {

// topics.cpp
awaitable<Answer<TopicArnResult>> create_topic(Service& service, Caller caller, CreateTopicRequest request);
awaitable<Answer<Nothing>> delete_topic(Service& service, Caller caller, TopicRequest request);
awaitable<Answer<ListTopicsResult>> list_topics(Service& service, Caller caller, ListRequest request);

// topic_attributes.cpp
awaitable<Answer<AttributesResult>> get_topic_attributes(Service& service, Caller caller, TopicRequest request);
awaitable<Answer<Nothing>> set_topic_attributes(Service& service, Caller caller, SetTopicAttributesRequest request);
awaitable<Answer<Nothing>> add_permission(Service& service, Caller caller, AddPermissionRequest request);
awaitable<Answer<Nothing>> remove_permission(Service& service, Caller caller, RemovePermissionRequest request);
awaitable<Answer<DataProtectionResult>> get_data_protection_policy(Service& service, Caller caller, ResourceRequest request);
awaitable<Answer<Nothing>> put_data_protection_policy(Service& service, Caller caller, PutDataProtectionRequest request);

// tags.cpp
awaitable<Answer<Empty>> tag_resource(Service& service, Caller caller, TagResourceRequest request);
awaitable<Answer<Empty>> untag_resource(Service& service, Caller caller, UntagResourceRequest request);
awaitable<Answer<TagsResult>> list_tags_for_resource(Service& service, Caller caller, ResourceRequest request);

// subscriptions.cpp
awaitable<Answer<SubscriptionArnResult>> subscribe(Service& service, Caller caller, SubscribeRequest request);
awaitable<Answer<SubscriptionArnResult>> confirm_subscription(Service& service, Caller caller, ConfirmSubscriptionRequest request);
awaitable<Answer<Nothing>> unsubscribe(Service& service, Caller caller, SubscriptionRequest request);

// subscription_attributes.cpp
awaitable<Answer<AttributesResult>> get_subscription_attributes(Service& service, Caller caller, SubscriptionRequest request);
awaitable<Answer<Nothing>> set_subscription_attributes(Service& service, Caller caller, SetSubscriptionAttributesRequest request);
awaitable<Answer<ListSubscriptionsResult>> list_subscriptions(Service& service, Caller caller, ListRequest request);
awaitable<Answer<ListSubscriptionsResult>> list_subscriptions_by_topic(Service& service, Caller caller,
                                                                       ListSubscriptionsByTopicRequest request);

// publish.cpp
awaitable<Answer<Published>> publish(Service& service, Caller caller, PublishRequest request);
awaitable<Answer<PublishBatchResult>> publish_batch(Service& service, Caller caller, PublishBatchRequest request);

/// Removes a subscription with what only it has.
awaitable<Result<void>> end_subscription(Service& service, Subscription subscription);
/// Removes those that ended too long ago to be restored.
awaitable<void> forget_ended(Service& service, std::size_t max = 10);

}  // namespace rowmq::sns
