#include "app/exit_code.hpp"

#include <gtest/gtest.h>

namespace rowmq::app {
namespace {

TEST(ExitCode, says_what_kind_of_failure_it_was) {
    EXPECT_EQ(static_cast<int>(exit_of(Errc::invalid_argument)), 1);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::store_busy)), 1);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::no_such_queue)), 2);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::no_such_message)), 2);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::already_exists)), 3);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::queue_full)), 3);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::lease_gone)), 3);
    EXPECT_EQ(static_cast<int>(exit_of(Errc::store_failed)), 70);
}

}  // namespace
}  // namespace rowmq::app
