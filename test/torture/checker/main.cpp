// checker LEDGER [DUMP]: judges a history. Exit 0: every promise was kept; 1: one was broken; 2: there is nothing to judge.

#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "test/torture/checker/check.hpp"
#include "test/torture/checker/fields.hpp"

namespace {

using namespace rowmq::torture;

constexpr auto usage =
    "Usage: checker [--grant-ms N] [--answer-ms N] [--growth-percent N] LEDGER [DUMP]\n"
    "Judges what clients did and saw, and what the store held in the end.\n"
    "Exit 0: every invariant held; 1: one was broken, its shortest case is printed; 2: the files cannot be read.\n";

struct Arguments {
    Bounds bounds;
    std::vector<std::string> files;
};

bool read_arguments(int argc, char** argv, Arguments& out) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (!word.starts_with("--")) {
            out.files.emplace_back(word);
            continue;
        }
        std::int64_t* value = word == "--grant-ms"         ? &out.bounds.grant_ms
                              : word == "--answer-ms"      ? &out.bounds.answer_ms
                              : word == "--growth-percent" ? &out.bounds.growth_percent
                                                           : nullptr;
        if (!value || ++i == argc || !to_number(argv[i], *value)) return false;
    }
    return out.files.size() == 1 || out.files.size() == 2;
}

int refuse(const std::string& why) {
    std::cerr << "checker: " << why << "\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!read_arguments(argc, argv, arguments)) {
        std::cerr << usage;
        return 2;
    }
    const auto began = std::chrono::steady_clock::now();
    Ledger ledger;
    if (const auto wrong = ledger.read(arguments.files[0]); !wrong.empty()) return refuse(wrong);
    Dump dump;
    std::string text;
    if (arguments.files.size() == 2) {
        std::ifstream file(arguments.files[1]);
        if (!file) return refuse(arguments.files[1] + ": cannot be opened");
        text = std::move(std::ostringstream() << file.rdbuf()).str();
        if (const auto wrong = parse_dump(text, ledger, dump); !wrong.empty()) return refuse(arguments.files[1] + ": " + wrong);
    }
    const History history(ledger);
    const auto verdict = check(history, arguments.files.size() == 2 ? &dump : nullptr, arguments.bounds);
    verdict.print(std::cout, ledger);
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::cout << ledger.operations.size() << " operations on " << ledger.names.size() << " messages, " << history.deaths.size()
              << " deaths of the program; judged in " << took << " s: " << (verdict.holds() ? "every promise was kept" : "FAILED") << "\n";
    return verdict.holds() ? 0 : 1;
}
