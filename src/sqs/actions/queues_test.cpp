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
                              {"Policy", R"({"Version":"2012-10-17"})"},
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
                                                                        {"RedriveAllowPolicy", "{}"},
                                                                        {"SqsManagedSseEnabled", "maybe"}})
        EXPECT_EQ(fault(name, value), "InvalidAttributeValue") << name;
    EXPECT_EQ(fault("VisibilityTimeout", "3x"), "InvalidAttributeValue");
    EXPECT_EQ(fault("ContentBasedDeduplication", "true"), "InvalidAttributeName");
    EXPECT_EQ(fault("QueueArn", "x"), "InvalidAttributeName");
    EXPECT_EQ(fault("Nonsense", "x"), "InvalidAttributeName");
}

TEST_F(Queues, are_listed_by_prefix_and_in_pages) {
    for (const std::string name : {"a1", "a2", "a3", "b1"}) create(name);

    const Reply first = call("ListQueues", {{"QueueNamePrefix", "a"}, {"MaxResults", 2}});
    const Reply second = call("ListQueues", {{"QueueNamePrefix", "a"}, {"MaxResults", 2}, {"NextToken", first.at("NextToken")}});

    EXPECT_EQ(first.value.at("QueueUrls").as_array().size(), 2u);
    EXPECT_EQ(second.value, json::value({{"QueueUrls", json::array{"http://localhost:9324/000000000000/a3"}}}));
    EXPECT_EQ(call("ListQueues", {{"MaxResults", 0}}).fault(), "InvalidParameterValueException");
    EXPECT_EQ(call("ListQueues", {{"NextToken", "?"}}).fault(), "InvalidParameterValueException");
}

TEST_F(Queues, have_tags) {
    const std::string url = create("orders");

    EXPECT_EQ(call("TagQueue", {{"QueueUrl", url}, {"Tags", {{"team", "a"}, {"cost", "b"}}}}).status, 200u);
    EXPECT_EQ(call("UntagQueue", {{"QueueUrl", url}, {"TagKeys", json::array{"cost"}}}).status, 200u);

    EXPECT_EQ(call("ListQueueTags", {{"QueueUrl", url}}).value, json::value({{"Tags", {{"team", "a"}}}}));
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
