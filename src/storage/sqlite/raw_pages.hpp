#pragma once
// The rows in a database file, page by page, without SQLite: what can still be read when the way to a page is damaged.
// The format is that of sqlite.org/fileformat2.html, 1 and 2.
// Threads: one. Errors: what cannot be read is left out; nothing throws but for memory.

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rowmq::storage::sqlite {

struct RawBlob {
    std::string_view bytes;
};
/// Text and blobs are views into what RawPages holds until the next row.
using RawValue = std::variant<std::monostate, std::int64_t, double, std::string_view, RawBlob>;

struct RawRow {
    std::uint32_t page = 0;
    bool keyed = false;  ///< of a table without rowids: its columns start with those of the key
    std::int64_t rowid = 0;
    std::vector<RawValue> values;

    std::optional<std::int64_t> integer(std::size_t column) const;
    /// NULL is none; with `or_null` it is the empty text.
    std::optional<std::string_view> text(std::size_t column, bool or_null = false) const;
};

class RawPages final {
public:
    /// Of an open connection's main file.
    explicit RawPages(sqlite3_file* file);

    /// Every row on a page that is not free, in page order.
    void each_row(const std::function<void(const RawRow&)>& look);
    /// Pages whose checksum does not match.
    const std::set<std::uint32_t>& damaged() const noexcept { return damaged_; }

private:
    std::string_view page(std::uint32_t number, std::string& into) const;
    void read_header();
    void find_free();
    void rows_of(std::uint32_t number, std::string_view page, const std::function<void(const RawRow&)>& look);
    bool read_payload(std::string_view page, std::size_t at, std::uint64_t bytes, bool keyed);
    bool decode(RawRow& row) const;

    sqlite3_file* file_;
    std::size_t page_bytes_ = 8192, usable_ = 8184;
    std::uint32_t pages_ = 0;
    bool has_sums_ = true;
    std::set<std::uint32_t> damaged_, free_;
    std::string payload_, overflow_;
};

}  // namespace rowmq::storage::sqlite
