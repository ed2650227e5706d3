#include "storage/sqlite/removals.hpp"

#include <algorithm>

#include "base/planted.hpp"

namespace rowmq::storage::sqlite {
namespace {

/// A gap in the rows that go is bridged by reading what is stored there; wider ones are not worth it.
constexpr std::int64_t widest_gap = 256;

/// Whether too much of what a walk reads stays, so that single statements are cheaper.
bool is_sparse(std::size_t stays, std::size_t goes) { return stays > 2 * goes + 16; }

bool same_lane(const Removal& a, const Removal& b) { return a.key.queue == b.key.queue && a.key.lane == b.key.lane; }

}  // namespace

bool Removals::entry(const Removal& removal) {
    auto& remove = statements_.remove_entry;
    remove.bind(1, value_of(removal.key.queue));
    remove.bind(2, removal.key.lane);
    remove.bind(3, value_of(removal.key.sequence));
    if (remove.run() == 0) return false;
    release(removal);
    return true;
}

std::size_t Removals::entries_by_row() {
    std::size_t missing = 0;
    for (const auto* row : chosen_) missing += !entry(*row);
    return missing;
}

std::size_t Removals::entries_by_range() {
    const auto in_order = [](const Removal* a, const Removal* b) { return a->key < b->key; };
    if (!std::is_sorted(chosen_.begin(), chosen_.end(), in_order)) std::sort(chosen_.begin(), chosen_.end(), in_order);
    std::size_t missing = 0;
    for (auto first = chosen_.cbegin(); first != chosen_.cend();) {
        // Nothing can lie between consecutive sequences. Over a gap the stored rows are looked at.
        auto last = std::next(first);
        bool gap = false;
        for (; last != chosen_.cend() && same_lane(**first, **last); ++last) {
            const auto step = value_of((*last)->key.sequence) - value_of((*std::prev(last))->key.sequence);
            if (step > widest_gap) break;
            gap |= step != 1;
        }
        if (last - first == 1) missing += !entry(**first);
        else if (!gap) entry_range(first, last);
        else missing += entries_over_gaps(first, last);
        first = last;
    }
    return missing;
}

/// Walks the stored rows beside those that go: where nothing else lies between, they go in one statement.
std::size_t Removals::entries_over_gaps(Chosen::const_iterator first, Chosen::const_iterator last) {
    auto& rows = statements_.sequences_between;
    rows.bind(1, value_of((*first)->key.queue));
    rows.bind(2, (*first)->key.lane);
    rows.bind(3, value_of((*first)->key.sequence));
    rows.bind(4, value_of((*std::prev(last))->key.sequence));
    runs_.clear();
    auto at = first, begin = first;
    {
        const Reading reading(rows);
        std::size_t stays = 0;
        while (at != last && !is_sparse(stays, static_cast<std::size_t>(at - first)) && rows.step()) {
            const auto stored = rows.integer(0);
            if (stored == value_of((*at)->key.sequence)) {
                ++at;
                continue;
            }
            if (stored > value_of((*at)->key.sequence)) throw Mismatch{};
            ++stays;
            if (at != begin) runs_.emplace_back(begin, at);
            begin = at;
        }
        if (at != begin) runs_.emplace_back(begin, at);
    }
    for (const auto& [from, to] : runs_) entry_range(from, to);
    std::size_t missing = 0;
    for (; at != last; ++at) missing += !entry(**at);
    return missing;
}

void Removals::entry_range(Chosen::const_iterator first, Chosen::const_iterator last) {
    auto& range = statements_.remove_entry_range;
    range.bind(1, value_of((*first)->key.queue));
    range.bind(2, (*first)->key.lane);
    range.bind(3, value_of((*first)->key.sequence));
    range.bind(4, value_of((*std::prev(last))->key.sequence) + planted(Bug::removed_range_too_long));
    if (range.run() != last - first && !planted(Bug::removed_range_too_long)) throw Mismatch{};
    for (; first != last; ++first) release(**first);
}

bool Removals::delayed(WallTime due_at, const Removal& removal) {
    auto& remove = statements_.remove_delayed;
    remove.bind(1, due_at.time_since_epoch().count());
    remove.bind(2, value_of(removal.key.sequence));
    remove.bind(3, value_of(removal.key.queue));
    if (remove.run() == 0) return false;
    release(removal);
    return true;
}

void Removals::release(const Removal& removal) {
    if (removal.keep_message) return;
    if (planted(Bug::share_never_taken) && removal.copies > 1) return;
    if (removal.copies > 1) shares_[value_of(removal.message)] += 1 + planted(Bug::share_taken_twice);
    else messages_.push_back(value_of(removal.message));
}

std::size_t Removals::sweep(const Sweep& sweep, bool by_range) {
    auto swept = sweep_entries(sweep, by_range);
    if (sweep.delayed_too && swept < sweep.max) swept += sweep_delayed(sweep, sweep.max - swept);
    return swept;
}

std::size_t Removals::sweep_entries(const Sweep& sweep, bool by_range) {
    to_sweep_.clear();
    auto& lane_from = statements_.lane_from;
    auto& rows = statements_.entries_to_sweep;
    for (int lane = 0; lane <= 255 && to_sweep_.size() < sweep.max; ++lane) {
        lane_from.bind(1, value_of(sweep.queue));
        lane_from.bind(2, lane);
        const Reading first(lane_from);
        if (!lane_from.step()) break;
        lane = static_cast<int>(lane_from.integer(0));
        if (lane_from.integer(1) > value_of(sweep.up_to)) continue;
        rows.bind(1, value_of(sweep.queue));
        rows.bind(2, lane);
        rows.bind(3, value_of(sweep.up_to));
        rows.bind(4, static_cast<std::int64_t>(sweep.max - to_sweep_.size()));
        while (rows.step())
            to_sweep_.push_back({.key = {sweep.queue, static_cast<std::uint8_t>(lane), Sequence{rows.integer(0)}},
                                 .message = MessageId{rows.integer(1)},
                                 .copies = static_cast<std::int32_t>(rows.integer(2))});
    }
    entries(to_sweep_, by_range, [](Unit) { return true; });
    return to_sweep_.size();
}

std::size_t Removals::sweep_delayed(const Sweep& sweep, std::size_t max) {
    delayed_to_sweep_.clear();
    auto& rows = statements_.delayed_to_sweep;
    rows.bind(1, value_of(sweep.queue));
    rows.bind(2, value_of(sweep.up_to));
    rows.bind(3, static_cast<std::int64_t>(max));
    while (rows.step())
        delayed_to_sweep_.push_back(
            {.due_at = wall(rows.integer(0)),
             .removal = {.key = {sweep.queue, static_cast<std::uint8_t>(rows.integer(1)), Sequence{rows.integer(2)}},
                         .message = MessageId{rows.integer(3)},
                         .copies = static_cast<std::int32_t>(rows.integer(4))}});
    for (const auto& row : delayed_to_sweep_) delayed(row.due_at, row.removal);
    return delayed_to_sweep_.size();
}

void Removals::flush() {
    if (!shares_.empty()) take_shares();
    if (!messages_.empty()) remove_messages();
}

void Removals::take_shares() {
    shares_in_order_.assign(shares_.begin(), shares_.end());
    shares_.clear();
    std::sort(shares_in_order_.begin(), shares_in_order_.end());
    auto& take = statements_.take_share;
    auto& remove = statements_.remove_share;
    for (const auto& [message, gone] : shares_in_order_) {
        take.bind(1, message);
        take.bind(2, gone);
        if (take.run() > 0) continue;
        remove.bind(1, message);
        if (remove.run() > 0) messages_.push_back(message);
    }
}

void Removals::remove_messages() {
    if (!std::is_sorted(messages_.begin(), messages_.end())) std::sort(messages_.begin(), messages_.end());
    for (std::size_t i = 0; i < messages_.size();) {
        auto end = i + 1;
        bool gap = false;
        for (; end < messages_.size() && messages_[end] - messages_[end - 1] <= widest_gap; ++end)
            gap |= messages_[end] - messages_[end - 1] > 1;
        if (!gap) message_range(messages_[i], messages_[end - 1]);
        else messages_over_gaps(i, end);
        i = end;
    }
    messages_.clear();
}

/// Ids are global, so what lies in a gap may be somebody else's: the stored ids say.
void Removals::messages_over_gaps(std::size_t first, std::size_t last) {
    auto& rows = statements_.ids_between;
    rows.bind(1, messages_[first]);
    rows.bind(2, messages_[last - 1]);
    id_runs_.clear();
    auto at = first, begin = first;
    {
        const Reading reading(rows);
        std::size_t stays = 0;
        while (at < last && !is_sparse(stays, at - first) && rows.step()) {
            const auto stored = rows.integer(0);
            while (at < last && messages_[at] < stored) ++at;  // gone already
            if (at < last && messages_[at] == stored) {
                ++at;
                continue;
            }
            ++stays;
            if (at != begin) id_runs_.emplace_back(messages_[begin], messages_[at - 1]);
            begin = at;
        }
        if (at != begin) id_runs_.emplace_back(messages_[begin], messages_[at - 1]);
    }
    for (const auto& [from, to] : id_runs_) message_range(from, to);
    for (; at < last; ++at) message_range(messages_[at], messages_[at]);
}

void Removals::message_range(std::int64_t first, std::int64_t last) {
    if (first == last) {
        statements_.remove_message.bind(1, first);
        statements_.remove_message.step();
        return;
    }
    statements_.remove_message_range.bind(1, first);
    statements_.remove_message_range.bind(2, last + planted(Bug::neighbours_body_removed));
    statements_.remove_message_range.step();
}

}  // namespace rowmq::storage::sqlite
