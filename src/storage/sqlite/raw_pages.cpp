#include "storage/sqlite/raw_pages.hpp"

#include <bit>
#include <cstring>

#include "storage/sqlite/page_sums.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::uint64_t longest_payload = 1'100'000'000;

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

/// Reads SQLite's variable-length integers one after the other; remembers that it came to the end.
class Varints final {
public:
    Varints(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}
    std::uint64_t next() {
        std::uint64_t value = 0;
        for (int i = 0; i < 9; ++i) {
            if (at_ >= bytes_.size()) {
                failed_ = true;
                return 0;
            }
            const auto byte = static_cast<unsigned char>(bytes_[at_++]);
            if (i == 8) return value << 8 | byte;
            value = value << 7 | (byte & 0x7f);
            if (byte < 0x80) return value;
        }
        return value;
    }
    std::size_t at() const noexcept { return at_; }
    bool failed() const noexcept { return failed_; }

private:
    std::string_view bytes_;
    std::size_t at_;
    bool failed_ = false;
};

std::optional<std::uint64_t> size_of(std::uint64_t type) {
    constexpr std::uint64_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    if (type < 10) return sizes[type];
    if (type < 12) return std::nullopt;
    return (type - 12) / 2;
}

RawValue value_of_type(std::uint64_t type, std::string_view bytes) {
    if (type == 0) return std::monostate{};
    if (type == 8 || type == 9) return static_cast<std::int64_t>(type - 8);
    if (type == 7) return std::bit_cast<double>(big_endian(bytes));
    if (type >= 12) return type % 2 ? RawValue(bytes) : RawValue(RawBlob{bytes});
    const auto unused = 64 - 8 * bytes.size();
    return static_cast<std::int64_t>(big_endian(bytes) << unused) >> unused;
}

}  // namespace

