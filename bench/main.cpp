// rowmq_bench [--quick] [--directory DIR] [--server PROGRAM] [--json FILE] [--only TEXT] [NAME...]
// Exit: 0 all bars held, 1 something could not be measured, 2 wrong usage, 3 a bar was missed.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>

#include "bench.hpp"

namespace {

using namespace rowmq::bench;

struct Benchmark {
    const char* name;
    const char* what;
    void (*run)(const Settings&, Report&);
    bool by_default = true;
};

constexpr Benchmark benchmarks[] = {
    {"flow", "publish, next, done in one process", flow},
    {"publish", "publish only", publish},
    {"consume", "consume only from a backlog", consume},
    {"latency", "one message at a time", latency},
    {"backlog", "1,000,000 x 256 B: memory, draining, restart", backlog},
    {"million", "1,000,000 waiting, four ways", million},
    {"scrape", "/metrics with 10,000 queues", scrape},
    {"idle", "the server with nothing to do", idle},
    {"engine", "the storage engine alone", engine, false},
    {"shapes", "settings and statement shapes of SQLite alone", shapes, false},
};

int usage() {
    fmt::print("usage: rowmq_bench [--quick] [--directory DIR] [--server PROGRAM] [--json FILE] [--only TEXT] [NAME...]\n\n");
    for (const auto& benchmark : benchmarks)
        fmt::print("  {:<8} {}{}\n", benchmark.name, benchmark.what, benchmark.by_default ? "" : " (only when named)");
    return 2;
}

int part(int count, char** words) {
    Part figures;
    try {
        if (count < 3 || !run_part(words[2], std::vector<std::string>(words + 3, words + count), figures)) return usage();
    } catch (const std::exception& failure) {
        fmt::print("{}\n", failure.what());
        return 1;
    }
    for (const auto& [name, value] : figures) fmt::print("{} {}\n", name, value);
    return 0;
}

std::string json_of(const std::vector<std::pair<std::string, std::string>>& conditions, const Report& report) {
    std::string text = "{\"conditions\": {";
    for (std::size_t i = 0; i < conditions.size(); ++i)
        text += fmt::format("{}\"{}\": \"{}\"", i ? ", " : "", conditions[i].first, conditions[i].second);
    return text + "},\n \"figures\": " + report.json() + "}\n";
}

}  // namespace

int main(int count, char** words) {
    if (count > 1 && std::string_view(words[1]) == "--part") return part(count, words);
    Settings settings;
    settings.program = std::filesystem::read_symlink("/proc/self/exe").string();
    settings.server = (std::filesystem::path(settings.program).parent_path().parent_path() / "rowmq").string();
    settings.directory = std::filesystem::current_path().string();
    std::string json;
    std::vector<std::string> names;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        const bool more = i + 1 < count;
        if (word == "--quick") settings.quick = true;
        else if (word == "--directory" && more) settings.directory = words[++i];
        else if (word == "--server" && more) settings.server = words[++i];
        else if (word == "--json" && more) json = words[++i];
        else if (word == "--only" && more) settings.only = words[++i];
        else if (word.starts_with("-")) return usage();
        else names.push_back(word);
    }
    for (const auto& name : names)
        if (std::none_of(std::begin(benchmarks), std::end(benchmarks), [&](const Benchmark& b) { return b.name == name; })) return usage();

    Report report;
    const auto circumstances = conditions(settings.directory);
    bool broken = false;
    for (const auto& benchmark : benchmarks) {
        if (names.empty() ? !benchmark.by_default : std::find(names.begin(), names.end(), benchmark.name) == names.end()) continue;
        fmt::print(stderr, "{}: {}\n", benchmark.name, benchmark.what);
        try {
            benchmark.run(settings, report);
        } catch (const std::exception& failure) {
            fmt::print(stderr, "{}: could not be measured: {}\n", benchmark.name, failure.what());
            broken = true;
        }
    }
    for (const auto& [name, value] : circumstances) fmt::print("{}: {}  \n", name, value);
    fmt::print("\n{}", report.markdown());
    if (!json.empty()) std::ofstream(json) << json_of(circumstances, report);
    return broken ? 1 : report.all_held() ? 0 : 3;
}
