#pragma once
// An open file: its owner lock, its writer and reader, its checkpoints, and what a failure means.
// Threads: the writer's, but for page(), committed(), failure(), figures() and metrics().

#include <atomic>
#include <mutex>

#include "base/histogram.hpp"
#include "storage/sqlite/applications.hpp"
#include "storage/sqlite/engine.hpp"
#include "storage/sqlite/log_ahead.hpp"
#include "storage/sqlite/log_seal.hpp"
#include "storage/sqlite/reader.hpp"
#include "storage/sqlite/room.hpp"
#include "storage/sqlite/worker.hpp"
#include "storage/sqlite/writer.hpp"

namespace rowmq::storage::sqlite {

class Store final {
public:
    /// Takes the lock, opens, migrates, raises the epoch and reads the catalog. Errors: as Engine::load.
    static Result<std::unique_ptr<Store>> open(const SqliteOptions& options, Snapshot& snapshot);
    ~Store();

    /// One transaction, or one a batch when there is no room for all. Failures are in the outcomes.
    void write(std::span<Written> group);
    /// Makes a checkpoint when the log is long enough. After write().
    void tend();
    /// What is done when nothing waits: how long it must have been idle first, or none when there is nothing.
    std::optional<std::chrono::milliseconds> rest_after() const;
    void rest();
    void finish();

    /// From the reader's thread.
    Page page(const PageRequest& request);

    /// A connection of its own, for a backup or a check.
    Connection connect() const;
    void set_admin_address(const std::string& address);
    std::optional<Error> failure() const;
    /// What was put right when the file was opened, in sentences.
    const std::vector<std::string>& repairs() const noexcept { return repairs_; }
    SqliteFigures figures() const;
    StoreMetrics metrics() const;
    /// Of pages that hold nothing.
    std::int64_t free_bytes() const;

private:
    explicit Store(const SqliteOptions& options) : options_(options) {}
    Result<void> open_file(Snapshot& snapshot);
    void begin_epoch(Snapshot& snapshot);
    Connection connect(int cache_kib) const;
    void fail(std::string text);
    /// False: there is no room for it. Any other failure breaks the store.
    bool fits(std::span<Written> group, std::string& why);
    bool make_room();
    void checkpoint(bool shut_readers_out);
    void lengthen_log();
    void seal_log();
    std::int64_t vacuum();
    void rest_a_slice();
    void measure_size();
    static int wal_grew(void* self, sqlite3*, const char*, int pages);
    std::int64_t wal_cap() const;

    SqliteOptions options_;
    OwnerLock lock_;
    std::vector<std::string> repairs_;
    Gate gate_;
    Connection connection_;
    Room room_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
    ReaderGate reader_gate_;

    std::int64_t wal_pages_ = 0, checkpoint_at_ = 0;
    LogAhead log_ahead_;
    LogSeal log_seal_;
    bool log_is_short_ = false;
    bool is_sealed_ = true;
    bool unchecked_ = false;   ///< pages are in the log and not in the file
    bool shrinking_ = false;   ///< the last slice of free pages was not the last there is
    bool may_shrink_ = false;  ///< rows were written since the file was last looked at for free pages
    int page_size_ = 8192;

    std::atomic<std::uint64_t> committed_{0};
    std::atomic<bool> failed_{false};
    std::chrono::steady_clock::time_point measured_at_{};
    mutable std::mutex mutex_;  ///< guards failure_ and what follows
    std::optional<Error> failure_;
    SqliteFigures figures_;
    Histogram sync_{duration_bounds}, checkpoint_{duration_bounds};
    Writer::Size size_;
};

}  // namespace rowmq::storage::sqlite
