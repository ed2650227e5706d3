#pragma once
// Makes a new file a store, or an older store a current one.
// Threads: the one that opens it.

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/sql_text.hpp"

namespace rowmq::storage::sqlite {

/// "RowM": what `file rowmq.db` and PRAGMA application_id show.
inline constexpr std::int64_t application_id = 0x526f774d;

struct FileSettings {
    int page_size = 8192;
    bool incremental_vacuum = true;
};

/// Sets what a file keeps for ever, if it is new, and WAL. Then runs the migrations it has not seen, each in a transaction.
/// Errors: store_newer; store_failed for a database of another program. Throws Broken.
Result<void> migrate(Connection& connection, const FileSettings& settings, const std::vector<SqlFile>& migrations);

}  // namespace rowmq::storage::sqlite
