#include "report.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <thread>

#include "measure.hpp"

namespace rowmq::bench {
namespace {

std::string number(double value) {
    const double size = std::abs(value);
    return size >= 1000 ? fmt::format("{:.0f}", value) : size >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.3f}", value);
}

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

std::string file_system(const std::string& directory) {
    struct statfs found {};
    if (::statfs(directory.c_str(), &found) != 0) return "unknown";
    switch (found.f_type) {
        case 0xef53: return "ext4";
        case 0x58465342: return "xfs";
        case 0x9123683e: return "btrfs";
        case 0x01021994: return "tmpfs (syncs are free: not a disk)";
        case 0x794c7630: return "overlayfs";
    }
    return fmt::format("{:#x}", static_cast<unsigned long>(found.f_type));
}

}  // namespace

bool Figure::held() const {
    if (!bar) return true;
    const double against = ratio.value_or(value);
    return at_least ? against >= *bar : against <= *bar;
}

void Report::add(Figure figure) {
    fmt::print(stderr, "  {}: {} {}{}{}{}\n", figure.name, number(figure.value), figure.unit,
               figure.raw ? " (raw " + number(*figure.raw) + ")" : "", figure.ratio ? " = " + number(*figure.ratio) + " x" : "",
               figure.bar ? figure.held() ? " held" : " MISSED" : "");
    figures_.push_back(std::move(figure));
}

bool Report::all_held() const {
    return std::all_of(figures_.begin(), figures_.end(), [](const Figure& figure) { return figure.held(); });
}

std::string Report::markdown() const {
    std::string text = "| what | measured | raw | ratio | bar | held | conditions |\n|---|---|---|---|---|---|---|\n";
    for (const auto& f : figures_)
        text += fmt::format("| {} | {} {} | {} | {} | {} | {} | {} |\n", f.name, number(f.value), f.unit,
                            f.raw ? number(*f.raw) + " " + f.unit : "", f.ratio ? fmt::format("{:.2f}", *f.ratio) : "",
                            f.bar ? (f.at_least ? ">= " : "<= ") + number(*f.bar) + (f.ratio ? " x" : " " + f.unit) : "",
                            f.bar ? f.held() ? "yes" : "**no**" : "", f.note);
    return text;
}

std::string Report::json() const {
    boost::json::array rows;
    for (const auto& f : figures_) {
        boost::json::object row{{"name", f.name}, {"unit", f.unit}, {"value", f.value}, {"held", f.held()}, {"note", f.note}};
        if (f.raw) row["raw"] = *f.raw;
        if (f.ratio) row["ratio"] = *f.ratio;
        if (f.bar) row["bar"] = *f.bar;
        if (f.bar) row["at_least"] = f.at_least;
        rows.push_back(std::move(row));
    }
    return boost::json::serialize(rows);
}

std::vector<std::pair<std::string, std::string>> conditions(const std::string& directory) {
    struct utsname system {};
    ::uname(&system);
    double load[1] = {0};
    (void)::getloadavg(load, 1);
    const auto syncs = fdatasync_times(directory, 300, 1000);
    return {
        {"processor", fmt::format("{}, {} cores", processor(), std::thread::hardware_concurrency())},
        {"kernel", fmt::format("{} {}", system.sysname, system.release)},
        {"file system", file_system(directory)},
        {"fdatasync of 4 KiB", fmt::format("p50 {:.3f} ms, p99 {:.3f} ms", median(syncs), percentile(syncs, 0.99))},
        {"load before", fmt::format("{:.2f}", load[0])},
        {"SQLite", sqlite3_libversion()},
        {"compiler", fmt::format("g++ {}, {}", __VERSION__, ROWMQ_BUILD)},
        {"commit", ROWMQ_COMMIT},
    };
}

}  // namespace rowmq::bench
