#pragma once
// Catalog rows: writing one, and reading all at the start.
// Threads: the writer's.

#include "storage/rows.hpp"
#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

void change_catalog(const CatalogChange& change, Statements& statements);

/// Everything but messages. Inside a transaction.
Snapshot read_snapshot(sqlite3* db);

}  // namespace rowmq::storage::sqlite
