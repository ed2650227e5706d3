#pragma once
// Small arithmetic of measuring.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace rowmq::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

inline SteadyTime now() { return std::chrono::steady_clock::now(); }
inline double seconds_since(SteadyTime start) { return std::chrono::duration<double>(now() - start).count(); }

/// The value below which `share` of them lie (nearest rank); 0 of nothing.
inline double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto rank = std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
    return values[rank];
}
inline double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

/// Milliseconds of `count` rounds of writing 4 KiB and fdatasync, `per_second` at most a second, in `directory`.
std::vector<double> fdatasync_times(const std::string& directory, int count, double per_second);

/// Seconds of processor time: of the calling thread, and of the process's other threads.
struct ProcessorTime {
    double own = 0, others = 0;
    friend ProcessorTime operator-(const ProcessorTime& a, const ProcessorTime& b) { return {a.own - b.own, a.others - b.others}; }
};
ProcessorTime processor_time();

/// Peak and present resident set of this process in MiB.
struct Resident {
    double peak = 0, now = 0;
};
Resident resident(const std::string& process = "self");

}  // namespace rowmq::bench
