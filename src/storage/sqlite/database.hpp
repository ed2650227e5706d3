#pragma once
// One SQLite connection and its prepared statements, as resources.
// Threads: the one that uses it. Errors: throws Broken, with SQLite's code; caught at the engine's door.

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"
#include "storage/sqlite/page_sums.hpp"

namespace rowmq::storage::sqlite {

/// SQLite refused: its extended code, its text, and what was being done.
class Broken final : public Failure {
public:
    Broken(int code, int system_code, const std::string& text) : Failure(text), code_(code), system_code_(system_code) {}
    int code() const noexcept { return code_; }
    /// No space left: nothing is stored, and it works again when there is space.
    bool is_full() const noexcept;
    bool is_interrupt() const noexcept { return (code_ & 0xff) == SQLITE_INTERRUPT; }
    bool is_busy() const noexcept { return (code_ & 0xff) == SQLITE_BUSY; }

private:
    int code_, system_code_;
};

[[noreturn]] void throw_broken(sqlite3* db, int code, std::string_view doing);

/// A prepared statement. bind() positions count from 1; text and blobs are not copied and must live until the next reset().
class Statement final {
public:
    Statement() = default;
    Statement(sqlite3* db, std::string_view sql, bool lasting = true);
    Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Statement& operator=(Statement&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Statement() { sqlite3_finalize(handle_); }

    void bind(int at, std::int64_t value) { sqlite3_bind_int64(handle_, at, value); }
    void bind_text(int at, std::string_view text) {
        sqlite3_bind_text(handle_, at, text.data() ? text.data() : "", static_cast<int>(text.size()), SQLITE_STATIC);
    }
    void bind_blob(int at, std::string_view bytes) {
        sqlite3_bind_blob(handle_, at, bytes.data() ? bytes.data() : "", static_cast<int>(bytes.size()), SQLITE_STATIC);
    }
    void bind_null(int at) { sqlite3_bind_null(handle_, at); }

    /// True: there is a row to read. False: done, and reset.
    bool step() {
        const int code = sqlite3_step(handle_);
        if (code == SQLITE_ROW) return true;
        sqlite3_reset(handle_);
        if (code != SQLITE_DONE) fail(code);
        return false;
    }
    void reset() noexcept { sqlite3_reset(handle_); }
    /// Steps to the end; how many rows were changed.
    std::int64_t run() {
        while (step()) {}
        return sqlite3_changes64(sqlite3_db_handle(handle_));
    }

    std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
    bool is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
    /// Valid until the next step or reset.
    std::string_view bytes(int column) const {
        const void* at = sqlite3_column_blob(handle_, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
        return at ? std::string_view(static_cast<const char*>(at), size) : std::string_view();
    }
    sqlite3_stmt* handle() const noexcept { return handle_; }

private:
    [[noreturn]] void fail(int code);
    sqlite3_stmt* handle_ = nullptr;
};

/// Ends a read when it goes out of scope, so that no snapshot stays open.
class Reading final {
public:
    explicit Reading(Statement& statement) : statement_(statement) {}
    Reading(const Reading&) = delete;
    ~Reading() { statement_.reset(); }

private:
    Statement& statement_;
};

struct ConnectionOptions {
    std::string vfs;
    std::string synchronous = "FULL";
    int cache_kib = 8192;
    bool read_only = false;
    std::chrono::milliseconds busy_timeout{30'000};
};

class Connection final {
public:
    Connection() = default;
    Connection(const std::string& path, const ConnectionOptions& options);
    Connection(Connection&& other) noexcept : sums_(std::move(other.sums_)), handle_(std::exchange(other.handle_, nullptr)) {}
    Connection& operator=(Connection&& other) noexcept {
        std::swap(sums_, other.sums_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Connection() { close(); }

    sqlite3* handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// Several statements without results.
    void execute(const std::string& sql);
    /// The first column of the first row.
    std::int64_t integer(std::string_view sql);
    std::string text(std::string_view sql);
    bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }
    /// Whether closing the last connection writes the log back into the file.
    void write_back_on_close(bool on) noexcept;
    /// Of a file that is empty still: its pages get checksums.
    void sum_pages(int page_bytes);
    void close() noexcept;

private:
    std::shared_ptr<PageSums> sums_;
    sqlite3* handle_ = nullptr;
};

}  // namespace rowmq::storage::sqlite
