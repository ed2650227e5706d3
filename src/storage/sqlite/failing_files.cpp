#include "storage/sqlite/failing_files.hpp"

#ifdef ROWMQ_FAILPOINTS

#include "base/failpoint.hpp"

namespace rowmq::storage::sqlite {
namespace {

/// The methods of one kind of file, with another xSync.
struct Watched {
    sqlite3_io_methods methods{};
    const sqlite3_io_methods* own = nullptr;
};
Watched log_file, database_file;

int sync_log(sqlite3_file* file, int flags) {
    // What only makes the log longer (log_ahead.cpp) syncs data alone; commits do not.
    ROWMQ_FAILPOINT_IF((flags & SQLITE_SYNC_DATAONLY) == 0, log_written);
    return log_file.own->xSync(file, flags);
}

int sync_database(sqlite3_file* file, int flags) {
    ROWMQ_FAILPOINT(half_checkpoint);
    return database_file.own->xSync(file, flags);
}

void watch(sqlite3* db, int which, Watched& watched, int (*sync)(sqlite3_file*, int)) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db, "main", which, &file) != SQLITE_OK || !file || !file->pMethods) return;
    if (file->pMethods == &watched.methods) return;
    if (watched.own && watched.own != file->pMethods) return;  // a second store on another file system: one is enough
    watched.own = file->pMethods;
    watched.methods = *file->pMethods;
    watched.methods.xSync = sync;
    file->pMethods = &watched.methods;
}

}  // namespace

void watch_syncs(sqlite3* db) {
    watch(db, SQLITE_FCNTL_JOURNAL_POINTER, log_file, sync_log);
    watch(db, SQLITE_FCNTL_FILE_POINTER, database_file, sync_database);
}

}  // namespace rowmq::storage::sqlite

#endif
