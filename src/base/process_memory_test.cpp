#include "base/process_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rowmq {
namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;

TEST(ProcessMemory, holds_less_than_is_resident_and_that_less_than_there_is) {
    EXPECT_GT(held_memory(), 0);
    EXPECT_LT(held_memory(), resident_memory());
    EXPECT_LT(resident_memory(), available_memory());
}

TEST(ProcessMemory, grows_with_what_is_written_to) {
    const std::int64_t before = held_memory();
    std::vector<char> more(64 * mebibyte);
    std::fill(more.begin(), more.end(), 'x');

    EXPECT_GT(held_memory() - before, 60 * mebibyte);
    EXPECT_EQ(more.back(), 'x');
}

}  // namespace
}  // namespace rowmq
