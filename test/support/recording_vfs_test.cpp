// The crash model on plain SQLite: what WAL with synchronous=FULL promises holds on every image, what weaker settings lose is
// seen, and a disk that does not sync loses and corrupts. Shows that the instrument can see.

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <set>

#include "test/support/crash_images.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::test {
namespace {

class Connection {
public:
    explicit Connection(const RecordingVfs& vfs, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
        code = sqlite3_open_v2("shop.db", &db_, flags, vfs.name().c_str());
    }
    ~Connection() { sqlite3_close(db_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int run(const std::string& sql) { return code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); }
    /// The first column of each row, as text; what went wrong as the only one.
    std::vector<std::string> ask(const std::string& sql) {
        std::vector<std::string> rows;
        code = sqlite3_exec(
            db_, sql.c_str(),
            [](void* into, int, char** values, char**) {
                static_cast<std::vector<std::string>*>(into)->push_back(values[0] ? values[0] : "");
                return 0;
            },
            &rows, nullptr);
        if (code != SQLITE_OK) rows = {std::string("error: ") + sqlite3_errmsg(db_)};
        return rows;
    }
    int code = SQLITE_OK;

private:
    sqlite3* db_ = nullptr;
};

/// One message published, received and deleted a turn, each its own transaction, as the first thing a store ever does.
void record_history(RecordingVfs& vfs, const std::string& synchronous, int turns) {
    Connection db(vfs);
    EXPECT_EQ(db.run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=24; PRAGMA synchronous=" + synchronous), SQLITE_OK);
    EXPECT_EQ(db.run("CREATE TABLE messages(id INTEGER PRIMARY KEY, body BLOB)"), SQLITE_OK);
    for (int i = 1; i <= turns; ++i) {
        vfs.submitted(i);
        const auto id = std::to_string(i);
        auto sql = "BEGIN IMMEDIATE; INSERT INTO messages VALUES(" + id + ", randomblob(900));";
        if (i > 3) sql += "DELETE FROM messages WHERE id = " + std::to_string(i - 3) + ";";
        EXPECT_EQ(db.run(sql + "COMMIT"), SQLITE_OK);
        vfs.answered(i);
    }
}

struct Findings {
    CrashCounts counts;
    std::size_t corrupt = 0, losing = 0, wrong = 0;
    std::int64_t most_lost = 0;
    double ms = 0;
};

/// Reopens each image: turn n is committed when message n is there and n - 3 is not.
Findings examine(const RecordingVfs& recorded, const CrashOptions& options) {
    Findings found;
    const auto began = std::chrono::steady_clock::now();
    found.counts = each_crash_image(recorded.log(), options, [&](const CrashImage& image) {
        RecordingVfs vfs({.record = false}, image.files);
        Connection db(vfs);
        if (db.ask("PRAGMA integrity_check") != std::vector<std::string>{"ok"}) {
            ++found.corrupt;
            return;
        }
        const auto ids = db.ask("SELECT id FROM messages ORDER BY id");
        std::int64_t state = 0;
        if (db.code == SQLITE_OK && !ids.empty()) {
            state = std::stoll(ids.back());
            std::vector<std::string> expected;
            for (auto i = std::max<std::int64_t>(1, state - 2); i <= state; ++i) expected.push_back(std::to_string(i));
            if (ids != expected) ++found.wrong;
        }
        if (state > image.submitted) ++found.wrong;
        if (state < image.answered) {
            ++found.losing;
            found.most_lost = std::max(found.most_lost, image.answered - state);
        }
    });
    found.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    std::cout << "calls " << found.counts.calls << ", syncs " << found.counts.syncs << ", points " << found.counts.points << ", images "
              << found.counts.images << ", unique " << found.counts.unique << ", corrupt " << found.corrupt << ", losing " << found.losing
              << " (most " << found.most_lost << "), wrong " << found.wrong << ", " << found.ms << " ms\n";
    return found;
}

constexpr int turns = 80;

TEST(Recording, full_synchronous_wal_loses_nothing_at_any_crash_point) {
    RecordingVfs vfs;
    record_history(vfs, "FULL", turns);

    const auto found = examine(vfs, {});

    EXPECT_GT(found.counts.points, 200u);
    EXPECT_GT(found.counts.unique, 500u);
    EXPECT_EQ(found.corrupt, 0u);
    EXPECT_EQ(found.losing, 0u);
    EXPECT_EQ(found.wrong, 0u);
}

TEST(Recording, full_synchronous_wal_also_holds_on_sectors_without_any_promise) {
    RecordingVfs vfs({.sector_bytes = 512, .characteristics = 0});
    record_history(vfs, "FULL", turns);

    const auto found = examine(vfs, {});

    EXPECT_EQ(found.corrupt, 0u);
    EXPECT_EQ(found.losing, 0u);
    EXPECT_EQ(found.wrong, 0u);
}

TEST(Recording, normal_synchronous_wal_loses_answers_but_stays_whole) {
    RecordingVfs vfs;
    record_history(vfs, "NORMAL", turns);

    const auto found = examine(vfs, {});

    EXPECT_EQ(found.corrupt, 0u);
    EXPECT_GT(found.losing, 0u);
    EXPECT_GT(found.most_lost, 1);
}

TEST(Recording, a_disk_that_does_not_sync_loses_and_corrupts) {
    RecordingVfs vfs({.honour_sync = false});
    record_history(vfs, "FULL", turns);

    const auto found = examine(vfs, {});

    EXPECT_GT(found.corrupt, 0u);
    EXPECT_GT(found.losing, 0u);
    EXPECT_EQ(found.most_lost, turns);
}

TEST(Recording, the_same_seed_gives_the_same_images) {
    auto hashes = [] {
        sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 7, nullptr);  // WAL salts come from SQLite's own generator
        sqlite3_randomness(0, nullptr);
        RecordingVfs vfs;
        record_history(vfs, "FULL", 16);
        std::vector<std::uint64_t> all;
        each_crash_image(vfs.log(), {}, [&](const CrashImage& image) { all.push_back(image.hash); });
        return all;
    };

    const auto first = hashes(), second = hashes();

    EXPECT_GT(first.size(), 100u);
    EXPECT_EQ(first, second);
}

TEST(Recording, crashes_during_recovery_are_found_in_the_recovery_s_own_log) {
    RecordingVfs vfs;
    record_history(vfs, "FULL", 8);
    FileImage killed;
    each_crash_image(vfs.log(), {.random_subsets = 0}, [&](const CrashImage& image) {
        if (image.answered == 8 && image.survival == Survival::everything && killed.empty()) killed = image.files;
    });
    ASSERT_TRUE(killed.contains("/shop.db-wal"));

    RecordingVfs recovering({}, killed);
    { Connection(recovering).ask("SELECT count(*) FROM messages"); }  // closing checkpoints and removes the WAL

    std::size_t images = 0;
    each_crash_image(
        recovering.log(), {},
        [&](const CrashImage& image) {
            ++images;
            RecordingVfs again({.record = false}, image.files);
            Connection db(again);
            EXPECT_EQ(db.ask("SELECT group_concat(id) FROM messages"), std::vector<std::string>{"6,7,8"}) << image.point;
        },
        killed);
    EXPECT_GT(images, 5u);
}

TEST(Recording, a_reader_sees_its_snapshot_while_a_writer_commits) {
    RecordingVfs vfs;
    Connection writer(vfs);
    writer.run("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    Connection reader(vfs, SQLITE_OPEN_READONLY);
    reader.run("BEGIN");
    EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), std::vector<std::string>{"1"});

