#include "storage/sqlite/units.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <span>

#include "base/failpoint.hpp"
#include "base/planted.hpp"

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

Place place_of(const EntryKey& key) { return {0, value_of(key.queue), key.lane, value_of(key.sequence)}; }
Place place_of(WallTime due, const EntryKey& key) {
    return {due.time_since_epoch().count(), value_of(key.queue), 0, value_of(key.sequence)};
}

/// One row with a precondition.
struct Condition {
    enum class List : std::uint8_t { remembers, updates, removals, delayed_removals };
    Unit unit{};
    List list{};
    std::uint32_t index = 0;
};

template <typename Rows>
void collect(std::vector<Condition>& out, const Rows& rows, Condition::List list) {
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        Unit unit;
        if constexpr (requires { rows[i].removal; }) unit = rows[i].removal.unit;
        else unit = rows[i].unit;
        if (unit != Unit::always || list == Condition::List::remembers) out.push_back({unit, list, i});
    }
}

/// Whom an id stands for in one of the two tables.
struct Remembered {
    std::int64_t message = 0, sequence = 0, accepted_at = 0;
};

void name(Statement& statement, const Remember& row) {
    statement.bind(1, value_of(row.queue));
    statement.bind_text(2, row.scope);
    statement.bind_text(3, row.id);
}

std::optional<Remembered> find(Statement& statement, const Remember& row) {
    name(statement, row);
    const Reading reading(statement);
    if (!statement.step()) return std::nullopt;
    return Remembered{statement.integer(0), statement.integer(1), statement.integer(2)};
}

/// Judges unit by unit: what is stored, and what the units before did, decides.
class Judge final {
public:
    Judge(const Batch& batch, Statements& statements, bool second_table, Units& units)
        : batch_(batch),
          statements_(statements),
          find_(second_table ? statements.find_deduplication_b : statements.find_deduplication_a),
          find_older_(second_table ? statements.find_deduplication_a : statements.find_deduplication_b),
          put_(second_table ? statements.put_deduplication_b : statements.put_deduplication_a),
          remove_(second_table ? statements.remove_deduplication_b : statements.remove_deduplication_a),
          units_(units) {
        for (const auto& row : batch.removals)
            if (row.unit == Unit::always) removed_.insert(place_of(row.key));
        for (const auto& row : batch.delayed_removals)
            if (row.removal.unit == Unit::always) removed_.insert(place_of(row.due_at, row.removal.key));
    }

