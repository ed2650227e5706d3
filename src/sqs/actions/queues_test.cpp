#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Queues : public Conversation {};

TEST_F(Queues, are_created_found_listed_and_deleted) {
    const std::string url = create("orders");

    EXPECT_EQ(url, "http://localhost:9324/000000000000/orders");
    EXPECT_EQ(call("GetQueueUrl", {{"QueueName", "orders"}}).at("QueueUrl"), url);
    EXPECT_EQ(call("ListQueues", {}).value, json::value({{"QueueUrls", json::array{url}}}));
    EXPECT_EQ(call("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
    EXPECT_EQ(call("ListQueues", {}).value, json::value(json::object{}));
    EXPECT_EQ(call("DeleteQueue", {{"QueueUrl", url}}).fault(), "QueueDoesNotExist");
}

TEST_F(Queues, may_be_created_again_with_the_same_attributes_only) {
    create("orders", {{"VisibilityTimeout", "10"}});

    create("orders", {{"VisibilityTimeout", "10"}});
    create("orders");
    const Reply other = call("CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"VisibilityTimeout", "11"}}}});

    EXPECT_EQ(other.status, 400u);
    EXPECT_EQ(other.fault(), "QueueNameExists");
    EXPECT_EQ(other.query_error, "QueueAlreadyExists;Sender");
    EXPECT_EQ(other.at("message"), "A queue already exists with the same name and a different value for attribute VisibilityTimeout");
}

TEST_F(Queues, have_narrow_names) {
    const auto fault = [&](std::string name, json::object attributes = {}) {
        return call("CreateQueue", {{"QueueName", name}, {"Attributes", attributes}}).fault();
    };
    EXPECT_EQ(call("CreateQueue", {}).fault(), "MissingRequiredParameterException");
    EXPECT_EQ(fault("a b"), "InvalidParameterValueException");
    EXPECT_EQ(fault("a.fifo"), "InvalidParameterValueException");
    EXPECT_EQ(fault("a", {{"FifoQueue", "true"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault("a", {{"FifoQueue", "false"}}), "InvalidAttributeName");
    EXPECT_EQ(fault(""), "InvalidParameterValueException");
    EXPECT_EQ(fault(std::string(81, 'a')), "InvalidParameterValueException");
    EXPECT_EQ(fault(std::string(76, 'a') + ".fifo", {{"FifoQueue", "true"}}), "InvalidParameterValueException");
    create(std::string(80, 'a'));
    create(std::string(75, 'a') + ".fifo", {{"FifoQueue", "true"}});
}

TEST_F(Queues, have_attributes_with_defaults) {
    const std::string url = create("orders");

    const Reply reply = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"All"}}});

    const auto& all = reply.value.at("Attributes").as_object();
    EXPECT_EQ(all, (json::object{{"DelaySeconds", "0"},
                                 {"MaximumMessageSize", "1048576"},
                                 {"MessageRetentionPeriod", "345600"},
                                 {"ReceiveMessageWaitTimeSeconds", "0"},
                                 {"VisibilityTimeout", "30"},
                                 {"SqsManagedSseEnabled", "true"},
                                 {"QueueArn", "arn:aws:sqs:us-east-1:000000000000:orders"},
                                 {"CreatedTimestamp", "1700000000"},
                                 {"LastModifiedTimestamp", "1700000000"},
                                 {"ApproximateNumberOfMessages", "0"},
                                 {"ApproximateNumberOfMessagesNotVisible", "0"},
                                 {"ApproximateNumberOfMessagesDelayed", "0"}}));
    EXPECT_EQ(call("GetQueueAttributes", {{"QueueUrl", url}}).value, json::value(json::object{}));
    EXPECT_EQ(call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"Nonsense"}}}).fault(), "InvalidAttributeName");
}

