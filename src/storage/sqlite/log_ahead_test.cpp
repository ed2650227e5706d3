// The log is longer than what is in it: when that happens, what a failing disk makes of it, and what others read meanwhile.
// A store without its threads (store.hpp): the test says when the writer rests.
#include <fstream>

#include "storage/sqlite/resting_store_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

using namespace std::chrono_literals;
using test::FileCall;
using test::RecordingVfs;

constexpr std::int64_t step = 512 * 1024;
constexpr std::int64_t kept_ahead = 2 * step;

/// What is left when the process is killed now: the files, without the memory they share.
std::int64_t messages_after_kill(const Folder& folder) {
    const std::string copy = folder.file("killed.db");
    for (const char* suffix : {"", "-wal"})
        std::filesystem::copy_file(folder.file() + suffix, copy + suffix, std::filesystem::copy_options::overwrite_existing);
    const auto found = messages_at(copy);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(copy + suffix);
    return found;
}

TEST(LogAhead, is_made_when_the_writer_rests_and_not_while_commits_follow_each_other) {
    Folder folder;
    Opened opened(folder.options());
    for (int i = 0; i < 20; ++i) ASSERT_FALSE(opened.commit());
    const auto in_use = opened.log_size();

    const bool wants = opened.wants_more_log();
    opened.rest();
    const auto after_one = opened.log_size();
    opened.lengthen();

    EXPECT_LT(in_use, kept_ahead);  // frames alone
    EXPECT_TRUE(wants);
    EXPECT_EQ(after_one, in_use + step);
    EXPECT_GE(opened.log_size(), 2 * in_use + kept_ahead - 32 * 1024);  // a log has headers, too
    EXPECT_LT(opened.log_size(), 2 * in_use + kept_ahead + step);
}

TEST(LogAhead, is_used_by_the_commits_that_follow) {
    Folder folder;
    Opened opened(folder.options());
    opened.lengthen();
    const auto before = opened.log_size();

    for (int i = 0; i < 10; ++i) ASSERT_FALSE(opened.commit());

    EXPECT_EQ(opened.log_size(), before);
    EXPECT_GE(opened.store().figures().wal_pages, 20);
}

