#include "storage/sqlite/writer.hpp"

#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "storage/sqlite/applications.hpp"
#include "storage/sqlite/catalog.hpp"
#include "storage/sqlite/checksum.hpp"
#include "storage/sqlite/room.hpp"

namespace rowmq::storage::sqlite {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::int64_t nanoseconds_since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count();
}

std::int64_t ms(WallTime time) { return time.time_since_epoch().count(); }

void bind_time(Statement& statement, int at, const std::optional<WallTime>& time) {
    if (time) statement.bind(at, ms(*time));
    else statement.bind_null(at);
}

void bind_entry(Statement& put, int at, const EntryRow& row) {
    put.bind(at, value_of(row.key.queue));
    put.bind(at + 1, row.key.lane);
    put.bind(at + 2, value_of(row.key.sequence));
    put.bind(at + 3, value_of(row.message));
    put.bind(at + 4, checksum_of_entry(row.key, row.message, row.group, row.copies, row.bytes));
    put.bind(at + 5, row.copies);
    put.bind(at + 6, row.bytes);
    put.bind(at + 7, row.receives);
    bind_time(put, at + 8, row.expires_at);
    bind_time(put, at + 9, row.available_at);
    if (row.group.empty()) put.bind_null(at + 10);
    else put.bind_text(at + 10, row.group);
    if (row.notes) put.bind_text(at + 11, *row.notes);
    else put.bind_null(at + 11);
}

/// A gap in the updated entries is bridged by reading what is stored there; wider ones are not worth it.
constexpr std::int64_t widest_gap = 256;

/// Whether both can be done by one statement, if nothing else lies between.
bool is_alike(const EntryUpdate& a, const EntryUpdate& b) {
    return a.key.queue == b.key.queue && a.key.lane == b.key.lane && a.receives == b.receives && a.available_at == b.available_at;
}

}  // namespace

Writer::Writer(Connection& connection, Gate& gate, Room& room)
    : connection_(connection), gate_(gate), room_(room), statements_(connection.handle()), removals_(statements_) {
    auto meta = prepare(connection.handle(), "read_meta");
    if (meta.step()) second_table_ = meta.bytes(5) == "b";
}

template <typename Rows>
const std::vector<std::uint32_t>* Writer::kept(const Rows& rows) {
    if (units_.all_hold()) return nullptr;
    kept_.clear();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        if constexpr (requires { rows[i].unit; }) {
            if (units_.holds(rows[i].unit)) kept_.push_back(i);
        } else {
            if (units_.holds(rows[i].entry.unit)) kept_.push_back(i);
        }
    }
    return &kept_;
}

void Writer::write(std::span<Written> group) {
    refused_.clear();
    // An application must not run twice, so its transaction is never repeated for a Mismatch.
    by_range_ = group.size() > 1 || group.front().batch->applications.empty();
    const auto start = SteadyClock::now();
    for (bool again = true; again;) {
        again = false;
        counters_.clear();
        reserve_ids_.reset();
        highest_wall_.reset();
        second_table_before_ = second_table_;
        try {
            ROWMQ_FAILPOINT(before_begin);
            statements_.begin_write.step();
            for (auto& written : group) {
                *written.outcome = Outcome{};
                apply(*written.batch, *written.outcome);
            }
            write_counters();
            const Size written = size();
            room_.claim(written.pages);
            const auto committing = SteadyClock::now();
            commit();
            written_size_ = written;
            const auto sync_ns = nanoseconds_since(committing);
            ROWMQ_FAILPOINT(synced);
            for (auto& written : group) {
                written.outcome->sync_ns = sync_ns;
                written.outcome->work_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(committing - start).count();
            }
        } catch (const Mismatch&) {
            rollback();
            by_range_ = false;
            again = true;
        } catch (const TransactionLost& lost) {
            rollback();
            refused_.push_back(lost.unit);
            again = true;
        } catch (...) {
            rollback();
            throw;
        }
    }
}

void Writer::commit() {
    try {
        statements_.commit.step();
    } catch (const Broken& broken) {
        // The log's index could not grow: the commit may be whole in the log, and a crash would bring it back.
        if (broken.code() == SQLITE_IOERR_SHMSIZE) throw Broken(SQLITE_IOERR, 0, broken.what());
        throw;
    }
}

void Writer::rollback() noexcept {
    second_table_ = second_table_before_;
    removals_.forget();
    if (!connection_.in_transaction()) return;
    sqlite3_step(statements_.rollback.handle());
    sqlite3_reset(statements_.rollback.handle());
}

void Writer::apply(const Batch& batch, Outcome& outcome) {
    if (batch.rotate_deduplications) turn_deduplications(*batch.rotate_deduplications);
    units_.reset(batch);
    apply_rows(batch, outcome);
    outcome.left_out = units_.take();
    if (!batch.applications.empty()) run_applications(batch, outcome);
    if (batch.reserve_ids && !planted(Bug::reservation_not_stored)) reserve_ids_ = std::max(reserve_ids_.value_or(0), *batch.reserve_ids);
    if (batch.highest_wall) highest_wall_ = std::max(highest_wall_.value_or(WallTime{}), *batch.highest_wall);
}

