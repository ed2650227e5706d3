#pragma once
// One plan, carried out and judged: chaos first, then everything is healed and all that is owed must come.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "test/simulation/sqs/client.hpp"

namespace rowmq::sqs_simulation {

/// Changes a reply before anybody sees it: shows that the reference would see such a fault. Whether it did.
using Lie = std::function<bool(const Step&, Reply&)>;

struct Report {
    std::uint64_t hash = 0;  ///< of the whole trace
    std::string violation;   ///< empty: none
    std::vector<std::string> trace;
    std::map<std::string, std::size_t> seen;  ///< rare states, how often
    std::size_t operations = 0;               ///< requests, faults and moves of the clock
    std::size_t states = 1;                   ///< most that were possible at once
    bool lied = false;
};

Report carry_out(const Plan& plan, const Lie& lie = {});

/// The plan with as few steps as still break the same rule (delta debugging: Zeller and Hildebrandt, TSE 2002).
Plan shrink(Plan plan, const std::string& violation, const Lie& lie = {}, std::size_t most_runs = 400);

}  // namespace rowmq::sqs_simulation