TEST(LogAhead, ends_where_a_checkpoint_is_made) {
    Folder folder;
    auto options = folder.options();
    options.wal_bytes = 2 * 1024 * 1024;
    Opened opened(options);

    std::int64_t longest = 0;
    for (int i = 0; i < 60; ++i) {
        ASSERT_FALSE(opened.commit(60'000));
        opened.lengthen();
        longest = std::max(longest, opened.log_size());
    }

    EXPECT_GT(opened.store().figures().checkpoints, 0u);
    EXPECT_GE(longest, 2 * 1024 * 1024);
    EXPECT_LE(longest, 2 * 1024 * 1024 + kept_ahead + step);
}

TEST(LogAhead, is_made_by_an_engine_that_has_nothing_to_do) {
    Folder folder;
    Running running(folder.options());
    running.load();
    running.commit(with_queue(QueueId{1}));
    const auto size = [&] { return static_cast<std::int64_t>(std::filesystem::file_size(folder.file() + "-wal")); };

    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (size() < kept_ahead && std::chrono::steady_clock::now() < deadline) running.page(EntriesAfter{.queue = QueueId{1}, .max = 1});

    EXPECT_GE(size(), kept_ahead);
    EXPECT_EQ(running.engine->figures().transactions, 1u);
}

TEST(LogAhead, waits_for_the_next_commit_when_somebody_else_holds_the_write_lock) {
    Folder folder;
    Opened opened(folder.options());
    ASSERT_FALSE(opened.commit());
    const auto before = opened.log_size();
    Connection other(folder.file(), {});
    other.execute("BEGIN IMMEDIATE");

    const auto began = std::chrono::steady_clock::now();
    opened.rest();
    const auto took = std::chrono::steady_clock::now() - began;
    const auto meanwhile = opened.log_size();
    const bool tries_again = opened.wants_more_log();
    other.execute("COMMIT");
    const auto later = opened.commit();
    opened.lengthen();

    EXPECT_EQ(meanwhile, before);
    EXPECT_LT(took, 5s);
    EXPECT_FALSE(tries_again);
    EXPECT_FALSE(later);
    EXPECT_GE(opened.log_size(), before + step);
}

TEST(LogAhead, does_not_take_the_patience_of_commits) {
    Folder folder;
    Opened opened(folder.options());
    Connection other(folder.file(), {});
    opened.lengthen();
    other.execute("BEGIN IMMEDIATE");

    std::thread lets_go([&] {
        std::this_thread::sleep_for(300ms);
        other.execute("COMMIT");
    });
    const auto failure = opened.commit();
    lets_go.join();

    EXPECT_FALSE(failure);
}

TEST(LogAhead, on_a_full_disk_loses_nothing_and_is_left_alone_for_a_while) {
    for (const std::uint64_t piece : {1u, 3u, 8u}) {
        SCOPED_TRACE(piece);
        RecordingVfs disk({.record = false});
        Opened opened(on(disk));
        ASSERT_FALSE(opened.commit());

        disk.fail({.call = FileCall::write, .number = piece, .code = SQLITE_FULL, .sticky = true});
        opened.rest();
        const bool tries_again = opened.wants_more_log();
        disk.heal();
        for (int i = 0; i < 30; ++i) EXPECT_FALSE(opened.commit());

        EXPECT_FALSE(tries_again);
        EXPECT_EQ(messages_at("/log.db", disk.name()), 31);
        RecordingVfs killed({.record = false}, disk.files());
        EXPECT_EQ(messages_at("/log.db", killed.name()), 31);
    }
}

TEST(LogAhead, that_cannot_be_synced_ends_the_store) {
    RecordingVfs disk({.record = false});
    Opened opened(on(disk));
    ASSERT_FALSE(opened.commit());

    disk.fail({.call = FileCall::sync, .number = 1, .code = SQLITE_IOERR_FSYNC});
    opened.rest();
    const auto failure = opened.commit();
    const auto syncs = disk.calls(FileCall::sync);
    opened.store().finish();

    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Errc::store_failed);
    EXPECT_NE(failure->text.find("sync"), std::string::npos) << failure->text;
    EXPECT_FALSE(opened.rest());
    EXPECT_EQ(syncs, 1u);
    EXPECT_EQ(disk.calls(FileCall::sync), syncs) << "a sync that failed must not be tried again, also not by closing";
    RecordingVfs again({.record = false}, disk.files());
    EXPECT_EQ(messages_at("/log.db", again.name()), 1);
}

TEST(LogAhead, comes_back_after_somebody_else_has_cut_the_log_off) {
    Folder folder;
    Opened opened(folder.options());
    ASSERT_FALSE(opened.commit());
    opened.lengthen();
    Connection other(folder.file(), {});

    EXPECT_EQ(other.integer("PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    const auto cut = opened.log_size();
    const auto failure = opened.commit();
    opened.lengthen();

    EXPECT_EQ(cut, 0);
    EXPECT_FALSE(failure);
    EXPECT_GE(opened.log_size(), kept_ahead);
    EXPECT_EQ(messages_at(folder.file()), 2);
    EXPECT_EQ(messages_after_kill(folder), 2);
}

TEST(LogAhead, of_an_empty_log_is_no_log_to_others) {
    Folder folder;
    Opened opened(folder.options());
    ASSERT_FALSE(opened.commit());
    Connection other(folder.file(), {});
    EXPECT_EQ(other.integer("PRAGMA wal_checkpoint(TRUNCATE)"), 0);

    opened.rest();  // it was short before

    EXPECT_EQ(opened.log_size(), step);
    EXPECT_EQ(messages_at(folder.file()), 1);
    EXPECT_EQ(messages_after_kill(folder), 1);
    ASSERT_FALSE(opened.commit());
    EXPECT_EQ(messages_at(folder.file()), 2);
    EXPECT_EQ(messages_after_kill(folder), 2);
}

TEST(LogAhead, is_not_seen_by_who_reads_the_file_nor_after_a_kill) {
    Folder folder;
    auto options = folder.options();
    options.wal_bytes = 1024 * 1024;  // it begins anew several times
    Opened opened(options);
    for (int i = 0; i < 120; ++i) {
        SCOPED_TRACE(i);
        ASSERT_FALSE(opened.commit(30'000));
        if (i % 3 == 0) opened.lengthen();
        if (i % 7 == 0) opened.rest();
        if (i % 5 > 0) continue;
        ASSERT_EQ(messages_at(folder.file()), opened.committed());
        ASSERT_EQ(messages_after_kill(folder), opened.committed());
    }

    EXPECT_GT(opened.store().figures().checkpoints, 2u);
}

TEST(LogAhead, goes_on_after_a_commit_of_somebody_else) {
    Folder folder;
    Opened opened(folder.options());
    ASSERT_FALSE(opened.commit());
    opened.lengthen();
    Connection other(folder.file(), {});

    other.execute("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (randomblob(100000))");
    ASSERT_FALSE(opened.commit());
    opened.lengthen();

    EXPECT_EQ(other.integer("SELECT length(a) FROM theirs"), 100'000);
    EXPECT_EQ(messages_at(folder.file()), 2);
    EXPECT_EQ(messages_after_kill(folder), 2);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
