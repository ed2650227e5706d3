#include "storage/memory/decide.hpp"

#include <algorithm>
#include <set>

namespace rowmq::storage::memory {
namespace {

/// One row of the batch that has a precondition.
struct Condition {
    enum class List : std::uint8_t { remembers, updates, removals, delayed_removals, applications };
    Unit unit{};
    List list{};
    std::size_t index = 0;
};

template <typename Rows>
void collect(std::vector<Condition>& conditions, const Rows& rows, Condition::List list) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Unit unit;
        if constexpr (requires { rows[i].removal; }) unit = rows[i].removal.unit;
        else unit = rows[i].unit;
        if (unit != Unit::always || list == Condition::List::remembers || list == Condition::List::applications)
            conditions.push_back({unit, list, i});
    }
}

/// The state a unit is judged against: the content, plus what the units before it did.
class Judge {
public:
    Judge(const Content& content, const Batch& batch) : content_(content), batch_(batch) {
        for (const Removal& row : batch.removals)
            if (row.unit == Unit::always) taken_.insert(row.key);
        for (const DelayedRemoval& row : batch.delayed_removals)
            if (row.removal.unit == Unit::always) taken_delayed_.insert(key_of(row));
    }

    /// The rows of one unit; why it cannot be, or none.
    std::optional<LeftOut> judge(const Condition* first, const Condition* last) {
        const Unit unit = first->unit;
        std::vector<EntryKey> entries;
        std::vector<DelayedKey> delayed;
        std::vector<std::pair<DeduplicationKey, Remembered>> remembered;
        for (const Condition* c = first; c != last; ++c) {
            switch (c->list) {
                case Condition::List::remembers: {
                    const Remember& row = batch_.remembers[c->index];
                    DeduplicationKey key{row.queue, row.scope, row.id};
                    if (const Remembered* found = find(key, row, remembered))
                        return LeftOut{unit, LeftOut::Why::duplicate, found->message, found->sequence, c->index, {}};
                    remembered.emplace_back(std::move(key), Remembered{row.now, row.message, row.sequence});
                    break;
                }
                case Condition::List::updates:
                    if (!has_entry(batch_.updates[c->index].key, unit)) return missing(unit);
                    break;
                case Condition::List::removals: {
                    const EntryKey& key = batch_.removals[c->index].key;
                    if (taken_.contains(key) || !has_entry(key, unit) || std::ranges::find(entries, key) != entries.end())
                        return missing(unit);
                    entries.push_back(key);
                    break;
                }
                case Condition::List::delayed_removals: {
                    const DelayedKey key = key_of(batch_.delayed_removals[c->index]);
                    if (taken_delayed_.contains(key) || !has_delayed(key, unit) || std::ranges::find(delayed, key) != delayed.end())
                        return missing(unit);
                    delayed.push_back(key);
                    break;
                }
                case Condition::List::applications:
                    return LeftOut{unit, LeftOut::Why::application, {}, {}, 0, "an in-memory store has no SQL to run"};
            }
        }
        for (auto& [key, value] : remembered) remembered_.insert_or_assign(std::move(key), value);
        taken_.insert(entries.begin(), entries.end());
        taken_delayed_.insert(delayed.begin(), delayed.end());
        return std::nullopt;
    }

    void leave_out(Unit unit) { out_.insert(unit); }

private:
    static DelayedKey key_of(const DelayedRemoval& row) { return {row.removal.key.queue, row.due_at, row.removal.key.sequence}; }
    static LeftOut missing(Unit unit) { return LeftOut{unit, LeftOut::Why::missing, {}, {}, 0, {}}; }

    const Remembered* find(const DeduplicationKey& key, const Remember& row,
                           const std::vector<std::pair<DeduplicationKey, Remembered>>& own) const {
        for (const auto& [own_key, value] : own)
            if (own_key == key && value.accepted_at + row.window > row.now) return &value;
        const auto found = remembered_.find(key);
        if (found != remembered_.end()) return found->second.accepted_at + row.window > row.now ? &found->second : nullptr;
        return content_.find_remembered(key, row.now, row.window);
    }

    bool has_entry(const EntryKey& key, Unit unit) {
        if (content_.entries.contains(key)) return true;
        if (!entries_known_) {
            entries_known_ = true;
            for (const EntryRow& row : batch_.entries) put_.emplace(row.key, row.unit);
        }
        const auto found = put_.find(key);
        return found != put_.end() && found->second <= unit && !out_.contains(found->second);
    }

    bool has_delayed(const DelayedKey& key, Unit unit) {
        if (content_.delayed.contains(key)) return true;
        if (!delayed_known_) {
            delayed_known_ = true;
            for (const DelayedRow& row : batch_.delayed)
                put_delayed_.emplace(DelayedKey{row.entry.key.queue, row.due_at, row.entry.key.sequence}, row.entry.unit);
        }
        const auto found = put_delayed_.find(key);
        return found != put_delayed_.end() && found->second <= unit && !out_.contains(found->second);
    }

    const Content& content_;
    const Batch& batch_;
    std::set<Unit> out_;
    Deduplications remembered_;
    std::set<EntryKey> taken_;
    std::set<DelayedKey> taken_delayed_;
    bool entries_known_ = false, delayed_known_ = false;  ///< few batches need what they put looked up
    std::map<EntryKey, Unit> put_;
    std::map<DelayedKey, Unit> put_delayed_;
};

}  // namespace

Decision::Decision(const Content& content, const Batch& batch) {
    std::vector<Condition> conditions;
    collect(conditions, batch.remembers, Condition::List::remembers);
    collect(conditions, batch.updates, Condition::List::updates);
    collect(conditions, batch.removals, Condition::List::removals);
    collect(conditions, batch.delayed_removals, Condition::List::delayed_removals);
    collect(conditions, batch.applications, Condition::List::applications);
    if (conditions.empty()) return;
    std::ranges::stable_sort(conditions, {}, &Condition::unit);

    out_.resize(static_cast<std::size_t>(conditions.back().unit) + 1);
    Judge judge(content, batch);
    for (auto first = conditions.begin(); first != conditions.end();) {
        const auto last = std::find_if(first, conditions.end(), [&](const Condition& c) { return c.unit != first->unit; });
        if (auto why = judge.judge(&*first, &*first + (last - first))) {
            judge.leave_out(why->unit);
            out_[static_cast<std::size_t>(why->unit)] = true;
            left_out_.push_back(std::move(*why));
        }
        first = last;
    }
}

}  // namespace rowmq::storage::memory
