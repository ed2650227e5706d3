#pragma once
// Every limit of RowMQ, with its unit and default. Configurable ones are fields of Limits and reach who needs them from
// the program's configuration; facts of the format are constants.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace rowmq {

struct Limits {
    // Names and options
    std::size_t name_bytes = 255;  ///< queues, exchanges, namespaces, routing keys, groups, ids
    std::size_t queues = 1'000'000;
    std::size_t exchanges = 100'000;
    std::size_t bindings = 1'000'000;
    std::size_t filter_bytes = 256 * 1024;     ///< of one binding
    std::size_t filter_depth = 16;             ///< objects and lists in each other
    std::size_t filter_fields = 64;            ///< of one filter
    std::size_t filter_conditions = 256;       ///< of one filter
    std::size_t binding_headers = 256;         ///< that one binding asks for
    std::size_t tags = 50;                     ///< per queue
    std::size_t attributes_bytes = 64 * 1024;  ///< tags and attributes of one queue, exchange or binding together

    // Access
    std::size_t namespaces = 10'000;
    std::size_t users = 10'000;
    std::size_t permissions = 100'000;        ///< and as many for topics
    std::size_t parameters = 10'000;          ///< policies among them
    std::size_t parameter_bytes = 64 * 1024;  ///< of one parameter's value; of one user's password and tags
    std::size_t pattern_bytes = 1'000;        ///< of a regular expression

    // Messages
    std::int64_t message_bytes = 128 * 1024 * 1024;  ///< the highest max_message_bytes a queue may have
    std::size_t headers = 10'000;                    ///< of one
    std::size_t header_depth = 16;
    std::size_t properties_bytes = 1024 * 1024;  ///< encoded
    std::size_t publishes_per_call = 10'000;
    std::size_t queues_per_publish = 10'000;  ///< fan-out of one message
    std::size_t dead_letter_records = 16;     ///< per message; the oldest are forgotten

    // Consuming
    std::size_t deliveries_per_next = 10'000;
    std::size_t next_bytes = 16 * 1024 * 1024;  ///< of bodies one next() gives, beyond the first message
    std::size_t leases_per_session = 65'535;
    std::size_t leases_per_queue = 120'000;
    std::size_t group_scan = 120'000;  ///< entries one read passes over to find other groups of a FIFO queue
    std::chrono::milliseconds wait = std::chrono::hours(24);
    std::chrono::milliseconds lease = std::chrono::hours(24 * 365);

    // Memory
    std::size_t window_entries = 32'768;           ///< per queue, ready entries held
    std::size_t windows_entries = 131'072;         ///< over all queues
    std::size_t windows_bytes = 24 * 1024 * 1024;  ///< of bodies held over all queues
    std::size_t page_entries = 1'024;              ///< read at once
    std::size_t page_bytes = 2 * 1024 * 1024;      ///< of bodies read at once
    std::size_t write_bytes = 32 * 1024 * 1024;    ///< the write budget: submitted and not yet committed

    // Commits
    std::size_t commit_rows = 16'384;  ///< a batch is closed beyond this
    std::size_t commit_bytes = 4 * 1024 * 1024;
    std::size_t background_rows = 1'000;    ///< of janitor work a commit
    std::int64_t reserved_ids = 1'000'000;  ///< reserved ahead

    std::int64_t transaction_ids = 65'536;  ///< entries and messages one transaction with SQL may put or move

    // Time
    std::chrono::milliseconds transaction_time = std::chrono::seconds(1);    ///< of an application's function
    std::chrono::milliseconds read_time = std::chrono::seconds(5);           ///< of one read snapshot
    std::chrono::milliseconds count_flush = std::chrono::milliseconds(200);  ///< receive counts written behind at most so late

    // Disk and memory
    /// Kept free on the store's file system: below it nothing is published, while what is there is received and deleted. None:
    /// 512 MiB, or a tenth of the file system where that is less.
    std::optional<std::int64_t> disk_free_bytes;

    /// Above it nothing is published, either: of what the process holds for itself. None: no limit.
    std::optional<std::int64_t> memory_bytes;

    // Monitoring
    std::size_t metrics_queues = 1'000;  ///< with series of their own in Broker::metrics()

    // Tasks
    std::size_t ended_tasks = 100;
};

}  // namespace rowmq
