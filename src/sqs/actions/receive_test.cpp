#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Receive : public Conversation {
protected:
    std::string url = create("orders");
    json::object waiting_for(int seconds) { return {{"QueueUrl", url}, {"WaitTimeSeconds", seconds}, {"MaxNumberOfMessages", 10}}; }
    static std::size_t count(const net::Response& response) {
        const json::value value = json::parse(response.body);
        const auto* messages = value.as_object().if_contains("Messages");
        return messages ? messages->as_array().size() : 0;
    }
};

TEST_F(Receive, checks_its_numbers) {
    const auto text_of = [&](std::string name, int value) {
        const Reply reply = call("ReceiveMessage", {{"QueueUrl", url}, {name, value}});
        return reply.status == 400 ? reply.at("message") : std::string();
    };
    EXPECT_EQ(text_of("MaxNumberOfMessages", 11),
              "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.");
    EXPECT_NE(text_of("MaxNumberOfMessages", 0), "");
    EXPECT_NE(text_of("VisibilityTimeout", 43'201), "");
    EXPECT_NE(text_of("VisibilityTimeout", -1), "");
    EXPECT_NE(text_of("WaitTimeSeconds", 21), "");
    EXPECT_NE(text_of("WaitTimeSeconds", -1), "");
    for (const std::string names : {"AttributeNames", "MessageSystemAttributeNames"})
        EXPECT_EQ(call("ReceiveMessage", {{"QueueUrl", url}, {names, json::array{"Nonsense"}}}).fault(), "InvalidAttributeName") << names;
}

TEST_F(Receive, gives_at_most_what_was_asked_for_and_one_by_itself) {
    for (int i = 0; i < 5; ++i) say(url, "x");

    EXPECT_EQ(call("ReceiveMessage", {{"QueueUrl", url}}).value.at("Messages").as_array().size(), 1u);
    EXPECT_EQ(hear(url, {{"MaxNumberOfMessages", 3}}).size(), 3u);
    EXPECT_EQ(hear(url).size(), 1u);
    EXPECT_EQ(hear(url).size(), 0u);
}

TEST_F(Receive, gives_a_message_again_when_its_visibility_timeout_is_over) {
    say(url, "x");
    const json::array first = hear(url, {{"VisibilityTimeout", 5}});
    advance(4'999ms);
    EXPECT_EQ(hear(url).size(), 0u);
    advance(1ms);
    const json::array second = hear(url, {{"AttributeNames", json::array{"ApproximateReceiveCount"}}});

    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(text(second[0], "MessageId"), text(first[0], "MessageId"));
    EXPECT_NE(text(second[0], "ReceiptHandle"), text(first[0], "ReceiptHandle"));
    EXPECT_EQ(text(second[0].at("Attributes"), "ApproximateReceiveCount"), "2");
}

TEST_F(Receive, with_no_visibility_timeout_leaves_the_message_visible_and_its_handle_good) {
    say(url, "x");
    hear(url, {{"VisibilityTimeout", 0}});

    const json::array again = hear(url, {{"VisibilityTimeout", 0}});

    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", text(again[0], "ReceiptHandle")}}).status, 200u);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages"), "0");
}

TEST_F(Receive, waits_until_a_message_comes) {
    const auto waiting = begin("ReceiveMessage", waiting_for(20));
    EXPECT_FALSE(waiting->response);

    say(url, "x");
    settle_down();

    ASSERT_TRUE(waiting->response);
    EXPECT_EQ(count(*waiting->response), 1u);
}

TEST_F(Receive, waits_as_long_as_the_queue_says_and_not_longer) {
    call("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"ReceiveMessageWaitTimeSeconds", "7"}}}});
    const auto waiting = begin("ReceiveMessage", {{"QueueUrl", url}});

    advance(6'999ms);
    EXPECT_FALSE(waiting->response);
    advance(1ms);

    ASSERT_TRUE(waiting->response);
    EXPECT_EQ(waiting->response->status, 200u);
    EXPECT_EQ(count(*waiting->response), 0u);
}

TEST_F(Receive, ends_waiting_when_its_client_hangs_up_and_takes_nothing) {
    const auto waiting = begin("ReceiveMessage", waiting_for(20));

    waiting->peer.hang_up();
    settle_down();
    say(url, "x");

    ASSERT_TRUE(waiting->response);
    EXPECT_EQ(count(*waiting->response), 0u);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages"), "1");
    EXPECT_EQ(hear(url, {{"AttributeNames", json::array{"ApproximateReceiveCount"}}}).size(), 1u);
}

TEST_F(Receive, gives_back_what_it_took_for_a_client_that_has_gone) {
    const auto waiting = begin("ReceiveMessage", waiting_for(20));
    const auto sending = begin("SendMessage", {{"QueueUrl", url}, {"MessageBody", "x"}});
    ASSERT_TRUE(waiting->response);
    ASSERT_EQ(count(*waiting->response), 1u);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesNotVisible"), "1");

    ASSERT_TRUE(waiting->response->unsent);
    rowmq::test::run_in(io, waiting->response->unsent());

    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesNotVisible"), "0");
    EXPECT_EQ(hear(url).size(), 1u);
}

TEST_F(Receive, watches_its_client_only_while_it_waits) {
    say(url, "x");
    const auto at_once = begin("ReceiveMessage", waiting_for(20));
    const auto waits = begin("ReceiveMessage", waiting_for(20));

    EXPECT_TRUE(at_once->response);
    EXPECT_FALSE(at_once->peer.watched());
    EXPECT_TRUE(waits->peer.watched());
    advance(20s);
}

TEST_F(Receive, answers_that_the_queue_is_gone_when_it_is_deleted_meanwhile) {
    const auto waiting = begin("ReceiveMessage", waiting_for(20));

    call("DeleteQueue", {{"QueueUrl", url}});
    settle_down();

    ASSERT_TRUE(waiting->response);
    EXPECT_EQ(reply_of(*waiting->response).fault(), "QueueDoesNotExist");
}

class ManyLeases : public Conversation {
protected:
    ManyLeases() {
        protocol->close();
        protocol.reset();
        rowmq::test::run_in(io, broker->close());
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = clock;
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = storage::memory::make_engine(io.get_executor(), std::make_shared<storage::memory::Content>());
        parts.limits.leases_per_session = 3;
        parts.limits.leases_per_queue = 5;
        broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
        protocol = std::make_unique<Protocol>(*broker, *clock, random);
    }
};

TEST_F(ManyLeases, reach_the_queues_limit_over_several_sessions) {
    const std::string url = create("orders");
    for (int i = 0; i < 7; ++i) say(url, "x");

    EXPECT_EQ(hear(url).size(), 3u);
    EXPECT_EQ(hear(url).size(), 2u);
    const Reply over = call("ReceiveMessage", {{"QueueUrl", url}});
    EXPECT_EQ(over.status, 403u);
    EXPECT_EQ(over.fault(), "OverLimit");
    advance(30s);
    EXPECT_EQ(hear(url).size(), 3u);
}

TEST_F(ManyLeases, make_a_FIFO_queue_silent) {
    const std::string url = create("orders.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    for (int i = 0; i < 7; ++i)
        call("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::to_string(i)}, {"MessageGroupId", std::to_string(i)}});

    EXPECT_EQ(hear(url).size() + hear(url).size(), 5u);
    EXPECT_EQ(hear(url).size(), 0u);
}

}  // namespace
}  // namespace rowmq::sqs::test
