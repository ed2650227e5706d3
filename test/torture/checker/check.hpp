#pragma once
// Judges a whole history: every invariant, whatever the test was about.

#include "test/torture/checker/dump.hpp"
#include "test/torture/checker/verdict.hpp"

namespace rowmq::torture {

struct Bounds {
    std::int64_t grant_ms = 1'000;    ///< a ready message reaches who waits for one
    std::int64_t answer_ms = 30'000;  ///< an operation is answered, after the last fault, beyond what it may wait
    std::int64_t growth_percent = 5;  ///< a gauge is back at its base
};

/// `dump` may be null: then what ended quiet is taken for drained.
Verdict check(const History& history, const Dump* dump, const Bounds& bounds = {});

// One file each.
void judge_messages(const History& history, const Dump* dump, Verdict& verdict);                        // I1 I2 I3 I11 I12
void judge_leases(const History& history, Verdict& verdict);                                            // I4
void judge_groups(const History& history, Verdict& verdict);                                            // I5
void judge_deduplication(const History& history, Verdict& verdict);                                     // I8
void judge_dead_letters(const History& history, const Dump* dump, Verdict& verdict);                    // I9
void judge_counts(const History& history, const Dump* dump, const Bounds& bounds, Verdict& verdict);    // I10 I14
void judge_liveness(const History& history, const Dump* dump, const Bounds& bounds, Verdict& verdict);  // I13

}  // namespace rowmq::torture
