#include "storage/sqlite/removals.hpp"

#include <set>

#include "base/random.hpp"
#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

struct RemovingEntries : testing::Test {
    void SetUp() override {
        running.load();
        running.commit(with_queue(QueueId{1}));
        running.commit(with_queue(QueueId{2}));
    }
    void fill(std::int64_t first, std::int64_t last, std::int64_t step = 1, QueueId queue = QueueId{1}) {
        auto batch = running.batch();
        for (auto id = first; id <= last; id += step) put(batch, queue, id, "x");
        ASSERT_FALSE(running.commit(batch).failure);
    }
    std::size_t remove(const std::vector<std::int64_t>& ids, QueueId queue = QueueId{1}) {
        auto batch = running.batch();
        for (const auto id : ids) take(batch, queue, id, 1);
        const auto outcome = running.commit(batch);
        EXPECT_FALSE(outcome.failure);
        return outcome.missing;
    }
    std::vector<std::int64_t> left(QueueId queue = QueueId{1}) {
        std::vector<std::int64_t> ids;
        for (const auto& entry : running.page(EntriesAfter{.queue = queue, .max = 100'000}).entries)
            ids.push_back(value_of(entry.key.sequence));
        return ids;
    }

    Folder folder;
    Running running{folder.options()};
};

using Ids = std::vector<std::int64_t>;

TEST_F(RemovingEntries, in_a_range_counts_those_that_are_not_there_and_keeps_their_messages) {
    fill(1, 10);
    // Entry 5 goes, its message stays: as when it was moved elsewhere.
    auto moved = running.batch();
    moved.removals.push_back({.key = {QueueId{1}, 0, Sequence{5}}, .message = MessageId{5}, .keep_message = true});
    running.commit(moved);

    const auto missing = remove({1, 2, 3, 4, 5, 6, 7, 8});

    EXPECT_EQ(missing, 1u);
    EXPECT_EQ(left(), (Ids{9, 10}));
    EXPECT_EQ(running.page(MessagesById{{MessageId{4}, MessageId{5}, MessageId{6}}}).messages.size(), 1u);
}

TEST_F(RemovingEntries, leaves_what_lies_between) {
    fill(1, 20);

    EXPECT_EQ(remove({2, 3, 5, 9, 10, 11, 20}), 0u);

    EXPECT_EQ(left(), (Ids{1, 4, 6, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19}));
    EXPECT_EQ(running.page(MessagesById{{MessageId{4}, MessageId{5}, MessageId{6}}}).messages.size(), 2u);
}

TEST_F(RemovingEntries, leaves_other_queues_messages_between) {
    fill(1, 99, 2, QueueId{1});
    fill(2, 100, 2, QueueId{2});

    EXPECT_EQ(remove({1, 3, 5, 7, 9}), 0u);

    EXPECT_EQ(left(QueueId{1}).size(), 45u);
    EXPECT_EQ(left(QueueId{2}).size(), 50u);
    EXPECT_EQ(running.page(MessagesById{{MessageId{2}, MessageId{3}, MessageId{4}}}).messages.size(), 2u);
}

TEST_F(RemovingEntries, named_twice_counts_the_second_as_missing) {
    fill(1, 3);

    EXPECT_EQ(remove({1, 2, 2}), 1u);
    EXPECT_EQ(left(), (Ids{3}));
}

TEST_F(RemovingEntries, at_random_is_the_same_as_one_by_one) {
    SeededRandom random(11);
    std::set<std::int64_t> expected;
    std::int64_t next = 1;
    for (int round = 0; round < 60; ++round) {
        auto batch = running.batch();
        for (int i = 0; i < 100; ++i, next += 1 + static_cast<std::int64_t>(random.next() % 3)) {
            put(batch, QueueId{1}, next, "x");
            expected.insert(next);
        }
        running.commit(batch);
        const auto one_in = 1 + random.next() % 40;
        std::vector<std::int64_t> goes;
        std::size_t absent = 0;
        for (const auto id : expected)
            if (random.next() % one_in == 0) goes.push_back(id);
        for (const auto id : goes) expected.erase(id);
        if (round % 5 == 0) {
            goes.push_back(next + 5);
            ++absent;
        }

        ASSERT_EQ(remove(goes), absent);
    }

    EXPECT_EQ(left(), Ids(expected.begin(), expected.end()));
    const auto report = running.check();
    EXPECT_EQ(report.messages, static_cast<std::int64_t>(expected.size()));
    // The counters were told of the absent ones as well: how many are owed, and their bytes.
    EXPECT_EQ(report.problems.size(), 2u);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
