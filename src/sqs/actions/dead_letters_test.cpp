#include "base/base64.hpp"
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

TEST_F(DeadLetters, are_no_messages_that_nobody_received_in_time) {
    ASSERT_EQ(call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"MessageRetentionPeriod", "60"}}}}).status, 200u);
    say(url, "old");
    advance(61s);

    EXPECT_EQ(hear(url).size(), 0u);
    settle_down();
    EXPECT_EQ(hear(dead).size(), 0u);
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
    EXPECT_EQ(fault_of(with(arn("dead"), "1000"), create("patient")), "none");
    EXPECT_EQ(fault_of("{}", url), "InvalidParameterValueException");
    EXPECT_EQ(fault_of("no JSON", url), "InvalidAttributeValue");
    EXPECT_EQ(attribute(url, "RedrivePolicy"), policy);
}

TEST_F(DeadLetters, are_not_asked_for_by_a_policy_that_would_cost_more_memory_than_it_has_bytes) {
    std::string dense = R"({"list":[0)";
    while (dense.size() < 200'000) dense += ",0";
    dense += "]," + policy.substr(1);

    const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"RedrivePolicy", dense}}}});

    EXPECT_EQ(reply.fault(), "InvalidAttributeValue");
    EXPECT_LT(reply.body.size(), 2'000u) << "an error repeats the beginning of a value";
    EXPECT_EQ(attribute(url, "RedrivePolicy"), policy);
}

