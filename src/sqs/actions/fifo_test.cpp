#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Fifo : public Conversation {
protected:
    std::string url = create("orders.fifo", {{"FifoQueue", "true"}});

    Reply put(std::string body, std::string group, std::string deduplication = {}) {
        json::object request = {{"QueueUrl", url}, {"MessageBody", body}, {"MessageGroupId", group}};
        request["MessageDeduplicationId"] = deduplication.empty() ? body : deduplication;
        return call("SendMessage", request);
    }
    std::string order(const json::array& messages) {
        std::string all;
        for (const auto& m : messages) all += text(m, "Body");
        return all;
    }
};

TEST_F(Fifo, keeps_the_order_of_each_group_and_holds_it_while_one_receive_has_it) {
    for (const std::string body : {"1", "2", "3"}) put(body, "a");
    put("x", "b");

    const json::array first = hear(url, {{"MaxNumberOfMessages", 2}});
    const json::array rest = hear(url);

    EXPECT_EQ(order(first), "12");
    EXPECT_EQ(order(rest), "x");
    for (const auto& m : first) call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", text(m, "ReceiptHandle")}});
    EXPECT_EQ(order(hear(url)), "3");
}

TEST_F(Fifo, gives_sequence_numbers_of_20_digits_that_grow) {
    const Reply one = put("1", "a"), two = put("2", "a");

    const json::array heard = hear(url, {{"AttributeNames", json::array{"All"}}});

    EXPECT_EQ(one.at("SequenceNumber").size(), 20u);
    EXPECT_LT(one.at("SequenceNumber"), two.at("SequenceNumber"));
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_EQ(text(heard[0].at("Attributes"), "SequenceNumber"), one.at("SequenceNumber"));
    EXPECT_EQ(text(heard[0].at("Attributes"), "MessageGroupId"), "a");
    EXPECT_EQ(text(heard[0].at("Attributes"), "MessageDeduplicationId"), "1");
}

TEST_F(Fifo, answers_a_duplicate_with_the_first_even_when_that_is_deleted) {
    const Reply first = put("1", "a", "same");
    call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", text(hear(url).at(0), "ReceiptHandle")}});

    const Reply second = put("2", "b", "same");

    EXPECT_EQ(second.at("MessageId"), first.at("MessageId"));
    EXPECT_EQ(second.at("SequenceNumber"), first.at("SequenceNumber"));
    EXPECT_EQ(hear(url).size(), 0u);
    advance(5min + 1s);
    EXPECT_NE(put("3", "a", "same").at("MessageId"), first.at("MessageId"));
}

