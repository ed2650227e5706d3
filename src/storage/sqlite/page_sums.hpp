#pragma once
// A checksum in the last 8 bytes of every page, for damage that row checksums do not see: SQLite's own structures and the catalog.
//
// A file system of SQLite's that lies over another one and fills the bytes in as a page of the database is written
// (checkpoints; the log has checksums of its own). Nothing is refused when a page is read: a program without this file system may
// write into the file, too. `rowmq check` compares (check.hpp). A file made before has no room for them and stays so.
// Threads: any.

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

namespace rowmq::storage::sqlite {

/// Reserved at the end of each page.
inline constexpr int page_sum_bytes = 8;

/// Registered with SQLite while somebody holds it.
class PageSums;
std::shared_ptr<PageSums> page_sums_over(const std::string& vfs);
std::string name_of(const PageSums& sums);

/// For a file that is empty still: its pages of this size will have sums. Before that it must be told to reserve the bytes.
void give_page_sums(sqlite3* db, int page_bytes);
/// Whether the file's pages have them.
bool has_page_sums(sqlite3* db);

/// False: the page is not as it was written. A page of zeros and one without a sum count as whole.
bool is_whole(std::string_view page, std::uint32_t number);

}  // namespace rowmq::storage::sqlite
