#include "storage/sqlite/open_log.hpp"

#include <string>

namespace rowmq::storage::sqlite {

sqlite3_file* log_of(sqlite3* db) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return nullptr;
    return file && file->pMethods ? file : nullptr;
}

std::int64_t size_of(sqlite3_file* file) {
    sqlite3_int64 size = 0;
    return file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : -1;
}

WriteLock::WriteLock(sqlite3* db) : db_(db) {
    sqlite3_busy_timeout(db, 0);
    held_ = sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_busy_timeout(db, static_cast<int>(ConnectionOptions{}.busy_timeout.count()));
}

WriteLock::~WriteLock() {
    if (held_) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void sync_log_data(sqlite3_file* log) {
    const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (code != SQLITE_OK) throw Broken(code, 0, "cannot sync the log: " + std::string(sqlite3_errstr(code)));
}

}  // namespace rowmq::storage::sqlite
