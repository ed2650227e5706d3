#pragma once
// Keeps the write-ahead log longer than what is in it, so that commits overwrite instead of extending the file: a sync that
// must also store where new blocks are costs up to twice as much (doc/decisions/2026-11-26-log-ahead.md).
//
// What is ahead is zeros; SQLite reads a log up to the first frame that is not of its generation.
// Threads: the writer's, between transactions.

#include <cstdint>

#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {

class LogAhead final {
public:
    LogAhead() = default;
    /// `most`: the log in bytes when a checkpoint is made. Nothing is written before lengthen().
    LogAhead(sqlite3* db, std::int64_t most);

    /// True when the file should be longer, for a log of which `used` bytes are in use.
    bool is_short(std::int64_t used) const;
    /// One step; false when none was made: somebody else writes just now (nobody waits for that), or the disk has no room
    /// and is left alone until try_again(). Errors: throws Broken when the sync fails.
    bool lengthen();
    /// There may be room again.
    void try_again() noexcept { given_up_ = false; }

private:
    sqlite3* db_ = nullptr;
    std::int64_t most_ = 0, step_ = 0;
    bool given_up_ = false;
};

}  // namespace rowmq::storage::sqlite