void Writer::apply_rows(const Batch& batch, Outcome& outcome) {
    for (const auto& change : batch.catalog) change_catalog(change, statements_);
    decide(batch, statements_, second_table_, units_);
    if (planted(Bug::deduplication_outside_commit)) statements_.commit.step(), statements_.begin_write.step();
    if (!batch.messages.empty()) put_messages(batch);
    if (!batch.entries.empty()) put_entries(batch);
    if (!batch.shares.empty()) change_shares(batch);
    if (!batch.delayed.empty()) put_delayed(batch);
    if (!batch.updates.empty()) update_entries(batch, outcome);
    ROWMQ_FAILPOINT_IF(std::ranges::any_of(batch.removals, [](const Removal& row) { return row.keep_message; }), half_move);
    remove_entries(batch, outcome);
    for (const auto& sweep : batch.sweeps) outcome.swept.push_back(removals_.sweep(sweep, by_range_));
    ROWMQ_FAILPOINT_IF(!batch.sweeps.empty(), half_sweep);
    removals_.flush();
    ROWMQ_FAILPOINT_IF(std::ranges::any_of(batch.counters, [](const CounterDelta& delta) { return delta.purged > 0; }), half_purge);
    count(batch);
}

void Writer::put_messages(const Batch& batch) {
    const auto* kept_rows = kept(batch.messages);
    statements_.put_messages.run(kept_rows ? kept_rows->size() : batch.messages.size(), [&](Statement& put, int at, std::size_t i) {
        const auto& row = batch.messages[kept_rows ? (*kept_rows)[i] : i];
        const auto body = row.message.text();
        put.bind(at, value_of(row.id));
        put.bind(at + 1, ms(row.published_at));
        put.bind(at + 2, checksum_of_message(row.id, row.published_at, row.properties, body));
        if (row.properties.empty()) put.bind_null(at + 3);
        else put.bind_text(at + 3, row.properties);
        put.bind_blob(at + 4, body);
    });
}

void Writer::put_entries(const Batch& batch) {
    const auto* kept_rows = kept(batch.entries);
    statements_.put_entries.run(kept_rows ? kept_rows->size() : batch.entries.size(), [&](Statement& put, int at, std::size_t i) {
        bind_entry(put, at, batch.entries[kept_rows ? (*kept_rows)[i] : i]);
    });
}

void Writer::put_delayed(const Batch& batch) {
    const auto* kept_rows = kept(batch.delayed);
    statements_.put_delayed.run(kept_rows ? kept_rows->size() : batch.delayed.size(), [&](Statement& put, int at, std::size_t i) {
        const auto& row = batch.delayed[kept_rows ? (*kept_rows)[i] : i];
        put.bind(at, ms(row.due_at));
        bind_entry(put, at + 1, row.entry);
    });
}

void Writer::change_shares(const Batch& batch) {
    auto& add_share = statements_.add_share;
    for (const auto& row : batch.shares) {
        if (!units_.holds(row.unit)) continue;
        add_share.bind(1, value_of(row.message));
        add_share.bind(2, row.add);
        add_share.step();
    }
}

void Writer::update_entries(const Batch& batch, Outcome& outcome) {
    updated_.clear();
    for (const auto& row : batch.updates)
        if (units_.holds(row.unit)) updated_.push_back(&row);
    // Stable: of two updates of one entry the later holds.
    const auto in_order = [](const EntryUpdate* a, const EntryUpdate* b) { return a->key < b->key; };
    if (!std::is_sorted(updated_.begin(), updated_.end(), in_order)) std::stable_sort(updated_.begin(), updated_.end(), in_order);
    for (std::size_t first = 0; first < updated_.size();) {
        auto last = first + 1;
        bool gap = false;
        for (; last < updated_.size() && is_alike(*updated_[first], *updated_[last]); ++last) {
            const auto step = value_of(updated_[last]->key.sequence) - value_of(updated_[last - 1]->key.sequence);
            if (step < 1 || step > widest_gap) break;
            gap |= step != 1;
        }
        const auto run = std::span(updated_).subspan(first, last - first);
        outcome.missing += run.size() - (run.size() > 1 && (!gap || is_all_between(run)) ? update_range(run) : update_rows(run));
        first = last;
    }
}

std::size_t Writer::update_rows(std::span<const EntryUpdate* const> rows) {
    auto& update = statements_.update_entry;
    std::size_t updated = 0;
    for (const auto* row : rows) {
        update.bind(1, value_of(row->key.queue));
        update.bind(2, row->key.lane);
        update.bind(3, value_of(row->key.sequence));
        update.bind(4, row->receives);
        bind_time(update, 5, row->available_at);
        updated += static_cast<std::size_t>(update.run());
    }
    return updated;
}

