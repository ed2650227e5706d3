#include "storage/sqlite/log_repair.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {
namespace {

// sqlite.org/fileformat2.html, 4.1: the header of the log, and that of each frame before its page.
constexpr std::size_t log_header = 32, frame_header = 24;
constexpr std::uint32_t magic = 0x377f0682;  // its last bit: the checksum's words are big-endian
constexpr std::size_t repairs_at_most = 16;

std::uint32_t big_endian(const char* at) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return __builtin_bswap32(word);
}

/// The two sums of the log's checksum, or of a difference between two.
struct Sums {
    std::uint32_t first = 0, second = 0;
    friend bool operator==(const Sums&, const Sums&) = default;
    void take(std::uint32_t a, std::uint32_t b) {
        first += a + second;
        second += b + first;
    }
};

int bits_between(std::uint32_t a, std::uint32_t b) { return std::popcount(a ^ b); }
int bits_between(Sums a, Sums b) { return bits_between(a.first, b.first) + bits_between(a.second, b.second); }

/// What is summed: words of 4 bytes in pairs, in the byte order the log's header names.
class Words final {
public:
    Words(bool big, std::vector<std::span<char>> parts) : big_(big) {
        for (const auto part : parts)
            for (std::size_t i = 0; i + 4 <= part.size(); i += 4) at_.push_back(part.data() + i);
    }
    Sums sum(Sums from) const {
        for (std::size_t i = 0; i + 1 < at_.size(); i += 2) from.take(word(i), word(i + 1));
        return from;
    }
    /// Turns the one bit that makes the sums `wanted`; false when there is none.
    bool turn_bit(Sums from, Sums wanted) {
        const auto now = sum(from);
        const Sums missing{wanted.first - now.first, wanted.second - now.second};
        // How a difference of 1 in either word of the pair looked at grows until the end.
        Sums by_first{1, 1}, by_second{0, 1};
        for (auto pair = at_.size() / 2; pair-- > 0;) {
            for (const bool second : {false, true})
                if (const auto bit = bit_for(word(2 * pair + second), second ? by_second : by_first, missing)) {
                    turn(2 * pair + second, *bit);
                    return true;
                }
            by_first = {by_first.first + by_first.second, by_first.first + 2 * by_first.second};
            by_second = {by_second.first + by_second.second, by_second.first + 2 * by_second.second};
        }
        return false;
    }

private:
    std::uint32_t word(std::size_t i) const {
        std::uint32_t value;
        std::memcpy(&value, at_[i], sizeof value);
        return big_ ? __builtin_bswap32(value) : value;
    }
    static std::optional<int> bit_for(std::uint32_t word, Sums growth, Sums missing) {
        for (int bit = 0; bit < 32; ++bit) {
            const std::uint32_t one = std::uint32_t{1} << bit;
            const std::uint32_t by = word & one ? 0u - one : one;
            if (by * growth.first == missing.first && by * growth.second == missing.second) return bit;
        }
        return std::nullopt;
    }
    void turn(std::size_t i, int bit) {
        std::uint32_t value = word(i) ^ std::uint32_t{1} << bit;
        if (big_) value = __builtin_bswap32(value);
        std::memcpy(at_[i], &value, sizeof value);
    }

    bool big_;
    std::vector<char*> at_;
};

void put_big_endian(char* at, std::uint32_t word) {
    word = __builtin_bswap32(word);
    std::memcpy(at, &word, sizeof word);
}

Sums sums_at(const char* at) { return {big_endian(at), big_endian(at + 4)}; }

/// The file "<path>-wal" through SQLite's file system. Not there: no methods.
class LogFile final {
public:
    LogFile(const std::string& path, const std::string& vfs) : vfs_(sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str())) {
        if (!vfs_) return;
        std::string full(static_cast<std::size_t>(vfs_->mxPathname) + 1, '\0');
        if (vfs_->xFullPathname(vfs_, path.c_str(), static_cast<int>(full.size()), full.data()) != SQLITE_OK) return;
        full.resize(std::strlen(full.c_str()));
        const std::string log = full + "-wal";
        int exists = 0;
        if (vfs_->xAccess(vfs_, log.c_str(), SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK || !exists) return;
        name_ = sqlite3_create_filename(full.c_str(), (full + "-journal").c_str(), log.c_str(), 0, nullptr);
        storage_.resize((static_cast<std::size_t>(vfs_->szOsFile) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;
        if (!name_ || vfs_->xOpen(vfs_, sqlite3_filename_wal(name_), file(), flags, nullptr) != SQLITE_OK) file()->pMethods = nullptr;
    }
    LogFile(const LogFile&) = delete;
    ~LogFile() {
        if (is_open()) file()->pMethods->xClose(file());
        if (name_) sqlite3_free_filename(const_cast<char*>(name_));
    }
    bool is_open() { return !storage_.empty() && file()->pMethods; }
    std::int64_t size() {
        sqlite3_int64 size = 0;
        return file()->pMethods->xFileSize(file(), &size) == SQLITE_OK ? size : 0;
    }
    bool read(std::span<char> into, std::int64_t offset) {
        return file()->pMethods->xRead(file(), into.data(), static_cast<int>(into.size()), offset) == SQLITE_OK;
    }
    void write(std::span<const char> bytes, std::int64_t offset) {
        must(file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), offset));
    }
    void sync() { must(file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL)); }

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(storage_.data()); }
    static void must(int code) {
        if (code != SQLITE_OK) throw Broken(code, 0, "cannot put back a bit of the log: " + std::string(sqlite3_errstr(code)));
    }

    sqlite3_vfs* vfs_;
    const char* name_ = nullptr;
    std::vector<std::max_align_t> storage_;
};

