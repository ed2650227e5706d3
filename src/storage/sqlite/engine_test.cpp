#include "storage/sqlite/engine.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

TEST(SqliteEngine, keeps_a_message_over_a_restart_and_pages_it) {
    Folder folder;
    {
        Running running(folder.options());
        running.load();
        running.commit(with_queue(QueueId{1}));
        auto batch = running.batch();
        put(batch, QueueId{1}, 10, "hello", "group");
        ASSERT_FALSE(running.commit(batch).failure);
        running.close();
    }

    Running again(folder.options());
    const auto snapshot = again.load();
    const auto page = again.page(EntriesAfter{.queue = QueueId{1}, .max = 10, .max_bytes = 1000});

    EXPECT_EQ(snapshot.epoch, 2u);
    EXPECT_EQ(snapshot.queues.size(), 1u);
    ASSERT_EQ(snapshot.counters.size(), 1u);
    EXPECT_EQ(snapshot.counters[0].sent, 1);
    ASSERT_EQ(page.entries.size(), 1u);
    EXPECT_EQ(page.entries[0].key.sequence, Sequence{10});
    EXPECT_EQ(page.entries[0].group, "group");
    EXPECT_FALSE(page.entries[0].damaged);
    ASSERT_EQ(page.messages.size(), 1u);
    EXPECT_EQ(page.messages[0].message.text(), "hello");
    EXPECT_FALSE(page.messages[0].damaged);
    EXPECT_TRUE(page.end);
}

TEST(SqliteEngine, measures_its_syncs_its_log_and_its_file) {
    Folder folder;
    Running running(folder.options());
    EXPECT_TRUE(running.engine->stats().sync.bounds.empty()) << "not open yet";
    running.load();
    running.commit(with_queue(QueueId{1}));

    const StoreMetrics stats = running.engine->stats();

    EXPECT_EQ(stats.transactions, 1u);
    EXPECT_EQ(std::accumulate(stats.sync.counts.begin(), stats.sync.counts.end(), std::uint64_t{0}), 1u);
    EXPECT_GT(stats.sync.sum, 0.0);
    EXPECT_GT(stats.log_pages.value_or(0), 0);
    EXPECT_EQ(stats.page_bytes, 8'192);
    EXPECT_GT(stats.pages.value_or(0), 10);
    EXPECT_TRUE(stats.free_pages.has_value());
    EXPECT_GT(stats.disk_bytes.value_or(0), 0);
    EXPECT_LE(stats.disk_free_bytes.value_or(0), stats.disk_bytes.value_or(0));
    running.close();
}

TEST(SqliteEngine, runs_on_the_strand_alone_without_threads) {
    Folder folder;
    auto options = folder.options();
    options.threads = false;
    Running running(options);
    running.load();
    running.commit(with_queue(QueueId{1}));
    auto batch = running.batch();
    put(batch, QueueId{1}, 10, "hello");

    const auto outcome = running.commit(batch);
    const auto page = running.page(EntriesAfter{.queue = QueueId{1}, .max = 10, .max_bytes = 1000});

    EXPECT_FALSE(outcome.failure);
    EXPECT_EQ(page.entries.size(), 1u);
    EXPECT_EQ(page.snapshot, batch.ticket);
    running.close();
}

TEST(SqliteEngine, commits_batches_handed_over_together_in_one_transaction_and_in_order) {
    Folder folder;
    auto options = folder.options();
    options.threads = false;
    Running running(options);
    running.load();
    running.commit(with_queue(QueueId{1}));
    const auto before = running.engine->figures().transactions;
    auto first = running.batch(), second = running.batch();
    put(first, QueueId{1}, 10, "a");
    second.removals.push_back({.key = {QueueId{1}, 0, Sequence{10}}, .message = MessageId{10}});

    const auto outcomes = running.commit_together({first, second});

    EXPECT_EQ(running.engine->figures().transactions, before + 1);
    EXPECT_EQ(outcomes[1].missing, 0u);
    EXPECT_TRUE(running.page(EntriesAfter{.queue = QueueId{1}, .max = 10}).entries.empty());
}

TEST(SqliteEngine, refuses_a_second_opener_and_names_the_first) {
    Folder folder;
    auto options = folder.options();
    options.admin_address = "127.0.0.1:15672";
    Running first(options), second(options);
    first.load();

    const auto refused = second.try_load();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::store_busy);
    EXPECT_NE(refused.error().text.find(std::to_string(::getpid())), std::string::npos);
    EXPECT_NE(refused.error().text.find("127.0.0.1:15672"), std::string::npos);
}

TEST(SqliteEngine, keeps_reserved_ids_and_the_highest_wall_time) {
    Folder folder;
    {
        Running running(folder.options());
        running.load();
        auto batch = running.batch();
        batch.reserve_ids = 5'000;
        batch.highest_wall = WallTime{std::chrono::milliseconds{77}};
        running.commit(batch);
        auto lower = running.batch();
        lower.reserve_ids = 10;
        running.commit(lower);
        running.close();
    }
    Running again(folder.options());

    const auto snapshot = again.load();

    EXPECT_EQ(snapshot.reserved_ids, 5'000);
    EXPECT_EQ(snapshot.highest_wall, WallTime{std::chrono::milliseconds{77}});
    EXPECT_EQ(snapshot.store_id.size(), 32u);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
