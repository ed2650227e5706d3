#pragma once
// Batches as a broker might send them, from a seed: publishes to one and several queues, settles, moves, delays, duplicates,
// purges, deleted queues, catalog changes; among them units whose precondition fails. Knows the store by the memory engine's
// content, which must be up to date with every batch made so far when next() is called.
// Also: everything a store holds, as text, through the door alone.

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::test {

class RandomBatches {
public:
    RandomBatches(std::uint64_t seed, std::shared_ptr<const storage::memory::Content> content);

    storage::Batch next(Ticket ticket);
    /// A question that fits what is there.
    storage::PageRequest page();
    /// Duplicates or not: remembers that find out, each its own unit.
    storage::Batch probe(Ticket ticket) const;

private:
    using Unit = storage::Unit;
    using Batch = storage::Batch;

    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_.next() % bound); }
    bool chance(std::size_t in) { return below(in) == 0; }
    std::vector<QueueId> open_queues() const;
    const storage::EntryRow* some_entry();
    const std::pair<const storage::memory::DelayedKey, storage::EntryRow>* some_delayed();
    std::uint8_t lane_of(QueueId queue) { return lanes_[static_cast<std::size_t>(value_of(queue)) % lanes_.size()][below(2)]; }
    Sequence new_sequence() { return Sequence{++last_id_}; }

    void create_queue(Batch& batch);
    void publish(Batch& batch);
    void settle(Batch& batch, Unit unit, const storage::EntryRow& entry);
    void move(Batch& batch, const storage::EntryRow& entry);
    void update(Batch& batch, Unit unit, const storage::EntryRow& entry);
    void become_due(Batch& batch);
    void cancel(Batch& batch);
    void miss(Batch& batch);
    void purge_or_delete(Batch& batch);
    void sweep(Batch& batch);
    void rearrange(Batch& batch);

    static const std::vector<std::vector<std::uint8_t>> lanes_;
    SeededRandom random_;
    std::shared_ptr<const storage::memory::Content> content_;
    std::int64_t last_id_ = 1'000;
    WallTime now_{std::chrono::milliseconds(1'700'000'000'000)};
    std::set<MessageId> touched_;  ///< by this batch
    std::set<QueueId> changing_;   ///< purged or deleted in this batch
    std::vector<storage::EntryRow> settled_;
    std::set<std::pair<QueueId, std::string>> remembered_;
};

/// Namespaces, queues, counters, exchanges, bindings, tasks, waiting and delayed entries with their bodies; not the epoch.
/// Calls load().
boost::asio::awaitable<std::string> dump(storage::Engine& engine);

std::string describe(const storage::Outcome& outcome);
std::string describe(const storage::Page& page);

}  // namespace rowmq::test
