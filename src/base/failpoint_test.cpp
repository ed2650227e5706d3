#include "base/failpoint.hpp"

#include <gtest/gtest.h>

#ifdef ROWMQ_FAILPOINTS
namespace rowmq::failpoint {
namespace {

TEST(Failpoint, is_due_at_the_chosen_pass_of_the_chosen_place_and_only_then) {
    ASSERT_TRUE(arm("synced:2"));

    EXPECT_FALSE(is_due(Point::half_reply));
    EXPECT_FALSE(is_due(Point::synced));
    EXPECT_TRUE(is_due(Point::synced));
    EXPECT_FALSE(is_due(Point::synced));
}

TEST(Failpoint, that_is_not_a_name_and_a_number_is_refused) {
    for (const auto* text : {"", "synced", "synced:", "synced:0", "synced:-1", "synced:1x", "nowhere:1", ":1"})
        EXPECT_FALSE(arm(text)) << text;
}

TEST(Failpoint, kills_the_process) { EXPECT_EXIT(die(), testing::KilledBySignal(SIGKILL), ""); }

}  // namespace
}  // namespace rowmq::failpoint
#endif
