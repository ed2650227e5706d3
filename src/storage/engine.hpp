#pragma once
// THE DOWNWARD DOOR: one durable store of queues, messages and bindings. Batches in, pages out.
//
// Threads: called from the broker's strand, resumes there; an engine owns its own threads and connections.
// Errors: outcomes return; a broken store is an outcome too (`failed`, with Errc::store_failed, for ever after).
// All that can be decided from memory has been decided before a batch arrives, so an SQL error is never logic.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rowmq/broker.hpp"
#include "rowmq/error.hpp"
#include "rowmq/metrics.hpp"
#include "storage/rows.hpp"

namespace rowmq::storage {

struct Batch;

/// An application's own SQL beside the batch (SQLite). The engine, on its storage thread, opens a savepoint, calls `run`
/// with a Transaction whose publishes and settles it stages, then `prepare` with what was staged, applies the rows that
/// come back, and releases the savepoint; any failure rolls the savepoint back and leaves out the unit, with the text.
struct Application {
    TransactionFunction run;
    std::chrono::milliseconds limit{};
    /// Thread-safe: asks the strand and waits for it (the strand never waits for the storage thread).
    std::function<Result<std::shared_ptr<const Batch>>(Work staged)> prepare;
    Unit unit{};
};

/// A value: what one commit does. Units (1..units) are each all or nothing; rows of Unit::always have no precondition.
/// Order within: catalog, remembers (which decide what is left out), messages, entries, shares, delayed, updates, removals,
/// delayed removals, sweeps, counters, applications. Rows within a list in their order.
/// A removal or update in a unit whose entry is not there leaves the unit out; in Unit::always it is counted as missing.
struct Batch {
    Ticket ticket{};
    std::uint32_t units = 0;

    std::vector<CatalogChange> catalog;
    std::vector<Remember> remembers;
    std::vector<MessageRow> messages;
    std::vector<EntryRow> entries;
    std::vector<ShareChange> shares;
    std::vector<DelayedRow> delayed;
    std::vector<EntryUpdate> updates;
    std::vector<Removal> removals;
    std::vector<DelayedRemoval> delayed_removals;
    std::vector<Sweep> sweeps;
    std::vector<CounterDelta> counters;
    std::vector<Application> applications;

    std::optional<std::int64_t> reserve_ids;        ///< ids up to it are now reserved
    std::optional<WallTime> highest_wall;           ///< remembered (the engine keeps the maximum)
    std::optional<WallTime> rotate_deduplications;  ///< empties the older table of ids, starts a new one at this time

    Unit new_unit() { return Unit{++units}; }
};

struct LeftOut {
    Unit unit{};
    enum class Why : std::uint8_t { duplicate, missing, application } why{};
    MessageId message{};       ///< duplicate: the first message
    Sequence sequence{};       ///< duplicate: its sequence
    std::size_t remember = 0;  ///< duplicate: which of Batch::remembers found it
    std::string text;          ///< application: what it threw or broke
};

struct Outcome {
    std::optional<Error> failure;           ///< nothing of the batch is stored: store_full (may be tried again), store_failed
    std::vector<LeftOut> left_out;          ///< ascending by unit
    std::size_t missing = 0;                ///< removals and updates of Unit::always that found no row
    std::vector<std::size_t> swept;         ///< per sweep, rows removed
    std::int64_t sync_ns = 0, work_ns = 0;  ///< time in COMMIT, and before it
};

/// Entries of one lane after a sequence, in sequence order, not below the queue's floor (the caller knows it).
struct EntriesAfter {
    QueueId queue{};
    std::uint8_t lane = 0;
    Sequence after{};
    std::size_t max = 0;
    std::size_t max_bytes = 0;                ///< of bodies; 0: none are read. Entries past it come without.
    std::vector<std::string> without_groups;  ///< skipped where they stand; at most 1,000
    std::optional<std::string> only_group;
    std::size_t scan = 0;  ///< rows looked at, at most; 0: no bound
};
/// The first sequence of each lane that has entries above `after`.
struct LaneHeads {
    QueueId queue{};
    Sequence after{};
};
struct MessagesById {
    std::vector<MessageId> ids;
};
/// What is due at or before `until`, all queues, in due order.
struct Due {
    WallTime until{};
    std::size_t max = 0;
};
/// One queue's delayed messages in due order, after (due_at, sequence). With `message`, only that one.
struct DelayedOf {
    QueueId queue{};
    WallTime after_due{};
    Sequence after{};
    std::size_t max = 0;
    std::size_t max_bytes = 0;
    std::optional<MessageId> message;
};
using PageRequest = std::variant<EntriesAfter, LaneHeads, MessagesById, Due, DelayedOf>;

struct Page {
    Ticket snapshot{};                 ///< every commit up to this one was seen (later ones may have been)
    std::vector<EntryRow> entries;     ///< EntriesAfter; LaneHeads: only keys
    std::vector<DelayedRow> delayed;   ///< Due, DelayedOf
    std::vector<MessageRow> messages;  ///< bodies read, ascending by id, each once
    bool end = false;                  ///< nothing follows
    Sequence scanned{};                ///< EntriesAfter: the last sequence looked at
    std::optional<WallTime> next_due;  ///< Due: of the first row not in the page
    std::optional<Error> failure;      ///< read_time was over, or the store is broken
};

/// What `rowmq check` found. `problems` are sentences that name table and key.
struct CheckReport {
    std::int64_t queues = 0, messages = 0, entries = 0, delayed = 0;
    std::vector<std::string> problems;
};

/// What this process may use of a file system.
struct DiskSpace {
    std::optional<std::int64_t> bytes, free_bytes;
    std::int64_t own_free_bytes = 0;  ///< in the store's own files: taken before they grow
};

class Engine {
public:
    virtual ~Engine() = default;

    /// Reads the catalog and counters; called once, first. Errors: store_busy, store_newer, store_failed.
    virtual awaitable<Result<Snapshot>> load() = 0;
    /// Applies every unit of `batch` whose preconditions hold, all in one durable commit. Several may be under way; they
    /// commit in the order of the calls. A unit left out is not an error: the outcome says why.
    virtual awaitable<Outcome> commit(std::shared_ptr<const Batch> batch) = 0;
    /// Reads from a snapshot. Several may be under way.
    virtual awaitable<Page> page(PageRequest request) = 0;
    /// A consistent copy into a new file. Errors: already_exists, store_full, invalid_argument (no such thing here).
    virtual awaitable<Result<void>> backup(std::string path) = 0;
    /// CRCs, counters against a scan, references both ways, and the engine's own integrity check.
    virtual awaitable<CheckReport> check() = 0;
    /// Ends what is under way and closes. Afterwards only destruction.
    virtual awaitable<void> close() = 0;
    /// For an owner that cannot await close(): the engine's threads have ended when it returns. What was handed in is done
    /// and its answer on its way to the strand; what is asked later is answered Errc::closed, or as before.
    virtual void stop() = 0;

    virtual std::string name() const = 0;        ///< "sqlite:orders.db", "memory:"
    virtual std::string durability() const = 0;  ///< "full", "normal", "off", "none"
    virtual bool has_sql() const = 0;            ///< Batch::applications work
    /// What it has measured so far; waits for nobody.
    virtual StoreMetrics stats() const { return {}; }
    /// Of the file system it lies on, as far as it lies on one. Asks the operating system; waits for nobody.
    virtual DiskSpace disk_space() const { return {}; }
};

}  // namespace rowmq::storage
