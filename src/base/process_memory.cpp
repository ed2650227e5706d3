#include "base/process_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace rowmq {
namespace {

struct Pages {
    std::int64_t size = 0, resident = 0, shared = 0;
};

Pages pages() {
    Pages out;
    std::ifstream("/proc/self/statm") >> out.size >> out.resident >> out.shared;
    return out;
}

std::int64_t page_bytes() { return ::sysconf(_SC_PAGESIZE); }

/// The limit a folder of control groups sets, or `most`. ("max" is no number.)
std::int64_t limited(const std::string& folder, std::int64_t most) {
    std::int64_t limit = 0;
    return std::ifstream(folder + "/memory.max") >> limit ? std::min(limit, most) : most;
}

}  // namespace

std::int64_t resident_memory() { return pages().resident * page_bytes(); }

std::int64_t held_memory() {
    const Pages now = pages();
    return (now.resident - now.shared) * page_bytes();
}

std::int64_t available_memory() {
    const std::string root = "/sys/fs/cgroup";
    std::int64_t most = limited(root, ::sysconf(_SC_PHYS_PAGES) * page_bytes());
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);)
        if (line.starts_with("0::")) most = limited(root + line.substr(3), most);
    return most;
}

}  // namespace rowmq
