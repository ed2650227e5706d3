#pragma once
// The ledger: what clients did and saw, one operation a line, appended while it happens (README.md has the format).
// Threads: one. Owner: the Ledger keeps the file mapped; operations point into it.
// Errors: a file that is no ledger, or has lost a line, is refused with the line's number.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowmq::torture {

enum class Kind : std::uint8_t { send, receive, erase, extend, purge, queue, kill, stop, count, gauge, quiet, stall };
enum class Outcome : std::uint8_t { ok, fail, info };

inline constexpr std::uint32_t none = UINT32_MAX;

/// One line. Times are nanoseconds of the monotonic clock; names are numbers of a Names, `none` where there is none.
struct Operation {
    std::int64_t invoked = 0, returned = 0;
    std::int64_t offset = 0;       ///< of the line
    std::int64_t sequence = 0;     ///< of a FIFO queue, 0: not told
    std::uint64_t store_id = 0;    ///< hash of the id the server gave, 0: not told
    std::uint64_t grant = 0;       ///< delete, extend: the line of the receive whose handle was used; send: hash of the dedup id
    std::uint32_t message = none;  ///< by its name; others: none
    std::uint32_t client = none;
    std::uint32_t queue = none;
    std::uint32_t group = none;
    std::uint32_t ms = 0;        ///< receive: visibility; extend: the new one; send: delay
    std::uint32_t wait_ms = 0;   ///< receive: how long it may take
    std::uint32_t check = 0;     ///< checksum of body and attributes, 0: not told
    std::uint32_t receives = 0;  ///< receive: the count the server told; 0: not told
    std::int64_t value = 0;      ///< count, gauge
    Kind kind{};
    Outcome outcome{};
    bool altered = false;  ///< receive: what came is not what belongs to the name
    bool base = false;     ///< gauge: the measure before
};

/// What a queue was told when it was created.
struct QueueRules {
    bool fifo = false, strict = false, by_group = false;
    std::uint32_t max_receives = 0;  ///< 0: no dead-letter queue
    std::uint32_t dead_letter = none;
    std::int64_t retention_ms = 0;     ///< 0: longer than any run
    std::int64_t window_ms = 300'000;  ///< of deduplication
};

class Ledger final {
public:
    /// What is wrong with the file, or empty.
    std::string read(const std::string& path);
    /// The same of a text that outlives the ledger.
    std::string parse(std::string_view text);
    ~Ledger();
    Ledger() = default;
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    std::string_view line(const Operation& operation) const;
    std::string_view name_of(std::uint32_t message) const { return names[message]; }
    std::uint32_t queue_named(std::string_view name);
    std::uint32_t message_named(std::string_view name) const;  ///< none: no line has it

    std::vector<Operation> operations;  ///< line 1 (after the heading) is operations[0]
    std::vector<std::string_view> names, queues, groups;
    std::vector<QueueRules> rules;  ///< by queue

private:
    friend class LineReader;
    struct Tables;
    std::string_view text_;
    void* mapped_ = nullptr;
    std::size_t mapped_size_ = 0;
    Tables* tables_ = nullptr;
};

}  // namespace rowmq::torture
