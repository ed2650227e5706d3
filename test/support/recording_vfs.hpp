#pragma once
// An SQLite file system in memory that remembers every call that changes state, so that what a power cut at any moment could
// leave behind can be computed afterwards (crash_images.hpp), and that can fail a chosen call.
// Threads: any; one lock around everything. Owner: the test; connections must be closed before it is destroyed.

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "test/support/file_bytes.hpp"

namespace rowmq::test {

enum class FileKind : std::uint8_t { database, journal, wal, other };

/// One recorded call. Names are full; `inode` is the file's identity and survives its name.
struct FileOperation {
    enum class Kind : std::uint8_t { create, remove, write, truncate, sync, submitted, answered };
    Kind kind{};
    FileKind file = FileKind::other;
    int inode = 0;
    bool directory = false;   ///< sync, remove: names are durable afterwards, too
    std::int64_t offset = 0;  ///< write; truncate: the new size; submitted, answered: how many by now
    std::string text;         ///< write: the bytes; create, remove: the name
};

/// All files by name: what a file system starts from, or a crash leaves.
using FileImage = std::map<std::string, FileBytes>;
std::uint64_t hash_of(const FileImage& image);

enum class FileCall : std::uint8_t { open, remove, read, write, truncate, sync, size, lock, shared_memory, any_change };
inline constexpr std::size_t file_calls = static_cast<std::size_t>(FileCall::any_change) + 1;

/// Makes the `number`th call of its kind (from 1, counted from now) fail with `code`; `sticky`: that one and all later ones.
struct FileFault {
    FileCall call = FileCall::any_change;  ///< any_change: open (when it creates), remove, write, truncate, sync
    std::uint64_t number = 1;
    int code = SQLITE_FULL;
    bool sticky = false;
};

struct RecordingOptions {
    bool record = true;
    bool honour_sync = true;  ///< false: xSync does nothing and says it did (the control of every crash test)
    int sector_bytes = 4096;
    int characteristics = SQLITE_IOCAP_POWERSAFE_OVERWRITE;  ///< as the unix VFS says
    std::uint64_t seed = 1;
};

class RecordingVfs {
public:
    explicit RecordingVfs(RecordingOptions options = {}, const FileImage& start = {});
    ~RecordingVfs();
    RecordingVfs(const RecordingVfs&) = delete;
    RecordingVfs& operator=(const RecordingVfs&) = delete;

    /// For sqlite3_open_v2; unique in the process.
    const std::string& name() const noexcept { return name_; }

    /// The test's promises: `count` things were handed in, or have been answered, by now.
    void submitted(std::int64_t count);
    void answered(std::int64_t count);

    /// What was recorded. Not while connections work.
    const std::vector<FileOperation>& log() const noexcept { return log_; }
    /// The files as another process would see them now (that is: after kill -9).
    FileImage files() const;

    void fail(FileFault fault);
    void heal();
    /// How often a call was made since the start, or since fail().
    std::uint64_t calls(FileCall call) const;

private:
    friend struct RecordedFile;
    friend struct VfsEntry;

    struct SharedMemory {
        std::vector<std::unique_ptr<char[]>> regions;
        std::array<int, SQLITE_SHM_NLOCK> holders{};  ///< > 0: so many share it; -1: exclusive
        int users = 0;
    };
    struct Inode {
        int id = 0;
        FileKind kind = FileKind::other;
        FileBytes bytes;
        int shared = 0;                   ///< handles with at least SHARED
        const void* reserved = nullptr;   ///< the handle above SHARED
        const void* exclusive = nullptr;  ///< the handle at PENDING or EXCLUSIVE
        SharedMemory memory;
    };

    int fault(FileCall call, bool change);
    void record(FileOperation operation);
    void mark(FileOperation::Kind kind, std::int64_t count);

    int open(const char* name, sqlite3_file* file, int flags, int* out_flags);
    int remove(const char* name, bool sync_directory);
    int exists(const char* name) const;
    void randomness(int bytes, char* out);

    const RecordingOptions options_;
    std::string name_;
    sqlite3_vfs vfs_{};
    mutable std::recursive_mutex mutex_;
    std::map<std::string, std::shared_ptr<Inode>> names_;
    int next_inode_ = 1;
    std::vector<FileOperation> log_;
    std::optional<FileFault> fault_;
    std::array<std::uint64_t, file_calls> calls_{};
    std::uint64_t random_;
};

}  // namespace rowmq::test
