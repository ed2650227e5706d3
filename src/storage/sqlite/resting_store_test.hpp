#pragma once
// A store without its threads (store.hpp): the test says when the writer rests.

#include "storage/sqlite/sqlite_test.hpp"
#include "storage/sqlite/store.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::storage::sqlite {

/// One message a commit: its sequence says which.
class Opened final {
public:
    explicit Opened(const SqliteOptions& options) : options_(options) {
        Snapshot snapshot;
        store_ = Store::open(options, snapshot).value();
        if (snapshot.queues.empty()) write(with_queue(QueueId{1}));
    }

    std::optional<Error> commit(std::size_t bytes = 100) {
        Batch batch;
        put(batch, QueueId{1}, ++last_, std::string(bytes, 'x'));
        auto failure = write(std::move(batch));
        if (failure) --last_;
        return failure;
    }
    /// As the writer's thread does when nothing comes; false when it would wait for a commit.
    bool rest() {
        if (!store_->rest_after()) return false;
        store_->rest();
        return true;
    }
    bool wants_more_log() const { return store_->rest_after() == std::chrono::milliseconds(1); }
    bool wants_seal() const { return store_->rest_after() == std::chrono::milliseconds(50); }
    /// Until the log is long enough; how many steps that took.
    int lengthen() {
        int steps = 0;
        for (; wants_more_log() && steps < 1'000; ++steps) store_->rest();
        return steps;
    }
    std::int64_t committed() const { return last_; }
    Store& store() { return *store_; }
    std::int64_t log_size() const { return static_cast<std::int64_t>(std::filesystem::file_size(options_.path + "-wal")); }

private:
    std::optional<Error> write(Batch batch) {
        batch.ticket = Ticket{++ticket_};
        Outcome outcome;
        Written written{.batch = &batch, .outcome = &outcome};
        store_->write(std::span(&written, 1));
        store_->tend();
        return outcome.failure;
    }

    SqliteOptions options_;
    std::unique_ptr<Store> store_;
    std::uint64_t ticket_ = 0;
    std::int64_t last_ = 0;
};

inline SqliteOptions on(const test::RecordingVfs& disk) {
    SqliteOptions options;
    options.path = "/log.db";
    options.vfs = disk.name();
    options.owner_lock = false;
    return options;
}

/// What somebody else finds in the file at `path`.
inline std::int64_t messages_at(const std::string& path, const std::string& vfs = "") {
    Connection other(path, {.vfs = vfs});
    other.write_back_on_close(false);
    EXPECT_EQ(other.text("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(other.integer("SELECT count(*) FROM messages"), other.integer("SELECT coalesce(max(id), 0) FROM messages"));
    return other.integer("SELECT count(*) FROM messages");
}

}  // namespace rowmq::storage::sqlite
