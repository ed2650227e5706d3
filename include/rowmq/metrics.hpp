#pragma once
// What a broker and its store have counted and measured, as values: a snapshot for a monitoring system to read.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowmq/values.hpp"

namespace rowmq {

/// How often which sizes (or times) were seen.
struct HistogramValue {
    std::vector<double> bounds;         ///< the highest value of each bucket, ascending; empty: nothing is measured here
    std::vector<std::uint64_t> counts;  ///< one more than bounds: the last has no highest value
    double sum = 0;                     ///< of all values, in the unit of the bounds
    friend bool operator==(const HistogramValue&, const HistogramValue&) = default;
};

/// What an engine measures of itself; none where it has no such thing.
struct StoreMetrics {
    std::uint64_t transactions = 0;  ///< each holds one commit of the broker, or several
    HistogramValue sync;             ///< seconds of the step that makes a transaction durable (SQLite: COMMIT)
    HistogramValue checkpoint;       ///< seconds of writing the log back into the file
    std::optional<std::int64_t> log_pages;
    std::optional<std::int64_t> page_bytes, pages, free_pages;  ///< of the file, at most a second old while it is written
    std::optional<std::int64_t> disk_bytes, disk_free_bytes;    ///< of the file system, what this process may use
};

struct QueueMetrics {
    std::string ns, name;
    QueueCounts counts;
    std::size_t consumers = 0;
    /// How long the head of the queue has been ready: 0 when nothing is. See Broker::metrics().
    milliseconds oldest{0};
};

struct BrokerMetrics {
    BrokerHealth health;
    std::vector<QueueMetrics> queues;    ///< at most Limits::metrics_queues: those with most messages, then with most sent
    QueueMetrics others;                 ///< all others together, without a name; `oldest` of the oldest
    std::size_t left_out = 0;            ///< how many those are
    std::uint64_t commits_failed = 0;    ///< of health.commits
    HistogramValue commit_rows;          ///< rows put, changed or removed by one commit
    HistogramValue commit_bytes;         ///< of message bodies in one commit
    HistogramValue commit_duration;      ///< seconds from handing a commit to the store to its answer
    HistogramValue receives;             ///< how often a message had been received when it was done or dead-lettered
    std::uint64_t delivered_early = 0;   ///< messages delivered while their commit was under way
    std::uint64_t never_stored = 0;      ///< of them, those acknowledged before it left: they were not written
    std::int64_t write_bytes_limit = 0;  ///< publishing waits while health.pending_bytes is as many
    std::size_t window_entries = 0, window_entries_limit = 0;  ///< ready messages held in memory
    std::size_t window_bytes = 0, window_bytes_limit = 0;      ///< of bodies held in memory
    std::size_t queues_to_sweep = 0;                           ///< purged or deleted queues whose rows are still being removed
    std::size_t redrives_running = 0;
    Clocks clocks;
    Alarms alarms;
    StoreMetrics store;
};

}  // namespace rowmq
