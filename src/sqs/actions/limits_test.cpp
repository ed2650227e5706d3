// The last value that is taken and the first that is not.
#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class SendLimits : public Conversation {
protected:
    std::string url = create("orders");

    std::string fault_of(json::object more) {
        more["QueueUrl"] = url;
        if (!more.contains("MessageBody")) more["MessageBody"] = "x";
        const Reply reply = call("SendMessage", more);
        return reply.status == 200 ? "none" : reply.fault();
    }
    std::string fault_of_attribute(std::string name, json::object value) {
        json::object attributes;
        attributes[name] = std::move(value);
        return fault_of({{"MessageAttributes", std::move(attributes)}});
    }
    static json::object text_value(std::string value) { return {{"DataType", "String"}, {"StringValue", std::move(value)}}; }
};

TEST_F(SendLimits, are_900_seconds_and_ten_attributes) {
    json::object ten;
    for (char c = 'a'; c <= 'j'; ++c) ten[std::string(1, c)] = text_value("1");

    EXPECT_EQ(fault_of({{"DelaySeconds", 900}}), "none");
    EXPECT_EQ(fault_of({{"MessageAttributes", ten}}), "none");
}

TEST_F(SendLimits, of_attributes_are_256_characters_of_name_and_type_and_no_control_characters) {
    EXPECT_EQ(fault_of_attribute(std::string(256, 'n'), text_value("v")), "none");
    EXPECT_EQ(fault_of_attribute(std::string(257, 'n'), text_value("v")), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "String." + std::string(249, 't')}, {"StringValue", "v"}}), "none");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "String." + std::string(250, 't')}, {"StringValue", "v"}}),
              "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", {{"DataType", "Strings"}, {"StringValue", "v"}}), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("a", text_value("\x01")), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("Amazon.x", text_value("v")), "InvalidParameterValueException");
    EXPECT_EQ(fault_of_attribute("Amazons.x", text_value("v")), "none");
}

