// The window of FIFO queues: groups in order, each held by one receive at a time.
//
// Rows are paged lane by lane (a group lives in one lane). A group of which more is stored than is worth holding remembers
// where it was cut (`more_after`) and is read on by itself; lanes pass over it.

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <set>
#include <unordered_map>

#include "base/planted.hpp"
#include "broker/queue/window.hpp"

namespace rowmq {
namespace {

constexpr std::size_t entries_per_group = 1024;  ///< held of one group before it is cut
constexpr std::size_t group_page = 512;
constexpr std::size_t lane_page = 256;
constexpr std::size_t groups_skipped = 1'000;  ///< named in one page request

struct Group {
    std::string name;
    std::uint8_t lane = 0;
    std::map<Sequence, Entry> entries;
    std::size_t taken = 0;
    std::optional<Sequence> more_after;  ///< rows of this group above it are not here
    Ticket unappended{};
    enum class Place : std::uint8_t { none, available, asleep } place = Place::none;
    Sequence head{};          ///< as entered in `available_`
    WallTime wakes_at{};      ///< as entered in `asleep_`
    std::size_t counted = 0;  ///< of `ready_`
};

struct GroupLane {
    bool known = false;
    Sequence cursor{};
    bool complete = false;
    bool paged = false;
    Ticket unappended{};
};

class GroupWindow final : public Window {
public:
    GroupWindow(QueueId queue, Sequence floor, bool stored, const Limits& limits)
        : queue_(queue), floor_(floor), listed_(!stored), limits_(limits) {}

    void committed(Entry entry, Ticket ticket, bool room) override {
        GroupLane& lane = lane_of(entry.row.key.lane);
        if (entry.sequence() <= lane.cursor || entry.sequence() <= floor_) return;
        if (!lane.complete || !room || places_.size() >= limits_.window_entries) {
            lane.complete = false;
            lane.unappended = ticket;
            return;
        }
        lane.cursor = entry.sequence();
        Group& group = group_of(entry);
        if (!group.more_after && group.entries.size() >= entries_per_group) cut(group, group.entries.rbegin()->first);
        if (group.more_after) {
            group.unappended = ticket;
            return;
        }
        put(group, std::move(entry));
    }

    void returned(Entry entry) override {
        Group& group = group_of(entry);
        --group.taken;
        if (entry.sequence() > floor_) {
            put(group, std::move(entry));
        } else {
            place(group);
        }
    }

    std::optional<Entry> take(WallTime now) override {
        wake(now);
        if (!all_lanes_paged()) return std::nullopt;
        for (const auto& [head, group] : available_) {
            const GroupLane& lane = lanes_[group->lane];
            if (!lane.complete && head > lane.cursor) continue;  // rows of its group may come before it
            return take_from(*group);
        }
        return std::nullopt;
    }

    std::optional<Entry> take_more(const Entry& previous, WallTime now) override {
        const auto found = groups_.find(previous.row.group);
        if (found != groups_.end()) {
            Group& group = *found->second;
            if (!group.entries.empty() && !sleeps(group, now)) return take_from(group);
            if (group.more_after) return std::nullopt;  // the rest of the group comes first
        }
        return take(now);
    }

    void settled(const Entry& entry) override {
        const auto found = groups_.find(entry.row.group);
        if (found == groups_.end()) return;
        --found->second->taken;
        place(*found->second);
    }

    std::optional<Entry> extract(std::uint8_t, Sequence sequence) override {
        const auto place_here = places_.find(sequence);
        if (place_here == places_.end()) return std::nullopt;
        Group& group = *place_here->second;
        const auto found = group.entries.find(sequence);
        Entry entry = std::move(found->second);
        group.entries.erase(found);
        uncount(entry);
        ++group.taken;
        place(group);
        return entry;
    }

    void adopt(const Entry& entry) override {
        Group& group = group_of(entry);
        ++group.taken;
        place(group);
    }

    void advance(WallTime now) override { wake(now); }

    Entry* find(std::uint8_t, Sequence sequence) override {
        const auto found = places_.find(sequence);
        return found == places_.end() ? nullptr : &found->second->entries.at(sequence);
    }

    bool needs_page() const override {
        if (!listed_ || !all_lanes_paged()) return true;
        for (const auto& [head, group] : available_)
            if (lanes_[group->lane].complete || head <= lanes_[group->lane].cursor) return false;
        return group_to_page() != nullptr || lane_to_page() != nullptr;
    }

    bool wants_page(std::size_t low) const override {
        if (!listed_ || !all_lanes_paged()) return true;
        if (ready_ >= low || places_.size() >= limits_.window_entries) return false;
        return group_to_page() != nullptr || lane_to_page() != nullptr;
    }

