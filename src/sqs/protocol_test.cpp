#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class ProtocolOf : public Conversation {
protected:
    net::Request get(std::string target) {
        net::Request request;
        request.method = "GET";
        request.target = std::move(target);
        request.fields.add("host", "example.com:1");
        return request;
    }
};

TEST_F(ProtocolOf, unknown_actions_is_answered_in_their_own_words) {
    const Reply in_json = call("Nonsense", {});
    const Reply in_query = query("Action=Nonsense");
    const Reply no_action = query("");

    EXPECT_EQ(in_json.status, 400u);
    EXPECT_EQ(in_json.fault(), "UnknownOperationException");
    EXPECT_EQ(in_json.query_error, "InvalidAction;Sender");
    EXPECT_EQ(in_query.status, 400u);
    EXPECT_EQ(in_query.element("Code"), "InvalidAction");
    EXPECT_EQ(in_query.element("Type"), "Sender");
    EXPECT_EQ(no_action.element("Code"), "MissingAction");
}

TEST_F(ProtocolOf, another_service_is_refused) {
    net::Request request = json_request("ListQueues", {});
    request.fields = {};
    request.fields.add("X-Amz-Target", "DynamoDB_20120810.ListTables");

    EXPECT_EQ(send(std::move(request)).fault(), "UnknownOperationException");
    net::Request same_name = json_request("ListQueues", {});
    same_name.fields = {};
    same_name.fields.add("X-Amz-Target", "AmazonSNS.ListQueues");  // as long a prefix, and an action of that name
    EXPECT_EQ(send(std::move(same_name)).fault(), "UnknownOperationException");
}

TEST_F(ProtocolOf, queues_that_are_not_there_is_answered_with_the_wsdl_in_Query) {
    EXPECT_EQ(call("GetQueueUrl", {{"QueueName", "none"}}).at("message"), "The specified queue does not exist.");
    EXPECT_EQ(query("Action=GetQueueUrl&QueueName=none").element("Message"), "The specified queue does not exist for this wsdl version.");
}

TEST_F(ProtocolOf, malformed_requests_is_answered) {
    net::Request request = json_request("ListQueues", {});
    request.body = "{";

    EXPECT_EQ(send(std::move(request)).fault(), "SerializationException");
    EXPECT_EQ(query("Action=ListQueues&MaxResults=x").element("Code"), "MalformedInput");
    EXPECT_EQ(query("Action=%").element("Code"), "MalformedInput");
}

TEST_F(ProtocolOf, a_GET_takes_its_parameters_from_the_URL_and_the_host_from_the_request) {
    const Reply created = send(get("/?Action=CreateQueue&QueueName=orders"));

    EXPECT_EQ(created.element("QueueUrl"), "http://example.com:1/000000000000/orders");
    EXPECT_NE(created.element("RequestId"), "");
}

TEST_F(ProtocolOf, every_answer_has_a_request_id_of_its_own) {
    const auto first = rowmq::test::run_in(io, protocol->handle(json_request("ListQueues", {})));
    const auto second = rowmq::test::run_in(io, protocol->handle(json_request("ListQueues", {})));

    EXPECT_EQ(first.fields.at(0).first, "x-amzn-RequestId");
    EXPECT_EQ(first.fields.at(0).second.size(), 36u);
    EXPECT_NE(first.fields.at(0).second, second.fields.at(0).second);
}

}  // namespace
}  // namespace rowmq::sqs::test