TEST_F(SendLimits, count_binary_values_too) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"MaximumMessageSize", "1024"}}}});
    const json::object attribute = {{"n", {{"DataType", "Binary"}, {"BinaryValue", "AAAA"}}}};  // 1 + 6 + 3 bytes

    EXPECT_EQ(fault_of({{"MessageBody", std::string(1'014, 'x')}, {"MessageAttributes", attribute}}), "none");
    EXPECT_EQ(fault_of({{"MessageBody", std::string(1'015, 'x')}, {"MessageAttributes", attribute}}), "InvalidParameterValueException");
}

TEST_F(SendLimits, of_groups_are_128_printable_characters) {
    EXPECT_EQ(fault_of({{"MessageGroupId", std::string(128, '~')}}), "none");
    for (const std::string& wrong : {std::string(129, 'g'), std::string("\x7f"), std::string("gr\xc3\xbcn")})
        EXPECT_EQ(fault_of({{"MessageGroupId", wrong}}), "InvalidParameterValueException") << wrong;
}

TEST_F(SendLimits, of_bodies_are_the_characters_of_XML) {
    EXPECT_EQ(fault_of({{"MessageBody", "\t\n\r \xef\xbf\xbd"}}), "none");
    EXPECT_EQ(fault_of({{"MessageBody", "\xef\xbf\xbe"}}), "InvalidMessageContents");
    EXPECT_EQ(fault_of({{"MessageBody", "\xef\xbf\xbf"}}), "InvalidMessageContents");
}

TEST_F(SendLimits, let_one_system_attribute_through_which_is_a_String) {
    const auto with = [&](std::string name, std::string type) {
        json::object attributes;
        attributes[name] = json::object{{"DataType", type}, {"StringValue", "1"}};
        return fault_of({{"MessageSystemAttributes", std::move(attributes)}});
    };
    EXPECT_EQ(with("AWSTraceHeader", "String"), "none");
    EXPECT_EQ(with("AWSTraceHeader", "Number"), "InvalidParameterValueException");
    EXPECT_EQ(with("Other", "String"), "InvalidParameterValueException");
}

TEST_F(SendLimits, let_no_attribute_be_given_twice) {
    const auto send_with = [&](std::string second) {
        std::string form = "Action=SendMessage&MessageBody=x";
        for (const std::string& number : {std::string("1"), std::string("2")})
            form += "&MessageAttribute." + number + ".Name=" + (number == "1" ? std::string("a") : second) + "&MessageAttribute." + number +
                    ".Value.DataType=String&MessageAttribute." + number + ".Value.StringValue=v";
        return query(form, "/000000000000/orders").status;
    };
    EXPECT_EQ(send_with("b"), 200u);
    EXPECT_EQ(send_with("a"), 400u);
}

TEST_F(SendLimits, of_batches_are_ten_entries_and_a_mebibyte) {
    const auto send_batch = [&](std::size_t entries, std::size_t bytes_of_each) {
        json::array list;
        for (std::size_t i = 0; i < entries; ++i)
            list.push_back({{"Id", std::to_string(i)}, {"MessageBody", std::string(bytes_of_each, 'x')}});
        return call("SendMessageBatch", {{"QueueUrl", url}, {"Entries", std::move(list)}}).status;
    };
    EXPECT_EQ(send_batch(10, 1), 200u);
    EXPECT_EQ(send_batch(11, 1), 400u);
    EXPECT_EQ(send_batch(4, 262'144), 200u);
    EXPECT_EQ(send_batch(4, 262'145), 400u);
}

TEST_F(SendLimits, of_batch_ids_are_80_characters) {
    const auto send_as = [&](std::string id) {
        return call("SendMessageBatch", {{"QueueUrl", url}, {"Entries", json::array{{{"Id", id}, {"MessageBody", "x"}}}}}).status;
    };
    EXPECT_EQ(send_as(std::string(80, 'i')), 200u);
    EXPECT_EQ(send_as(std::string(81, 'i')), 400u);
    EXPECT_EQ(send_as(""), 400u);
}

TEST_F(SendLimits, are_told_of_an_entry_in_other_words) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"MaximumMessageSize", "1024"}}}});
    const json::array entries{{{"Id", "a"}, {"MessageBody", std::string(1'025, 'x')}}};

    const Reply reply = call("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}});

    EXPECT_EQ(text(reply.value.at("Failed").as_array().at(0), "Message"),
              "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.");
}

class QueueLimits : public Conversation {};

TEST_F(QueueLimits, of_every_number_are_those_of_AWS) {
    const std::string url = create("orders");
    const auto fault = [&](std::string name, std::int64_t value) {
        const Reply reply = call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{name, std::to_string(value)}}}});
        return reply.status == 200 ? "none" : reply.fault();
    };
    const std::map<std::string, std::pair<std::int64_t, std::int64_t>> ranges{{"DelaySeconds", {0, 900}},
                                                                              {"MaximumMessageSize", {1'024, 1'048'576}},
                                                                              {"MessageRetentionPeriod", {60, 1'209'600}},
                                                                              {"ReceiveMessageWaitTimeSeconds", {0, 20}},
                                                                              {"VisibilityTimeout", {0, 43'200}},
                                                                              {"KmsDataKeyReusePeriodSeconds", {60, 86'400}},
                                                                              {"RowMQ.MaximumMessageSize", {1, 134'217'728}},
                                                                              {"RowMQ.IdleExpirySeconds", {1, 3'162'240'000}}};
    for (const auto& [name, range] : ranges) {
        EXPECT_EQ(fault(name, range.first), "none") << name;
        EXPECT_EQ(fault(name, range.second), "none") << name;
        EXPECT_EQ(fault(name, range.first - 1), "InvalidAttributeValue") << name;
        EXPECT_EQ(fault(name, range.second + 1), "InvalidAttributeValue") << name;
    }
}

TEST_F(QueueLimits, of_pages_are_1000_queues_and_ten_tasks) {
    const std::string dead = create("dead");
    const std::string arn = "arn:aws:sqs:us-east-1:000000000000:dead";
    const auto list = [&](int max) { return call("ListQueues", {{"MaxResults", max}}).status; };
    const auto tasks = [&](int max) { return call("ListMessageMoveTasks", {{"SourceArn", arn}, {"MaxResults", max}}).status; };

    EXPECT_EQ(list(1'000), 200u);
    EXPECT_EQ(list(1'001), 400u);
    EXPECT_EQ(tasks(10), 200u);
    EXPECT_EQ(tasks(11), 400u);
    EXPECT_EQ(tasks(0), 400u);
}

}  // namespace
}  // namespace rowmq::sqs::test