    storage::PageRequest next_page() override {
        if (!listed_) return storage::LaneHeads{.queue = queue_, .after = floor_};
        storage::EntriesAfter request{
            .queue = queue_, .lane = 0, .after = {}, .max = 0, .max_bytes = 0, .without_groups = {}, .only_group = {}, .scan = 0};
        request.max_bytes = std::min(std::max<std::size_t>(room_bytes_, 4096), limits_.page_bytes);
        if (const Group* group = all_lanes_paged() ? group_to_page() : nullptr) {
            request.lane = group->lane;
            request.after = std::max(*group->more_after, floor_);
            request.max = group_page;
            request.only_group = group->name;
            return request;
        }
        const GroupLane* lane = lane_to_page();
        if (!lane) return storage::LaneHeads{.queue = queue_, .after = floor_};
        request.lane = static_cast<std::uint8_t>(lane - lanes_.data());
        request.after = std::max(lane->cursor, floor_);
        request.max = lane_page;
        request.scan = limits_.group_scan;
        for (const auto& [name, group] : cut_) {
            if (request.without_groups.size() == groups_skipped) break;
            if (group->lane == request.lane) request.without_groups.push_back(name);
        }
        return request;
    }

    void loaded(const storage::PageRequest& request, storage::Page page, const IsTaken& taken) override {
        if (std::holds_alternative<storage::LaneHeads>(request)) {
            for (const auto& head : page.entries) lane_of(head.key.lane);
            listed_ = true;
            return;
        }
        const auto& asked = std::get<storage::EntriesAfter>(request);
        if (asked.only_group) return group_loaded(asked, std::move(page), taken);
        GroupLane& lane = lane_of(asked.lane);
        lane.paged = true;
        const bool end = page.end;
        const Ticket snapshot = page.snapshot;
        const Sequence scanned = page.scanned;
        for (Entry& entry : join(std::move(page))) {
            const Sequence sequence = entry.sequence();
            if (sequence <= lane.cursor) continue;
            lane.cursor = sequence;
            if (sequence <= floor_ || taken(asked.lane, sequence)) continue;
            Group& group = group_of(entry);
            if (group.more_after || group.entries.contains(sequence)) continue;
            const bool crowded = group.taken > 0 && places_.size() >= limits_.window_entries / 2;
            if (crowded || group.entries.size() >= entries_per_group) {
                cut(group, Sequence{value_of(sequence) - 1});
                continue;
            }
            put(group, std::move(entry));
        }
        lane.cursor = std::max(lane.cursor, scanned);
        if (end && snapshot >= lane.unappended) lane.complete = true;
    }

    void shrink() override {
        for (auto next = groups_.begin(); next != groups_.end();) {
            Group& group = *(next++)->second;
            std::erase_if(group.entries, [&](const auto& item) {
                const bool forget = !item.second.is_remembered();
                if (forget) uncount(item.second);
                return forget;
            });
            cut(group, std::nullopt);
            place(group);
        }
        for (GroupLane& lane : lanes_) {
            if (!lane.known) continue;
            lane.cursor = floor_;
            lane.complete = lane.paged = false;
        }
    }

    std::vector<Entry> purge(Sequence floor) override {
        std::vector<Entry> remembered;
        floor_ = std::max(floor_, floor);
        for (auto next = groups_.begin(); next != groups_.end();) {
            Group& group = *(next++)->second;
            while (!group.entries.empty() && group.entries.begin()->first <= floor_) {
                Entry& entry = group.entries.begin()->second;
                uncount(entry);
                if (entry.is_remembered()) remembered.push_back(std::move(entry));
                group.entries.erase(group.entries.begin());
            }
            place(group);
        }
        return remembered;
    }

    std::size_t ready() const override { return ready_; }
    std::size_t entries() const override { return places_.size(); }
    std::size_t bytes() const override { return bytes_; }

    Sequence highest() const override { return highest_; }

    std::optional<Sequence> head() const override { return available_.empty() ? std::nullopt : std::optional(available_.begin()->first); }

    std::optional<WallTime> first_wake() const override { return asleep_.empty() ? std::nullopt : std::optional(asleep_.begin()->first); }

    std::optional<WallTime> first_expiry() const override {
        if (available_.empty()) return std::nullopt;
        return available_.begin()->second->entries.begin()->second.expires_at();
    }

    void allow(std::size_t, std::size_t bytes) override { room_bytes_ = bytes; }

private:
    GroupLane& lane_of(std::uint8_t number) {
        GroupLane& lane = lanes_[number];
        if (!lane.known) lane = {.known = true, .cursor = floor_, .complete = listed_, .paged = listed_, .unappended = {}};
        return lane;
    }

    Group& group_of(const Entry& entry) {
        auto& group = groups_[entry.row.group];
        if (!group) {
            group = std::make_unique<Group>();
            group->name = entry.row.group;
            group->lane = entry.row.key.lane;
        }
        return *group;
    }

    void put(Group& group, Entry entry) {
        count(entry, group);
        const Sequence sequence = entry.sequence();
        group.entries.emplace(sequence, std::move(entry));
        place(group);
    }

