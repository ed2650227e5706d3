#pragma once
// Turns batches into rows: several batches, one transaction.
// Threads: the writer's. Errors: throws Broken, then nothing of the transaction is stored.

#include <atomic>
#include <span>

#include "storage/engine.hpp"
#include "storage/sqlite/removals.hpp"
#include "storage/sqlite/statements.hpp"
#include "storage/sqlite/units.hpp"

namespace rowmq::storage::sqlite {

class Gate;
class Room;

/// One batch and what became of it.
struct Written {
    const Batch* batch = nullptr;
    Outcome* outcome = nullptr;
};

class Writer final {
public:
    /// `gate` is what the connection's authorizer asks (applications.hpp).
    Writer(Connection& connection, Gate& gate, Room& room);

    /// Applies the batches in order and commits. Where a batch has applications, it must be alone.
    void write(std::span<Written> group);

    /// Gives a slice of the file's free pages back when more than a quarter of it, and more than `keep`, is free. How many.
    std::int64_t shrink(std::int64_t keep);

    struct Size {
        std::int64_t pages = 0, free = 0;
    };
    Size size();
    /// What it was when the last transaction committed.
    Size written_size() const noexcept { return written_size_; }

private:
    void commit();
    void apply(const Batch& batch, Outcome& outcome);
    void apply_rows(const Batch& batch, Outcome& outcome);
    void put_messages(const Batch& batch);
    void put_entries(const Batch& batch);
    void put_delayed(const Batch& batch);
    void change_shares(const Batch& batch);
    void update_entries(const Batch& batch, Outcome& outcome);
    /// How many were there. A range is all of one lane, with equal values, and nothing else lies between.
    std::size_t update_rows(std::span<const EntryUpdate* const> rows);
    std::size_t update_range(std::span<const EntryUpdate* const> rows);
    bool is_all_between(std::span<const EntryUpdate* const> rows);
    void remove_entries(const Batch& batch, Outcome& outcome);
    void count(const Batch& batch);
    void turn_deduplications(WallTime since);
    void write_counters();
    void run_applications(const Batch& batch, Outcome& outcome);
    void rollback() noexcept;
    static std::int64_t read(Statement& statement);

    /// Indices of the rows that are applied, or null for all.
    template <typename Rows>
    const std::vector<std::uint32_t>* kept(const Rows& rows);

    Connection& connection_;
    Gate& gate_;
    Room& room_;
    Size written_size_;
    Statements statements_;
    Units units_;
    Removals removals_;
    boost::unordered_flat_map<QueueId, CounterDelta> counters_;
    std::vector<std::uint32_t> kept_;
    std::vector<const EntryUpdate*> updated_;
    bool by_range_ = true;       ///< removals go in ranges; not in the repetition after a Mismatch
    bool second_table_ = false;  ///< deduplication ids are written to table b
    bool second_table_before_ = false;
    std::optional<std::int64_t> reserve_ids_;
    std::optional<WallTime> highest_wall_;
    std::vector<Unit> refused_;  ///< applications that cost the transaction and are left out of its repetition
};

}  // namespace rowmq::storage::sqlite
