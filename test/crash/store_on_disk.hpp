#pragma once
// The SQLite engine without threads on a recorded disk.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>

#include "storage/sqlite/engine.hpp"
#include "test/support/recording_vfs.hpp"
#include "test/support/run.hpp"

namespace rowmq::test {

inline constexpr const char* store_path = "/crash.db";

inline std::unique_ptr<storage::Engine> open_store(boost::asio::any_io_executor strand, const RecordingVfs& disk,
                                                   storage::sqlite::Synchronous synchronous = storage::sqlite::Synchronous::full,
                                                   bool seals = false) {
    storage::sqlite::SqliteOptions options;
    options.path = store_path;
    options.synchronous = synchronous;
    options.seal_each_commit = seals;
    options.threads = false;
    options.vfs = disk.name();
    options.owner_lock = false;
    options.read_time = std::chrono::milliseconds(0);
    options.wal_bytes = 100 * 1024;  // several checkpoints in a short history
    auto opened = storage::sqlite::open(std::move(strand), options);
    if (!opened) throw std::runtime_error(opened.error().text);
    return std::move(*opened);
}

/// Nothing when the file is sound, else what SQLite says.
inline std::string integrity(const RecordingVfs& disk) {
    sqlite3* db = nullptr;
    std::string text;
    if (sqlite3_open_v2(store_path, &db, SQLITE_OPEN_READWRITE, disk.name().c_str()) == SQLITE_OK)
        for (const char* sql : {"PRAGMA integrity_check", "PRAGMA foreign_key_check"}) {
            const int code = sqlite3_exec(
                db, sql,
                [](void* into, int, char** values, char**) {
                    const std::string value = values[0] ? values[0] : "null";
                    if (value != "ok") *static_cast<std::string*>(into) += value + "; ";
                    return 0;
                },
                &text, nullptr);
            if (code != SQLITE_OK) text += std::string(sqlite3_errmsg(db)) + "; ";
        }
    sqlite3_close(db);
    return text;
}

}  // namespace rowmq::test
