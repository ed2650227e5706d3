#include "storage/sqlite/log_ahead.hpp"

#include <algorithm>
#include <string>

#include "storage/sqlite/open_log.hpp"

namespace rowmq::storage::sqlite {
namespace {

// Written and synced in about half a millisecond: nobody waits long for it.
constexpr std::int64_t longest_step = 512 * 1024;
// SQLite's unix VFS does not write 128 KiB or more at once.
constexpr std::int64_t piece = 64 * 1024;

}  // namespace

LogAhead::LogAhead(sqlite3* db, std::int64_t most) : db_(db), most_(most), step_(std::clamp<std::int64_t>(most / 4, 4'096, longest_step)) {}

bool LogAhead::is_short(std::int64_t used) const {
    if (given_up_ || !db_) return false;
    sqlite3_file* file = log_of(db_);
    if (!file) return false;
    const std::int64_t size = size_of(file);
    return size >= 0 && size < std::min(2 * used, most_) + 2 * step_;
}

bool LogAhead::lengthen() {
    const WriteLock lock(db_);
    sqlite3_file* file = log_of(db_);
    const std::int64_t size = lock && file ? size_of(file) : -1;
    if (size < 0) return false;
    const std::string zeros(static_cast<std::size_t>(piece), '\0');
    for (std::int64_t done = 0; done < step_; done += piece)
        if (file->pMethods->xWrite(file, zeros.data(), static_cast<int>(std::min(piece, step_ - done)), size + done) != SQLITE_OK) {
            given_up_ = true;
            return false;
        }
    sync_log_data(file);
    return true;
}

}  // namespace rowmq::storage::sqlite
