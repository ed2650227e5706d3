#include "test/support/recording_vfs.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace rowmq::test {

namespace {
std::atomic<int> next_name{1};
FileKind kind_of(int flags) {
    if (flags & SQLITE_OPEN_MAIN_DB) return FileKind::database;
    if (flags & SQLITE_OPEN_WAL) return FileKind::wal;
    if (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) return FileKind::journal;
    return FileKind::other;
}
}  // namespace

std::uint64_t hash_of(const FileImage& image) {
    std::uint64_t all = 1;
    for (const auto& [name, bytes] : image)
        all = (all * 0x100000001b3u ^ std::hash<std::string>{}(name)) * 0x9e3779b97f4a7c15u ^ bytes.hash();
    return all;
}

/// An open file, as SQLite holds it: placed into the memory it gives.
struct RecordedFile {
    sqlite3_file base{};
    RecordingVfs* vfs = nullptr;
    std::shared_ptr<RecordingVfs::Inode> inode;
    bool recorded = false;            ///< temporary files are nobody's business
    bool directory_unsynced = false;  ///< the first sync of a journal or WAL also syncs its directory
    int level = SQLITE_LOCK_NONE;
    bool mapped = false;
    std::array<bool, SQLITE_SHM_NLOCK> shm_shared{}, shm_exclusive{};

    static RecordedFile& of(sqlite3_file* file) { return *reinterpret_cast<RecordedFile*>(file); }

    int close() {
        const std::lock_guard guard(vfs->mutex_);
        unlock(SQLITE_LOCK_NONE);
        if (mapped) unmap(false);
        return SQLITE_OK;
    }
    int read(void* into, int bytes, sqlite3_int64 offset) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::read, false)) return code;
        const auto got = inode->bytes.read(offset, {static_cast<char*>(into), static_cast<std::size_t>(bytes)});
        return got == static_cast<std::size_t>(bytes) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    int write(const void* from, int bytes, sqlite3_int64 offset) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::write, recorded)) return code;
        const std::string_view text(static_cast<const char*>(from), static_cast<std::size_t>(bytes));
        inode->bytes.write(offset, text);
        if (recorded) log({.kind = FileOperation::Kind::write, .offset = offset, .text = std::string(text)});
        return SQLITE_OK;
    }
    int truncate(sqlite3_int64 size) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::truncate, recorded)) return code;
        inode->bytes.resize(size);
        if (recorded) log({.kind = FileOperation::Kind::truncate, .offset = size});
        return SQLITE_OK;
    }
    int sync() {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::sync, recorded)) return code;
        if (recorded && vfs->options_.honour_sync)
            log({.kind = FileOperation::Kind::sync, .directory = std::exchange(directory_unsynced, false)});
        return SQLITE_OK;
    }
    int size(sqlite3_int64* out) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::size, false)) return code;
        *out = inode->bytes.size();
        return SQLITE_OK;
    }
    int lock(int wanted) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::lock, false)) return code;
        auto& file = *inode;
        if (level >= wanted) return SQLITE_OK;
        if (level == SQLITE_LOCK_NONE) {
            if (file.exclusive) return SQLITE_BUSY;
            ++file.shared;
            level = SQLITE_LOCK_SHARED;
        }
        if (wanted >= SQLITE_LOCK_RESERVED && level == SQLITE_LOCK_SHARED) {
            if (file.reserved && file.reserved != this) return SQLITE_BUSY;
            file.reserved = this;
            level = SQLITE_LOCK_RESERVED;
        }
        if (wanted == SQLITE_LOCK_EXCLUSIVE) {
            file.exclusive = this;  // PENDING: no new reader
            level = SQLITE_LOCK_PENDING;
            if (file.shared > 1) return SQLITE_BUSY;
            level = SQLITE_LOCK_EXCLUSIVE;
        }
        return SQLITE_OK;
    }
    int unlock(int wanted) {
        const std::lock_guard guard(vfs->mutex_);
        if (level <= wanted) return SQLITE_OK;
        auto& file = *inode;
        if (file.exclusive == this) file.exclusive = nullptr;
        if (file.reserved == this) file.reserved = nullptr;
        if (wanted == SQLITE_LOCK_NONE) --file.shared;
        level = wanted;
        return SQLITE_OK;
    }
    int reserved(int* out) {
        const std::lock_guard guard(vfs->mutex_);
        *out = inode->reserved != nullptr;
        return SQLITE_OK;
    }
    int map(int region, int bytes, bool extend, void volatile** out) {
        const std::lock_guard guard(vfs->mutex_);
        if (const auto code = vfs->fault(FileCall::shared_memory, false)) return code;
        auto& memory = inode->memory;
        if (!mapped) {
            mapped = true;
            ++memory.users;
        }
        *out = nullptr;
        if (static_cast<std::size_t>(region) >= memory.regions.size() && !extend) return SQLITE_OK;
        while (static_cast<std::size_t>(region) >= memory.regions.size())
            memory.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
        *out = memory.regions[static_cast<std::size_t>(region)].get();
        return SQLITE_OK;
    }
    int shm_lock(int first, int count, int flags) {
        const std::lock_guard guard(vfs->mutex_);
        auto& holders = inode->memory.holders;
        const auto begin = static_cast<std::size_t>(first), end = begin + static_cast<std::size_t>(count);
        const bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;
        if (flags & SQLITE_SHM_UNLOCK) {
            for (auto i = begin; i < end; ++i) {
                if (std::exchange(shm_exclusive[i], false)) holders[i] = 0;
                if (std::exchange(shm_shared[i], false)) --holders[i];
            }
            return SQLITE_OK;
        }
        for (auto i = begin; i < end; ++i)
            if (exclusive ? holders[i] != 0 && !shm_exclusive[i] : holders[i] < 0) return SQLITE_BUSY;
        for (auto i = begin; i < end; ++i) {
            if (exclusive) {
                holders[i] = -1;
                shm_exclusive[i] = true;
            } else if (!std::exchange(shm_shared[i], true)) {
                ++holders[i];
            }
        }
        return SQLITE_OK;
    }
    int unmap(bool) {
        const std::lock_guard guard(vfs->mutex_);
        if (!mapped) return SQLITE_OK;
        shm_lock(0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
        mapped = false;
        if (--inode->memory.users == 0) inode->memory.regions.clear();
        return SQLITE_OK;
    }

private:
    void log(FileOperation operation) {
        operation.inode = inode->id;
        operation.file = inode->kind;
        vfs->record(std::move(operation));
    }
};

