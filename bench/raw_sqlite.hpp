#pragma once
// SQLite with no broker in between: the same file settings, statement shapes, CRCs and counter rows as the store's.
//
// Threads: one at a time.  Errors: throws std::runtime_error with SQLite's text.

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowmq::bench {

enum class RemoveShape : std::uint8_t { rows, lists, ranges };

struct RawSettings {
    std::string path;
    int page_bytes = 4096;
    bool incremental_vacuum = false;
    int cache_kib = 16 * 1024;
    int insert_rows = 64;  ///< VALUES of one statement; 1: single rows
    RemoveShape remove = RemoveShape::ranges;
    int list_rows = 64;  ///< of RemoveShape::lists
    int checkpoint_pages = 4000;
    bool memory_statistics = false;
};

struct RawRow {
    std::int64_t id = 0;  ///< also its sequence
    std::int64_t queue = 0;
    std::string_view body;
};

class RawSqlite final {
public:
    explicit RawSqlite(RawSettings settings);
    ~RawSqlite();
    RawSqlite(const RawSqlite&) = delete;
    RawSqlite& operator=(const RawSqlite&) = delete;

    void declare(std::int64_t queues);
    /// One commit: puts (ids ascending), removals (of any earlier puts), the counters of the queues touched.
    void commit(std::span<const RawRow> puts, std::span<const RawRow> removals);
    /// Reads `max` entries with their bodies after `sequence`; returns the bytes seen.
    std::size_t read(std::int64_t queue, std::int64_t after, int max);
    void checkpoint();

    double checkpoint_seconds() const { return checkpoint_seconds_; }
    double sync_seconds() const { return sync_seconds_; }
    int wal_pages() const { return wal_pages_; }

private:
    using Statement = sqlite3_stmt*;
    Statement prepare(const std::string& sql);
    void execute(const char* sql);
    void step(Statement statement);
    void insert(std::span<const RawRow> puts);
    void remove_each(std::span<const RawRow> removals);
    void remove_lists(std::span<const RawRow> removals);
    void remove_ranges(std::span<const RawRow> removals);
    void count(std::span<const RawRow> puts, std::span<const RawRow> removals);

    RawSettings settings_;
    sqlite3* db_ = nullptr;
    std::vector<Statement> statements_;
    Statement begin_ = nullptr, commit_ = nullptr, counters_ = nullptr, read_ = nullptr;
    Statement put_messages_ = nullptr, put_message_ = nullptr, put_entries_ = nullptr, put_entry_ = nullptr;
    Statement remove_message_ = nullptr, remove_entry_ = nullptr;
    Statement remove_message_list_ = nullptr, remove_entry_list_ = nullptr;
    Statement remove_message_range_ = nullptr, remove_entry_range_ = nullptr;
    std::vector<RawRow> sorted_;
    std::map<std::int64_t, std::array<std::int64_t, 3>> deltas_;
    int wal_pages_ = 0;
    double checkpoint_seconds_ = 0, sync_seconds_ = 0;
};

}  // namespace rowmq::bench
