#include "storage/sqlite/log_ahead.hpp"

#include <algorithm>
#include <string>

namespace rowmq::storage::sqlite {
namespace {

// Written and synced in about half a millisecond: nobody waits long for it.
constexpr std::int64_t longest_step = 512 * 1024;
// SQLite's unix VFS does not write 128 KiB or more at once.
constexpr std::int64_t piece = 64 * 1024;

/// Keeps others from writing into the log, which must not happen between its measure and its growth. Not held when another
/// has it: the patience of commits would keep the writer from its work.
class WriteLock final {
public:
    explicit WriteLock(sqlite3* db) : db_(db) {
        sqlite3_busy_timeout(db, 0);
        held_ = sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
        sqlite3_busy_timeout(db, static_cast<int>(ConnectionOptions{}.busy_timeout.count()));
    }
    WriteLock(const WriteLock&) = delete;
    ~WriteLock() {
        if (held_) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    explicit operator bool() const noexcept { return held_; }

private:
    sqlite3* db_;
    bool held_ = false;
};

std::int64_t size_of(sqlite3_file* file) {
    sqlite3_int64 size = 0;
    return file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : -1;
}

}  // namespace

LogAhead::LogAhead(sqlite3* db, std::int64_t most) : db_(db), most_(most), step_(std::clamp<std::int64_t>(most / 4, 4'096, longest_step)) {}

sqlite3_file* LogAhead::log() const {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return nullptr;
    return file && file->pMethods ? file : nullptr;
}

bool LogAhead::is_short(std::int64_t used) const {
    if (given_up_ || !db_) return false;
    sqlite3_file* file = log();
    if (!file) return false;
    const std::int64_t size = size_of(file);
    return size >= 0 && size < std::min(2 * used, most_) + 2 * step_;
}

bool LogAhead::lengthen() {
    const WriteLock lock(db_);
    sqlite3_file* file = log();
    const std::int64_t size = lock && file ? size_of(file) : -1;
    if (size < 0) return false;
    const std::string zeros(static_cast<std::size_t>(piece), '\0');
    for (std::int64_t done = 0; done < step_; done += piece)
        if (file->pMethods->xWrite(file, zeros.data(), static_cast<int>(std::min(piece, step_ - done)), size + done) != SQLITE_OK) {
            given_up_ = true;
            return false;
        }
    const int code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (code != SQLITE_OK) throw Broken(code, 0, "cannot sync the log: " + std::string(sqlite3_errstr(code)));
    return true;
}

}  // namespace rowmq::storage::sqlite
