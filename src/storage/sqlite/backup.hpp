#pragma once
// A consistent copy of the store while it is in use.
// Threads: one of its own.

#include "storage/sqlite/store.hpp"

namespace rowmq::storage::sqlite {

/// Copies what is committed now to a new file at `path`, which appears whole or not at all.
/// Errors: already_exists, store_full, invalid_argument (there is no such folder, or it cannot be written).
Result<void> back_up(const Store& store, const std::string& vfs, const std::string& path);

}  // namespace rowmq::storage::sqlite
