#pragma once
// Removes entries and delayed ones with the bodies nobody needs any more.
// Threads: the writer, inside its transaction.

#include <boost/unordered/unordered_flat_map.hpp>

#include "storage/rows.hpp"
#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

class Removals final {
public:
    explicit Removals(Statements& statements) : statements_(statements) {}

    /// Whether the entry was there. Its message goes with flush().
    bool entry(const Removal& removal);
    bool delayed(WallTime due_at, const Removal& removal);
    /// Removes up to `sweep.max` rows; how many.
    std::size_t sweep(const Sweep& sweep);
    /// Takes shares and removes messages, in id order.
    void flush();
    /// Drops what waits for flush(): its transaction or savepoint was rolled back.
    void forget() noexcept {
        messages_.clear();
        shares_.clear();
    }

private:
    void release(const Removal& removal);
    std::size_t sweep_entries(const Sweep& sweep);
    std::size_t sweep_delayed(const Sweep& sweep, std::size_t max);
    void take_shares();
    void remove_messages();

    Statements& statements_;
    std::vector<std::int64_t> messages_;                              ///< whose last entry went
    boost::unordered_flat_map<std::int64_t, std::int64_t> shares_;    ///< message -> entries gone
    std::vector<std::pair<std::int64_t, std::int64_t>> shares_in_order_;
    std::vector<DelayedRemoval> to_sweep_;
};

}  // namespace rowmq::storage::sqlite
