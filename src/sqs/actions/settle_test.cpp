#include "sqs/conversation_test.hpp"

namespace rowmq::sqs::test {
namespace {

class Settle : public Conversation {
protected:
    std::string url = create("orders");

    std::string receive_handle() {
        const json::array heard = hear(url, {{"MaxNumberOfMessages", 1}});
        return heard.empty() ? std::string() : text(heard[0], "ReceiptHandle");
    }
    Reply remove(const std::string& handle) { return call("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", handle}}); }
    Reply change(const std::string& handle, int seconds) {
        return call("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", handle}, {"VisibilityTimeout", seconds}});
    }
};

TEST_F(Settle, deletes_for_good_and_may_do_so_twice) {
    say(url, "x");
    const std::string handle = receive_handle();

    EXPECT_EQ(remove(handle).status, 200u);
    EXPECT_EQ(remove(handle).status, 200u);

    advance(60s);
    EXPECT_EQ(receive_handle(), "");
}

TEST_F(Settle, deletes_by_an_expired_handle_until_another_was_given) {
    say(url, "x");
    say(url, "y");
    const std::string expired = receive_handle();
    advance(30s);
    EXPECT_EQ(remove(expired).status, 200u);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessages"), "1");

    const std::string old = receive_handle();
    advance(30s);
    receive_handle();
    EXPECT_EQ(remove(old).status, 200u);
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesNotVisible"), "1");
}

TEST_F(Settle, refuses_handles_that_were_not_given) {
    say(url, "x");
    const std::string handle = receive_handle();
    const std::string other = create("other");
    std::string forged = handle;
    forged[3] = forged[3] == 'A' ? 'B' : 'A';

    EXPECT_EQ(remove("nonsense").fault(), "ReceiptHandleIsInvalid");
    EXPECT_EQ(remove(forged).fault(), "ReceiptHandleIsInvalid");
    EXPECT_EQ(remove("").fault(), "MissingRequiredParameterException");
    EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", other}, {"ReceiptHandle", handle}}).fault(), "ReceiptHandleIsInvalid");
    EXPECT_EQ(change(forged, 1).fault(), "ReceiptHandleIsInvalid");
}

TEST_F(Settle, changes_how_long_a_message_stays_invisible) {
    say(url, "x");
    const std::string handle = receive_handle();

    EXPECT_EQ(change(handle, 100).status, 200u);
    advance(99s);
    EXPECT_EQ(receive_handle(), "");
    EXPECT_EQ(change(handle, 0).status, 200u);
    EXPECT_NE(receive_handle(), "");
}

