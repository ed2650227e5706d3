// Power cuts by enumeration. Exit 0: every image was what the ledger allows (and with --controls, the broken disks were found
// out); 1: not; 2: a wrong argument.

#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "test/torture/power/examine.hpp"

namespace rowmq::torture {
namespace {

constexpr const char* usage = R"(Usage: power_loss [--images N] [--seed S] [--controls]

Records nine histories of a broker on SQLite, computes what a power cut before each call could leave on the disk, opens it
and compares it with what was promised.

  --images N   at least so many images are made, history after history, seed after seed (default 100000)
  --seed S     the first seed (default 1)
  --controls   also runs disks that must be found out: one that does not sync, one with synchronous=NORMAL
)";

/// Of a history; more seeds instead of more turns, so that every history has its share of few images too.
constexpr int turns = 4;

struct Arguments {
    std::uint64_t images = 100'000, seed = 1;
    bool controls = false;
};

bool number(std::string_view text, std::uint64_t& into) {
    char* end = nullptr;
    const std::string copy(text);
    into = std::strtoull(copy.c_str(), &end, 10);
    return !copy.empty() && *end == '\0';
}

bool parse(int count, char** words, Arguments& into) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--controls") into.controls = true;
        else if (word == "--images" && i + 1 < count) {
            if (!number(words[++i], into.images)) return false;
        } else if (word == "--seed" && i + 1 < count) {
            if (!number(words[++i], into.seed)) return false;
        } else {
            return false;
        }
    }
    return true;
}

Findings run(const Arguments& arguments) {
    Findings all;
    for (auto seed = arguments.seed; all.images < arguments.images; ++seed)
        for (std::uint64_t number = seed; const auto& kind : history_kinds()) {  // each its own disk, another with the next seed
            const auto history = record(kind, {.seed = seed, .turns = turns, .tears = number % 2 == 0, .seals = number / 2 % 2 == 1});
            ++number;
            const auto found = examine(*history, {.images = {.prefixes = 6, .random_subsets = 3, .seed = seed}, .nested_points = 3});
            std::cout << kind.name << ", seed " << seed << ": " << found << std::endl;
            all.add(found);
            if (all.images >= arguments.images && seed > arguments.seed) break;  // every history at least once
        }
    return all;
}

/// The first histories on a disk that breaks its word.
Findings control(const HistoryOptions& options) {
    Findings all;
    for (const auto& kind : history_kinds()) {
        const auto history = record(kind, options);
        all.add(
            examine(*history, {.images = {.prefixes = 1, .random_subsets = 1, .every = 12, .seed = options.seed}, .nested_percent = 0}));
    }
    return all;
}

bool controls(std::uint64_t seed) {
    auto no_sync = control({.seed = seed, .turns = 3, .honour_sync = false});
    auto normal = control({.seed = seed, .turns = 3, .synchronous = storage::sqlite::Synchronous::normal});
    no_sync.first.clear();
    normal.first.clear();
    std::cout << "control, syncs do nothing: " << no_sync << "\ncontrol, synchronous=NORMAL: " << normal << "\n";
    const bool found_out = no_sync.corrupt > 0 && no_sync.lost > 0 && normal.lost > 0 && normal.corrupt == 0;
    if (!found_out) std::cout << "a control was not found out\n";
    return found_out;
}

}  // namespace
}  // namespace rowmq::torture

int main(int count, char** words) {
    using namespace rowmq::torture;
    Arguments arguments;
    if (!parse(count, words, arguments)) {
        std::cerr << usage;
        return 2;
    }
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    try {
        const auto began = std::chrono::steady_clock::now();
        const auto all = run(arguments);
        const bool found_out = !arguments.controls || controls(arguments.seed);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        std::cout << "all: " << all << "\n" << took.count() << " s\n";
        return all.sound() && found_out ? 0 : 1;
    } catch (const std::exception& thrown) {
        std::cerr << thrown.what() << "\n";
        return 1;
    }
}
