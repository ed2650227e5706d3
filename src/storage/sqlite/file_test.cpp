// What a file goes through: damage, a newer program, another program, no space, a backup, a fork.
#include <sqlite3.h>
#include <sys/wait.h>

#include <fstream>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/migrate.hpp"
#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

/// A closed store with the messages 10, 11, ... in queue 1.
void fill(const Folder& folder, int messages, std::size_t bytes = 5) {
    Running running(folder.options());
    running.load();
    running.commit(with_queue(QueueId{1}));
    auto batch = running.batch();
    for (int i = 0; i < messages; ++i) put(batch, QueueId{1}, 10 + i, std::string(bytes, 'x'));
    ASSERT_FALSE(running.commit(batch).failure);
    running.close();
}

void change(const Folder& folder, const std::string& sql) {
    Connection connection(folder.file(), {});
    connection.execute(sql);
}

TEST(File, of_a_newer_program_is_refused) {
    Folder folder;
    fill(folder, 1);
    change(folder, "PRAGMA user_version = 1000");
    Running running(folder.options());

    const auto refused = running.try_load();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::store_newer);
}

TEST(File, of_another_program_is_refused_and_left_as_it_is) {
    Folder folder;
    change(folder, "CREATE TABLE theirs (a)");
    Running running(folder.options());

    const auto refused = running.try_load();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::store_failed);
    Connection connection(folder.file(), {});
    EXPECT_EQ(connection.integer("SELECT count(*) FROM sqlite_schema"), 1);
    EXPECT_NE(connection.text("PRAGMA journal_mode"), "wal");
}

TEST(File, that_is_no_database_is_refused) {
    Folder folder;
    std::ofstream(folder.file()) << std::string(10'000, 'x');
    Running running(folder.options());

    const auto refused = running.try_load();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::store_failed);
}

TEST(File, keeps_what_was_decided_when_it_was_new) {
    Folder folder;
    fill(folder, 1);
    Connection connection(folder.file(), {});

    EXPECT_EQ(connection.integer("PRAGMA page_size"), 8192);
    EXPECT_EQ(connection.integer("PRAGMA auto_vacuum"), 2);
    EXPECT_EQ(connection.integer("PRAGMA application_id"), application_id);
    EXPECT_EQ(connection.text("PRAGMA journal_mode"), "wal");
}