TEST_F(Fifo, deduplicates_by_content_where_the_queue_says_so) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"ContentBasedDeduplication", "true"}}}});
    const json::object message = {{"QueueUrl", url}, {"MessageBody", "abc"}, {"MessageGroupId", "a"}};

    call("SendMessage", message);
    call("SendMessage", message);

    const json::array heard = hear(url, {{"AttributeNames", json::array{"MessageDeduplicationId"}}});
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(text(heard[0].at("Attributes"), "MessageDeduplicationId"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Fifo, demands_a_group_and_a_deduplication_id_and_no_delay) {
    EXPECT_EQ(call("SendMessage", {{"QueueUrl", url}, {"MessageBody", "x"}, {"MessageDeduplicationId", "d"}}).at("message"),
              "The request must contain the parameter MessageGroupId.");
    EXPECT_EQ(call("SendMessage", {{"QueueUrl", url}, {"MessageBody", "x"}, {"MessageGroupId", "g"}}).fault(),
              "InvalidParameterValueException");
    const json::object delayed = {
        {"QueueUrl", url}, {"MessageBody", "x"}, {"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}, {"DelaySeconds", 1}};
    EXPECT_EQ(call("SendMessage", delayed).fault(), "InvalidParameterValueException");
    json::object at_once = delayed;
    at_once["DelaySeconds"] = 0;
    EXPECT_EQ(call("SendMessage", at_once).status, 200u);
}

TEST_F(Fifo, refuses_a_handle_when_another_was_given_but_not_a_second_deletion) {
    put("1", "a");
    const std::string old = text(hear(url).at(0), "ReceiptHandle");
    advance(30s);
    const std::string newest = text(hear(url).at(0), "ReceiptHandle");

    const Reply expired = call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", old}});

    EXPECT_EQ(expired.fault(), "InvalidParameterValueException");
    EXPECT_TRUE(expired.at("message").ends_with("Reason: The receipt handle has expired.")) << expired.body;
    EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", newest}}).status, 200u);
    EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", newest}}).status, 200u);
}

TEST_F(Fifo, lets_a_second_deletion_wait_for_the_first) {
    put("1", "a");
    const json::object request = {{"QueueUrl", url}, {"ReceiptHandle", text(hear(url).at(0), "ReceiptHandle")}};
    std::vector<std::optional<net::Response>> answers(2);

    for (auto& answer : answers)
        boost::asio::co_spawn(io, protocol->handle(json_request("DeleteMessage", request)),
                              [&answer](std::exception_ptr, net::Response response) { answer = std::move(response); });
    settle_down();

    for (const auto& answer : answers) {
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->status, 200u) << answer->body;
    }
}

TEST_F(Fifo, takes_a_receive_attempt_id) {
    put("1", "a");

    EXPECT_EQ(hear(url, {{"ReceiveRequestAttemptId", "attempt"}}).size(), 1u);
    EXPECT_EQ(call("ReceiveMessage", {{"QueueUrl", url}, {"ReceiveRequestAttemptId", ""}}).fault(), "InvalidParameterValueException");
}

class FifoBatch : public Conversation {};

TEST_F(FifoBatch, is_refused_whole_where_one_entry_lacks_its_group_or_deduplication_id) {
    const std::string url = create("orders.fifo", {{"FifoQueue", "true"}});
    const auto send_batch = [&](json::object second) {
        second["Id"] = "2";
        second["MessageBody"] = "x";
        const json::object first{{"Id", "1"}, {"MessageBody", "x"}, {"MessageGroupId", "g"}, {"MessageDeduplicationId", "1"}};
        return call("SendMessageBatch", {{"QueueUrl", url}, {"Entries", json::array{first, second}}});
    };

    const Reply no_group = send_batch({{"MessageDeduplicationId", "2"}});
    EXPECT_EQ(no_group.query_error, "InvalidParameterValue;Sender");
    EXPECT_EQ(no_group.at("message"), "The request must contain the parameter MessageGroupId.");
    EXPECT_EQ(send_batch({{"MessageGroupId", "g"}}).fault(), "InvalidParameterValueException");
    EXPECT_EQ(hear(url).size(), 0u);
    EXPECT_EQ(send_batch({{"MessageGroupId", "g"}, {"MessageDeduplicationId", "2"}}).value.at("Successful").as_array().size(), 2u);
}

class Attempt : public Conversation {
protected:
    std::string url = create("orders.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});

    void SetUp() override {
        for (const std::string body : {"a", "b", "c"})
            call("SendMessage", {{"QueueUrl", url}, {"MessageBody", body}, {"MessageGroupId", "group-" + body}});
    }
    json::array receive(std::string id, json::object more = {}) {
        more["ReceiveRequestAttemptId"] = std::move(id);
        more["MaxNumberOfMessages"] = 2;
        return hear(url, std::move(more));
    }
};

TEST_F(Attempt, that_is_repeated_gets_the_same_messages_with_the_same_handles) {
    const json::array first = receive("one");
    ASSERT_EQ(first.size(), 2u);

    EXPECT_EQ(receive("one"), first);
    EXPECT_EQ(receive("two").size(), 1u);
    advance(20s);
    EXPECT_EQ(receive("one"), first);
    advance(20s);
    EXPECT_EQ(receive("one"), first);  // a repetition hides them anew
}

TEST_F(Attempt, is_over_with_the_visibility_of_its_messages) {
    const json::array first = receive("one");
    advance(31s);

    const json::array again = receive("one");

    ASSERT_EQ(again.size(), 2u);
    EXPECT_EQ(text(again[0], "MessageId"), text(first[0], "MessageId"));
    EXPECT_NE(text(again[0], "ReceiptHandle"), text(first[0], "ReceiptHandle"));
}

TEST_F(Attempt, is_over_when_one_of_its_messages_was_deleted_or_changed) {
    const json::array first = receive("one");
    call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", text(first[0], "ReceiptHandle")}});
    const json::array second = receive("one");
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(text(second[0], "Body"), "c");

    call("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", text(second[0], "ReceiptHandle")}, {"VisibilityTimeout", 100}});
    EXPECT_EQ(receive("one").size(), 0u);
}

TEST_F(Attempt, is_over_when_the_queue_is_purged) {
    receive("one");
    call("PurgeQueue", {{"QueueUrl", url}});

    EXPECT_EQ(receive("one").size(), 0u);
}

TEST_F(Attempt, is_over_after_five_minutes) {
    const json::array first = receive("one", {{"VisibilityTimeout", 3'600}});
    advance(299s);
    EXPECT_EQ(receive("one", {{"VisibilityTimeout", 3'600}}), first);
    advance(1s);
    EXPECT_EQ(receive("one").size(), 1u);
}

TEST_F(Attempt, keeps_what_a_lost_answer_held) {
    net::Request request = json_request("ReceiveMessage", {{"QueueUrl", url}, {"ReceiveRequestAttemptId", "one"}});
    FakePeer peer;
    peer.hang_up();
    request.peer = &peer;
    send(std::move(request));

    const json::array repeated = receive("one", {{"AttributeNames", json::array{"ApproximateReceiveCount"}}});

    ASSERT_EQ(repeated.size(), 1u);
    EXPECT_EQ(text(repeated[0].at("Attributes"), "ApproximateReceiveCount"), "1");
}

}  // namespace
}  // namespace rowmq::sqs::test
