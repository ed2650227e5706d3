#pragma once
// What `rowmq check` looks at.
// Threads: one of its own.

#include "storage/sqlite/store.hpp"

namespace rowmq::storage::sqlite {

/// All on one snapshot: SQLite's own integrity check, checksums, counters against a scan, references both ways, shares.
CheckReport check_store(const Store& store);

}  // namespace rowmq::storage::sqlite
