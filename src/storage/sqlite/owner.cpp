#include "storage/sqlite/owner.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <cstring>
#include <filesystem>

namespace rowmq::storage::sqlite {
namespace {

// What a forked child must do may only use such things: counters, and descriptors to close, because a lock of an open file
// description lives as long as any process has it open.
std::atomic<int> forks{0};
std::array<std::atomic<int>, 64> descriptors{};  // fd + 1; 0: free

void in_child() {
    forks.fetch_add(1);
    for (auto& descriptor : descriptors)
        if (const int fd = descriptor.exchange(0)) ::close(fd - 1);
}
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, &in_child);

void remember(int fd) {
    for (auto& descriptor : descriptors)
        if (int free = 0; descriptor.compare_exchange_strong(free, fd + 1)) return;
}
/// False: a fork closed it already.
bool forget(int fd) {
    for (auto& descriptor : descriptors)
        if (int held = fd + 1; descriptor.compare_exchange_strong(held, 0)) return true;
    return fork_depth() == 0;
}

std::string owner_file(const std::string& path) { return real_path(path) + ".owner"; }

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::optional<Owner> read_owner(int fd) {
    std::array<char, 1024> bytes{};
    const auto size = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (size <= 0) return std::nullopt;
    boost::system::error_code bad;
    const auto value = boost::json::parse({bytes.data(), static_cast<std::size_t>(size)}, bad);
    if (bad || !value.is_object()) return std::nullopt;
    Owner owner;
    if (const auto* pid = value.as_object().if_contains("pid"); pid && pid->is_int64()) owner.pid = pid->as_int64();
    if (const auto* admin = value.as_object().if_contains("admin"); admin && admin->is_string()) owner.admin_address = admin->as_string();
    return owner;
}

Error system_error(const std::string& what) { return {Errc::store_failed, what + ": " + std::strerror(errno)}; }

}  // namespace

int fork_depth() noexcept { return forks.load(std::memory_order_relaxed); }

std::string real_path(const std::string& path) {
    std::error_code bad;
    const auto whole = std::filesystem::weakly_canonical(path, bad);
    return bad ? path : whole.string();
}

std::optional<Owner> owner_of(const std::string& path) {
    const int fd = ::open(owner_file(path).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::optional<Owner> owner;
    auto lock = whole_file();
    lock.l_type = F_RDLCK;
    if (::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) owner = read_owner(fd).value_or(Owner{});
    ::close(fd);
    return owner;
}

Result<OwnerLock> OwnerLock::take(const std::string& path, const std::string& admin_address) {
    const auto name = owner_file(path);
    const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return system_error("cannot open " + name);
    OwnerLock taken(fd);
    remember(fd);
    auto lock = whole_file();
    if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES) return system_error("cannot lock " + name);
        const auto owner = read_owner(fd).value_or(Owner{});
        std::string text = path + " is in use by ";
        text += owner.pid ? "process " + std::to_string(owner.pid) : std::string("another process");
        if (!owner.admin_address.empty()) text += ", whose admin address is " + owner.admin_address;
        return Error{Errc::store_busy, std::move(text)};
    }
    taken.announce(admin_address);
    return taken;
}

void OwnerLock::announce(const std::string& admin_address) {
    if (fd_ < 0) return;
    auto text = boost::json::serialize(boost::json::object{{"pid", ::getpid()}, {"admin", admin_address}}) + "\n";
    // Written before the file is cut, so that a reader finds one of both texts, or the new one with the old one's end.
    if (struct stat before{}; ::fstat(fd_, &before) == 0 && before.st_size > static_cast<off_t>(text.size()))
        text.append(static_cast<std::size_t>(before.st_size) - text.size(), ' ');
    [[maybe_unused]] const auto written = ::pwrite(fd_, text.data(), text.size(), 0);
}

void OwnerLock::release() noexcept {
    if (fd_ < 0) return;
    const int fd = std::exchange(fd_, -1);
    if (forget(fd)) ::close(fd);
}

std::optional<std::string_view> network_file_system(std::uint64_t type) noexcept {
    switch (type) {
        case 0x6969: return "NFS";
        case 0x517b: return "SMB";
        case 0xff534d42: return "CIFS";
        case 0xfe534d42: return "SMB2";
        case 0x01021997: return "9P";
        case 0x5346414f: return "AFS";
        case 0x00c36400: return "Ceph";
        case 0x73757245: return "Coda";
        case 0x564c: return "NCP";
        case 0x7461636f: return "OCFS2";
        case 0x01161970: return "GFS2";
        case 0x0bd00bd0: return "Lustre";
        case 0x47504653: return "GPFS";
        default: return std::nullopt;
    }
}

std::optional<std::string> unfit_place(const std::string& path) {
    auto folder = std::filesystem::path(real_path(path)).parent_path();
    if (folder.empty()) folder = ".";
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) != 0) return "cannot look at " + folder.string() + ": " + std::strerror(errno);
    const auto network = network_file_system(static_cast<std::uint32_t>(about.f_type));
    if (!network) return std::nullopt;
    return folder.string() + " is on a network file system (" + std::string(*network) +
           "), where SQLite's locks and shared memory cannot be trusted; put the store on a local disk";
}

}  // namespace rowmq::storage::sqlite
