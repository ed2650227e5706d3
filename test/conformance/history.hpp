#pragma once
// Random batches from a seed, such as a broker would make, and some it would rather not: rows that are gone, duplicates, two units
// after the same entry. It looks at the memory store they are applied to, so it names what is there.

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "storage/memory/content.hpp"
#include "test/conformance/rows.hpp"

namespace rowmq::conformance {

class History {
public:
    History(std::uint64_t seed, const storage::memory::Content& content) : random_(seed), content_(content) {}

    /// Namespaces, queues, exchanges.
    storage::Batch first();
    /// The next one, of about `operations` operations.
    storage::Batch next(std::size_t operations);

    std::int64_t last_id() const { return last_id_; }  ///< of messages and sequences given so far

private:
    struct Target {
        storage::EntryRow row;
        std::optional<WallTime> due_at;
    };
    std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }
    bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }
    std::int64_t new_id() { return ++last_id_; }
    QueueId some_queue() { return QueueId{static_cast<std::int64_t>(1 + below(queues))}; }
    std::string some_body();
    storage::EntryRow new_entry(QueueId queue, MessageId message, std::int32_t bytes, std::int32_t copies, storage::Unit unit);
    /// A live row; rarely one that was never there.
    std::optional<Target> some_target();

    void publish(storage::Batch& batch);
    void settle(storage::Batch& batch, storage::Unit unit, const Target& target);
    void move(storage::Batch& batch, storage::Unit unit, const Target& target);
    void work(storage::Batch& batch);
    void update(storage::Batch& batch);
    void become_due(storage::Batch& batch);
    void purge(storage::Batch& batch);
    void change_catalog(storage::Batch& batch);
    void count_gone(storage::Batch& batch, storage::Unit unit, const Target& target, std::int64_t storage::CounterDelta::*how);

    static constexpr std::uint64_t queues = 12;
    SeededRandom random_;
    const storage::memory::Content& content_;
    std::int64_t last_id_ = 1'000;
    std::int64_t before_ = 0;  ///< last_id_ when the batch began
    WallTime now_ = at(0);
    std::vector<storage::EntryKey> taken_;  ///< by Unit::always in this batch
};

}  // namespace rowmq::conformance
