#include "base/process_descriptors.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace rowmq {
namespace {

TEST(ProcessDescriptors, are_counted_and_bounded) {
    const std::int64_t before = open_descriptors();
    const int another = ::dup(0);
    ASSERT_GE(another, 0);

    EXPECT_EQ(open_descriptors(), before + 1);
    EXPECT_LT(open_descriptors(), most_descriptors());
    ::close(another);
}

}  // namespace
}  // namespace rowmq
