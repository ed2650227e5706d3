#include <map>

#include "base/random.hpp"
#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

struct CountingReceives : testing::Test {
    void SetUp() override {
        running.load();
        running.commit(with_queue(QueueId{1}));
    }
    void fill(std::int64_t first, std::int64_t last, std::int64_t step = 1) {
        auto batch = running.batch();
        for (auto id = first; id <= last; id += step) put(batch, QueueId{1}, id, "x");
        ASSERT_FALSE(running.commit(batch).failure);
    }
    /// Pairs of sequence and count.
    std::size_t count(const std::vector<std::pair<std::int64_t, std::uint32_t>>& receives) {
        auto batch = running.batch();
        for (const auto& [id, number] : receives) batch.updates.push_back({.key = {QueueId{1}, 0, Sequence{id}}, .receives = number});
        const auto outcome = running.commit(batch);
        EXPECT_FALSE(outcome.failure);
        return outcome.missing;
    }
    std::map<std::int64_t, std::uint32_t> counted() {
        std::map<std::int64_t, std::uint32_t> found;
        for (const auto& entry : running.page(EntriesAfter{.queue = QueueId{1}, .max = 100'000}).entries)
            if (entry.receives > 0) found[value_of(entry.key.sequence)] = entry.receives;
        return found;
    }

    Folder folder;
    Running running{folder.options()};
};

using Counted = std::map<std::int64_t, std::uint32_t>;

TEST_F(CountingReceives, of_consecutive_entries_leaves_the_others) {
    fill(1, 9);

    EXPECT_EQ(count({{3, 1}, {4, 1}, {5, 1}}), 0u);

    EXPECT_EQ(counted(), (Counted{{3, 1}, {4, 1}, {5, 1}}));
}

TEST_F(CountingReceives, over_a_gap_leaves_what_lies_between) {
    fill(1, 9);

    EXPECT_EQ(count({{2, 1}, {4, 1}, {7, 1}}), 0u);

    EXPECT_EQ(counted(), (Counted{{2, 1}, {4, 1}, {7, 1}}));
}

TEST_F(CountingReceives, over_a_gap_where_nothing_lies) {
    fill(1, 30, 3);

    EXPECT_EQ(count({{4, 2}, {7, 2}, {10, 2}}), 0u);

    EXPECT_EQ(counted(), (Counted{{4, 2}, {7, 2}, {10, 2}}));
}

TEST_F(CountingReceives, reports_how_many_are_not_there) {
    fill(1, 3);

    EXPECT_EQ(count({{2, 1}, {3, 1}, {4, 1}, {5, 1}}), 2u);

    EXPECT_EQ(counted(), (Counted{{2, 1}, {3, 1}}));
}

TEST_F(CountingReceives, twice_keeps_the_later) {
    fill(1, 3);

    EXPECT_EQ(count({{1, 1}, {2, 1}, {2, 5}, {3, 5}}), 0u);

    EXPECT_EQ(counted(), (Counted{{1, 1}, {2, 5}, {3, 5}}));
}

TEST_F(CountingReceives, at_random_is_the_same_as_one_by_one) {
    SeededRandom random(3);
    fill(1, 300, 1);
    fill(301, 600, 3);
    Counted expected;
    for (int round = 0; round < 80; ++round) {
        std::vector<std::pair<std::int64_t, std::uint32_t>> receives;
        const auto one_in = 1 + random.next() % 10;
        for (std::int64_t id = 1; id <= 600; ++id) {
            if (random.next() % one_in != 0 || (id > 300 && (id - 301) % 3 != 0)) continue;
            receives.emplace_back(id, 1 + static_cast<std::uint32_t>(random.next() % 2));
        }
        for (const auto& [id, number] : receives) expected[id] = number;

        ASSERT_EQ(count(receives), 0u);
    }

    EXPECT_EQ(counted(), expected);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
