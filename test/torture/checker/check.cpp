#include "test/torture/checker/check.hpp"

namespace rowmq::torture {

Verdict check(const History& history, const Dump* dump, const Bounds& bounds) {
    Verdict verdict;
    judge_messages(history, dump, verdict);
    judge_leases(history, verdict);
    judge_groups(history, verdict);
    judge_deduplication(history, verdict);
    judge_dead_letters(history, dump, verdict);
    judge_counts(history, dump, bounds, verdict);
    judge_liveness(history, dump, bounds, verdict);
    return verdict;
}

}  // namespace rowmq::torture
