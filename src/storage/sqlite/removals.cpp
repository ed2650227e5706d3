#include "storage/sqlite/removals.hpp"

#include <algorithm>

namespace rowmq::storage::sqlite {
namespace {

/// From how many consecutive ids on one range statement is cheaper than one statement an id.
constexpr std::size_t shortest_range = 3;

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
    if (removal.copies > 1) ++shares_[value_of(removal.message)];
    else messages_.push_back(value_of(removal.message));
}

std::size_t Removals::sweep(const Sweep& sweep) {
    auto swept = sweep_entries(sweep);
    if (sweep.delayed_too && swept < sweep.max) swept += sweep_delayed(sweep, sweep.max - swept);
    return swept;
}

std::size_t Removals::sweep_entries(const Sweep& sweep) {
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
            to_sweep_.push_back({.due_at = {},
                                 .removal = {.key = {sweep.queue, static_cast<std::uint8_t>(lane), Sequence{rows.integer(0)}},
                                             .message = MessageId{rows.integer(1)},
                                             .copies = static_cast<std::int32_t>(rows.integer(2))}});
    }
    for (const auto& row : to_sweep_) entry(row.removal);
    return to_sweep_.size();
}

std::size_t Removals::sweep_delayed(const Sweep& sweep, std::size_t max) {
    to_sweep_.clear();
    auto& rows = statements_.delayed_to_sweep;
    rows.bind(1, value_of(sweep.queue));
    rows.bind(2, value_of(sweep.up_to));
    rows.bind(3, static_cast<std::int64_t>(max));
    while (rows.step())
        to_sweep_.push_back({.due_at = WallTime{std::chrono::milliseconds{rows.integer(0)}},
                             .removal = {.key = {sweep.queue, static_cast<std::uint8_t>(rows.integer(1)), Sequence{rows.integer(2)}},
                                         .message = MessageId{rows.integer(3)},
                                         .copies = static_cast<std::int32_t>(rows.integer(4))}});
    for (const auto& row : to_sweep_) delayed(row.due_at, row.removal);
    return to_sweep_.size();
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
    auto& one = statements_.remove_message;
    auto& range = statements_.remove_message_range;
    for (std::size_t i = 0; i < messages_.size();) {
        // Ids are global, so a gap may be somebody else's; only what is consecutive goes in one statement.
        auto end = i + 1;
        while (end < messages_.size() && messages_[end] == messages_[end - 1] + 1) ++end;
        if (end - i >= shortest_range) {
            range.bind(1, messages_[i]);
            range.bind(2, messages_[end - 1]);
            range.step();
        } else {
            for (auto at = i; at < end; ++at) {
                one.bind(1, messages_[at]);
                one.step();
            }
        }
        i = end;
    }
    messages_.clear();
}

}  // namespace rowmq::storage::sqlite
