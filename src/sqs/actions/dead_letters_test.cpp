#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class DeadLetters : public Conversation {
protected:
    std::string dead = create("dead");
    std::string policy = R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2})";
    std::string url = create("orders", {{"RedrivePolicy", policy}});

    std::string fault_of(std::string redrive_policy, std::string queue) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", queue}, {"Attributes", {{"RedrivePolicy", redrive_policy}}}});
        return reply.status == 200 ? "none" : reply.fault();
    }
    void make_one() {
        say(url, "x");
        for (int i = 0; i < 2; ++i) {
            hear(url);
            advance(30s);
        }
        hear(url);
        settle_down();
    }
    std::string arn(std::string name) { return "arn:aws:sqs:us-east-1:000000000000:" + name; }
};

TEST_F(DeadLetters, are_messages_received_too_often) {
    make_one();

    const json::array heard = hear(dead, {{"AttributeNames", json::array{"All"}}});

    EXPECT_EQ(hear(url).size(), 0u);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0], "Body"), "x");
    EXPECT_EQ(text(heard[0].at("Attributes"), "DeadLetterQueueSourceArn"), arn("orders"));
}

TEST_F(DeadLetters, are_governed_by_a_policy_that_round_trips) {
    EXPECT_EQ(attribute(url, "RedrivePolicy"), policy);
    create("orders", {{"RedrivePolicy", R"({"maxReceiveCount":"2","deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"})"}});
    EXPECT_EQ(call("ListDeadLetterSourceQueues", {{"QueueUrl", dead}}).value, json::value({{"queueUrls", json::array{url}}}));

    EXPECT_EQ(fault_of("", url), "none");
    EXPECT_EQ(attribute(url, "RedrivePolicy"), "");
    EXPECT_EQ(call("ListDeadLetterSourceQueues", {{"QueueUrl", dead}}).value, json::value({{"queueUrls", json::array{}}}));
}

TEST_F(DeadLetters, need_a_target_that_is_there_and_of_the_same_kind) {
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}});
    const auto with = [](std::string target, std::string count) {
        return "{\"deadLetterTargetArn\":\"" + target + "\",\"maxReceiveCount\":" + count + "}";
    };
    EXPECT_EQ(fault_of(with(arn("none"), "1"), url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(with(arn("f.fifo"), "1"), url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(with(arn("dead"), "1"), fifo), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(with("dead", "1"), url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(with(arn("dead"), "0"), url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(with(arn("dead"), "1001"), url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of("no JSON", url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of("{}", url), "InvalidParameterValueException");
    EXPECT_EQ(attribute(url, "RedrivePolicy"), policy);
}

TEST_F(DeadLetters, are_not_asked_for_by_a_policy_that_would_cost_more_memory_than_it_has_bytes) {
    std::string dense = R"({"list":[0)";
    while (dense.size() < 200'000) dense += ",0";
    dense += "]," + policy.substr(1);

    const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"RedrivePolicy", dense}}}});

    EXPECT_EQ(reply.fault(), "InvalidParameterValueException");
    EXPECT_LT(reply.body.size(), 2'000u) << "an error repeats the beginning of a value";
    EXPECT_EQ(attribute(url, "RedrivePolicy"), policy);
}

TEST_F(DeadLetters, are_taken_only_from_those_the_target_allows) {
    const auto allow = [&](std::string text) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", dead}, {"Attributes", {{"RedriveAllowPolicy", std::move(text)}}}});
        return reply.status == 200 ? "none" : reply.fault();
    };
    const std::string other = create("other");

    EXPECT_EQ(allow(R"({"redrivePermission":"denyAll"})"), "none");
    EXPECT_EQ(fault_of(policy, other), "InvalidParameterValueException");
    EXPECT_EQ(fault_of(policy, url), "none");  // it was there before
    create("orders", {{"RedrivePolicy", policy}});
    EXPECT_EQ(call("CreateQueue", {{"QueueName", "new"}, {"Attributes", {{"RedrivePolicy", policy}}}}).fault(),
              "InvalidParameterValueException");
    EXPECT_EQ(query("Action=SetQueueAttributes&Attribute.1.Name=RedrivePolicy&Attribute.1.Value=" + policy, "/000000000000/other")
                  .element("Code"),
              "InvalidParameterValue");
    EXPECT_EQ(allow(R"({"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:other"]})"), "none");
    EXPECT_EQ(fault_of(policy, other), "none");
    EXPECT_EQ(fault_of(policy, create("third")), "InvalidParameterValueException");
    EXPECT_EQ(allow(R"({"redrivePermission":"allowAll"})"), "none");
    EXPECT_EQ(fault_of(policy, create("fourth")), "none");
    EXPECT_EQ(allow(""), "none");
    EXPECT_EQ(attribute(dead, "RedriveAllowPolicy"), "");

    for (const char* wrong :
         {"x", "{}", R"({"redrivePermission":"some"})", R"({"redrivePermission":"byQueue"})",
          R"({"redrivePermission":"byQueue","sourceQueueArns":[]})", R"({"redrivePermission":"byQueue","sourceQueueArns":["x"]})",
          R"({"redrivePermission":"denyAll","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:other"]})",
          R"({"redrivePermission":"byQueue","sourceQueueArns":["a","a","a","a","a","a","a","a","a","a","a"]})"})
        EXPECT_EQ(allow(wrong), "InvalidParameterValueException") << wrong;
}

TEST_F(DeadLetters, move_back_to_where_they_came_from) {
    make_one();

    const Reply started = call("StartMessageMoveTask", {{"SourceArn", arn("dead")}});
    ASSERT_EQ(started.status, 200u) << started.body;
    settle_down();
    advance(1s);

    const json::array heard = hear(url);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0], "Body"), "x");
    const Reply listed = call("ListMessageMoveTasks", {{"SourceArn", arn("dead")}});
    const auto& task = listed.value.at("Results").as_array().at(0);
    EXPECT_EQ(text(task, "Status"), "COMPLETED");
    EXPECT_EQ(task.at("ApproximateNumberOfMessagesMoved").as_int64(), 1);
    EXPECT_EQ(call("CancelMessageMoveTask", {{"TaskHandle", started.at("TaskHandle")}}).status, 404u);
}

TEST_F(DeadLetters, move_only_out_of_a_dead_letter_queue) {
    EXPECT_EQ(call("StartMessageMoveTask", {{"SourceArn", arn("orders")}}).at("message"),
              "Source queue must be configured as a Dead Letter Queue.");
    const Reply none = call("StartMessageMoveTask", {{"SourceArn", arn("none")}});
    EXPECT_EQ(none.status, 404u);
    EXPECT_EQ(none.fault(), "ResourceNotFoundException");
    EXPECT_EQ(call("StartMessageMoveTask", {{"SourceArn", arn("dead")}, {"MaxNumberOfMessagesPerSecond", 501}}).fault(),
              "InvalidParameterValueException");
    EXPECT_EQ(call("CancelMessageMoveTask", {{"TaskHandle", "?"}}).fault(), "InvalidParameterValueException");
}

}  // namespace
}  // namespace rowmq::sqs::test