TEST_F(Settle, hides_a_message_for_twelve_hours_in_all) {
    say(url, "x");
    const std::string handle = receive_handle();
    EXPECT_EQ(change(handle, 43'200).status, 200u);
    advance(1h);

    const Reply beyond = change(handle, 43'200);
    EXPECT_EQ(beyond.fault(), "InvalidParameterValueException");
    EXPECT_EQ(beyond.at("message"),
              "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit "
              "[43200 seconds]");
    EXPECT_EQ(change(handle, 39'600).status, 200u);
}

TEST_F(Settle, refuses_to_change_what_is_not_in_flight) {
    say(url, "x");
    const std::string handle = receive_handle();

    EXPECT_EQ(change(handle, 43'201).fault(), "InvalidParameterValueException");
    EXPECT_EQ(call("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", handle}}).fault(), "MissingRequiredParameterException");
    EXPECT_EQ(change(handle, 0).status, 200u);
    EXPECT_EQ(change(handle, 0).query_error, "AWS.SimpleQueueService.MessageNotInflight;Sender");
    remove(receive_handle());
    const std::string gone = handle;
    EXPECT_EQ(change(gone, 5).status, 400u);
}

TEST_F(Settle, hides_a_message_again_whose_visibility_has_ended) {
    say(url, "x");
    const std::string handle = receive_handle();
    advance(31s);

    EXPECT_EQ(change(handle, 60).status, 200u);

    advance(59s);
    EXPECT_EQ(receive_handle(), "");
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesNotVisible"), "1");
    advance(1s);
    const std::string newer = receive_handle();
    EXPECT_NE(newer, "");
    EXPECT_EQ(change(handle, 60).status, 400u);
    EXPECT_EQ(remove(newer).status, 200u);
}

TEST_F(Settle, deletes_from_a_FIFO_queue_only_what_is_hidden) {
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    const auto receive = [&] {
        call("SendMessage", {{"QueueUrl", fifo}, {"MessageBody", "x"}, {"MessageGroupId", "g"}});
        return text(hear(fifo).at(0), "ReceiptHandle");
    };
    const auto remove_from_fifo = [&](std::string handle) {
        return call("DeleteMessage", {{"QueueUrl", fifo}, {"ReceiptHandle", std::move(handle)}});
    };
    const std::string late = receive();
    advance(30s);

    const Reply expired = remove_from_fifo(late);
    EXPECT_EQ(expired.fault(), "InvalidParameterValueException");
    EXPECT_TRUE(expired.at("message").ends_with("The receipt handle has expired."));
    const Reply in_batch =
        call("DeleteMessageBatch", {{"QueueUrl", fifo}, {"Entries", json::array{{{"Id", "1"}, {"ReceiptHandle", late}}}}});
    EXPECT_EQ(in_batch.value.at("Failed").as_array().size(), 1u);
    EXPECT_EQ(call("ChangeMessageVisibility", {{"QueueUrl", fifo}, {"ReceiptHandle", late}, {"VisibilityTimeout", 5}}).fault(),
              "MessageNotInflight");

    const std::string in_time = receive();
    advance(29s);
    EXPECT_EQ(remove_from_fifo(in_time).status, 200u);
    EXPECT_EQ(remove_from_fifo(in_time).status, 200u);
}

TEST_F(Settle, believes_a_handle_of_a_FIFO_queue_that_was_given_before_a_restart) {
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    call("SendMessage", {{"QueueUrl", fifo}, {"MessageBody", "x"}, {"MessageGroupId", "g"}});
    const std::string handle = text(hear(fifo).at(0), "ReceiptHandle");
    restart();

    EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", fifo}, {"ReceiptHandle", handle}}).status, 200u) << "within the same second";
    EXPECT_EQ(attribute(fifo, "ApproximateNumberOfMessages"), "0");
}

TEST_F(Settle, keeps_a_message_of_a_FIFO_queue_hidden_for_as_long_as_it_was_when_the_disk_is_full) {
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    call("SendMessage", {{"QueueUrl", fifo}, {"MessageBody", "x"}, {"MessageGroupId", "g"}});
    for (const int seconds : {3'600, 2}) {  // longer than the queue says, and shorter
        const std::string handle = text(hear(fifo, {{"VisibilityTimeout", seconds}}).at(0), "ReceiptHandle");
        doors->full = 1;

        EXPECT_EQ(call("DeleteMessage", {{"QueueUrl", fifo}, {"ReceiptHandle", handle}}).status, 503u);

        advance(std::chrono::seconds(seconds) - 1ms);
        EXPECT_EQ(hear(fifo).size(), 0u);
        EXPECT_EQ(attribute(fifo, "ApproximateNumberOfMessagesNotVisible"), "1");
        advance(1ms);
        EXPECT_EQ(attribute(fifo, "ApproximateNumberOfMessages"), "1");
    }
}

TEST_F(Settle, deletes_from_a_FIFO_queue_nothing_that_was_given_back_while_it_waited) {
    const std::string fifo = create("f.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
    const auto receive = [&](std::string body) {
        call("SendMessage", {{"QueueUrl", fifo}, {"MessageBody", std::move(body)}, {"MessageGroupId", "g"}});
        return text(hear(fifo).at(0), "ReceiptHandle");
    };
    const std::string old = receive("old");
    call("DeleteMessage", {{"QueueUrl", fifo}, {"ReceiptHandle", old}});
    restart();
    const std::string handle = receive("x");
    doors->pages.shut();  // the old one is looked for
    const json::array entries{{{"Id", "old"}, {"ReceiptHandle", old}}, {{"Id", "x"}, {"ReceiptHandle", handle}}};
    const auto deleted = begin("DeleteMessageBatch", {{"QueueUrl", fifo}, {"Entries", entries}});
    ASSERT_FALSE(deleted->response);

    EXPECT_EQ(call("ChangeMessageVisibility", {{"QueueUrl", fifo}, {"ReceiptHandle", handle}, {"VisibilityTimeout", 0}}).status, 200u);
    doors->pages.open();
    settle_down();

    ASSERT_TRUE(deleted->response);
    EXPECT_FALSE(reply_of(*deleted->response).has("Successful") && !reply_of(*deleted->response).value.at("Successful").as_array().empty());
    EXPECT_EQ(hear(fifo).size(), 1u);
}

TEST_F(Settle, in_batches_answers_one_by_one) {
    for (int i = 0; i < 3; ++i) say(url, "x");
    json::array changes, deletions;
    for (const auto& message : hear(url)) {
        const std::string id = "m" + std::to_string(changes.size());
        changes.push_back({{"Id", id}, {"ReceiptHandle", text(message, "ReceiptHandle")}, {"VisibilityTimeout", 100}});
        deletions.push_back({{"Id", id}, {"ReceiptHandle", text(message, "ReceiptHandle")}});
    }
    changes.push_back({{"Id", "bad"}, {"ReceiptHandle", "nonsense"}, {"VisibilityTimeout", 100}});
    deletions.push_back({{"Id", "bad"}, {"ReceiptHandle", "nonsense"}});

    const Reply changed = call("ChangeMessageVisibilityBatch", {{"QueueUrl", url}, {"Entries", changes}});
    const Reply deleted = call("DeleteMessageBatch", {{"QueueUrl", url}, {"Entries", deletions}});

    for (const Reply* reply : {&changed, &deleted}) {
        ASSERT_EQ(reply->status, 200u) << reply->body;
        EXPECT_EQ(reply->value.at("Successful").as_array().size(), 3u);
        EXPECT_EQ(text(reply->value.at("Failed").as_array().at(0), "Code"), "ReceiptHandleIsInvalid");
    }
    EXPECT_EQ(attribute(url, "ApproximateNumberOfMessagesNotVisible"), "0");
    EXPECT_EQ(call("DeleteMessageBatch", {{"QueueUrl", url}, {"Entries", json::array{}}}).fault(), "EmptyBatchRequest");
}

}  // namespace
}  // namespace rowmq::sqs::test
