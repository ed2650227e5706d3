#pragma once
// The engine that keeps a store in one SQLite file.
//
// Threads: called from the strand, resumes there. It owns a writer (one connection: batches, checkpoints), a reader
// (snapshots for pages) and, while one runs, a thread for backup or check. With `threads` off everything runs on the strand.
// Errors: as storage/engine.hpp says; in a fork()ed child every call answers Errc::closed.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "storage/engine.hpp"
#include "storage/sqlite/owner.hpp"

namespace rowmq::storage::sqlite {

enum class Synchronous : std::uint8_t {
    full,    ///< every commit is on disk before it is answered
    normal,  ///< a power cut may cost the last commits; the file stays sound
    off,     ///< a power cut may cost the file
};

struct SqliteOptions {
    std::string path;
    Synchronous synchronous = Synchronous::full;
    bool threads = true;  ///< false: all work runs on the strand's executor
    std::string vfs;      ///< empty: SQLite's default
    bool owner_lock = true;
    std::string admin_address;                   ///< told to whoever finds the store in use
    std::chrono::milliseconds read_time{5'000};  ///< of one page; 0: no bound
    std::size_t transaction_rows = 16'384;       ///< batches are put into one transaction up to this
    std::size_t transaction_bytes = 8 * 1024 * 1024;
    std::size_t wal_bytes = 32 * 1024 * 1024;  ///< a checkpoint is made when the log is as long
    int writer_cache_kib = 20 * 1024;
    int reader_cache_kib = 8 * 1024;
    int page_size = 8192;            ///< of a new file
    bool incremental_vacuum = true;  ///< of a new file
    std::int64_t max_pages = 0;      ///< of the file; 0: SQLite's own bound
    bool seal_each_commit = false;   ///< the log at once, not when there is a rest: where there are none
};

/// What the writer has done since it started.
struct SqliteFigures {
    std::uint64_t transactions = 0, batches = 0, checkpoints = 0;
    std::int64_t checkpoint_ns = 0;  ///< the longest
    std::int64_t wal_pages = 0;      ///< now
};

class Core;

class SqliteEngine final : public Engine {
public:
    explicit SqliteEngine(std::shared_ptr<Core> core);
    /// Without close() before: what is under way is committed, but nobody is told.
    ~SqliteEngine() override;

    awaitable<Result<Snapshot>> load() override;
    awaitable<Outcome> commit(std::shared_ptr<const Batch> batch) override;
    awaitable<Page> page(PageRequest request) override;
    awaitable<Result<void>> backup(std::string path) override;
    awaitable<CheckReport> check() override;
    awaitable<void> close() override;
    void stop() override;

    std::string name() const override;
    std::string durability() const override;
    bool has_sql() const override;
    StoreMetrics stats() const override;
    DiskSpace disk_space() const override;

    /// Tells whoever finds the store in use another address. After load().
    void set_admin_address(std::string address);
    SqliteFigures figures() const;

private:
    std::shared_ptr<Core> core_;
};

/// An engine that opens its file in load(). Errors: invalid_argument.
Result<std::unique_ptr<SqliteEngine>> open(boost::asio::any_io_executor strand, SqliteOptions options);

}  // namespace rowmq::storage::sqlite
