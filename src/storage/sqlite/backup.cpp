#include "storage/sqlite/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace rowmq::storage::sqlite {
namespace {

constexpr int pages_a_step = 256;

class File final {
public:
    File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
    File(const File&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    bool is_open() const noexcept { return fd_ >= 0; }
    bool sync() const noexcept { return fd_ >= 0 && ::fsync(fd_) == 0; }

private:
    int fd_;
};

Error from_errno(const std::string& doing) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return {full ? Errc::store_full : Errc::invalid_argument, doing + ": " + std::strerror(errno)};
}

/// Page by page from one snapshot: it stays pinned, so the writer goes on and the copy never starts over.
void copy(Connection& from, Connection& to) {
    from.execute("BEGIN");
    from.integer("SELECT count(*) FROM meta");
    to.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
    if (has_page_sums(from.handle())) {
        const auto page_bytes = static_cast<int>(from.integer("PRAGMA page_size"));
        to.execute("PRAGMA page_size = " + std::to_string(page_bytes));
        to.sum_pages(page_bytes);
    }
    auto* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    if (!backup) throw_broken(to.handle(), sqlite3_errcode(to.handle()), "backup");
    int code = SQLITE_OK;
    while (code == SQLITE_OK) code = sqlite3_backup_step(backup, pages_a_step);
    const int finished = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE) throw_broken(to.handle(), code, "backup");
    if (finished != SQLITE_OK) throw_broken(to.handle(), finished, "backup");
    from.execute("COMMIT");
}

}  // namespace

Result<void> back_up(const Store& store, const std::string& vfs, const std::string& path) {
    const auto part = path + ".part";
    const auto folder = std::filesystem::absolute(path).parent_path().string();
    try {
        if (std::filesystem::exists(path)) return Error{Errc::already_exists, "there is a file " + path + " already"};
        if (vfs.empty()) {
            // Made new: an older one's rows, or its log, must not be mixed in.
            ::unlink(part.c_str());
            if (const File made(part, O_RDWR | O_CREAT | O_EXCL); !made.is_open()) return from_errno("cannot make " + part);
        }
        const auto target = vfs.empty() ? part : path;
        {
            auto from = store.connect();
            Connection to(target, {.vfs = vfs});
            copy(from, to);
        }
        if (!vfs.empty()) return {};
        if (!File(part, O_RDWR).sync()) return from_errno("cannot sync " + part);
        // link() refuses where rename() would replace.
        if (::link(part.c_str(), path.c_str()) != 0) {
            const auto why =
                errno == EEXIST ? Error{Errc::already_exists, "there is a file " + path + " already"} : from_errno("cannot make " + path);
            ::unlink(part.c_str());
            return why;
        }
        ::unlink(part.c_str());
        if (!File(folder, O_RDONLY | O_DIRECTORY).sync()) return from_errno("cannot sync " + folder);
        return {};
    } catch (const Broken& broken) {
        if (vfs.empty()) ::unlink(part.c_str());
        return Error{broken.is_full() ? Errc::store_full : Errc::store_failed, "the backup failed: " + std::string(broken.what())};
    } catch (const std::exception& thrown) {
        return Error{Errc::store_failed, "the backup failed: " + std::string(thrown.what())};
    }
}

}  // namespace rowmq::storage::sqlite
