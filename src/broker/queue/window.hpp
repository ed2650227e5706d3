#pragma once
// A window over one queue's ready entries: the first of them in memory, the rest in rows.
//
// The rule that keeps both right: every stored entry of a lane at or below the lane's `cursor` is either here or held
// (leased, settling); none above it is here, but for those that came back (`returned`). An entry whose commit returns is
// added only when it stands above the cursor of a lane known to be complete; else a page will bring it.
// Threads: the strand.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/limits.hpp"
#include "broker/queue/entry.hpp"
#include "storage/engine.hpp"

namespace rowmq {

/// What a window asks before it takes an entry from a page: is it held, or was it removed since the page was begun?
using IsTaken = std::function<bool(std::uint8_t lane, Sequence)>;

class Window {
public:
    virtual ~Window() = default;

    /// A put whose commit returned. `room`: whether there is memory for it.
    virtual void committed(Entry entry, Ticket ticket, bool room) = 0;
    /// An entry whose lease ended without a settlement; goes to its old place.
    virtual void returned(Entry entry) = 0;
    /// The next to deliver, in order; none: nothing in memory may be delivered (see needs_page). What is taken is out of
    /// the window until returned() or settled().
    virtual std::optional<Entry> take(WallTime now) = 0;
    /// The next for a receive that already took `previous`: a FIFO queue goes on with the same group.
    virtual std::optional<Entry> take_more(const Entry& previous, WallTime now) = 0;
    /// An entry taken before is gone for good.
    virtual void settled(const Entry& entry) = 0;
    /// Takes one by its place; none when it is not in memory.
    virtual std::optional<Entry> extract(std::uint8_t lane, Sequence sequence) = 0;
    virtual Entry* find(std::uint8_t lane, Sequence sequence) = 0;

    /// take() found nothing, but rows may hold more.
    virtual bool needs_page() const = 0;
    /// Fewer entries than `low` are at hand and rows may hold more.
    virtual bool wants_page(std::size_t low) const = 0;
    virtual storage::PageRequest next_page() = 0;
    virtual void loaded(const storage::PageRequest& request, storage::Page page, const IsTaken& taken) = 0;

    /// One read by itself, not through a page of this window: it counts as taken.
    virtual void adopt(const Entry&) {}
    /// Time went on: FIFO groups that slept may be ready.
    virtual void advance(WallTime) {}

    /// Forgets what rows hold as well. Not while a page is under way.
    virtual void shrink() = 0;
    /// Forgets everything at or below `floor`. Returns those of which memory knows more than rows do: who had them last, how often.
    virtual std::vector<Entry> purge(Sequence floor) = 0;

    virtual std::size_t ready() const = 0;  ///< deliverable entries at hand (FIFO: of groups not taken)
    /// FIFO: when the first group that sleeps (released with a delay) may be delivered again.
    virtual std::optional<WallTime> first_wake() const { return std::nullopt; }
    virtual std::size_t entries() const = 0;  ///< entries in memory
    virtual std::size_t bytes() const = 0;    ///< of their bodies
    /// At least the highest sequence at hand: what may be delivered without another page.
    virtual Sequence highest() const = 0;
    /// The lowest sequence that may be delivered, as far as is known here.
    virtual std::optional<Sequence> head() const = 0;
    /// When the first deliverable entry expires, if it does.
    virtual std::optional<WallTime> first_expiry() const = 0;
    /// Room in memory that pages may fill, in entries and bytes.
    virtual void allow(std::size_t entries, std::size_t bytes) = 0;
};

/// `stored`: the queue has rows already (else everything that exists will pass through memory).
std::unique_ptr<Window> make_lane_window(QueueId queue, Sequence floor, bool stored, const Limits& limits);
std::unique_ptr<Window> make_group_window(QueueId queue, Sequence floor, bool stored, const Limits& limits);

/// Entries of a page joined with the messages read for them, damaged ones among them.
std::vector<Entry> join(storage::Page page);

}  // namespace rowmq
