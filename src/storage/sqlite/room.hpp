#pragma once
// The space a commit will need later is taken before it is made: that of its new pages in the file, and that of the log's index.
// On a disk that others fill, the log can then always be written back and begin anew over itself, and what is only removed needs
// no space that is not there. A commit that fails for want of space is refused whole.
// Threads: the writer's.

#include <cstdint>

#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {

class Room final {
public:
    Room() = default;
    Room(sqlite3* db, int page_bytes);

    /// In a transaction, before it commits; `pages`: of the file with it. Errors: throws Broken.
    void claim(std::int64_t pages);
    /// The log's pages after a commit.
    void log_has(std::int64_t pages) noexcept;

private:
    void claim_file(std::int64_t bytes);
    void claim_index();

    sqlite3* db_ = nullptr;
    int page_bytes_ = 0;
    std::int64_t logged_ = 0;
    int segments_ = 0;  ///< of the index, known to be there
};

}  // namespace rowmq::storage::sqlite
