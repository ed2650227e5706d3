#include "measure.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <thread>

namespace rowmq::bench {

std::vector<double> fdatasync_times(const std::string& directory, int count, double per_second) {
    const std::string path = directory + "/fdatasync.bin";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) throw std::runtime_error("cannot create " + path);
    const std::string block(4096, 'x');
    // Written once before, so that the measured writes do not make the file longer: as in a log that is reused.
    for (int i = 0; i < 256; ++i)
        if (::pwrite(file, block.data(), block.size(), i * 4096) != 4096) throw std::runtime_error("cannot write " + path);
    ::fsync(file);
    std::vector<double> times;
    const auto interval = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(1 / per_second));
    auto next = now();
    for (int i = 0; i < count; ++i) {
        std::this_thread::sleep_until(next);
        next += interval;
        const auto start = now();
        if (::pwrite(file, block.data(), block.size(), (i % 256) * 4096) != 4096) throw std::runtime_error("cannot write " + path);
        ::fdatasync(file);
        times.push_back(seconds_since(start) * 1e3);
    }
    ::close(file);
    ::unlink(path.c_str());
    return times;
}

ProcessorTime processor_time() {
    const auto read = [](clockid_t clock) {
        timespec time{};
        ::clock_gettime(clock, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    };
    const double own = read(CLOCK_THREAD_CPUTIME_ID);
    return {own, read(CLOCK_PROCESS_CPUTIME_ID) - own};
}

Resident resident(const std::string& process) {
    Resident found;
    std::ifstream status("/proc/" + process + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) found.peak = std::stod(line.substr(6)) / 1024;
        if (line.starts_with("VmRSS:")) found.now = std::stod(line.substr(6)) / 1024;
    }
    return found;
}

}  // namespace rowmq::bench
