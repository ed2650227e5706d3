// What the actions remember, and for how long.
#include "sqs/service.hpp"

#include <gtest/gtest.h>

namespace rowmq::sqs {
namespace {

using namespace std::chrono_literals;

Lease lease(int number) { return {.queue = QueueId{1}, .sequence = Sequence{number}}; }

TEST(DeletionsKept, are_the_newest_4096) {
    Deletions deletions;
    for (int i = 0; i < 4'096; ++i) deletions.add(lease(i));
    EXPECT_TRUE(deletions.contains(lease(0)));

    deletions.add(lease(4'096));

    EXPECT_FALSE(deletions.contains(lease(0)));
    EXPECT_TRUE(deletions.contains(lease(1)));
    EXPECT_TRUE(deletions.contains(lease(4'096)));
}

TEST(PurgesKept, let_a_queue_be_purged_again_after_60_seconds) {
    Purges purges;
    const MonotonicTime start{};
    EXPECT_TRUE(purges.begin(QueueId{1}, start));

    EXPECT_FALSE(purges.begin(QueueId{1}, start + 59'999ms));
    EXPECT_TRUE(purges.begin(QueueId{2}, start + 59'999ms));
    EXPECT_TRUE(purges.begin(QueueId{1}, start + 60s));
}

TEST(DeletedQueuesKept, are_the_newest_10000_for_as_long_as_said) {
    DeletedQueues deleted(60s);
    MonotonicTime now{};
    for (int i = 0; i < 10'000; ++i) deleted.add(std::to_string(i), now);
    EXPECT_TRUE(deleted.contains("0", now));

    deleted.add("one more", now);

    EXPECT_FALSE(deleted.contains("0", now));
    EXPECT_TRUE(deleted.contains("1", now));
    EXPECT_TRUE(deleted.contains("one more", now + 59'999ms));
    EXPECT_FALSE(deleted.contains("one more", now + 60s));
}

TEST(Faults, say_whose_limit_was_reached) {
    EXPECT_EQ(fault_of(Errc::queue_full), Fault::request_throttled);
    EXPECT_EQ(fault_of(Errc::too_many_leases), Fault::over_limit);
    EXPECT_EQ(fault_of(Errc::limit_exceeded), Fault::over_limit);
    EXPECT_EQ(fault_of(Errc::store_full), Fault::service_unavailable);
    EXPECT_EQ(fault_of(Errc::no_such_task), Fault::resource_not_found);
}

}  // namespace
}  // namespace rowmq::sqs
