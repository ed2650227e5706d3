#pragma once
// One process owns a store: an exclusive lock on the file "<path>.owner", held for life, which says who.
// Threads: any, one at a time for one OwnerLock. A fork()ed child does not inherit the lock.

#include <optional>
#include <string>

#include "rowmq/error.hpp"

namespace rowmq::storage::sqlite {

/// Who holds a store now.
struct Owner {
    std::int64_t pid = 0;
    std::string admin_address;  ///< "127.0.0.1:15672", or empty
};

/// The owner of the store at `path` (the database's path), or none when nobody holds it.
std::optional<Owner> owner_of(const std::string& path);

class OwnerLock final {
public:
    /// Errors: store_busy (the text names pid and admin address), store_failed (the file cannot be made).
    static Result<OwnerLock> take(const std::string& path, const std::string& admin_address);

    OwnerLock() = default;
    OwnerLock(OwnerLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnerLock& operator=(OwnerLock&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~OwnerLock() { release(); }

    /// Rewrites what the file says.
    void announce(const std::string& admin_address);
    void release() noexcept;

private:
    explicit OwnerLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

/// Why a database must not lie in the folder of `path` (a network file system), or none.
std::optional<std::string> unfit_place(const std::string& path);
/// The name of the network file system with statfs's `type`, or none: others are fit.
std::optional<std::string_view> network_file_system(std::uint64_t type) noexcept;

/// `path` with its links resolved, so that two names of one file have one owner.
std::string real_path(const std::string& path);

/// How many times this process is a fork()ed child: an engine made before answers no more.
int fork_depth() noexcept;

}  // namespace rowmq::storage::sqlite