TEST_F(Queues, keep_every_attribute_that_is_set) {
    const std::string url = create("orders.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    const json::object set = {{"DelaySeconds", "1"},
                              {"MaximumMessageSize", "2048"},
                              {"MessageRetentionPeriod", "60"},
                              {"ReceiveMessageWaitTimeSeconds", "20"},
                              {"VisibilityTimeout", "43200"},
                              {"Policy", R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*"}]})"},
                              {"KmsMasterKeyId", "alias/key"},
                              {"KmsDataKeyReusePeriodSeconds", "60"},
                              {"SqsManagedSseEnabled", "false"},
                              {"RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})"},
                              {"ContentBasedDeduplication", "false"},
                              {"DeduplicationScope", "messageGroup"},
                              {"FifoThroughputLimit", "perMessageGroupId"}};

    EXPECT_EQ(call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", set}}).status, 200u);

    for (const auto& [name, value] : set) EXPECT_EQ(attribute(url, name), std::string(value.as_string())) << name;
    EXPECT_EQ(attribute(url, "FifoQueue"), "true");
}

TEST_F(Queues, refuse_attributes_out_of_range_or_of_the_other_kind) {
    const std::string url = create("orders");
    const auto fault = [&](std::string name, std::string value) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{name, value}}}});
        return reply.status == 200 ? "none" : reply.fault();
    };
    for (const auto& [name, value] : std::map<std::string, std::string>{{"DelaySeconds", "901"},
                                                                        {"MaximumMessageSize", "1048577"},
                                                                        {"MessageRetentionPeriod", "59"},
                                                                        {"ReceiveMessageWaitTimeSeconds", "21"},
                                                                        {"VisibilityTimeout", "-1"},
                                                                        {"Policy", "no JSON"},
                                                                        {"SqsManagedSseEnabled", "maybe"}})
        EXPECT_EQ(fault(name, value), "InvalidAttributeValue") << name;
    EXPECT_EQ(fault("VisibilityTimeout", "3x"), "InvalidAttributeValue");
    EXPECT_EQ(fault("ContentBasedDeduplication", "true"), "InvalidAttributeName");
    EXPECT_EQ(fault("QueueArn", "x"), "InvalidAttributeName");
    EXPECT_EQ(fault("Nonsense", "x"), "InvalidAttributeName");
    const auto said = [&](std::string queue, std::string name, std::string value) {
        return call("SetQueueAttributes", {{"QueueUrl", queue}, {"Attributes", {{name, value}}}}).at("message");
    };
    EXPECT_EQ(said(url, "DeduplicationScope", "queue"), "You can specify the DeduplicationScope only when FifoQueue is set to true.");
    EXPECT_EQ(said(url, "FifoThroughputLimit", "perQueue"), "You can specify the FifoThroughputLimit only when FifoQueue is set to true.");
    EXPECT_EQ(said(url, "FifoQueue", "true"), "Unknown Attribute FifoQueue.");
    EXPECT_EQ(said(create("orders.fifo", {{"FifoQueue", "true"}}), "FifoQueue", "false"),
              "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.");
}

TEST_F(Queues, are_encrypted_in_one_way_at_most) {
    const std::string url = create("orders", {{"KmsMasterKeyId", "alias/key"}});
    const auto set = [&](json::object attributes) {
        return call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", std::move(attributes)}});
    };
    EXPECT_EQ(attribute(url, "SqsManagedSseEnabled"), "false");
    EXPECT_EQ(attribute(url, "KmsDataKeyReusePeriodSeconds"), "300");

    EXPECT_EQ(set({{"SqsManagedSseEnabled", "true"}}).status, 200u);
    const Reply all = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"All"}}});
    EXPECT_FALSE(all.value.at("Attributes").as_object().contains("KmsMasterKeyId"));
    EXPECT_FALSE(all.value.at("Attributes").as_object().contains("KmsDataKeyReusePeriodSeconds"));

    const Reply both = set({{"SqsManagedSseEnabled", "true"}, {"KmsMasterKeyId", "alias/key"}});
    EXPECT_EQ(both.fault(), "InvalidAttributeValue");
    EXPECT_TRUE(both.at("message").starts_with("You can use one type of server-side encryption"));
}

