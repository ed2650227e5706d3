#include "sqs/attempts.hpp"

#include <gtest/gtest.h>

namespace rowmq::sqs {
namespace {

using namespace std::chrono_literals;

class AttemptsKept : public testing::Test {
protected:
    /// An attempt that gave one message with a body of so many bytes.
    void add(const std::string& id, std::size_t bytes = 1) {
        Attempts::Given given;
        Delivery& delivery = given.deliveries.emplace_back();
        delivery.lease = {.queue = queue, .sequence = Sequence{++last}};
        delivery.message = Message(std::string(bytes, 'x'));
        attempts.add(queue, id, std::move(given), 1h, now);
    }
    bool known(const std::string& id) { return attempts.find(queue, id, now) != nullptr; }

    Attempts attempts;
    QueueId queue{1};
    MonotonicTime now{};
    std::int64_t last = 0;
};

TEST_F(AttemptsKept, are_as_many_as_the_limit_says_the_oldest_goes) {
    for (std::size_t i = 0; i < Attempts::most; ++i) add(std::to_string(i));
    EXPECT_TRUE(known("0"));

    add("one more");

    EXPECT_FALSE(known("0"));
    EXPECT_TRUE(known("1"));
    EXPECT_TRUE(known("one more"));
}

TEST_F(AttemptsKept, have_as_many_bytes_as_the_limit_says_the_oldest_goes) {
    add("first", Attempts::most_bytes / 2);
    add("second", Attempts::most_bytes / 2);
    EXPECT_TRUE(known("first"));

    add("third", 1);

    EXPECT_FALSE(known("first"));
    EXPECT_TRUE(known("second"));
    EXPECT_TRUE(known("third"));
}

TEST_F(AttemptsKept, of_a_queue_are_forgotten_with_it_and_no_others) {
    add("one");
    queue = QueueId{2};
    add("one");

    attempts.forget(QueueId{1});

    EXPECT_TRUE(known("one"));
    queue = QueueId{1};
    EXPECT_FALSE(known("one"));
}

}  // namespace
}  // namespace rowmq::sqs
