#include "storage/sqlite/database.hpp"

#include <cerrno>

namespace rowmq::storage::sqlite {

bool Broken::is_full() const noexcept {
    if ((code_ & 0xff) == SQLITE_FULL) return true;
    // SQLite names only ENOSPC "full"; a quota, and no room for the WAL's index, are the same to a publisher.
    if (code_ == SQLITE_IOERR_SHMSIZE) return true;
    return (code_ & 0xff) == SQLITE_IOERR && (system_code_ == EDQUOT || system_code_ == ENOSPC) && code_ != SQLITE_IOERR_FSYNC;
}

void throw_broken(sqlite3* db, int code, std::string_view doing) {
    const int extended = db ? sqlite3_extended_errcode(db) : code;
    const int system_code = db ? sqlite3_system_errno(db) : 0;
    std::string text = "SQLite: ";
    text += db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    text += " (code " + std::to_string(extended ? extended : code);
    if (system_code) text += ", errno " + std::to_string(system_code);
    text += ") while: ";
    text += doing.substr(0, 160);
    throw Broken(extended ? extended : code, system_code, text);
}

Statement::Statement(sqlite3* db, std::string_view sql, bool lasting) {
    const int code =
        sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), lasting ? SQLITE_PREPARE_PERSISTENT : 0, &handle_, nullptr);
    if (code != SQLITE_OK) throw_broken(db, code, sql);
}

void Statement::fail(int code) {
    const char* sql = sqlite3_sql(handle_);
    throw_broken(sqlite3_db_handle(handle_), code, sql ? sql : "");
}

Connection::Connection(const std::string& path, const ConnectionOptions& options) {
    const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX;
    sums_ = page_sums_over(options.vfs);
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, sums_ ? name_of(*sums_).c_str() : options.vfs.c_str());
    if (code != SQLITE_OK) {
        try {
            throw_broken(handle_, code, "open " + path);
        } catch (...) {
            close();
            throw;
        }
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
}

void Connection::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw_broken(handle_, code, sql);
}

std::int64_t Connection::integer(std::string_view sql) {
    Statement statement(handle_, sql, false);
    return statement.step() ? statement.integer(0) : 0;
}

std::string Connection::text(std::string_view sql) {
    Statement statement(handle_, sql, false);
    return statement.step() ? std::string(statement.bytes(0)) : std::string();
}

void Connection::write_back_on_close(bool on) noexcept {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

void Connection::sum_pages(int page_bytes) {
    int reserved = page_sum_bytes;
    const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (code != SQLITE_OK) throw_broken(handle_, code, "reserve bytes of each page");
    give_page_sums(handle_, page_bytes);
}

void Connection::close() noexcept {
    if (handle_) sqlite3_close_v2(std::exchange(handle_, nullptr));
}

}  // namespace rowmq::storage::sqlite
