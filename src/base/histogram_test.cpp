#include "base/histogram.hpp"

#include <gtest/gtest.h>

namespace rowmq {
namespace {

constexpr std::array<std::int64_t, 3> bounds{1, 10, 100};

TEST(Histogram, counts_each_value_in_the_first_bucket_that_holds_it) {
    Histogram sizes(bounds);

    for (const std::int64_t value : {0, 1, 2, 10, 11, 100, 101, 100'000}) sizes.observe(value);

    EXPECT_EQ(sizes.value().counts, (std::vector<std::uint64_t>{2, 2, 2, 2}));
    EXPECT_EQ(sizes.value().sum, 100'225.0);
}

TEST(Histogram, is_read_in_another_unit) {
    Histogram times(duration_bounds);

    times.observe(2'000'000'000);

    const HistogramValue seconds = times.value(seconds_of_nanoseconds);
    EXPECT_DOUBLE_EQ(seconds.bounds.front(), 0.0001);
    EXPECT_DOUBLE_EQ(seconds.bounds.back(), 10.0);
    EXPECT_DOUBLE_EQ(seconds.sum, 2.0);
    EXPECT_EQ(seconds.counts.size(), seconds.bounds.size() + 1);
}

}  // namespace
}  // namespace rowmq