    void judge(std::span<const Condition> conditions) {
        ids_.clear();
        places_.clear();
        for (const auto& condition : conditions) {
            auto why = judge(condition);
            if (!why) continue;
            for (auto id = ids_.rbegin(); id != ids_.rend(); ++id) forget(*id);
            for (const auto& place : places_) removed_.erase(place);
            units_.leave_out(std::move(*why));
            return;
        }
    }

private:
    std::optional<LeftOut> judge(const Condition& condition) {
        const LeftOut missing{.unit = condition.unit, .why = LeftOut::Why::missing};
        switch (condition.list) {
            case Condition::List::remembers: {
                const auto& row = batch_.remembers[condition.index];
                // A row of the current table is younger than the same id in the older one, so it alone decides.
                const auto current = find(find_, row);
                const auto found = current ? current : find(find_older_, row);
                if (planted(Bug::deduplication_window_slides) && found)
                    put(row, {found->message, found->sequence, row.now.time_since_epoch().count()});
                if (found && found->accepted_at + planted(Bug::deduplication_window_too_long) >
                                 row.now.time_since_epoch().count() - row.window.count())
                    return LeftOut{.unit = row.unit,
                                   .why = LeftOut::Why::duplicate,
                                   .message = MessageId{found->message},
                                   .sequence = Sequence{found->sequence}};
                put(row, {value_of(row.message), value_of(row.sequence), row.now.time_since_epoch().count()});
                ids_.push_back({&row, current});
                ROWMQ_FAILPOINT(deduplication_put);
                return std::nullopt;
            }
            case Condition::List::updates: {
                const auto& row = batch_.updates[condition.index];
                if (!has_entry(row.key, condition.unit)) return missing;
                return std::nullopt;
            }
            case Condition::List::removals: {
                const auto& row = batch_.removals[condition.index];
                if (removed_.contains(place_of(row.key)) || !has_entry(row.key, condition.unit)) return missing;
                take(place_of(row.key));
                return std::nullopt;
            }
            case Condition::List::delayed_removals: {
                const auto& row = batch_.delayed_removals[condition.index];
                const auto place = place_of(row.due_at, row.removal.key);
                if (removed_.contains(place) || !has_delayed(row.due_at, row.removal.key, condition.unit)) return missing;
                take(place);
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    void take(const Place& place) {
        removed_.insert(place);
        places_.push_back(place);
    }
    void put(const Remember& row, const Remembered& value) {
        name(put_, row);
        put_.bind(4, value.message);
        put_.bind(5, value.sequence);
        put_.bind(6, value.accepted_at);
        put_.step();
    }
    struct Replaced {
        const Remember* row;
        std::optional<Remembered> before;  ///< expired for this row, but another's window may be longer
    };
    void forget(const Replaced& replaced) {
        if (replaced.before) return put(*replaced.row, *replaced.before);
        name(remove_, *replaced.row);
        remove_.step();
    }

    bool has_entry(const EntryKey& key, Unit unit) {
        auto& find = statements_.entry_exists;
        find.bind(1, value_of(key.queue));
        find.bind(2, key.lane);
        find.bind(3, value_of(key.sequence));
        return is_stored(find) || puts(place_of(key), unit);
    }
    bool has_delayed(WallTime due, const EntryKey& key, Unit unit) {
        auto& find = statements_.delayed_exists;
        find.bind(1, due.time_since_epoch().count());
        find.bind(2, value_of(key.sequence));
        find.bind(3, value_of(key.queue));
        return is_stored(find) || puts(place_of(due, key), unit);
    }
    static bool is_stored(Statement& find) {
        const Reading reading(find);
        return find.step();
    }
    /// Whether the batch itself puts it, in this unit or one before that holds. Few batches need to be looked up.
    bool puts(const Place& place, Unit unit) {
        if (!own_) {
            own_.emplace();
            for (const auto& row : batch_.entries) own_->emplace(place_of(row.key), row.unit);
            for (const auto& row : batch_.delayed) own_->emplace(place_of(row.due_at, row.entry.key), row.entry.unit);
        }
        const auto found = own_->find(place);
        return found != own_->end() && found->second <= unit && units_.holds(found->second);
    }

    const Batch& batch_;
    Statements& statements_;
    Statement &find_, &find_older_, &put_, &remove_;
    Units& units_;
    boost::unordered_flat_set<Place> removed_;
    std::optional<boost::unordered_flat_map<Place, Unit>> own_;
    std::vector<Replaced> ids_;  ///< what the unit being judged remembered
    std::vector<Place> places_;  ///< and removed
};

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
    std::vector<Condition> conditions;
    collect(conditions, batch.remembers, Condition::List::remembers);
    collect(conditions, batch.updates, Condition::List::updates);
    collect(conditions, batch.removals, Condition::List::removals);
    collect(conditions, batch.delayed_removals, Condition::List::delayed_removals);
    if (conditions.empty()) return;
    std::stable_sort(conditions.begin(), conditions.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });

    Judge judge(batch, statements, second_table, units);
    for (auto first = conditions.begin(); first != conditions.end();) {
        const auto last = std::find_if(first, conditions.end(), [&](const auto& c) { return c.unit != first->unit; });
        judge.judge({first, last});
        first = last;
    }
}

}  // namespace rowmq::storage::sqlite
