#pragma once
// One seed: the same decisions for every store, the same answers from each, and none that the model forbids.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "test/simulation/world.hpp"

namespace rowmq::simulation {

/// Changes what was observed before anybody compares it: shows that the model would see such a fault. Returns whether it did.
using Lie = std::function<bool(const Operation&, Observation&)>;

struct Settings {
    std::uint64_t seed = 1;
    std::size_t operations = 1'000;
    std::function<std::vector<Store>()> stores;
    Lie lie;  ///< or none
};

struct Report {
    std::uint64_t hash = 0;                   ///< of the whole trace
    std::string violation;                    ///< empty: none
    std::vector<std::string> trace;           ///< its last lines
    std::map<std::string, std::size_t> seen;  ///< rare states, how often
    bool lied = false;
};

Report simulate(const Settings& settings);

/// Memory and SQLite (inline, on a file system in memory).
std::vector<Store> both_stores();

}  // namespace rowmq::simulation
