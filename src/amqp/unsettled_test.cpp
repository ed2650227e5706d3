#include "amqp/unsettled.hpp"

#include <gtest/gtest.h>

namespace rowmq::amqp {
namespace {

Lease lease(std::uint32_t number) { return {.queue = QueueId{1}, .sequence = Sequence{number}, .number = number, .epoch = 1, .lane = 0}; }

Unsettled of(std::uint64_t count) {
    Unsettled all;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto tag = all.next_tag();
        all.add(tag, lease(static_cast<std::uint32_t>(tag)), nullptr);
    }
    return all;
}

std::vector<std::uint64_t> tags(const std::optional<std::vector<Unsettled::One>>& some) {
    std::vector<std::uint64_t> out;
    if (some)
        for (const auto& one : *some) out.push_back(one.tag);
    return out;
}

using Tags = std::vector<std::uint64_t>;

TEST(Unsettled, gives_one_or_all_up_to_a_tag_once) {
    Unsettled all = of(5);
    EXPECT_EQ(tags(all.take(3, false)), Tags{3});
    EXPECT_FALSE(all.take(3, false));
    EXPECT_EQ(tags(all.take(4, true)), (Tags{1, 2, 4}));
    EXPECT_EQ(all.count(), 1u);
    EXPECT_EQ(tags(all.take(5, false)), Tags{5});
    EXPECT_EQ(all.count(), 0u);
}

TEST(Unsettled, knows_no_tag_that_was_not_given_or_is_settled) {
    Unsettled all = of(2);
    EXPECT_FALSE(all.take(3, false));
    EXPECT_FALSE(all.take(3, true));
    EXPECT_FALSE(all.take(0, false));
    EXPECT_EQ(tags(all.take(2, true)), (Tags{1, 2}));
    EXPECT_FALSE(all.take(1, true)) << "nothing is left up to there";
}

TEST(Unsettled, takes_everything_for_tag_0) {
    Unsettled all = of(3);
    EXPECT_EQ(tags(all.take(0, true)), (Tags{1, 2, 3}));
    EXPECT_TRUE(all.take(0, true)) << "and is content when there is nothing";
}

TEST(Unsettled, has_back_what_was_taken_in_vain) {
    Unsettled all = of(4);
    auto some = all.take(2, true);
    all.take(3, false);
    all.put_back(*std::move(some));
    EXPECT_EQ(all.count(), 3u);
    EXPECT_EQ(tags(all.take(0, true)), (Tags{1, 2, 4}));
}

}  // namespace
}  // namespace rowmq::amqp
