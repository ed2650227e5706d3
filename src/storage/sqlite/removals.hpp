#pragma once
// Removes entries and delayed ones with the bodies nobody needs any more.
// Threads: the writer, inside its transaction.

#include <boost/unordered/unordered_flat_map.hpp>

#include "storage/rows.hpp"
#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

/// A removal found fewer rows than it expected, and cannot say which: the transaction is repeated row by row.
struct Mismatch {};

class Removals final {
public:
    explicit Removals(Statements& statements) : statements_(statements) {}

    /// How many of `rows` that `holds` keeps are not there. With `by_range` rows that lie side by side go in one statement,
    /// and a row that is not there may throw Mismatch instead. Messages go with flush().
    template <typename Holds>
    std::size_t entries(const std::vector<Removal>& rows, bool by_range, Holds holds) {
        chosen_.clear();
        for (const auto& row : rows)
            if (holds(row.unit)) chosen_.push_back(&row);
        return by_range ? entries_by_range() : entries_by_row();
    }
    /// Whether it was there.
    bool delayed(WallTime due_at, const Removal& removal);
    /// Removes up to `sweep.max` rows; how many.
    std::size_t sweep(const Sweep& sweep, bool by_range);
    /// Takes shares and removes messages, in id order.
    void flush();
    /// Drops what waits for flush(): its transaction or savepoint was rolled back.
    void forget() noexcept {
        messages_.clear();
        shares_.clear();
    }

private:
    using Chosen = std::vector<const Removal*>;

    std::size_t entries_by_row();
    std::size_t entries_by_range();
    bool entry(const Removal& removal);
    void entry_range(Chosen::const_iterator first, Chosen::const_iterator last);
    std::size_t entries_over_gaps(Chosen::const_iterator first, Chosen::const_iterator last);
    void release(const Removal& removal);
    std::size_t sweep_entries(const Sweep& sweep, bool by_range);
    std::size_t sweep_delayed(const Sweep& sweep, std::size_t max);
    void take_shares();
    void remove_messages();
    void messages_over_gaps(std::size_t first, std::size_t last);
    void message_range(std::int64_t first, std::int64_t last);

    Statements& statements_;
    Chosen chosen_;
    std::vector<std::int64_t> messages_;                            ///< whose last entry went
    boost::unordered_flat_map<std::int64_t, std::int64_t> shares_;  ///< message -> entries gone
    std::vector<std::pair<std::int64_t, std::int64_t>> shares_in_order_;
    std::vector<std::pair<Chosen::const_iterator, Chosen::const_iterator>> runs_;
    std::vector<std::pair<std::int64_t, std::int64_t>> id_runs_;
    std::vector<Removal> to_sweep_;
    std::vector<DelayedRemoval> delayed_to_sweep_;
};

}  // namespace rowmq::storage::sqlite
