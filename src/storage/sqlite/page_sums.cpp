#include "storage/sqlite/page_sums.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "base/crc32c.hpp"

namespace rowmq::storage::sqlite {
namespace {

// Operations of xFileControl that only this file system knows.
constexpr int control_give = 0x526f0001, control_ask = 0x526f0002;
constexpr std::size_t header_bytes = 100;

void put_sum(std::string_view body, std::uint32_t number, char* at) {
    // Twice, and the second time inverted: no page of equal bytes has a right sum, and zeros mean that there is none.
    const std::uint32_t crc = crc32c(crc32c(0, &number, sizeof number), body.data(), body.size());
    const std::uint32_t words[2] = {crc, ~crc};
    std::memcpy(at, words, sizeof words);
}

/// An open database file: this, and the file of the file system below right behind it.
struct SummedFile {
    sqlite3_file base{};
    int page_bytes = 0;  ///< 0: without sums, or not known yet
    std::vector<char> page;

    static SummedFile& of(sqlite3_file* file) { return *reinterpret_cast<SummedFile*>(file); }
    sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + size()); }
    static constexpr int size() { return static_cast<int>((sizeof(SummedFile) + 15) / 16 * 16); }

    void learn(const unsigned char* header) {
        if (std::memcmp(header, "SQLite format 3", 16) != 0) return;
        const int size = header[16] << 8 | header[17];
        page_bytes = header[20] == page_sum_bytes ? (size == 1 ? 65'536 : size) : 0;
    }
    int write(const void* from, int bytes, sqlite3_int64 offset) {
        if (offset == 0 && static_cast<std::size_t>(bytes) >= header_bytes) learn(static_cast<const unsigned char*>(from));
        if (page_bytes == 0 || bytes != page_bytes || offset % page_bytes != 0)
            return below()->pMethods->xWrite(below(), from, bytes, offset);
        const auto body = static_cast<std::size_t>(bytes - page_sum_bytes);
        page.resize(static_cast<std::size_t>(bytes));
        std::memcpy(page.data(), from, body);
        put_sum({page.data(), body}, static_cast<std::uint32_t>(offset / page_bytes + 1), page.data() + body);
        return below()->pMethods->xWrite(below(), page.data(), bytes, offset);
    }
    int control(int operation, void* argument) {
        if (operation == control_give) {
            page_bytes = *static_cast<int*>(argument);
            return SQLITE_OK;
        }
        if (operation == control_ask) {
            *static_cast<int*>(argument) = page_bytes;
            return SQLITE_OK;
        }
        return below()->pMethods->xFileControl(below(), operation, argument);
    }
};

template <auto method, typename... Arguments>
int forward(sqlite3_file* file, Arguments... arguments) {
    auto* below = SummedFile::of(file).below();
    return (below->pMethods->*method)(below, arguments...);
}

const sqlite3_io_methods methods{
    .iVersion = 2,
    .xClose =
        [](sqlite3_file* file) {
            auto& summed = SummedFile::of(file);
            const int code = summed.below()->pMethods->xClose(summed.below());
            summed.~SummedFile();
            return code;
        },
    .xRead = forward<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = [](sqlite3_file* file, const void* from, int bytes,
                 sqlite3_int64 offset) { return SummedFile::of(file).write(from, bytes, offset); },
    .xTruncate = forward<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    .xSync = forward<&sqlite3_io_methods::xSync, int>,
    .xFileSize = forward<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = forward<&sqlite3_io_methods::xLock, int>,
    .xUnlock = forward<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = forward<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = [](sqlite3_file* file, int operation, void* argument) { return SummedFile::of(file).control(operation, argument); },
    .xSectorSize = forward<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = forward<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = forward<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = forward<&sqlite3_io_methods::xShmLock, int, int, int>,
    .xShmBarrier = [](sqlite3_file* file) { SummedFile::of(file).below()->pMethods->xShmBarrier(SummedFile::of(file).below()); },
    .xShmUnmap = forward<&sqlite3_io_methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* base = static_cast<sqlite3_vfs*>(vfs->pAppData);
    if (!(flags & SQLITE_OPEN_MAIN_DB)) return base->xOpen(base, name, file, flags, out_flags);
    auto* summed = new (file) SummedFile;
    auto* below = summed->below();
    std::memset(static_cast<void*>(below), 0, static_cast<std::size_t>(base->szOsFile));
    if (const int code = base->xOpen(base, name, below, flags, out_flags); code != SQLITE_OK) {
        if (below->pMethods) below->pMethods->xClose(below);
        summed->~SummedFile();
        file->pMethods = nullptr;
        return code;
    }
    unsigned char header[header_bytes];
    if (below->pMethods->xRead(below, header, sizeof header, 0) == SQLITE_OK) summed->learn(header);
    summed->base.pMethods = &methods;
    return SQLITE_OK;
}

}  // namespace

