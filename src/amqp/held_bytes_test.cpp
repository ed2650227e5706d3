#include "amqp/held_bytes.hpp"

#include <gtest/gtest.h>

namespace rowmq::amqp {
namespace {

TEST(HeldBytes, are_given_back_by_who_has_them_last) {
    std::size_t of_all = 0;
    {
        HeldBytes one;
        EXPECT_TRUE(one.take(10, of_all, 100));
        HeldBytes moved = std::move(one), other;
        EXPECT_TRUE(other.take(5, of_all, 100));
        EXPECT_EQ(of_all, 15u);
        EXPECT_EQ(moved.bytes(), 10u);

        moved = std::move(other);
        EXPECT_EQ(of_all, 5u);
        moved = {};
        EXPECT_EQ(of_all, 0u);
        EXPECT_TRUE(moved.take(7, of_all, 100));
    }
    EXPECT_EQ(of_all, 0u);
}

TEST(HeldBytes, of_one_are_at_most_twice_what_is_left) {
    std::size_t of_all = 0;
    HeldBytes large, small;
    EXPECT_TRUE(large.take(60, of_all, 90));
    EXPECT_FALSE(large.take(1, of_all, 90));
    EXPECT_TRUE(small.take(20, of_all, 90));
    EXPECT_FALSE(small.take(1, of_all, 90));
    EXPECT_EQ(of_all, 80u);

    large = {};
    EXPECT_TRUE(small.take(40, of_all, 90));
    EXPECT_FALSE(HeldBytes().take(31, of_all, 90)) << "more than is left";
    EXPECT_EQ(of_all, 60u);
}

}  // namespace
}  // namespace rowmq::amqp
