#include "storage/sqlite/units.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

namespace rowmq::storage::sqlite {
namespace {

/// (due, queue, lane, sequence) of an entry or a delayed one; due is 0 for entries.
struct Place {
    std::int64_t due = 0, queue = 0, lane = 0, sequence = 0;
    friend bool operator==(const Place&, const Place&) = default;
    friend std::size_t hash_value(const Place& p) noexcept {
        std::size_t seed = 0;
        for (const auto part : {p.due, p.queue, p.lane, p.sequence}) boost::hash_combine(seed, part);
        return seed;
    }
};
using Places = boost::unordered_flat_set<Place>;

Place place_of(const EntryKey& key) { return {0, value_of(key.queue), key.lane, value_of(key.sequence)}; }
Place place_of(WallTime due, const EntryKey& key) {
    return {due.time_since_epoch().count(), value_of(key.queue), 0, value_of(key.sequence)};
}

template <typename Rows>
bool has_real_units(const Rows& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.unit != Unit::always; });
}
bool has_real_units(const std::vector<DelayedRemoval>& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.removal.unit != Unit::always; });
}

/// What is there when a removal comes to its turn: the stored rows, and the batch's own, less what it removed before.
class Presence final {
public:
    Presence(const Batch& batch, Statements& statements) : batch_(batch), statements_(statements) {}

    bool entry(const EntryKey& key) {
        if (removed_.contains(place_of(key))) return false;
        auto& find = statements_.entry_exists;
        find.bind(1, value_of(key.queue));
        find.bind(2, key.lane);
        find.bind(3, value_of(key.sequence));
        const bool stored = find.step();
        find.reset();
        return stored || own().contains(place_of(key));
    }
    bool delayed(WallTime due, const EntryKey& key) {
        if (removed_.contains(place_of(due, key))) return false;
        auto& find = statements_.delayed_exists;
        find.bind(1, due.time_since_epoch().count());
        find.bind(2, value_of(key.sequence));
        find.bind(3, value_of(key.queue));
        const bool stored = find.step();
        find.reset();
        return stored || own().contains(place_of(due, key));
    }
    void removed(const Place& place) { removed_.insert(place); }

private:
    const Places& own() {
        if (!own_) {
            own_.emplace();
            for (const auto& row : batch_.entries) own_->insert(place_of(row.key));
            for (const auto& row : batch_.delayed) own_->insert(place_of(row.due_at, row.entry.key));
        }
        return *own_;
    }
    const Batch& batch_;
    Statements& statements_;
    std::optional<Places> own_;
    Places removed_;
};

void find_missing(const Batch& batch, Statements& statements, Units& units) {
    Presence presence(batch, statements);
    auto missing = [&](Unit unit) { units.leave_out({.unit = unit, .why = LeftOut::Why::missing}); };
    for (const auto& row : batch.updates)
        if (row.unit != Unit::always && units.holds(row.unit) && !presence.entry(row.key)) missing(row.unit);
    for (const auto& row : batch.removals) {
        if (!units.holds(row.unit)) continue;
        if (row.unit != Unit::always && !presence.entry(row.key)) missing(row.unit);
        else presence.removed(place_of(row.key));
    }
    for (const auto& row : batch.delayed_removals) {
        const auto& removal = row.removal;
        if (!units.holds(removal.unit)) continue;
        if (removal.unit != Unit::always && !presence.delayed(row.due_at, removal.key)) missing(removal.unit);
        else presence.removed(place_of(row.due_at, removal.key));
    }
}

std::optional<LeftOut> find_duplicate(const Remember& row, Statements& statements) {
    auto& find = statements.find_deduplication;
    find.bind(1, value_of(row.queue));
    find.bind_text(2, row.scope);
    find.bind_text(3, row.id);
    find.bind(4, row.now.time_since_epoch().count() - row.window.count());
    const Reading reading(find);
    if (!find.step()) return std::nullopt;
    return LeftOut{.unit = row.unit, .why = LeftOut::Why::duplicate, .message = MessageId{find.integer(0)},
                   .sequence = Sequence{find.integer(1)}};
}

/// Remembers the ids of units that hold, in order; a later unit finds those of an earlier one.
void remember_all(const Batch& batch, Statements& statements, bool second_table, Units& units) {
    auto& put = second_table ? statements.put_deduplication_b : statements.put_deduplication_a;
    auto& remove = second_table ? statements.remove_deduplication_b : statements.remove_deduplication_a;
    auto name = [](Statement& statement, const Remember& row) {
        statement.bind(1, value_of(row.queue));
        statement.bind_text(2, row.scope);
        statement.bind_text(3, row.id);
    };
    for (std::size_t i = 0; i < batch.remembers.size(); ++i) {
        const auto& row = batch.remembers[i];
        if (!units.holds(row.unit)) continue;
        if (auto duplicate = find_duplicate(row, statements)) {
            units.leave_out(std::move(*duplicate));
            for (std::size_t before = 0; before < i; ++before) {
                if (batch.remembers[before].unit != row.unit) continue;
                name(remove, batch.remembers[before]);
                remove.step();
            }
            continue;
        }
        name(put, row);
        put.bind(4, value_of(row.message));
        put.bind(5, value_of(row.sequence));
        put.bind(6, row.now.time_since_epoch().count());
        put.step();
    }
}

}  // namespace

void Units::reset(const Batch& batch) {
    left_out_.clear();
    out_.assign(batch.units + 1, false);
}

void Units::leave_out(LeftOut reason) {
    auto&& out = out_[static_cast<std::size_t>(reason.unit)];
    if (out) return;
    out = true;
    left_out_.push_back(std::move(reason));
}

std::vector<LeftOut> Units::take() {
    std::sort(left_out_.begin(), left_out_.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });
    return std::move(left_out_);
}

void decide(const Batch& batch, Statements& statements, bool second_table, Units& units) {
    if (has_real_units(batch.updates) || has_real_units(batch.removals) || has_real_units(batch.delayed_removals)) {
        // A unit that misses an entry must not leave its deduplication ids behind, so entries are looked for before ids
        // are remembered; where both are so, the duplicate is the reason reported.
        for (const auto& row : batch.remembers)
            if (auto duplicate = find_duplicate(row, statements)) units.leave_out(std::move(*duplicate));
        find_missing(batch, statements, units);
    }
    remember_all(batch, statements, second_table, units);
}

}  // namespace rowmq::storage::sqlite