/// The C entry points.
struct VfsEntry {
    static RecordingVfs& of(sqlite3_vfs* vfs) { return *static_cast<RecordingVfs*>(vfs->pAppData); }
    static int open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out) { return of(v).open(name, f, flags, out); }
    static int remove(sqlite3_vfs* v, const char* name, int sync) { return of(v).remove(name, sync != 0); }
    static int access(sqlite3_vfs* v, const char* name, int, int* out) {
        *out = of(v).exists(name);
        return SQLITE_OK;
    }
    static int full_path(sqlite3_vfs*, const char* name, int room, char* out) {
        const std::string full = name[0] == '/' ? name : std::string("/") + name;
        if (full.size() + 1 > static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
        std::memcpy(out, full.c_str(), full.size() + 1);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* v, int bytes, char* out) {
        of(v).randomness(bytes, out);
        return bytes;
    }
    static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
    static int time_ms(sqlite3_vfs*, sqlite3_int64* out) {
        constexpr sqlite3_int64 unix_epoch_ms = 210'866'760'000'000;  // as a Julian day
        *out = unix_epoch_ms + 1'700'000'000'000;
        return SQLITE_OK;
    }
    static int time_days(sqlite3_vfs* v, double* out) {
        sqlite3_int64 ms = 0;
        time_ms(v, &ms);
        *out = static_cast<double>(ms) / 86'400'000.0;
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }

    static int close(sqlite3_file* f) {
        auto& file = RecordedFile::of(f);
        const auto code = file.close();
        file.~RecordedFile();
        return code;
    }
    static const sqlite3_io_methods methods;
};

