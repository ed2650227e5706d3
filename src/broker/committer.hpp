#pragma once
// Group commit: what arrives while commits are under way is the next batch.
//
// Rows are added to the open batch; it goes to the engine as soon as fewer than `in_flight` batches are there, after the
// strand has run what was ready to run. Batches return in order; each is folded into memory (`fold`) and then whoever
// waits for its ticket goes on.
// Threads: the strand.

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/limits.hpp"
#include "broker/event.hpp"
#include "broker/queue/entry.hpp"
#include "storage/engine.hpp"

namespace rowmq {

/// Of the commits that returned.
struct CommitFigures {
    static constexpr std::array<std::int64_t, 8> rows_bounds{1, 4, 16, 64, 256, 1'024, 4'096, 16'384};
    static constexpr std::array<std::int64_t, 9> bytes_bounds{0, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24};

    std::uint64_t failed = 0;  ///< nothing of them was stored; the rest is of the others
    Histogram rows{rows_bounds}, bytes{bytes_bounds};
    Histogram duration{duration_bounds};  ///< nanoseconds from handing in to the answer
};

class Committer final {
public:
    /// True when a receive that waited goes on.
    using Fold = std::function<bool(const storage::Batch&, const storage::Outcome&)>;
    using Then = std::function<void(const storage::Outcome&)>;
    using OutcomePointer = std::shared_ptr<const storage::Outcome>;

    Committer(boost::asio::any_io_executor executor, storage::Engine& engine, const Limits& limits, Fold fold)
        : executor_(std::move(executor)), engine_(engine), limits_(limits), fold_(std::move(fold)) {}

    /// What is under way keeps `owner`, whose member this is. Said before anything is handed in.
    void belong_to(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
    /// Nobody waits any longer, and nothing more is handed in: those who do wait, or will, are answered Errc::closed.
    void abandon();

    /// The batch to add rows to. Say `touch` afterwards. It may be another one after any await.
    storage::Batch& open();
    /// Rows and bytes were added to open(); returns the ticket they will have.
    Ticket touch(std::size_t rows, std::size_t bytes);
    /// Said before waiting for a ticket: a batch that is large already does not wait for others to join it, so that the
    /// strand prepares the next while the store writes this one.
    void hurry();
    /// Takes a message and its entry out of the batch they stand in. Null: it was handed in, and they stay. The entry's place is not
    /// used again.
    storage::Batch* strike(const RowPlace& place);
    /// Runs after open() was folded, before those who wait.
    void then(Then run);

    /// What became of the batch; at once when it is known still. With `also`: returns with null as well when that event is set.
    awaitable<OutcomePointer> outcome(Ticket ticket, Event** also = nullptr);
    awaitable<Result<void>> committed(Ticket ticket);
    /// Until everything handed in so far has returned.
    awaitable<void> drained();

    /// Whether the write budget has room for who comes now: nobody overtakes those who wait for it.
    bool has_room() const noexcept { return is_below_budget() && admissions_.empty(); }
    /// Waits in order of arrival, until it is one's turn and there is room, or the end of all.
    awaitable<void> admitted();

    std::size_t pending_bytes() const noexcept { return pending_bytes_; }
    std::uint64_t commits() const noexcept { return commits_; }
    bool idle() const noexcept { return !under_way_ && queued_.empty(); }
    const std::optional<Error>& broken() const noexcept { return broken_; }
    Ticket last_ticket() const noexcept { return Ticket{next_ticket_ - 1}; }
    Ticket folded() const noexcept { return folded_; }
    /// Called before a batch leaves, to let it take along what waited for an occasion.
    std::function<void(storage::Batch&)> before_leaving;
    std::function<void(const Error&)> on_broken;
    std::function<MonotonicTime()> now;

    const CommitFigures& figures() const noexcept { return figures_; }

    static constexpr std::size_t in_flight = 2;
    static constexpr std::size_t large_rows = 1'024;

private:
    struct Waiting {
        Event event;
        OutcomePointer outcome;
    };
    struct Flight {
        std::shared_ptr<storage::Batch> batch;
        std::vector<Then> thens;
        std::vector<Waiting*> waiting;
        std::size_t rows = 0, bytes = 0;
        bool struck = false;  ///< some rows were
        MonotonicTime left{};
    };

    void schedule();
    void leave();
    static awaitable<void> travel(Committer& self, std::shared_ptr<Flight> flight, std::shared_ptr<void> owner);
    void arrived(Flight& flight, storage::Outcome outcome);
    bool is_below_budget() const noexcept { return pending_bytes_ < limits_.write_bytes; }
    void admit();
    Flight* flight_of(Ticket ticket);

    boost::asio::any_io_executor executor_;
    storage::Engine& engine_;
    const Limits& limits_;
    Fold fold_;
    std::deque<std::shared_ptr<Flight>> queued_;  ///< not handed in; the last is open
    std::deque<std::shared_ptr<Flight>> away_;    ///< handed in
    std::deque<Event*> admissions_;
    std::vector<Event*> drains_;
    std::map<Ticket, OutcomePointer> remembered_;  ///< outcomes that were not plainly good, the last thousand
    std::uint64_t next_ticket_ = 1;
    Ticket folded_{};
    std::size_t pending_bytes_ = 0;
    std::uint64_t commits_ = 0;
    CommitFigures figures_;
    std::size_t under_way_ = 0;
    bool scheduled_ = false;
    std::optional<Error> broken_;
    OutcomePointer abandoned_;  ///< for who waits then
    std::weak_ptr<void> owner_;
};

}  // namespace rowmq
