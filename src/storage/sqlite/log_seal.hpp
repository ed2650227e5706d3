#pragma once
// Marks the log as synced up to its last frame, when nothing has been committed for a moment. A frame before the mark that is not
// whole was damaged; without it, the end of a log that a crash tore and one in which a bit has turned look the same
// (log_repair.hpp).
//
// The seal lies where the next frame will be. To SQLite it is no frame, and the next commit writes over it.
// Threads: the writer's, between transactions.

#include <cstdint>

#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {

class LogSeal final {
public:
    LogSeal() = default;
    explicit LogSeal(sqlite3* db) : db_(db) {}

    /// `frames`: of the log after the last commit, which has been synced. Does nothing while somebody else writes, after somebody
    /// else's commit, and on a disk without room. Errors: throws Broken when the sync fails.
    void set(std::int64_t frames);

private:
    sqlite3* db_ = nullptr;
};

}  // namespace rowmq::storage::sqlite
