#include "aws/signature.hpp"
#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Signed : public Conversation {
protected:
    Signed() {
        protocol = std::make_unique<Protocol>(
            *broker, *clock, random,
            Settings{.region = "eu-west-1", .account = "123456789012", .access = aws::Access({{"AKID", "secret"}}, "eu-west-1")});
    }
    net::Request with(net::Request request, std::string secret = "secret", std::string id = "AKID", std::string region = "eu-west-1") {
        EXPECT_TRUE(aws::sign(request, {std::move(id), std::move(secret)}, region, "sqs", clock->wall()));
        return request;
    }
    net::Request form(std::string body) {
        net::Request request;
        request.method = "POST";
        request.target = "/";
        request.fields.add("Host", "localhost:9324");
        request.body = std::move(body);
        return request;
    }
};

TEST_F(Signed, requests_are_served_and_name_their_key_as_the_sender) {
    const std::string url = send(with(json_request("CreateQueue", {{"QueueName", "orders"}}))).at("QueueUrl");
    EXPECT_EQ(url, "http://localhost:9324/123456789012/orders");
    EXPECT_EQ(send(with(form("Action=SendMessage&MessageBody=x&QueueUrl=" + url))).status, 200u);

    const Reply heard = send(with(json_request("ReceiveMessage", {{"QueueUrl", url}, {"AttributeNames", json::array{"SenderId"}}})));
    EXPECT_EQ(text(heard.value.at("Messages").at(0).at("Attributes"), "SenderId"), "AKID");
}

TEST_F(Signed, requests_are_refused_in_both_encodings_when_their_signature_is_not_right) {
    struct Case {
        net::Request json, query;
        std::string fault, code;
        unsigned status;
    };
    const auto list = [&] { return json_request("ListQueues", {}); };
    const auto list_form = [&] { return form("Action=ListQueues"); };
    net::Request part = list(), part_form = list_form();
    part.fields.add("Authorization", "AWS4-HMAC-SHA256 Credential=AKID");
    part_form.fields.add("Authorization", "AWS4-HMAC-SHA256 Credential=AKID");
    for (const auto& [json, query, fault, code, status] :
         {Case{list(), list_form(), "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
          Case{part, part_form, "IncompleteSignatureException", "IncompleteSignature", 400},
          Case{with(list(), "secret", "nobody"), with(list_form(), "secret", "nobody"), "UnrecognizedClientException",
               "InvalidClientTokenId", 403},
          Case{with(list(), "wrong"), with(list_form(), "wrong"), "InvalidSignatureException", "SignatureDoesNotMatch", 403}}) {
        const Reply in_json = send(json), in_query = send(query);
        EXPECT_EQ(in_json.status, status);
        EXPECT_EQ(in_json.fault(), fault);
        EXPECT_EQ(in_json.query_error, code + ";Sender");
        EXPECT_EQ(in_query.status, status);
        EXPECT_EQ(in_query.element("Code"), code);
    }
}

TEST_F(Signed, requests_expire) {
    const net::Request old = with(json_request("ListQueues", {}));
    advance(16min);
    EXPECT_TRUE(send(old).at("message").starts_with("Signature expired: "));
    EXPECT_EQ(send(with(json_request("ListQueues", {}))).status, 200u);
}

}  // namespace
}  // namespace rowmq::sqs::test
