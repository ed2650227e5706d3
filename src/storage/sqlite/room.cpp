#include "storage/sqlite/room.hpp"

#include <cerrno>

namespace rowmq::storage::sqlite {
namespace {

/// The file grows in steps of so much.
constexpr int growth_bytes = 1024 * 1024;

// SQLite's wal-index comes in segments of 32 KiB: the first has the header and so many pages of the log, each further one so many.
// Source: https://sqlite.org/walformat.html, "The WAL-Index File Format".
constexpr int segment_bytes = 32 * 1024;
constexpr std::int64_t first_segment_pages = 4'062, segment_pages = 4'096;

}  // namespace

Room::Room(sqlite3* db, int page_bytes) : db_(db), page_bytes_(page_bytes) {
    int growth = growth_bytes;
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_CHUNK_SIZE, &growth);
}

void Room::log_has(std::int64_t pages) noexcept {
    logged_ = pages;
    int current = 0, highest = 0;
    sqlite3_db_status(db_, SQLITE_DBSTATUS_CACHE_SPILL, &current, &highest, 1);
}

void Room::claim(std::int64_t pages) {
    claim_file(pages * page_bytes_);
    claim_index();
}

void Room::claim_file(std::int64_t bytes) {
    sqlite3_int64 wanted = bytes;
    const int code = sqlite3_file_control(db_, "main", SQLITE_FCNTL_SIZE_HINT, &wanted);
    if (code == SQLITE_OK || code == SQLITE_NOTFOUND) return;
    int why = 0;
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_LAST_ERRNO, &why);
    throw Broken(why == EIO ? code : SQLITE_FULL, why, "no space for the pages of a commit (" + std::string(sqlite3_errstr(code)) + ")");
}

void Room::claim_index() {
    // Every page in memory may be new in the log, and so are those that did not fit there.
    int cached = 0, spilled = 0, highest = 0;
    sqlite3_db_status(db_, SQLITE_DBSTATUS_CACHE_USED, &cached, &highest, 0);
    sqlite3_db_status(db_, SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &highest, 0);
    const std::int64_t frames = logged_ + cached / page_bytes_ + 1 + spilled;
    const int needed = frames <= first_segment_pages ? 1 : static_cast<int>(2 + (frames - first_segment_pages - 1) / segment_pages);
    if (segments_ >= needed) return;
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods) return;
    if (file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) return;
    for (; segments_ < needed; ++segments_) {
        void volatile* segment = nullptr;
        const int code = file->pMethods->xShmMap(file, segments_, segment_bytes, 1, &segment);
        if (code != SQLITE_OK) throw Broken(code, 0, "no space for the index of the log: " + std::string(sqlite3_errstr(code)));
    }
}

}  // namespace rowmq::storage::sqlite
