// The series every program has, under the names Prometheus' own client libraries give them. From /proc (Linux).

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "admin/metrics/families.hpp"
#include "base/process_descriptors.hpp"
#include "base/process_memory.hpp"

namespace rowmq::admin::metrics {
namespace {

std::string contents(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Seconds since 1970 at which the machine started; 0: not known.
double boot_time() {
    std::istringstream lines(contents("/proc/stat"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    return 0;
}

struct Process {
    double cpu_seconds = 0, start_time = 0;
};

/// Fields 14, 15 and 22 of /proc/self/stat, see proc(5). The name in field 2 may hold spaces; it ends with the last ')'.
Process process() {
    const std::string text = contents("/proc/self/stat");
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(text.substr(name_end + 1));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    Process out;
    std::string field;
    for (int number = 3; fields >> field && number <= 22; ++number) {
        if (number == 14 || number == 15) out.cpu_seconds += std::stod(field) / ticks;
        if (number == 22) out.start_time = boot_time() + std::stod(field) / ticks;
    }
    return out;
}

}  // namespace

void add_process(std::vector<MetricFamily>& families) {
    const Process self = process();
    families.push_back(counter("process_cpu_seconds_total", "Processor time used, of all threads.", self.cpu_seconds));
    families.push_back(gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", self.start_time));
    families.push_back(gauge("process_resident_memory_bytes", "Memory in use.", static_cast<double>(resident_memory())));
    families.push_back(gauge("process_open_fds", "Open files and connections.", static_cast<double>(open_descriptors())));
    families.push_back(gauge("process_max_fds", "As many may be open.", static_cast<double>(most_descriptors())));
}

}  // namespace rowmq::admin::metrics