TEST(Migrations, that_fail_leave_the_file_as_it_was) {
    Folder folder;
    Connection connection(folder.file(), {});
    const std::vector<SqlFile> migrations = {{"0001", "CREATE TABLE a (x);"}, {"0002", "CREATE TABLE b (x); CREATE TABLE a (x);"}};

    EXPECT_THROW(static_cast<void>(migrate(connection, {}, migrations)), Broken);

    EXPECT_EQ(connection.integer("PRAGMA user_version"), 1);
    EXPECT_EQ(connection.integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(Damage, of_a_body_is_seen_by_pages_and_by_check) {
    Folder folder;
    fill(folder, 3);
    change(folder, "UPDATE messages SET body = x'00' WHERE id = 11");
    Running running(folder.options());
    running.load();

    const auto page = running.page(EntriesAfter{.queue = QueueId{1}, .max = 10, .max_bytes = 1000});
    const auto report = running.check();

    ASSERT_EQ(page.messages.size(), 3u);
    EXPECT_FALSE(page.messages[0].damaged);
    EXPECT_TRUE(page.messages[1].damaged);
    ASSERT_EQ(report.problems.size(), 1u);
    EXPECT_NE(report.problems[0].find("messages 11"), std::string::npos);
}

TEST(Damage, of_an_entry_is_seen_by_pages_and_by_check) {
    Folder folder;
    fill(folder, 3);
    change(folder, "UPDATE queue_messages SET message = 10, bytes = 6 WHERE sequence = 11");
    Running running(folder.options());
    running.load();

    const auto page = running.page(EntriesAfter{.queue = QueueId{1}, .max = 10});
    const auto report = running.check();

    ASSERT_EQ(page.entries.size(), 3u);
    EXPECT_TRUE(page.entries[1].damaged);
    EXPECT_FALSE(page.entries[2].damaged);
    EXPECT_EQ(report.problems.size(), 3u);  // its checksum, the queue's bytes, and the message nobody owes
}

TEST(Damage, of_counters_and_shares_and_references_is_found_by_check) {
    Folder folder;
    fill(folder, 3);
    change(folder, "UPDATE counters SET sent = 9; DELETE FROM messages WHERE id = 10; INSERT INTO shares VALUES (11, 2)");
    Running running(folder.options());
    running.load();

    const auto report = running.check();

    EXPECT_EQ(report.entries, 3);
    EXPECT_EQ(report.messages, 2);
    EXPECT_EQ(report.problems.size(), 3u);
}

TEST(Space, that_runs_out_refuses_a_batch_whole_and_goes_on_when_there_is_room) {
    Folder folder;
    auto options = folder.options();
    options.max_pages = 100;
    Running running(options);
    running.load();
    running.commit(with_queue(QueueId{1}));
    auto first = running.batch();
    put(first, QueueId{1}, 1, std::string(300'000, 'x'));
    ASSERT_FALSE(running.commit(first).failure);
    auto large = running.batch(), small = running.batch(), removal = running.batch(), again = running.batch();
    put(large, QueueId{1}, 2, std::string(600'000, 'y'));
    put(small, QueueId{1}, 3, "z");
    take(removal, QueueId{1}, 1, 300'000);
    put(again, QueueId{1}, 4, std::string(300'000, 'y'));

    const auto outcomes = running.commit_together({large, small, removal});
    const auto later = running.commit(again);

    ASSERT_TRUE(outcomes[0].failure);
    EXPECT_EQ(outcomes[0].failure->code, Errc::store_full);
    EXPECT_FALSE(outcomes[1].failure);
    EXPECT_FALSE(outcomes[2].failure);
    EXPECT_FALSE(later.failure);
    EXPECT_EQ(running.page(EntriesAfter{.queue = QueueId{1}, .max = 10}).entries.size(), 2u);
    EXPECT_TRUE(running.check().problems.empty());
}

TEST(Space, that_runs_out_leaves_no_deduplication_id_behind) {
    Folder folder;
    auto options = folder.options();
    options.max_pages = 100;
    Running running(options);
    running.load();
    running.commit(with_queue(QueueId{1}));
    const auto remembering = [&](std::int64_t id, std::string body) {
        auto batch = running.batch();
        const Unit unit = batch.new_unit();
        batch.remembers.push_back({.queue = QueueId{1},
                                   .scope = "",
                                   .id = "once",
                                   .message = MessageId{id},
                                   .sequence = Sequence{id},
                                   .now = WallTime{std::chrono::seconds(1'000)},
                                   .window = std::chrono::minutes(5),
                                   .unit = unit});
        put(batch, QueueId{1}, id, std::move(body), "", unit);
        return batch;
    };
    ASSERT_TRUE(running.commit(remembering(1, std::string(900'000, 'x'))).failure);

    const auto outcome = running.commit(remembering(2, "small"));

    EXPECT_FALSE(outcome.failure);
    EXPECT_TRUE(outcome.left_out.empty());
}

TEST(Space, of_a_drained_backlog_is_given_back_when_nothing_waits) {
    Folder folder;
    fill(folder, 2'000, 10'000);
    const auto before = std::filesystem::file_size(folder.file());
    auto options = folder.options();
    options.threads = false;
    Running running(options);
    running.load();
    auto removal = running.batch();
    for (int i = 0; i < 2'000; ++i) take(removal, QueueId{1}, 10 + i, 10'000);
    running.commit(removal);

    for (int i = 0; i < 64 * 20; ++i) running.commit(running.batch());
    running.close();

    EXPECT_GT(before, 20'000'000u);
    EXPECT_LT(std::filesystem::file_size(folder.file()), 8'000'000u);
}

TEST(Log, is_used_again_instead_of_growing) {
    Folder folder;
    auto options = folder.options();
    options.wal_bytes = 1024 * 1024;
    options.synchronous = Synchronous::off;
    Running running(options);
    running.load();
    running.commit(with_queue(QueueId{1}));

    for (int i = 1; i <= 400; ++i) {
        auto batch = running.batch();
        put(batch, QueueId{1}, i, std::string(20'000, 'x'));
        if (i > 5) take(batch, QueueId{1}, i - 5, 20'000);
        running.commit(batch);
        running.page(EntriesAfter{.queue = QueueId{1}, .max = 10});
    }

    EXPECT_LT(std::filesystem::file_size(folder.file() + "-wal"), 2'000'000u);
    EXPECT_GT(running.engine->figures().checkpoints, 5u);
}

TEST(Backup, is_a_store_with_what_was_committed) {
    Folder folder;
    fill(folder, 3);
    Running running(folder.options());
    running.load();

    const auto made = running.backup(folder.file("copy.db"));
    const auto twice = running.backup(folder.file("copy.db"));

    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(twice.error().code, Errc::already_exists);
    EXPECT_FALSE(std::filesystem::exists(folder.file("copy.db.part")));
    auto options = folder.options();
    options.path = folder.file("copy.db");
    Running copy(options);
    copy.load();
    EXPECT_EQ(copy.page(EntriesAfter{.queue = QueueId{1}, .max = 10}).entries.size(), 3u);
    EXPECT_TRUE(copy.check().problems.empty());
}

TEST(Backup, into_a_folder_that_is_not_there_says_so) {
    Folder folder;
    fill(folder, 1);
    Running running(folder.options());
    running.load();

    const auto refused = running.backup(folder.file("missing/copy.db"));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

TEST(Fork, leaves_a_child_whose_calls_fail_and_a_parent_that_goes_on) {
    Folder folder;
    auto running = std::make_unique<Running>(folder.options());
    running->load();
    running->commit(with_queue(QueueId{1}));

    const auto child = ::fork();
    if (child == 0) {
        // Only what needs no thread is asked: the loop is the parent's.
        const auto outcome = running->commit(running->batch());
        running.reset();
        ::_exit(outcome.failure && outcome.failure->code == Errc::closed ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    auto batch = running->batch();
    put(batch, QueueId{1}, 10, "x");

    EXPECT_EQ(status, 0);
    EXPECT_FALSE(running->commit(batch).failure);
    EXPECT_TRUE(owner_of(folder.file()));
}

TEST(Pages, that_take_too_long_fail_alone) {
    Folder folder;
    fill(folder, 10'000);
    auto options = folder.options();
    options.read_time = std::chrono::milliseconds(1);
    Running running(options);
    running.load();

    EntriesAfter all{.queue = QueueId{1}, .max = 10'000, .max_bytes = 100'000'000};
    std::optional<Error> failure;
    for (int i = 0; i < 20 && !failure; ++i) failure = running.page(all).failure;
    const auto outcome = running.commit(running.batch());

    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Errc::limit_exceeded);
    EXPECT_FALSE(outcome.failure);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