    EXPECT_EQ(writer.run("INSERT INTO t VALUES(2)"), SQLITE_OK);

    EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), std::vector<std::string>{"1"});
    reader.run("COMMIT");
    EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), std::vector<std::string>{"2"});
    Connection second(vfs);
    writer.run("BEGIN IMMEDIATE");
    EXPECT_EQ(second.run("BEGIN IMMEDIATE"), SQLITE_BUSY);
    writer.run("COMMIT");
    EXPECT_EQ(second.run("BEGIN IMMEDIATE; COMMIT"), SQLITE_OK);
}

TEST(Recording, a_chosen_call_fails_and_the_next_works) {
    RecordingVfs vfs;
    Connection db(vfs);
    db.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x)");

    vfs.fail({.call = FileCall::any_change, .number = 1, .code = SQLITE_FULL});
    EXPECT_EQ(db.run("INSERT INTO t VALUES(1)"), SQLITE_FULL);
    EXPECT_EQ(db.run("INSERT INTO t VALUES(2)"), SQLITE_OK);

    vfs.fail({.call = FileCall::sync, .number = 1, .code = SQLITE_IOERR_FSYNC, .sticky = true});
    EXPECT_EQ(db.run("INSERT INTO t VALUES(3)"), SQLITE_IOERR);
    EXPECT_EQ(db.run("INSERT INTO t VALUES(4)"), SQLITE_IOERR);
    vfs.heal();
    EXPECT_EQ(db.ask("SELECT group_concat(x) FROM t"), std::vector<std::string>{"2"});
}

}  // namespace
}  // namespace rowmq::test
