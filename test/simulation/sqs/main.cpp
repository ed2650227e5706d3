// sqs_simulation --seed S --seeds N --operations M: runs N seeds from S on; ends with 1 at the first violation, with the steps it
// shrinks to and their trace. --twice K runs every Kth seed again and compares hashes; --sometimes fails when a rare state was
// reached in no seed; --trace prints everything of the first seed.

#include <charconv>
#include <chrono>
#include <iostream>
#include <string_view>

#include "test/simulation/sqs/rare_states.hpp"
#include "test/simulation/sqs/run.hpp"

namespace {

using namespace rowmq::sqs_simulation;

struct Arguments {
    std::uint64_t seed = 1, seeds = 1, operations = 300, twice = 50, lines = 60, keep_on = 0;
    bool sometimes = false, trace = false;
};

bool parse(int count, char** words, Arguments& into) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--sometimes" || word == "--trace") {
            (word == "--trace" ? into.trace : into.sometimes) = true;
            continue;
        }
        std::uint64_t* number = word == "--seed"         ? &into.seed
                                : word == "--seeds"      ? &into.seeds
                                : word == "--operations" ? &into.operations
                                : word == "--twice"      ? &into.twice
                                : word == "--lines"      ? &into.lines
                                : word == "--keep-on"    ? &into.keep_on
                                                         : nullptr;
        if (!number || i + 1 == count) return false;
        const std::string_view value = words[++i];
        if (std::from_chars(value.data(), value.data() + value.size(), *number).ec != std::errc{}) return false;
    }
    return true;
}

void tell(const Plan& plan, const Report& report, const Arguments& arguments) {
    const auto smaller = shrink(plan, report.violation);
    const auto again = carry_out(smaller);
    const auto& trace = again.violation.empty() ? report.trace : again.trace;
    const auto first = trace.size() > arguments.lines ? trace.size() - arguments.lines : 0;
    for (auto i = first; i < trace.size(); ++i) std::cout << trace[i] << "\n";
    std::cout << "VIOLATION with --seed " << plan.seed << " --operations " << arguments.operations << ", shrunk from " << plan.steps.size()
              << " to " << smaller.steps.size() << " steps: " << (again.violation.empty() ? report.violation : again.violation) << "\n";
}

}  // namespace

int main(int count, char** words) {
    Arguments arguments;
    if (!parse(count, words, arguments)) {
        std::cerr << "usage: sqs_simulation [--seed S] [--seeds N] [--operations M] [--twice EVERY] [--lines N] [--sometimes] [--trace] "
                     "[--keep-on N]\n";
        return 2;
    }
    const auto began = std::chrono::steady_clock::now();
    std::map<std::string, std::size_t> seen;
    std::size_t operations = 0, states = 0, twice = 0;
    std::uint64_t violations = 0;
    for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
        const auto plan = make_plan(arguments.seed + i, arguments.operations);
        const auto report = carry_out(plan);
        operations += report.operations;
        states = std::max(states, report.states);
        if (arguments.trace && i == 0)
            for (const auto& line : report.trace) std::cout << line << "\n";
        if (!report.violation.empty()) {
            tell(plan, report, arguments);
            if (++violations > arguments.keep_on) return 1;
        }
        for (const auto& [what, times] : report.seen) seen[what] += times;
        if (arguments.twice > 0 && i % arguments.twice == 0 && ++twice && carry_out(plan).hash != report.hash) {
            std::cout << "seed " << plan.seed << " does not repeat itself\n";
            return 1;
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << arguments.seeds << " seeds, " << operations << " operations in " << took.count() << " s ("
              << static_cast<std::uint64_t>(static_cast<double>(operations) / took.count()) << " a second), " << twice
              << " run twice, at most " << states << " states possible, " << violations << " violations\n";
    bool all = true;
    for (const auto* what : rare_states) {
        const auto times = seen[what];
        std::cout << (times > 0 ? "  " : "  NEVER: ") << what << (times > 0 ? ": " + std::to_string(times) : "") << "\n";
        all &= times > 0;
    }
    return violations > 0 || (arguments.sometimes && !all) ? 1 : 0;
}
