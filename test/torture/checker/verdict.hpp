#pragma once
// What was found wrong: how often each invariant was broken, and the shortest case of each.
// Threads: one.

#include <array>
#include <ostream>

#include "test/torture/checker/history.hpp"

namespace rowmq::torture {

enum class Invariant : std::uint8_t {
    at_least_once,
    no_phantom,
    no_resurrection,
    one_lease,
    group_order,
    deduplication,
    dead_letter,
    conservation,
    isolation,
    honest_answers,
    liveness,
    bounded
};
inline constexpr std::size_t invariants = 12;
/// "I1 at least once"
std::string_view name_of(Invariant invariant);

class Verdict final {
public:
    /// `lines` is the case: what a reader needs to see that it is one, in order.
    void add(Invariant broken, std::string sentence, std::vector<std::uint32_t> lines);
    bool holds() const;
    std::size_t count(Invariant broken) const { return cases_[static_cast<std::size_t>(broken)].count; }
    const std::vector<std::uint32_t>& witness(Invariant broken) const { return cases_[static_cast<std::size_t>(broken)].lines; }
    const std::string& sentence(Invariant broken) const { return cases_[static_cast<std::size_t>(broken)].sentence; }
    void not_judged(Invariant invariant) { cases_[static_cast<std::size_t>(invariant)].judged = false; }
    void print(std::ostream& out, const Ledger& ledger) const;

private:
    struct Case {
        std::size_t count = 0;
        std::string sentence;
        std::vector<std::uint32_t> lines;
        bool judged = true;
    };
    std::array<Case, invariants> cases_;
};

}  // namespace rowmq::torture