std::optional<std::int64_t> RawRow::integer(std::size_t column) const {
    if (column >= values.size()) return std::nullopt;
    const auto* value = std::get_if<std::int64_t>(&values[column]);
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::string_view> RawRow::text(std::size_t column, bool or_null) const {
    if (column >= values.size()) return std::nullopt;
    if (const auto* value = std::get_if<std::string_view>(&values[column])) return *value;
    if (or_null && std::holds_alternative<std::monostate>(values[column])) return std::string_view();
    return std::nullopt;
}

RawPages::RawPages(sqlite3_file* file) : file_(file) {
    read_header();
    sqlite3_int64 size = 0;
    if (file_->pMethods->xFileSize(file_, &size) == SQLITE_OK)
        pages_ = static_cast<std::uint32_t>(size / static_cast<sqlite3_int64>(page_bytes_));
    find_free();
}

std::string_view RawPages::page(std::uint32_t number, std::string& into) const {
    into.resize(page_bytes_);
    const auto offset = (static_cast<sqlite3_int64>(number) - 1) * static_cast<sqlite3_int64>(page_bytes_);
    if (number == 0 || number > pages_ || file_->pMethods->xRead(file_, into.data(), static_cast<int>(page_bytes_), offset) != SQLITE_OK)
        return {};
    return into;
}

/// A damaged first page: as new stores are.
void RawPages::read_header() {
    char header[100];
    if (file_->pMethods->xRead(file_, header, sizeof header, 0) != SQLITE_OK || std::memcmp(header, "SQLite format 3", 16) != 0) return;
    const std::string_view all(header, sizeof header);
    const auto size = big_endian(all.substr(16, 2));
    const auto bytes = size == 1 ? 65'536 : size;
    const auto reserved = static_cast<unsigned char>(header[20]);
    if (bytes < 512 || !std::has_single_bit(bytes) || (reserved != 0 && reserved != page_sum_bytes)) return;
    page_bytes_ = bytes;
    usable_ = bytes - reserved;
    has_sums_ = reserved == page_sum_bytes;
}

void RawPages::find_free() {
    std::string first, trunk;
    const auto header = page(1, first);
    if (header.empty() || (has_sums_ && !is_whole(header, 1))) return;
    for (auto next = static_cast<std::uint32_t>(big_endian(header.substr(32, 4))); next != 0 && free_.insert(next).second;) {
        const auto bytes = page(next, trunk);
        if (bytes.empty() || (has_sums_ && !is_whole(bytes, next))) return;
        const auto leaves = big_endian(bytes.substr(4, 4));
        for (std::uint64_t i = 0; i < leaves && 12 + 4 * i <= usable_; ++i)
            free_.insert(static_cast<std::uint32_t>(big_endian(bytes.substr(8 + 4 * i, 4))));
        next = static_cast<std::uint32_t>(big_endian(bytes.substr(0, 4)));
    }
}

void RawPages::each_row(const std::function<void(const RawRow&)>& look) {
    std::string held;
    for (std::uint32_t number = 1; number <= pages_; ++number) {
        const auto bytes = page(number, held);
        if (bytes.empty()) {
            damaged_.insert(number);
            continue;
        }
        if (has_sums_ && !is_whole(bytes, number)) damaged_.insert(number);
        if (!free_.contains(number)) rows_of(number, bytes, look);
    }
}

void RawPages::rows_of(std::uint32_t number, std::string_view page, const std::function<void(const RawRow&)>& look) {
    const std::size_t start = number == 1 ? 100 : 0;
    const auto type = static_cast<unsigned char>(page[start]);
    const bool leaf = type == 0x0d || type == 0x0a;
    if (!leaf && type != 0x02) return;  // 0x02 is inside a table without rowids, and holds rows, too
    const auto cells = big_endian(page.substr(start + 3, 2));
    const std::size_t pointers = start + (leaf ? 8 : 12);
    for (std::uint64_t i = 0; i < cells && pointers + 2 * i + 2 <= usable_; ++i) {
        auto at = static_cast<std::size_t>(big_endian(page.substr(pointers + 2 * i, 2)));
        if (!leaf) at += 4;
        if (at >= usable_) continue;
        RawRow row{.page = number, .keyed = type != 0x0d};
        Varints varints(page.substr(0, usable_), at);
        const auto bytes = varints.next();
        if (!row.keyed) row.rowid = static_cast<std::int64_t>(varints.next());
        if (varints.failed() || !read_payload(page, varints.at(), bytes, row.keyed) || !decode(row)) continue;
        look(row);
    }
}

/// Into payload_: what lies in the page, and the chain of overflow pages.
bool RawPages::read_payload(std::string_view page, std::size_t at, std::uint64_t bytes, bool keyed) {
    if (bytes > longest_payload || bytes > static_cast<std::uint64_t>(pages_) * page_bytes_) return false;
    const std::uint64_t most = keyed ? (usable_ - 12) * 64 / 255 - 23 : usable_ - 35, least = (usable_ - 12) * 32 / 255 - 23;
    std::uint64_t local = bytes;
    if (bytes > most) {
        const auto wanted = least + (bytes - least) % (usable_ - 4);
        local = wanted <= most ? wanted : least;
    }
    if (at + local + (local < bytes ? 4 : 0) > usable_) return false;
    payload_.assign(page.substr(at, local));
    auto next = local < bytes ? static_cast<std::uint32_t>(big_endian(page.substr(at + local, 4))) : 0;
    while (payload_.size() < bytes) {
        const auto more = this->page(next, overflow_);
        if (more.empty()) return false;
        payload_.append(more.substr(4, std::min<std::uint64_t>(usable_ - 4, bytes - payload_.size())));
        next = static_cast<std::uint32_t>(big_endian(more.substr(0, 4)));
    }
    return true;
}

bool RawPages::decode(RawRow& row) const {
    const std::string_view payload(payload_);
    Varints header(payload, 0);
    const auto header_bytes = header.next();
    if (header.failed() || header_bytes > payload.size()) return false;
    auto at = static_cast<std::size_t>(header_bytes);
    while (header.at() < header_bytes) {
        const auto type = header.next();
        const auto size = size_of(type);
        if (header.failed() || !size || *size > payload.size() - at) return false;
        row.values.push_back(value_of_type(type, payload.substr(at, *size)));
        at += *size;
    }
    return at == payload.size();
}

}  // namespace rowmq::storage::sqlite
