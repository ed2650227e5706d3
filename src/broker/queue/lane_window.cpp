// The window of standard and priority queues: lane by lane, the lowest lane first, each in sequence order.

#include <algorithm>
#include <boost/container/deque.hpp>
#include <map>

#include "base/planted.hpp"
#include "broker/queue/window.hpp"

namespace rowmq {
namespace {

using Deque = boost::container::deque<Entry, void, boost::container::deque_options<boost::container::block_size<16>>::type>;

struct Lane {
    std::uint8_t number = 0;
    Sequence cursor{};
    bool complete = false;  ///< nothing is stored above the cursor that is not here
    Ticket unappended{};    ///< the last commit whose entries were left to a page
    Deque fresh;            ///< ascending
    std::map<Sequence, Entry> returned;

    /// The first entry, unless rows come before it.
    Entry* first() {
        const bool use_returned = !returned.empty() && (complete || returned.begin()->first <= cursor);
        if (!fresh.empty() && (!use_returned || fresh.front().sequence() < returned.begin()->first)) return &fresh.front();
        return use_returned ? &returned.begin()->second : nullptr;
    }
    const Entry* first() const { return const_cast<Lane*>(this)->first(); }
};

class LaneWindow final : public Window {
public:
    LaneWindow(QueueId queue, Sequence floor, bool stored, const Limits& limits)
        : queue_(queue), floor_(floor), listed_(!stored), limits_(limits) {}

    void committed(Entry entry, Ticket ticket, bool room) override {
        Lane& lane = lane_of(entry.row.key.lane);
        if (entry.sequence() <= lane.cursor || entry.sequence() <= floor_) return;
        if (!lane.complete || !room || entries_ >= limits_.window_entries) {
            lane.complete = false;
            lane.unappended = ticket;
            return;
        }
        lane.cursor = entry.sequence();
        count(entry);
        lane.fresh.push_back(std::move(entry));
    }

    void returned(Entry entry) override {
        if (entry.sequence() <= floor_) return;
        Lane& lane = lane_of(entry.row.key.lane);
        count(entry);
        const Sequence sequence = entry.sequence();
        lane.returned.emplace(sequence, std::move(entry));
    }

    std::optional<Entry> take_more(const Entry&, WallTime now) override { return take(now); }

    std::optional<Entry> take(WallTime) override {
        if (!listed_) return std::nullopt;
        for (Lane& lane : lanes_) {
            if (Entry* first = lane.first()) {
                Entry entry = std::move(*first);
                if (!lane.fresh.empty() && first == &lane.fresh.front()) {
                    lane.fresh.pop_front();
                } else {
                    lane.returned.erase(lane.returned.begin());
                }
                uncount(entry);
                return entry;
            }
            if (!lane.complete) return std::nullopt;
        }
        return std::nullopt;
    }

    void settled(const Entry&) override {}

    std::optional<Entry> extract(std::uint8_t number, Sequence sequence) override {
        Lane* lane = find_lane(number);
        if (!lane) return std::nullopt;
        if (auto found = lane->returned.find(sequence); found != lane->returned.end()) {
            Entry entry = std::move(found->second);
            lane->returned.erase(found);
            uncount(entry);
            return entry;
        }
        const auto place = place_of(*lane, sequence);
        if (place == lane->fresh.end()) return std::nullopt;
        Entry entry = std::move(*place);
        lane->fresh.erase(place);
        uncount(entry);
        return entry;
    }

    Entry* find(std::uint8_t number, Sequence sequence) override {
        Lane* lane = find_lane(number);
        if (!lane) return nullptr;
        if (const auto found = lane->returned.find(sequence); found != lane->returned.end()) return &found->second;
        const auto place = place_of(*lane, sequence);
        return place == lane->fresh.end() ? nullptr : &*place;
    }

    bool needs_page() const override {
        if (!listed_) return true;
        for (const Lane& lane : lanes_) {
            if (lane.first()) return false;
            if (!lane.complete) return true;
        }
        return false;
    }

    bool wants_page(std::size_t low) const override {
        if (!listed_) return true;
        std::size_t at_hand = 0;
        for (const Lane& lane : lanes_) {
            at_hand += lane.fresh.size();
            if (!lane.complete) return at_hand < low;
        }
        return false;
    }

    storage::PageRequest next_page() override {
        if (!listed_) return storage::LaneHeads{.queue = queue_, .after = floor_};
        for (const Lane& lane : lanes_) {
            if (lane.complete) continue;
            return storage::EntriesAfter{.queue = queue_,
                                         .lane = lane.number,
                                         .after = std::max(lane.cursor, floor_),
                                         .max = std::min(std::max<std::size_t>(room_entries_, 16), limits_.page_entries),
                                         .max_bytes = std::min(std::max<std::size_t>(room_bytes_, 4096), limits_.page_bytes),
                                         .without_groups = {},
                                         .only_group = {},
                                         .scan = 0};
        }
        return storage::LaneHeads{.queue = queue_, .after = floor_};
    }

    void loaded(const storage::PageRequest& request, storage::Page page, const IsTaken& taken) override {
        if (std::holds_alternative<storage::LaneHeads>(request)) return list(page);
        const auto& asked = std::get<storage::EntriesAfter>(request);
        Lane& lane = lane_of(asked.lane);
        const bool end = page.end;
        const Ticket snapshot = page.snapshot;
        for (Entry& entry : join(std::move(page))) {
            const Sequence sequence = entry.sequence();
            if (sequence <= lane.cursor) continue;
            lane.cursor = sequence;
            if (sequence <= floor_ || lane.returned.contains(sequence) || taken(lane.number, sequence)) continue;
            count(entry);
            lane.fresh.push_back(std::move(entry));
        }
        if (end && (snapshot >= lane.unappended || planted(Bug::page_counts_as_all))) lane.complete = true;
    }