class PageSums final {
public:
    PageSums(sqlite3_vfs* base, std::string name) : name_(std::move(name)), vfs_(*base) {
        vfs_.zName = name_.c_str();
        vfs_.pNext = nullptr;
        vfs_.pAppData = base;
        vfs_.szOsFile = SummedFile::size() + base->szOsFile;
        vfs_.xOpen = open_file;
        vfs_.xDelete = [](sqlite3_vfs* v, const char* file, int sync) { return below(v)->xDelete(below(v), file, sync); };
        vfs_.xAccess = [](sqlite3_vfs* v, const char* file, int flags, int* out) { return below(v)->xAccess(below(v), file, flags, out); };
        vfs_.xFullPathname = [](sqlite3_vfs* v, const char* file, int room, char* out) {
            return below(v)->xFullPathname(below(v), file, room, out);
        };
        vfs_.xRandomness = [](sqlite3_vfs* v, int bytes, char* out) { return below(v)->xRandomness(below(v), bytes, out); };
        vfs_.xSleep = [](sqlite3_vfs* v, int microseconds) { return below(v)->xSleep(below(v), microseconds); };
        vfs_.xCurrentTime = [](sqlite3_vfs* v, double* out) { return below(v)->xCurrentTime(below(v), out); };
        vfs_.xGetLastError = [](sqlite3_vfs* v, int bytes, char* out) { return below(v)->xGetLastError(below(v), bytes, out); };
        if (vfs_.iVersion >= 2)
            vfs_.xCurrentTimeInt64 = [](sqlite3_vfs* v, sqlite3_int64* out) { return below(v)->xCurrentTimeInt64(below(v), out); };
        vfs_.iVersion = std::min(vfs_.iVersion, 2);
        sqlite3_vfs_register(&vfs_, 0);
    }
    ~PageSums() { sqlite3_vfs_unregister(&vfs_); }
    PageSums(const PageSums&) = delete;
    PageSums& operator=(const PageSums&) = delete;

    const std::string& name() const noexcept { return name_; }

private:
    static sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

    std::string name_;
    sqlite3_vfs vfs_;
};

std::shared_ptr<PageSums> page_sums_over(const std::string& vfs) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<PageSums>> known;
    const std::lock_guard guard(mutex);
    std::erase_if(known, [](const auto& one) { return one.second.expired(); });
    auto* base = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
    if (!base) return nullptr;
    auto& held = known[base->zName];
    auto sums = held.lock();
    if (!sums) held = sums = std::make_shared<PageSums>(base, std::string("rowmq-sums-") + base->zName);
    return sums;
}

std::string name_of(const PageSums& sums) { return sums.name(); }

void give_page_sums(sqlite3* db, int page_bytes) { sqlite3_file_control(db, "main", control_give, &page_bytes); }

bool has_page_sums(sqlite3* db) {
    int page_bytes = 0;
    return sqlite3_file_control(db, "main", control_ask, &page_bytes) == SQLITE_OK && page_bytes > 0;
}

bool is_whole(std::string_view page, std::uint32_t number) {
    const auto body = page.substr(0, page.size() - page_sum_bytes), sum = page.substr(body.size());
    if (std::all_of(sum.begin(), sum.end(), [](char c) { return c == '\0'; })) return true;
    char right[page_sum_bytes];
    put_sum(body, number, right);
    return sum == std::string_view(right, sizeof right);
}

}  // namespace rowmq::storage::sqlite