std::size_t Writer::update_range(std::span<const EntryUpdate* const> rows) {
    auto& update = statements_.update_entry_range;
    update.bind(1, value_of(rows.front()->key.queue));
    update.bind(2, rows.front()->key.lane);
    update.bind(3, value_of(rows.front()->key.sequence));
    update.bind(4, value_of(rows.back()->key.sequence) + planted(Bug::update_range_too_long));
    update.bind(5, rows.front()->receives);
    bind_time(update, 6, rows.front()->available_at);
    return static_cast<std::size_t>(update.run());
}

/// Whether the stored entries from the first to the last are these and no others.
bool Writer::is_all_between(std::span<const EntryUpdate* const> rows) {
    auto& stored = statements_.sequences_between;
    stored.bind(1, value_of(rows.front()->key.queue));
    stored.bind(2, rows.front()->key.lane);
    stored.bind(3, value_of(rows.front()->key.sequence));
    stored.bind(4, value_of(rows.back()->key.sequence));
    const Reading reading(stored);
    std::size_t at = 0;
    for (; stored.step(); ++at)
        if (at == rows.size() || stored.integer(0) != value_of(rows[at]->key.sequence)) return false;
    return at == rows.size();
}

void Writer::remove_entries(const Batch& batch, Outcome& outcome) {
    if (!batch.removals.empty())
        outcome.missing += removals_.entries(batch.removals, by_range_,
                                             [&](Unit unit) { return units_.holds(unit) || planted(Bug::transaction_in_part); });
    for (const auto& row : batch.delayed_removals)
        if (units_.holds(row.removal.unit) && !removals_.delayed(row.due_at, row.removal)) ++outcome.missing;
}

void Writer::count(const Batch& batch) {
    for (const auto& delta : batch.counters)
        if (units_.holds(delta.unit) || planted(Bug::left_out_is_counted)) add(counters_[delta.queue], delta);
}

void Writer::turn_deduplications(WallTime since) {
    second_table_ = !second_table_;
    (second_table_ ? statements_.empty_deduplications_b : statements_.empty_deduplications_a).step();
    statements_.turn_deduplications.bind_text(1, second_table_ ? "b" : "a");
    statements_.turn_deduplications.bind(2, ms(since));
    statements_.turn_deduplications.step();
}

void Writer::write_counters() {
    auto& add_counters = statements_.add_counters;
    for (const auto& [queue, sum] : counters_) {
        add_counters.bind(1, value_of(queue));
        add_counters.bind(2, sum.sent);
        add_counters.bind(3, sum.done);
        add_counters.bind(4, sum.dead_lettered);
        add_counters.bind(5, sum.expired);
        add_counters.bind(6, sum.purged);
        add_counters.bind(7, sum.overflowed);
        add_counters.bind(8, sum.redriven);
        add_counters.bind(9, sum.delayed);
        add_counters.bind(10, sum.bytes);
        add_counters.bind(11, value_of(sum.delivered_through));
        add_counters.bind(12, value_of(sum.counted_through));
        add_counters.step();
    }
    if (!reserve_ids_ && !highest_wall_) return;
    auto& update = statements_.update_meta;
    update.bind(1, reserve_ids_.value_or(0));
    update.bind(2, ms(highest_wall_.value_or(WallTime{})));
    update.step();
}

std::int64_t Writer::read(Statement& statement) {
    const Reading reading(statement);
    return statement.step() ? statement.integer(0) : 0;
}

Writer::Size Writer::size() { return {.pages = read(statements_.page_count), .free = read(statements_.freelist_count)}; }

std::int64_t Writer::shrink(std::int64_t keep) {
    const auto free = read(statements_.freelist_count);
    if (free <= keep || free * 4 < read(statements_.page_count)) return 0;
    statements_.vacuum_some.run();
    return free - read(statements_.freelist_count);
}

void Writer::run_applications(const Batch& batch, Outcome& outcome) {
    const auto is_left_out = [&](Unit unit) {
        return std::any_of(outcome.left_out.begin(), outcome.left_out.end(), [&](const LeftOut& out) { return out.unit == unit; });
    };
    for (const auto& application : batch.applications) {
        if (is_left_out(application.unit)) continue;
        if (std::find(refused_.begin(), refused_.end(), application.unit) != refused_.end()) {
            outcome.left_out.push_back({.unit = application.unit, .why = LeftOut::Why::application, .text = overrun_text(application)});
            continue;
        }
        const auto counters_before = counters_;
        const bool second_table_before = second_table_;
        statements_.savepoint.step();
        std::string problem = run_application(connection_.handle(), gate_, application, [&](const Batch& staged) {
            units_.reset(staged);
            Outcome inner;
            apply_rows(staged, inner);
            return units_.all_hold() && inner.missing == 0;
        });
        if (!problem.empty()) {
            counters_ = counters_before;
            second_table_ = second_table_before;
            removals_.forget();
            if (!planted(Bug::application_not_rolled_back)) statements_.rollback_to_savepoint.step();
            outcome.left_out.push_back({.unit = application.unit, .why = LeftOut::Why::application, .text = std::move(problem)});
        }
        statements_.release_savepoint.step();
    }
    std::sort(outcome.left_out.begin(), outcome.left_out.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });
}

}  // namespace rowmq::storage::sqlite