    void shrink() override {
        for (Lane& lane : lanes_) {
            if (lane.fresh.empty()) continue;
            const Sequence before = Sequence{value_of(lane.fresh.front().sequence()) - 1};
            for (Entry& entry : lane.fresh) {
                uncount(entry);
                if (!entry.count_behind) continue;
                count(entry);  // what its row does not say is kept
                const Sequence sequence = entry.sequence();
                lane.returned.emplace(sequence, std::move(entry));
            }
            Deque().swap(lane.fresh);
            lane.cursor = before;
            lane.complete = false;
        }
    }

    std::vector<Entry> purge(Sequence floor) override {
        std::vector<Entry> remembered;
        const auto forget = [&](Entry& entry) {
            uncount(entry);
            if (entry.is_remembered()) remembered.push_back(std::move(entry));
        };
        floor_ = std::max(floor_, floor);
        for (Lane& lane : lanes_) {
            for (; !lane.fresh.empty() && lane.fresh.front().sequence() <= floor_; lane.fresh.pop_front()) forget(lane.fresh.front());
            for (auto& all = lane.returned; !all.empty() && all.begin()->first <= floor_; all.erase(all.begin()))
                forget(all.begin()->second);
        }
        return remembered;
    }

    std::size_t ready() const override { return entries_; }
    std::size_t entries() const override { return entries_; }
    std::size_t bytes() const override { return bytes_; }

    Sequence highest() const override {
        Sequence highest{};
        for (const Lane& lane : lanes_) {
            if (!lane.fresh.empty()) highest = std::max(highest, lane.fresh.back().sequence());
            if (!lane.returned.empty()) highest = std::max(highest, lane.returned.rbegin()->first);
        }
        return highest;
    }

    std::optional<Sequence> head() const override {
        std::optional<Sequence> lowest;
        for (const Lane& lane : lanes_)
            if (const Entry* first = lane.first(); first && (!lowest || first->sequence() < *lowest)) lowest = first->sequence();
        return lowest;
    }

    std::optional<WallTime> first_expiry() const override {
        for (const Lane& lane : lanes_)
            if (const Entry* first = lane.first()) return first->expires_at();
        return std::nullopt;
    }

    void allow(std::size_t entries, std::size_t bytes) override {
        room_entries_ = entries;
        room_bytes_ = bytes;
    }

private:
    Lane* find_lane(std::uint8_t number) {
        const auto place =
            std::lower_bound(lanes_.begin(), lanes_.end(), number, [](const Lane& l, std::uint8_t n) { return l.number < n; });
        return place != lanes_.end() && place->number == number ? &*place : nullptr;
    }
    Lane& lane_of(std::uint8_t number) {
        const auto place =
            std::lower_bound(lanes_.begin(), lanes_.end(), number, [](const Lane& l, std::uint8_t n) { return l.number < n; });
        if (place != lanes_.end() && place->number == number) return *place;
        Lane lane;
        lane.number = number;
        lane.cursor = floor_;
        lane.complete = listed_;
        return *lanes_.insert(place, std::move(lane));
    }
    // What the heads do not name has no rows but those that came later, and these made their lane known.
    void list(const storage::Page& page) {
        if (page.failure) return;
        for (const auto& head : page.entries) lane_of(head.key.lane);
        listed_ = true;
    }
    static Deque::iterator place_of(Lane& lane, Sequence sequence) {
        const auto place =
            std::lower_bound(lane.fresh.begin(), lane.fresh.end(), sequence, [](const Entry& e, Sequence s) { return e.sequence() < s; });
        return place != lane.fresh.end() && place->sequence() == sequence ? place : lane.fresh.end();
    }
    void count(const Entry& entry) {
        ++entries_;
        bytes_ += entry.held_bytes();
    }
    void uncount(const Entry& entry) {
        --entries_;
        bytes_ -= entry.held_bytes();
    }

    QueueId queue_;
    Sequence floor_;
    bool listed_;  ///< lanes with rows are known
    const Limits& limits_;
    std::vector<Lane> lanes_;  ///< ascending by number
    std::size_t entries_ = 0, bytes_ = 0;
    std::size_t room_entries_ = 1024, room_bytes_ = 1 << 20;
};

}  // namespace

std::unique_ptr<Window> make_lane_window(QueueId queue, Sequence floor, bool stored, const Limits& limits) {
    return std::make_unique<LaneWindow>(queue, floor, stored, limits);
}

std::vector<Entry> join(storage::Page page) {
    std::vector<Entry> entries;
    entries.reserve(page.entries.size());
    for (storage::EntryRow& row : page.entries) {
        Entry entry;
        const auto found = std::lower_bound(page.messages.begin(), page.messages.end(), row.message,
                                            [](const storage::MessageRow& m, MessageId id) { return m.id < id; });
        entry.row = std::move(row);
        if (found != page.messages.end() && found->id == entry.row.message) {
            entry.message = found->message;
            entry.properties = found->properties;
            entry.published_at = found->published_at;
            entry.row.damaged |= found->damaged;
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace rowmq
