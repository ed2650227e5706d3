#pragma once
// Decides, before anything of a batch is applied, which of its units are left out.
// Threads: the writer, inside its transaction.

#include <vector>

#include "storage/engine.hpp"
#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

/// The units of one batch that are left out, and why.
class Units final {
public:
    /// Starts over for a batch.
    void reset(const Batch& batch);
    /// Whether a row of `unit` is applied.
    bool holds(Unit unit) const noexcept { return left_out_.empty() || !out_[static_cast<std::size_t>(unit)]; }
    bool all_hold() const noexcept { return left_out_.empty(); }
    /// A unit is left out once: the first reason stands.
    void leave_out(LeftOut reason);
    /// Ascending by unit.
    std::vector<LeftOut> take();

private:
    std::vector<bool> out_;
    std::vector<LeftOut> left_out_;
};

/// Unit by unit: searches deduplication ids and remembers them (in table b when `second_table`, else a), and looks for the
/// entries that removals and updates need. What a unit that is left out remembered is forgotten again.
void decide(const Batch& batch, Statements& statements, bool second_table, Units& units);

}  // namespace rowmq::storage::sqlite