TEST_F(DeadLetters, are_refused_in_the_words_of_AWS) {
    create("f.fifo", {{"FifoQueue", "true"}});
    const auto said = [&](std::string name, std::string text) {
        return call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{name, std::move(text)}}}}).at("message");
    };
    const auto reason = [&](std::string name, std::string text) {
        const std::string whole = said(name, text), start = "Value " + text + " for parameter " + name + " is invalid. Reason: ";
        EXPECT_TRUE(whole.starts_with(start)) << whole;
        return whole.substr(std::min(whole.size(), start.size()));
    };
    const auto redrive = [&](std::string text) { return reason("RedrivePolicy", std::move(text)); };
    EXPECT_EQ(said("RedrivePolicy", "x"), "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.");
    EXPECT_EQ(redrive("{}"), "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    EXPECT_EQ(redrive(R"({"maxReceiveCount":1})"), "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    EXPECT_EQ(redrive(R"({"deadLetterTargetArn":"x","maxReceiveCount":1,"more":1})"),
              "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].");
    EXPECT_EQ(redrive(R"({"deadLetterTargetArn":"x","maxReceiveCount":1001})"),
              "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.");
    EXPECT_EQ(redrive(R"({"deadLetterTargetArn":"x","maxReceiveCount":"many"})"),
              "Invalid value for maxReceiveCount: many, valid values are from 1 to 1000 both inclusive.");
    EXPECT_EQ(redrive(R"({"deadLetterTargetArn":")" + arn("f.fifo") + R"(","maxReceiveCount":1})"),
              "Dead-letter queue must be same type of queue as the source..");
    EXPECT_EQ(redrive(R"({"deadLetterTargetArn":")" + arn("none") + R"(","maxReceiveCount":1})"), "Dead letter target does not exist.");

    const auto allow = [&](std::string text) { return reason("RedriveAllowPolicy", std::move(text)); };
    const std::string refused = "Amazon SQS can't create the redrive allow policy. ";
    EXPECT_EQ(
        said("RedriveAllowPolicy", R"({"redrivePermission":"some"})"),
        "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy, as it\xe2\x80\x99s "
        "in an unsupported format.");
    EXPECT_EQ(allow(R"({"redrivePermission":"byQueue","sourceQueueArns":[]})"),
              refused + "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.");
    EXPECT_EQ(allow(R"({"redrivePermission":"denyAll","sourceQueueArns":["x"]})"),
              refused + "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.");
    EXPECT_EQ(allow(R"({"redrivePermission":"byQueue","sourceQueueArns":["a","a","a","a","a","a","a","a","a","a","a"]})"),
              refused + "The maximum number of source queue ARNs you can specify is 10.");
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

    const std::string source = R"("arn:aws:sqs:us-east-1:000000000000:other")";
    std::string ten = source;
    for (int i = 1; i < 10; ++i) ten += "," + source;
    const auto by_queue = [](std::string arns) { return R"({"redrivePermission":"byQueue","sourceQueueArns":[)" + arns + "]}"; };
    EXPECT_EQ(allow(by_queue(ten)), "none");
    for (const std::string& wrong :
         {by_queue(ten + "," + source), by_queue(""), by_queue(R"("x")"), std::string(R"({"redrivePermission":"byQueue"})"),
          R"({"redrivePermission":"denyAll","sourceQueueArns":[)" + source + "]}"})
        EXPECT_EQ(allow(wrong), "InvalidParameterValueException") << wrong;
    for (const std::string& wrong : {std::string("x"), std::string("{}"), std::string("[]"), std::string(R"({"redrivePermission":"some"})"),
                                     by_queue("1"), std::string(R"({"redrivePermission":"allowAll","more":1})"),
                                     std::string(R"({"redrivePermission":"byQueue","sourceQueueArns":"x"})")})
        EXPECT_EQ(allow(wrong), "InvalidAttributeValue") << wrong;
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

TEST_F(DeadLetters, move_to_where_they_are_sent) {
    const std::string other = create("other");
    make_one();
    call("StartMessageMoveTask", {{"SourceArn", arn("dead")}, {"DestinationArn", arn("other")}});
    settle_down();
    advance(1s);

    EXPECT_EQ(hear(url).size(), 0u);
    EXPECT_EQ(hear(other).size(), 1u);
}

TEST_F(DeadLetters, are_moved_by_tasks_of_which_the_newest_is_listed) {
    const json::object slowly{{"SourceArn", arn("dead")}, {"DestinationArn", arn("orders")}, {"MaxNumberOfMessagesPerSecond", 1}};
    const auto list = [&](json::object more) {
        more["SourceArn"] = arn("dead");
        return call("ListMessageMoveTasks", std::move(more)).value.at("Results").as_array();
    };
    for (int i = 0; i < 3; ++i) say(dead, "x");
    const std::string first = call("StartMessageMoveTask", slowly).at("TaskHandle");
    EXPECT_EQ(text(list({}).at(0), "TaskHandle"), first);
    EXPECT_EQ(text(list({}).at(0), "Status"), "RUNNING");
    EXPECT_LT(list({}).at(0).at("ApproximateNumberOfMessagesMoved").as_int64(), 3);
    EXPECT_EQ(list({}).at(0).at("ApproximateNumberOfMessagesToMove").as_int64(), 3);
    EXPECT_EQ(list({}).at(0).at("MaxNumberOfMessagesPerSecond").as_int64(), 1);
    call("CancelMessageMoveTask", {{"TaskHandle", first}});
    advance(5s);
    call("StartMessageMoveTask", slowly);

    EXPECT_EQ(list({}).size(), 1u);
    const json::array both = list({{"MaxResults", 10}});
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(text(both[1], "Status"), "CANCELLED");
    EXPECT_FALSE(both[1].as_object().contains("TaskHandle"));
}

TEST_F(DeadLetters, move_only_out_of_a_dead_letter_queue) {
    EXPECT_EQ(call("StartMessageMoveTask", {{"SourceArn", arn("orders")}}).at("message"),
              "Source queue must be configured as a Dead Letter Queue.");
    const Reply none = call("StartMessageMoveTask", {{"SourceArn", arn("none")}});
    EXPECT_EQ(none.status, 404u);
    EXPECT_EQ(none.fault(), "ResourceNotFoundException");
    for (const int wrong : {-1, 0, 501})
        EXPECT_EQ(call("StartMessageMoveTask", {{"SourceArn", arn("dead")}, {"MaxNumberOfMessagesPerSecond", wrong}}).fault(),
                  "InvalidParameterValueException")
            << wrong;
    EXPECT_EQ(call("StartMessageMoveTask", {{"SourceArn", arn("dead")}, {"MaxNumberOfMessagesPerSecond", 500}}).status, 200u);
}

TEST_F(DeadLetters, are_no_longer_moved_only_where_the_handle_names_a_task) {
    for (int i = 0; i < 3; ++i) say(dead, "x");
    const json::object slowly{{"SourceArn", arn("dead")}, {"DestinationArn", arn("orders")}, {"MaxNumberOfMessagesPerSecond", 1}};
    const std::string handle = call("StartMessageMoveTask", slowly).at("TaskHandle");
    const auto cancel = [&](std::string text) { return call("CancelMessageMoveTask", {{"TaskHandle", std::move(text)}}); };

    const auto named = [](const std::string& id, const std::string& of) {
        return base64_encode(json::serialize(json::object{{"taskId", id}, {"sourceArn", of}}));
    };
    for (const std::string& wrong : {std::string("?"), base64_encode("1"), base64_encode("{}"), base64_encode("1:" + arn("dead")),
                                     base64_encode(R"({"taskId":1,"sourceArn":"x"})"), named("1", "dead")}) {
        EXPECT_EQ(cancel(wrong).fault(), "InvalidParameterValueException") << wrong;
        EXPECT_EQ(cancel(wrong).at("message"), "Value for parameter TaskHandle is invalid.") << wrong;
    }
    const Reply elsewhere = cancel(named("1", arn("none"))), another = cancel(named("77", arn("dead")));
    EXPECT_EQ(cancel(named("1", "arn:aws:sqs:us-east-1:123456789012:dead")).at("message"), elsewhere.at("message"));
    EXPECT_EQ(elsewhere.status, 404u);
    EXPECT_EQ(elsewhere.at("message"), "The resource that you specified for the SourceArn parameter doesn't exist.");
    EXPECT_EQ(another.fault(), "ResourceNotFoundException");
    EXPECT_EQ(another.at("message"), "Task does not exist.");
    for (const char* no_task : {"no-uuid", "00000000-0000-0000-0000-00000000000g", "00000000-0000-0000-0000-000000000077"})
        EXPECT_EQ(cancel(named(no_task, arn("dead"))).at("message"), "Task does not exist.") << no_task;
    const std::string id(json::parse(*base64_decode(handle)).at("taskId").as_string());
    EXPECT_EQ(cancel(named(id + "g", arn("dead"))).at("message"), "Task does not exist.");
    EXPECT_EQ(cancel(handle).status, 200u);
}

TEST_F(DeadLetters, come_from_queues_that_are_listed_in_pages) {
    for (const std::string name : {"a", "b"}) create(name, {{"RedrivePolicy", policy}});
    const auto list = [&](json::object more) {
        more["QueueUrl"] = dead;
        return call("ListDeadLetterSourceQueues", std::move(more));
    };

    const Reply first = list({{"MaxResults", 2}});
    const Reply second = list({{"MaxResults", 2}, {"NextToken", first.at("NextToken")}});

    EXPECT_EQ(first.value.at("queueUrls").as_array().size(), 2u);
    EXPECT_EQ(second.value, json::value({{"queueUrls", json::array{url}}}));
    EXPECT_EQ(list({{"NextToken", "nonsense"}}).fault(), "InvalidParameterValueException");
    EXPECT_EQ(list({{"MaxResults", 0}}).fault(), "InvalidParameterValueException");
    EXPECT_EQ(list({{"MaxResults", 1001}}).fault(), "InvalidParameterValueException");
}

}  // namespace
}  // namespace rowmq::sqs::test
