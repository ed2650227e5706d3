#pragma once
// The writer's prepared statements: made once, for ever; the long ones when they are first needed. Their text is in sql/*.sql,
// by the same names.
// Threads: the writer.

#include <vector>

#include "storage/rows.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/sql_text.hpp"

namespace rowmq::storage::sqlite {

/// Milliseconds since 1970, as times are stored.
inline WallTime wall(std::int64_t since_1970) { return WallTime{std::chrono::milliseconds{since_1970}}; }

inline Statement prepare(sqlite3* db, std::string_view name) { return Statement(db, sql_named(name).sql); }

/// A statement whose row repeats, prepared in several sizes; the sizes of several rows take longer to prepare than all others
/// together, so each waits for its first use.
class Repeated final {
public:
    Repeated(sqlite3* db, std::string_view name);

    /// Runs it over `count` rows; `bind(statement, at, i)` binds row i, whose first parameter is `at`.
    template <typename Bind>
    void run(std::size_t count, Bind&& bind) {
        std::size_t i = 0;
        for (auto& size : sizes_)
            for (; count - i >= size.rows; i += size.rows) {
                if (!size.statement.handle()) make(size);
                for (std::size_t r = 0; r < size.rows; ++r) bind(size.statement, 1 + static_cast<int>(r) * columns_, i + r);
                size.statement.step();
            }
    }

private:
    struct Size {
        std::size_t rows;
        Statement statement;
    };
    void make(Size& size);

    sqlite3* db_;
    const SqlText& text_;
    std::vector<Size> sizes_;
    int columns_ = 0;
};

struct Statements {
    explicit Statements(sqlite3* db);

    Statement begin_write, commit, rollback, savepoint, rollback_to_savepoint, release_savepoint;
    Repeated put_messages, put_entries, put_delayed;
    Statement remove_message, remove_message_range, ids_between;
    Statement update_entry, update_entry_range, entry_exists, remove_entry, remove_entry_range, sequences_between, lane_from,
        entries_to_sweep;
    Statement delayed_exists, remove_delayed, delayed_to_sweep;
    Statement add_share, take_share, remove_share;
    Statement add_counters;
    Statement put_namespace, put_queue, put_queue_counters, erase_queue, erase_queue_counters, erase_queue_bindings;
    Statement put_exchange, erase_exchange, erase_exchange_bindings, put_binding, erase_binding;
    Statement put_task, erase_task;
    Statement erase_namespace, put_user, erase_user, put_permission, erase_permission, erase_permissions_of_user, erase_permissions_in;
    Statement put_topic_permission, erase_topic_permission, erase_topic_permissions_of_user, erase_topic_permissions_in;
    Statement put_parameter, erase_parameter, erase_parameters_in;
    Statement find_deduplication_a, find_deduplication_b, put_deduplication_a, put_deduplication_b, remove_deduplication_a,
        remove_deduplication_b, empty_deduplications_a, empty_deduplications_b, turn_deduplications;
    Statement update_meta;
    Statement freelist_count, page_count, vacuum_some;
};

}  // namespace rowmq::storage::sqlite