TEST_F(Queues, are_fast_by_group_only_where_deduplication_is) {
    const std::string url = create("orders.fifo", {{"FifoQueue", "true"}});
    const auto set = [&](json::object attributes) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", std::move(attributes)}});
        return reply.status == 200 ? "none" : reply.fault();
    };
    EXPECT_EQ(attribute(url, "DeduplicationScope"), "queue");
    EXPECT_EQ(set({{"FifoThroughputLimit", "perMessageGroupId"}}), "InvalidAttributeValue");
    EXPECT_EQ(set({{"FifoThroughputLimit", "perMessageGroupId"}, {"DeduplicationScope", "messageGroup"}}), "none");
    EXPECT_EQ(set({{"DeduplicationScope", "queue"}}), "InvalidAttributeValue");
    EXPECT_EQ(set({{"DeduplicationScope", "queue"}, {"FifoThroughputLimit", "perQueue"}}), "none");
    EXPECT_EQ(set({{"DeduplicationScope", "both"}}), "InvalidAttributeValue");
}

TEST_F(Queues, may_be_made_anew_only_after_a_while_where_that_is_asked_for) {
    protocol = std::make_unique<Protocol>(*broker, *clock, random, Settings{.recreate_after = 60s});
    const std::string url = create("orders");
    call("DeleteQueue", {{"QueueUrl", url}});

    const Reply early = call("CreateQueue", {{"QueueName", "orders"}});
    EXPECT_EQ(early.fault(), "QueueDeletedRecently");
    EXPECT_EQ(early.at("message"), "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
    EXPECT_EQ(query("Action=CreateQueue&QueueName=orders").element("Code"), "AWS.SimpleQueueService.QueueDeletedRecently");
    advance(60s);
    create("orders");
}

TEST_F(Queues, are_listed_by_prefix_and_in_pages) {
    for (const std::string name : {"a1", "a2", "a3", "b1"}) create(name);

    const Reply first = call("ListQueues", {{"QueueNamePrefix", "a"}, {"MaxResults", 2}});
    const Reply second = call("ListQueues", {{"QueueNamePrefix", "a"}, {"MaxResults", 2}, {"NextToken", first.at("NextToken")}});

    EXPECT_EQ(first.value.at("QueueUrls").as_array().size(), 2u);
    EXPECT_EQ(second.value, json::value({{"QueueUrls", json::array{"http://localhost:9324/000000000000/a3"}}}));
    EXPECT_EQ(call("ListQueues", {{"MaxResults", 0}}).fault(), "InvalidParameterValueException");
    for (const char* wrong : {"?", "nonsense", ""})
        EXPECT_EQ(call("ListQueues", {{"MaxResults", 2}, {"NextToken", wrong}}).fault(), "InvalidParameterValueException") << wrong;
}

TEST_F(Queues, have_tags) {
    const std::string url = create("orders");

    EXPECT_EQ(call("TagQueue", {{"QueueUrl", url}, {"Tags", {{"team", "a"}, {"cost", "b"}}}}).status, 200u);
    EXPECT_EQ(call("UntagQueue", {{"QueueUrl", url}, {"TagKeys", json::array{"cost"}}}).status, 200u);

    EXPECT_EQ(call("ListQueueTags", {{"QueueUrl", url}}).value, json::value({{"Tags", {{"team", "a"}}}}));
}

TEST_F(Queues, are_created_with_tags) {
    const std::string url = call("CreateQueue", {{"QueueName", "orders"}, {"tags", {{"team", "a"}}}}).at("QueueUrl");

    EXPECT_EQ(call("ListQueueTags", {{"QueueUrl", url}}).value, json::value({{"Tags", {{"team", "a"}}}}));
}

TEST_F(Queues, have_fifty_tags_with_those_they_had) {
    const std::string url = create("orders");
    const auto tag = [&](int from, int to) {
        json::object tags;
        for (int i = from; i < to; ++i) tags[std::to_string(i)] = "x";
        const Reply reply = call("TagQueue", {{"QueueUrl", url}, {"Tags", std::move(tags)}});
        return reply.status == 200 ? "none" : reply.at("message");
    };
    EXPECT_EQ(tag(0, 49), "none");
    EXPECT_EQ(tag(49, 51), "Too many tags added for queue orders.");
    EXPECT_EQ(tag(0, 50), "none");
}

TEST_F(Queues, need_the_name_of_what_is_to_change) {
    const std::string url = create("orders");
    for (const std::string action : {"TagQueue", "UntagQueue", "SetQueueAttributes"})
        EXPECT_EQ(call(action, {{"QueueUrl", url}}).fault(), "MissingRequiredParameterException") << action;
}

TEST_F(Queues, of_other_accounts_are_not_found) {
    create("orders");
    const auto find = [&](std::string account) {
        return call("GetQueueUrl", {{"QueueName", "orders"}, {"QueueOwnerAWSAccountId", account}}).status;
    };
    EXPECT_EQ(find("000000000000"), 200u);
    EXPECT_EQ(find("111111111111"), 400u);
}

TEST_F(Queues, of_subscriptions_are_not_listed) {
    QueueOptions options;
    options.attributes["sns.topic"] = "news";
    ASSERT_TRUE(rowmq::test::run_in(io, broker->declare_queue("inner", options)));
    const std::string url = create("orders");

    EXPECT_EQ(call("ListQueues", {}).value, json::value({{"QueueUrls", json::array{url}}}));
}

TEST_F(Queues, know_when_they_were_last_changed) {
    const std::string url = create("orders");
    advance(10s);

    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"DelaySeconds", "1"}}}});

    EXPECT_EQ(attribute(url, "CreatedTimestamp"), "1700000000");
    EXPECT_EQ(attribute(url, "LastModifiedTimestamp"), "1700000010");
}

