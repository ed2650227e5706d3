#include "storage/sqlite/migrate.hpp"

#include "base/failpoint.hpp"

namespace rowmq::storage::sqlite {

Result<void> migrate(Connection& connection, const FileSettings& settings, const std::vector<SqlFile>& migrations) {
    const auto known = static_cast<std::int64_t>(migrations.size());
    const bool fresh = connection.integer("SELECT count(*) FROM sqlite_schema") == 0 && connection.integer("PRAGMA user_version") == 0;
    if (fresh) {
        connection.execute("PRAGMA page_size = " + std::to_string(settings.page_size));
        connection.sum_pages(settings.page_size);
        connection.execute(settings.incremental_vacuum ? "PRAGMA auto_vacuum = INCREMENTAL" : "PRAGMA auto_vacuum = NONE");
    } else if (connection.integer("PRAGMA application_id") != application_id) {
        return Error{Errc::store_failed, "the file is a SQLite database of another program, not a store of RowMQ"};
    }
    const auto version = connection.integer("PRAGMA user_version");
    if (version > known)
        return Error{Errc::store_newer, "the store has format " + std::to_string(version) +
                                            ", written by a newer program; this one knows up to " + std::to_string(known)};
    if (const auto mode = connection.text("PRAGMA journal_mode = WAL"); mode != "wal")
        return Error{Errc::store_failed, "SQLite cannot keep a write-ahead log here (journal mode " + mode + ")"};

    for (auto next = version; next < known; ++next) {
        connection.execute("BEGIN IMMEDIATE");
        try {
            connection.execute(std::string(migrations[static_cast<std::size_t>(next)].text));
            ROWMQ_FAILPOINT(half_migration);
            connection.execute("PRAGMA application_id = " + std::to_string(application_id));
            connection.execute("PRAGMA user_version = " + std::to_string(next + 1));
            connection.execute("COMMIT");
        } catch (...) {
            if (connection.in_transaction()) sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
            throw;
        }
    }
    return {};
}

}  // namespace rowmq::storage::sqlite
