#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Permissions : public Conversation {
protected:
    std::string url = create("orders");

    Reply add(std::string label, json::array accounts, json::array actions) {
        return call(
            "AddPermission",
            {{"QueueUrl", url}, {"Label", std::move(label)}, {"AWSAccountIds", std::move(accounts)}, {"Actions", std::move(actions)}});
    }
    json::value policy() { return json::parse(attribute(url, "Policy")); }
    bool has_policy() {
        const Reply reply = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{"All"}}});
        return reply.value.at("Attributes").as_object().contains("Policy");
    }
};

TEST_F(Permissions, are_statements_of_the_policy) {
    EXPECT_EQ(add("alice", {"111111111111"}, {"SendMessage"}).status, 200u);
    EXPECT_EQ(add("both", {"111111111111", "222222222222"}, {"SendMessage", "ReceiveMessage"}).status, 200u);

    const std::string arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    EXPECT_EQ(policy(),
              json::value(
                  {{"Version", "2008-10-17"},
                   {"Id", arn + "/SQSDefaultPolicy"},
                   {"Statement",
                    json::array{{{"Sid", "alice"},
                                 {"Effect", "Allow"},
                                 {"Principal", {{"AWS", "arn:aws:iam::111111111111:root"}}},
                                 {"Action", "SQS:SendMessage"},
                                 {"Resource", arn}},
                                {{"Sid", "both"},
                                 {"Effect", "Allow"},
                                 {"Principal", {{"AWS", json::array{"arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"}}}},
                                 {"Action", json::array{"SQS:SendMessage", "SQS:ReceiveMessage"}},
                                 {"Resource", arn}}}}}));
}

TEST_F(Permissions, are_removed_by_their_label) {
    add("alice", {"111111111111"}, {"*"});
    add("bob", {"222222222222"}, {"*"});

    EXPECT_EQ(query("Action=RemovePermission&Label=alice", "/000000000000/orders").status, 200u);
    EXPECT_EQ(policy().at("Statement").as_array().size(), 1u);
    EXPECT_EQ(call("RemovePermission", {{"QueueUrl", url}, {"Label", "bob"}}).status, 200u);
    EXPECT_FALSE(has_policy());

    const Reply again = call("RemovePermission", {{"QueueUrl", url}, {"Label", "bob"}});
    EXPECT_EQ(again.query_error, "InvalidParameterValue;Sender");
    EXPECT_EQ(again.at("message"), "Value bob for parameter Label is invalid. Reason: can't find label.");
}

TEST_F(Permissions, are_refused_as_AWS_does) {
    add("there", {"111111111111"}, {"SendMessage"});
    const json::array account{"111111111111"}, send_action{"SendMessage"};

    EXPECT_EQ(add("there", account, send_action).at("message"), "Value there for parameter Label is invalid. Reason: Already exists.");
    EXPECT_EQ(add("a b", account, send_action).fault(), "InvalidParameterValueException");
    EXPECT_EQ(add(std::string(81, 'a'), account, send_action).fault(), "InvalidParameterValueException");
    EXPECT_EQ(add("x", {}, send_action).fault(), "MissingRequiredParameterException");
    EXPECT_EQ(add("x", {}, send_action).at("message"), "The request must contain the parameter PrincipalId.");
    EXPECT_EQ(add("x", account, {}).fault(), "MissingRequiredParameterException");
    EXPECT_EQ(add("x", {"1111"}, send_action).at("message"),
              "Value [1111] for parameter PrincipalId is invalid. Reason: Unable to verify.");
    EXPECT_EQ(add("x", account, {"DeleteQueue"}).at("message"),
              "Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.");
    EXPECT_EQ(add("x", account, {"Nonsense"}).fault(), "InvalidParameterValueException");
    const Reply many = add("x", account, json::array(8, "SendMessage"));
    EXPECT_EQ(many.fault(), "OverLimit");
    EXPECT_EQ(many.status, 403u);
    EXPECT_EQ(query("Action=AddPermission&AWSAccountId.1=111111111111&ActionName.1=SendMessage", "/000000000000/orders").element("Code"),
              "MissingParameter");
}

TEST_F(Permissions, are_for_seven_actions_at_most) {
    const json::array seven{"SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl", "GetQueueAttributes", "PurgeQueue", "*"};
    EXPECT_EQ(add("many", {"111111111111"}, seven).status, 200u);
}

TEST_F(Permissions, are_added_to_a_policy_of_one_statement) {
    const json::value one{{"Sid", "mine"}, {"Effect", "Deny"}, {"NotPrincipal", "*"}, {"NotAction", "sqs:SendMessage"}};
    const std::string text = json::serialize(json::object{{"Statement", one}});
    ASSERT_EQ(call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"Policy", text}}}}).status, 200u);

    EXPECT_EQ(add("alice", {"111111111111"}, {"SendMessage"}).status, 200u);

    ASSERT_EQ(policy().at("Statement").as_array().size(), 2u);
    EXPECT_EQ(policy().at("Statement").as_array().at(0), one);
}

TEST_F(Permissions, policies_are_JSON_with_statements) {
    const auto set = [&](std::string policy) {
        return call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"Policy", std::move(policy)}}}}).status;
    };
    EXPECT_EQ(set(R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*"}})"), 200u);
    EXPECT_EQ(set(""), 200u);
    EXPECT_FALSE(has_policy());
    for (const char* wrong :
         {"x", "[]", "{}", R"({"Statement":[]})", R"({"Statement":[{"Effect":"Maybe","Principal":"*","Action":"*"}]})",
          R"({"Statement":[{"Effect":"Allow","Action":"*"}]})", R"({"Statement":[{"Effect":"Allow","Principal":"*"}]})"})
        EXPECT_EQ(set(wrong), 400u) << wrong;
}

}  // namespace
}  // namespace rowmq::sqs::test