    void cut(Group& group, std::optional<Sequence> after) {
        group.more_after = after;
        if (after) {
            cut_[group.name] = &group;
        } else {
            cut_.erase(group.name);
        }
    }

    static bool sleeps(const Group& group, WallTime now) {
        const auto& head = group.entries.begin()->second;
        return head.row.available_at && *head.row.available_at > now;
    }

    // Enters the group where it belongs now; erases it when nothing is left to know. The group may be gone afterwards.
    void place(Group& group) {
        if (group.place == Group::Place::available) available_.erase({group.head, &group});
        if (group.place == Group::Place::asleep) asleep_.erase({group.wakes_at, &group});
        ready_ -= group.counted;
        group.counted = 0;
        group.place = Group::Place::none;
        if (group.entries.empty()) {
            if (group.taken == 0 && !group.more_after) {
                const std::string name = group.name;
                groups_.erase(name);
            }
            return;
        }
        if (group.taken > 0 && !planted(Bug::fifo_group_not_blocked)) return;
        const Entry& head = group.entries.begin()->second;
        if (head.row.available_at && *head.row.available_at > now_) {
            group.place = Group::Place::asleep;
            group.wakes_at = *head.row.available_at;
            asleep_.emplace(group.wakes_at, &group);
            return;
        }
        group.place = Group::Place::available;
        group.head = head.sequence();
        available_.emplace(group.head, &group);
        group.counted = group.entries.size();
        ready_ += group.counted;
    }

    void wake(WallTime now) {
        now_ = std::max(now_, now);
        while (!asleep_.empty() && asleep_.begin()->first <= now_) place(*asleep_.begin()->second);
    }

    std::optional<Entry> take_from(Group& group) {
        Entry entry = std::move(group.entries.begin()->second);
        group.entries.erase(group.entries.begin());
        uncount(entry);
        ++group.taken;
        place(group);
        return entry;
    }

    void group_loaded(const storage::EntriesAfter& asked, storage::Page page, const IsTaken& taken) {
        const auto found = groups_.find(*asked.only_group);
        if (found == groups_.end() || !found->second->more_after) return;
        Group& group = *found->second;
        const GroupLane& lane = lanes_[group.lane];
        bool over = page.end && page.snapshot >= group.unappended;
        for (Entry& entry : join(std::move(page))) {
            const Sequence sequence = entry.sequence();
            if (!lane.complete && sequence > lane.cursor) {
                over = true;  // the lane brings the rest
                break;
            }
            group.more_after = std::max(*group.more_after, sequence);
            if (sequence <= floor_ || group.entries.contains(sequence) || taken(group.lane, sequence)) continue;
            count(entry, group);
            group.entries.emplace(sequence, std::move(entry));
        }
        if (over) cut(group, std::nullopt);
        place(group);
    }

    const Group* group_to_page() const {
        for (const auto& [name, group] : cut_)
            if (group->taken == 0 && group->entries.size() < group_page / 4) return group;
        return nullptr;
    }

    // The lane that is furthest behind.
    const GroupLane* lane_to_page() const {
        const GroupLane* behind = nullptr;
        for (const GroupLane& lane : lanes_)
            if (lane.known && !lane.complete &&
                (!behind || (behind->paged && !lane.paged) || (behind->paged == lane.paged && lane.cursor < behind->cursor)))
                behind = &lane;
        return behind;
    }

    bool all_lanes_paged() const {
        return listed_ && std::all_of(lanes_.begin(), lanes_.end(), [](const GroupLane& l) { return !l.known || l.paged || l.complete; });
    }

    void count(const Entry& entry, Group& group) {
        places_.emplace(entry.sequence(), &group);
        highest_ = std::max(highest_, entry.sequence());
        bytes_ += entry.held_bytes();
    }
    void uncount(const Entry& entry) {
        places_.erase(entry.sequence());
        bytes_ -= entry.held_bytes();
    }

    QueueId queue_;
    Sequence floor_;
    bool listed_;
    const Limits& limits_;
    std::array<GroupLane, 64> lanes_{};
    std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
    std::map<std::string, Group*> cut_;  ///< those with `more_after`
    std::set<std::pair<Sequence, Group*>> available_;
    std::set<std::pair<WallTime, Group*>> asleep_;
    WallTime now_{};
    boost::unordered_flat_map<Sequence, Group*> places_;  ///< of each entry
    Sequence highest_{};                                  ///< that ever was here
    std::size_t ready_ = 0, bytes_ = 0;
    std::size_t room_bytes_ = 1 << 20;
};

}  // namespace

std::unique_ptr<Window> make_group_window(QueueId queue, Sequence floor, bool stored, const Limits& limits) {
    return std::make_unique<GroupWindow>(queue, floor, stored, limits);
}

}  // namespace rowmq
