// simulation --seed S --seeds N --operations M: runs N seeds from S on; ends with 1 and the tail of the trace at the first
// violation. --sometimes fails when a rare state was reached in no seed; --twice runs each seed again and compares hashes.

#include <charconv>
#include <chrono>
#include <iostream>
#include <string_view>

#include "test/simulation/rare_states.hpp"
#include "test/simulation/simulation.hpp"

namespace {

using namespace rowmq::simulation;

struct Arguments {
    std::uint64_t seed = 1, seeds = 1, operations = 1'000, tail = 40;
    bool sometimes = false, trace = false;
    std::uint64_t twice = 50;  ///< every so manyth seed again
};

bool parse(int count, char** words, Arguments& into) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--sometimes") {
            into.sometimes = true;
            continue;
        }
        if (word == "--trace") {
            into.trace = true;
            continue;
        }
        std::uint64_t* number = word == "--seed"         ? &into.seed
                                : word == "--seeds"      ? &into.seeds
                                : word == "--operations" ? &into.operations
                                : word == "--tail"       ? &into.tail
                                : word == "--twice"      ? &into.twice
                                                         : nullptr;
        if (!number || i + 1 == count) return false;
        const std::string_view value = words[++i];
        if (std::from_chars(value.data(), value.data() + value.size(), *number).ec != std::errc{}) return false;
    }
    return true;
}

int failed(std::uint64_t seed, const Arguments& arguments, const Report& report) {
    const auto first = report.trace.size() > arguments.tail ? report.trace.size() - arguments.tail : 0;
    for (auto i = first; i < report.trace.size(); ++i) std::cout << report.trace[i] << "\n";
    std::cout << "VIOLATION with --seed " << seed << " --operations " << arguments.operations << ": " << report.violation << "\n";
    return 1;
}

}  // namespace

int main(int count, char** words) {
    Arguments arguments;
    if (!parse(count, words, arguments)) {
        std::cerr << "usage: simulation [--seed S] [--seeds N] [--operations M] [--twice EVERY] [--tail LINES] [--sometimes] [--trace]\n";
        return 2;
    }
    const auto began = std::chrono::steady_clock::now();
    std::map<std::string, std::size_t> seen;
    for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
        const auto seed = arguments.seed + i;
        const Settings settings{.seed = seed, .operations = arguments.operations, .stores = both_stores};
        const auto report = simulate(settings);
        if (!report.violation.empty()) return failed(seed, arguments, report);
        if (arguments.trace)
            for (const auto& line : report.trace) std::cout << line << "\n";
        for (const auto& [what, times] : report.seen) seen[what] += times;
        if (arguments.twice > 0 && i % arguments.twice == 0 && simulate(settings).hash != report.hash) {
            std::cout << "seed " << seed << " does not repeat itself\n";
            return 1;
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << arguments.seeds << " seeds of " << arguments.operations << " operations in " << took.count() << " s, no violation\n";
    bool all = true;
    for (const auto& [what, times] : seen) std::cout << "  " << what << ": " << times << "\n";
    for (const auto* what : rare_states)
        if (!seen.contains(what)) {
            std::cout << "  NEVER: " << what << "\n";
            all = false;
        }
    return arguments.sometimes && !all ? 1 : 0;
}