TEST_F(Queues, have_tags_within_their_limits) {
    const std::string url = create("orders", {});
    const auto tag = [&](json::object tags) {
        const Reply reply = call("TagQueue", {{"QueueUrl", url}, {"Tags", std::move(tags)}});
        return reply.status == 200 ? "none" : reply.at("message");
    };
    json::object many;
    for (int i = 0; i < 51; ++i) many[std::to_string(i)] = "x";

    EXPECT_EQ(tag({{std::string(128, 'k'), std::string(256, 'v')}}), "none");
    std::string umlauts;
    for (int i = 0; i < 128; ++i) umlauts += "\xc3\xbc";
    EXPECT_EQ(tag({{umlauts, ""}}), "none");
    EXPECT_EQ(tag({{umlauts + "k", ""}}), "Tag keys must be between 1 and 128 characters in length.");
    EXPECT_EQ(tag({{std::string(129, 'k'), ""}}), "Tag keys must be between 1 and 128 characters in length.");
    EXPECT_EQ(tag({{"k", std::string(257, 'v')}}), "Tag values must be between 0 and 256 characters in length.");
    EXPECT_EQ(tag({{"aws:k", "v"}}), "Tag keys cannot start with aws: which is reserved.");
    EXPECT_EQ(tag(many), "Too many tags added for queue orders.");
    EXPECT_EQ(call("CreateQueue", {{"QueueName", "other"}, {"tags", many}}).fault(), "InvalidParameterValueException");
}