class Repair final {
public:
    explicit Repair(LogFile& log) : log_(log) {}

    std::vector<std::string> run() {
        if (!header()) return std::move(words_);
        const auto size = log_.size();
        std::vector<char> frame(frame_header + page_bytes_);
        for (std::int64_t number = 1; words_.size() < repairs_at_most; ++number) {
            const auto offset = static_cast<std::int64_t>(log_header) + (number - 1) * static_cast<std::int64_t>(frame.size());
            if (offset + static_cast<std::int64_t>(frame.size()) > size || !log_.read(frame, offset)) break;
            bool changed = false;
            if (!is_right(frame, changed)) break;
            if (!changed && is_of_later_commit(frame)) put_all_back();
            if (changed) {
                turned_.push_back({number, offset, frame});
                commit_.reset();
            }
            if (!turned_.empty() && !commit_ && big_endian(frame.data() + 4) != 0) commit_ = sums_at(frame.data());
        }
        if (!words_.empty()) log_.sync();
        return std::move(words_);
    }

private:
    bool header() {
        std::array<char, log_header> bytes{};
        if (!log_.read(bytes, 0)) return false;
        if (!is_header(bytes)) {
            bool found = false;
            for (std::size_t bit = 0; bit < bytes.size() * 8 && !found; ++bit) {
                bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
                found = is_header(bytes);
                if (!found) bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
            }
            if (!found) return false;
            put_back(bytes, 0, "the header");
        }
        big_ = big_endian(bytes.data()) & 1;
        page_bytes_ = big_endian(bytes.data() + 8);
        salts_ = sums_at(bytes.data() + 16);
        sums_ = sums_at(bytes.data() + 24);
        return true;
    }
    static bool is_header(std::span<char> bytes) {
        const auto first = big_endian(bytes.data()), page = big_endian(bytes.data() + 8);
        if ((first & ~1u) != magic || page < 512 || page > 65'536 || !std::has_single_bit(page)) return false;
        return Words(first & 1, {bytes.subspan(0, 24)}).sum({}) == sums_at(bytes.data() + 24);
    }

    /// Goes on with the frame's sums. `changed`: a bit of it was turned.
    bool is_right(std::vector<char>& frame, bool& changed) {
        const std::span<char> all(frame);
        Words words(big_, {all.subspan(0, 8), all.subspan(frame_header)});
        auto sums = words.sum(sums_);
        const auto stored = sums_at(frame.data() + 16), salts = sums_at(frame.data() + 8);
        const int of_salts = bits_between(salts, salts_), of_sums = bits_between(sums, stored);
        if (big_endian(frame.data()) == 0 && of_sums == 0) return false;
        if (of_salts + of_sums == 1) {
            put_big_endian(frame.data() + 8, salts_.first), put_big_endian(frame.data() + 12, salts_.second);
            put_big_endian(frame.data() + 16, sums.first), put_big_endian(frame.data() + 20, sums.second);
            changed = true;
        } else if (of_salts == 0 && of_sums > 0) {
            if (!words.turn_bit(sums_, stored)) return false;
            sums = stored;
            changed = true;
        } else if (of_salts > 0) {
            return false;
        }
        sums_ = sums;
        return true;
    }
    /// After the commit that holds the turned bit came another: so it had been synced. (A commit may be followed by copies of
    /// its last frame.)
    bool is_of_later_commit(const std::vector<char>& frame) const { return commit_ && sums_at(frame.data()) != *commit_; }
    void put_all_back() {
        for (const auto& one : turned_) put_back(one.frame, one.offset, "frame " + std::to_string(one.number));
        turned_.clear();
        commit_.reset();
    }
    void put_back(std::span<const char> bytes, std::int64_t offset, const std::string& what) {
        log_.write(bytes, offset);
        words_.push_back("the log: one bit of " + what + " had turned, and was put back");
    }

    LogFile& log_;
    bool big_ = false;
    std::size_t page_bytes_ = 0;
    Sums salts_, sums_;
    struct Turned {
        std::int64_t number, offset;
        std::vector<char> frame;
    };
    std::vector<Turned> turned_;  ///< put right in memory, and not proven to be damage yet
    std::optional<Sums> commit_;  ///< page and size of the database that the commit with the latest of them ends with
    std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> repair_log(const std::string& path, const std::string& vfs) {
    LogFile log(path, vfs);
    if (!log.is_open() || log.size() < static_cast<std::int64_t>(log_header)) return {};
    return Repair(log).run();
}

}  // namespace rowmq::storage::sqlite
