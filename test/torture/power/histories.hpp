#pragma once
// Nine histories, one a way of using a broker. Each is a function of a seed; what it promised stands in its ledger.

#include <span>

#include "test/torture/power/author.hpp"

namespace rowmq::torture {

struct HistoryKind {
    std::string_view name;
    void (*begin)(Author&);
    void (*turn)(Author&, int);
    bool late = false;        ///< its commits take a while, so that others gather
    bool old_format = false;  ///< starts from a store of the first format, so its first calls are the migrations
};

/// plain, fifo, dead letters, delays, transactions, fan-out, purges, early delivery, migration.
std::span<const HistoryKind> history_kinds();

struct HistoryOptions {
    std::uint64_t seed = 1;
    int turns = 8;
    bool honour_sync = true;
    storage::sqlite::Synchronous synchronous = storage::sqlite::Synchronous::full;
    bool tears = false;  ///< the disk may tear any sector, and its sectors are small
    bool seals = false;  ///< the log is sealed with each commit (log_seal.hpp)
};

struct History {
    explicit History(test::RecordingOptions options, const test::FileImage& files) : start(files), disk(options, files) {}

    std::string_view name;
    test::FileImage start;
    RecordingVfs disk;
    Ledger ledger;
};

/// Throws when a step is refused.
std::unique_ptr<History> record(const HistoryKind& kind, const HistoryOptions& options);

// histories.cpp
void begin_plain(Author&);
void turn_plain(Author&, int turn);
void begin_fifo(Author&);
void turn_fifo(Author&, int turn);
void begin_dead_letters(Author&);
void turn_dead_letters(Author&, int turn);
void begin_delays(Author&);
void turn_delays(Author&, int turn);
// more_histories.cpp
void begin_transactions(Author&);
void turn_transactions(Author&, int turn);
void begin_fan_out(Author&);
void turn_fan_out(Author&, int turn);
void begin_purges(Author&);
void turn_purges(Author&, int turn);
void begin_early(Author&);
void turn_early(Author&, int turn);
/// A disk with a store as the first version made it, and what it owes.
test::FileImage store_of_first_format(std::uint64_t seed, Ledger& ledger);

}  // namespace rowmq::torture