TEST_F(Queues, have_attributes_of_our_own_that_only_who_names_them_sees) {
    const json::object set = {{"RowMQ.Backoff", R"({"initialSeconds":1.001,"multiplier":3,"maxSeconds":60,"jitter":0,"onExpiry":true})"},
                              {"RowMQ.DelaySeconds", "86400"},
                              {"RowMQ.IdleExpirySeconds", "3600"},
                              {"RowMQ.MaxBytes", "1000"},
                              {"RowMQ.MaxLength", "10"},
                              {"RowMQ.MaxPriority", "9"},
                              {"RowMQ.MaximumMessageSize", "2097152"},
                              {"RowMQ.Overflow", "reject"},
                              {"RowMQ.Paused", "true"},
                              {"RowMQ.RetentionSeconds", "unlimited"},
                              {"RowMQ.StrictCounting", "false"}};
    const std::string url = create("orders", set);

    for (const auto& [name, value] : set) EXPECT_EQ(attribute(url, name), std::string(value.as_string())) << name;
    const Reply ours = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"RowMQ.All"}}});
    EXPECT_EQ(ours.value.at("Attributes").as_object().size(), set.size());
    const Reply all = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"All"}}});
    for (const auto& [name, value] : all.value.at("Attributes").as_object()) EXPECT_FALSE(name.starts_with("RowMQ.")) << name;
    EXPECT_EQ(attribute(url, "MessageRetentionPeriod"), "1209600");
    create("orders", set);
    EXPECT_EQ(call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"RowMQ.Backoff", ""}, {"RowMQ.Paused", "false"}}}}).status,
              200u);
    EXPECT_FALSE(broker->queue("orders")->options.paused);
    EXPECT_EQ(broker->queue("orders")->options.backoff, Backoff{});
}

TEST_F(Queues, refuse_attributes_of_our_own_that_are_out_of_range) {
    const std::string url = create("orders");
    for (const auto& [name, value] : std::multimap<std::string, std::string>{{"RowMQ.Backoff", "x"},
                                                                             {"RowMQ.Backoff", R"({"multiplier":11})"},
                                                                             {"RowMQ.Backoff", R"({"initialSeconds":"1"})"},
                                                                             {"RowMQ.Backoff", R"({"unknown":1})"},
                                                                             {"RowMQ.DelaySeconds", "-1"},
                                                                             {"RowMQ.MaxLength", "0"},
                                                                             {"RowMQ.MaxPriority", "256"},
                                                                             {"RowMQ.Overflow", "explode"},
                                                                             {"RowMQ.Paused", "yes"},
                                                                             {"RowMQ.RetentionSeconds", "for ever"},
                                                                             {"RowMQ.StrictCounting", "1"}}) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{name, value}}}});
        EXPECT_EQ(reply.fault(), "InvalidAttributeValue") << name;
        EXPECT_NE(reply.at("message").find(name), std::string::npos);
    }
    EXPECT_EQ(call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"RowMQ.Nonsense", "1"}}}}).fault(), "InvalidAttributeName");
}

TEST_F(Queues, are_purged_of_everything_once_a_minute) {
    const std::string url = create("orders");
    say(url, "leased");
    hear(url);
    say(url, "ready");
    call("SendMessage", {{"QueueUrl", url}, {"MessageBody", "delayed"}, {"DelaySeconds", 900}});

    EXPECT_EQ(call("PurgeQueue", {{"QueueUrl", url}}).status, 200u);

    for (const std::string name : {"", "NotVisible", "Delayed"})
        EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages" + name), "0") << name;
    const Reply again = call("PurgeQueue", {{"QueueUrl", url}});
    EXPECT_EQ(again.status, 403u);
    EXPECT_EQ(again.query_error, "AWS.SimpleQueueService.PurgeQueueInProgress;Sender");
    advance(60s);
    EXPECT_EQ(call("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
}

TEST_F(Queues, that_are_not_there_are_named_in_both_protocols) {
    const Reply in_json = call("SendMessage", {{"QueueUrl", "http://localhost:9324/000000000000/none"}, {"MessageBody", "x"}});
    const Reply in_query = query("Action=SendMessage&MessageBody=x&QueueUrl=http%3A%2F%2Flocalhost%2F000000000000%2Fnone");

    EXPECT_EQ(in_json.status, 400u);
    EXPECT_EQ(in_json.fault(), "QueueDoesNotExist");
    EXPECT_EQ(in_json.query_error, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    EXPECT_EQ(in_query.status, 400u);
    EXPECT_EQ(in_query.element("Code"), "AWS.SimpleQueueService.NonExistentQueue");
    EXPECT_EQ(in_query.element("Message"), "The specified queue does not exist for this wsdl version.");
    EXPECT_EQ(call("SendMessage", {{"MessageBody", "x"}}).fault(), "MissingRequiredParameterException");
}

}  // namespace
}  // namespace rowmq::sqs::test
