#pragma once
// The write-ahead log of an open connection, for what RowMQ itself writes there (log_ahead.hpp, log_seal.hpp).
// Threads: the connection's.

#include <cstdint>

#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {

/// The log's file; null when there is none.
sqlite3_file* log_of(sqlite3* db);
/// -1 when it cannot be told.
std::int64_t size_of(sqlite3_file* file);

/// Keeps others from writing into the log, which must not happen between a look at it and what is written there. Not held when
/// another has it: the patience of commits would keep the writer from its work.
class WriteLock final {
public:
    explicit WriteLock(sqlite3* db);
    WriteLock(const WriteLock&) = delete;
    ~WriteLock();
    explicit operator bool() const noexcept { return held_; }

private:
    sqlite3* db_;
    bool held_ = false;
};

/// Errors: throws Broken.
void sync_log_data(sqlite3_file* log);

}  // namespace rowmq::storage::sqlite
