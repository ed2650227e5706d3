// A disk that fails at one call, and again at another.
#include <set>

#include "storage/sqlite/sqlite_test.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::storage::sqlite {
namespace {

using test::FileCall;
using test::FileFault;
using test::RecordingVfs;

constexpr int commits = 8, messages_a_commit = 2;

SqliteOptions on(const RecordingVfs& disk) {
    SqliteOptions options;
    options.path = "/faults.db";
    options.vfs = disk.name();
    options.threads = false;
    options.owner_lock = false;
    options.read_time = std::chrono::milliseconds(0);
    options.wal_bytes = 64 * 1024;  // some checkpoints
    return options;
}

using Sequences = std::set<std::int64_t>;

struct History {
    Sequences certain;               ///< what the answers promise
    std::optional<Sequences> other;  ///< or this, when the last answer was store_failed
    bool failed = false, full = false;
};

/// Commit i puts its messages and removes those of commit i - 2.
void apply(Sequences& to, int i) {
    for (int m = 0; m < messages_a_commit; ++m) {
        to.insert(i * 10 + m);
        to.erase((i - 2) * 10 + m);
    }
}

History live_through(Running& running) {
    History history;
    for (int i = 1; i <= commits; ++i) {
        auto batch = running.batch();
        for (int m = 0; m < messages_a_commit; ++m) {
            put(batch, QueueId{1}, i * 10 + m, std::string(6'000, 'x'));
            if (i > 2 && history.certain.contains((i - 2) * 10 + m)) take(batch, QueueId{1}, (i - 2) * 10 + m, 6'000);
        }
        const auto outcome = running.commit(std::move(batch));
        if (!outcome.failure) {
            EXPECT_FALSE(history.failed) << "a commit was answered after the store had failed";
            apply(history.certain, i);
        } else if (outcome.failure->code == Errc::store_full) {
            EXPECT_FALSE(history.failed);
            history.full = true;
        } else {
            EXPECT_EQ(outcome.failure->code, Errc::store_failed);
            if (!history.failed) apply(history.other.emplace(history.certain), i);
            history.failed = true;
        }
    }
    // A checkpoint after the last commit fails silently; whoever comes next is told.
    if (running.commit(running.batch()).failure) history.failed = true;
    return history;
}

Sequences stored(Running& running) {
    Sequences out;
    for (const auto& entry : running.page(EntriesAfter{.queue = QueueId{1}, .max = 1'000}).entries)
        out.insert(value_of(entry.key.sequence));
    return out;
}

/// True: there was such a call.
bool try_fault(const FileFault& fault, int& failed, int& full) {
    RecordingVfs disk({.record = false});
    History history;
    std::uint64_t made = 0;
    {
        Running running(on(disk));
        running.load();
        running.commit(with_queue(QueueId{1}));
        disk.fail(fault);
        history = live_through(running);
        made = disk.calls(fault.call);
    }
    disk.heal();
    failed += history.failed;
    full += history.full;

    Running again(on(disk));
    const auto loaded = again.try_load();
    EXPECT_TRUE(loaded) << loaded.error().text;
    if (!loaded) return false;
    const auto left = stored(again);
    EXPECT_TRUE(left == history.certain || left == history.other);
    // A commit that is full or failed leaves its removals out as well, so later ones may name what is gone; none does here.
    const auto report = again.check();
    EXPECT_TRUE(report.problems.empty()) << report.problems.front();
    return made >= fault.number;
}

struct Totals {
    int tried = 0, failed = 0, full = 0;
};

/// `every`: only each so manyth call, for time's sake.
Totals at_calls(FileCall call, int code, bool sticky, std::uint64_t every = 1) {
    Totals totals;
    for (std::uint64_t number = 1; number < 1'000; number += every) {
        SCOPED_TRACE("call " + std::to_string(number));
        if (!try_fault({.call = call, .number = number, .code = code, .sticky = sticky}, totals.failed, totals.full)) break;
        ++totals.tried;
        if (testing::Test::HasFailure()) break;
    }
    return totals;
}

TEST(Faults, of_a_write_break_the_store_and_lose_nothing_answered) {
    const auto totals = at_calls(FileCall::write, SQLITE_IOERR_WRITE, false, 5);

    EXPECT_GT(totals.tried, 10);
    EXPECT_EQ(totals.failed, totals.tried);
}

TEST(Faults, of_a_sync_break_the_store_and_are_not_tried_again) {
    const auto totals = at_calls(FileCall::sync, SQLITE_IOERR_FSYNC, false);

    EXPECT_GE(totals.tried, commits);
    EXPECT_EQ(totals.failed, totals.tried);
}

TEST(Faults, of_a_read_lose_nothing_answered) { at_calls(FileCall::read, SQLITE_IOERR_READ, false); }

TEST(Faults, no_space_once_refuses_and_goes_on) {
    const auto totals = at_calls(FileCall::write, SQLITE_FULL, false, 5);

    EXPECT_GT(totals.tried, 10);
    EXPECT_EQ(totals.failed, 0);
    EXPECT_GT(totals.full, 5);
}

TEST(Faults, no_space_for_good_refuses_and_breaks_nothing) {
    const auto totals = at_calls(FileCall::write, SQLITE_FULL, true, 7);

    EXPECT_GT(totals.tried, 10);
    EXPECT_EQ(totals.failed, 0);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