const sqlite3_io_methods VfsEntry::methods{
    .iVersion = 2,
    .xClose = close,
    .xRead = [](sqlite3_file* f, void* into, int n, sqlite3_int64 at) { return RecordedFile::of(f).read(into, n, at); },
    .xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) { return RecordedFile::of(f).write(from, n, at); },
    .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return RecordedFile::of(f).truncate(size); },
    .xSync = [](sqlite3_file* f, int) { return RecordedFile::of(f).sync(); },
    .xFileSize = [](sqlite3_file* f, sqlite3_int64* out) { return RecordedFile::of(f).size(out); },
    .xLock = [](sqlite3_file* f, int level) { return RecordedFile::of(f).lock(level); },
    .xUnlock = [](sqlite3_file* f, int level) { return RecordedFile::of(f).unlock(level); },
    .xCheckReservedLock = [](sqlite3_file* f, int* out) { return RecordedFile::of(f).reserved(out); },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file* f) { return RecordedFile::of(f).vfs->options_.sector_bytes; },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return RecordedFile::of(f).vfs->options_.characteristics; },
    .xShmMap = [](sqlite3_file* f, int region, int bytes, int extend,
                  void volatile** out) { return RecordedFile::of(f).map(region, bytes, extend != 0, out); },
    .xShmLock = [](sqlite3_file* f, int first, int count, int flags) { return RecordedFile::of(f).shm_lock(first, count, flags); },
    .xShmBarrier = [](sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return RecordedFile::of(f).unmap(remove != 0); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

RecordingVfs::RecordingVfs(RecordingOptions options, const FileImage& start)
    : options_(options), name_("recording-" + std::to_string(next_name++)), random_(options.seed) {
    for (const auto& [file, bytes] : start) {
        auto inode = std::make_shared<Inode>();
        inode->id = next_inode_++;
        inode->bytes = bytes;
        names_[file] = std::move(inode);
    }
    vfs_.iVersion = 2;
    vfs_.szOsFile = sizeof(RecordedFile);
    vfs_.mxPathname = 512;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = VfsEntry::open;
    vfs_.xDelete = VfsEntry::remove;
    vfs_.xAccess = VfsEntry::access;
    vfs_.xFullPathname = VfsEntry::full_path;
    vfs_.xRandomness = VfsEntry::randomness;
    vfs_.xSleep = VfsEntry::sleep;
    vfs_.xCurrentTime = VfsEntry::time_days;
    vfs_.xGetLastError = VfsEntry::last_error;
    vfs_.xCurrentTimeInt64 = VfsEntry::time_ms;
    sqlite3_vfs_register(&vfs_, 0);
}

RecordingVfs::~RecordingVfs() { sqlite3_vfs_unregister(&vfs_); }

void RecordingVfs::submitted(std::int64_t count) { mark(FileOperation::Kind::submitted, count); }
void RecordingVfs::answered(std::int64_t count) { mark(FileOperation::Kind::answered, count); }
void RecordingVfs::mark(FileOperation::Kind kind, std::int64_t count) {
    const std::lock_guard guard(mutex_);
    record({.kind = kind, .offset = count});
}

FileImage RecordingVfs::files() const {
    const std::lock_guard guard(mutex_);
    FileImage image;
    for (const auto& [file, inode] : names_) image[file] = inode->bytes;
    return image;
}

void RecordingVfs::fail(FileFault fault) {
    const std::lock_guard guard(mutex_);
    fault_ = fault;
    calls_.fill(0);
}

void RecordingVfs::heal() {
    const std::lock_guard guard(mutex_);
    fault_.reset();
}

std::uint64_t RecordingVfs::calls(FileCall call) const {
    const std::lock_guard guard(mutex_);
    return calls_[static_cast<std::size_t>(call)];
}

int RecordingVfs::fault(FileCall call, bool change) {
    auto hit = [&](FileCall counted) {
        const auto number = ++calls_[static_cast<std::size_t>(counted)];
        return fault_ && fault_->call == counted && (number == fault_->number || (fault_->sticky && number > fault_->number));
    };
    const bool own = hit(call);
    const bool any = change && hit(FileCall::any_change);
    return own || any ? fault_->code : SQLITE_OK;
}

void RecordingVfs::record(FileOperation operation) {
    if (options_.record) log_.push_back(std::move(operation));
}

int RecordingVfs::open(const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const std::lock_guard guard(mutex_);
    file->pMethods = nullptr;
    const auto found = name ? names_.find(name) : names_.end();
    const bool creates = name && found == names_.end();
    if (const auto code = fault(FileCall::open, creates)) return code;
    if (creates && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    auto* opened = new (file) RecordedFile;
    opened->vfs = this;
    opened->recorded = name != nullptr;
    if (name && !creates) {
        opened->inode = found->second;
        opened->inode->kind = kind_of(flags);
    } else {
        opened->inode = std::make_shared<Inode>();
        opened->inode->id = next_inode_++;
        opened->inode->kind = kind_of(flags);
        if (name) {
            names_[name] = opened->inode;
            record({.kind = FileOperation::Kind::create, .file = opened->inode->kind, .inode = opened->inode->id, .text = name});
        }
    }
    const auto kind = opened->inode->kind;
    opened->directory_unsynced = (flags & SQLITE_OPEN_CREATE) && (kind == FileKind::wal || kind == FileKind::journal);
    opened->base.pMethods = &VfsEntry::methods;
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

int RecordingVfs::remove(const char* name, bool sync_directory) {
    const std::lock_guard guard(mutex_);
    const auto found = names_.find(name);
    if (found == names_.end()) return SQLITE_IOERR_DELETE_NOENT;
    if (const auto code = fault(FileCall::remove, true)) return code;
    record({.kind = FileOperation::Kind::remove,
            .file = found->second->kind,
            .inode = found->second->id,
            .directory = sync_directory && options_.honour_sync,
            .text = name});
    names_.erase(found);
    return SQLITE_OK;
}

int RecordingVfs::exists(const char* name) const {
    const std::lock_guard guard(mutex_);
    const auto found = names_.find(name);
    return found != names_.end() && found->second->bytes.size() > 0;  // an empty file does not count, as on unix
}

void RecordingVfs::randomness(int bytes, char* out) {
    const std::lock_guard guard(mutex_);
    for (int i = 0; i < bytes; ++i) {
        random_ = random_ * 6364136223846793005u + 1442695040888963407u;
        out[i] = static_cast<char>(random_ >> 56);
    }
}

}  // namespace rowmq::test
