#include "raw_sqlite.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "crc32c.hpp"

namespace rowmq::bench {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS messages(
  id INTEGER PRIMARY KEY, published_at_ms INTEGER NOT NULL, properties TEXT, body BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS queue_messages(
  queue INTEGER NOT NULL, lane INTEGER NOT NULL, sequence INTEGER NOT NULL, message INTEGER NOT NULL, grp TEXT,
  expires_at_ms INTEGER, available_at_ms INTEGER, receives INTEGER NOT NULL, copies INTEGER NOT NULL,
  bytes INTEGER NOT NULL, notes TEXT, crc INTEGER NOT NULL, PRIMARY KEY(queue, lane, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters(
  queue INTEGER PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0);
)";

std::string repeated(const std::string& head, const std::string& row, int rows, const std::string& tail = "") {
    std::string sql = head;
    for (int i = 0; i < rows; ++i) sql += (i ? "," : "") + row;
    return sql + tail;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

RawSqlite::RawSqlite(RawSettings settings) : settings_(std::move(settings)) {
    if (!settings_.memory_statistics) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(settings_.path.c_str(), &db_, flags, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
    const auto pragma = [&](const std::string& text) { execute(("PRAGMA " + text).c_str()); };
    pragma("page_size=" + std::to_string(settings_.page_bytes));
    pragma(std::string("auto_vacuum=") + (settings_.incremental_vacuum ? "INCREMENTAL" : "NONE"));
    pragma("journal_mode=WAL");
    pragma("synchronous=FULL");
    pragma("secure_delete=OFF");
    pragma("wal_autocheckpoint=0");
    pragma("mmap_size=0");
    pragma("cache_size=-" + std::to_string(settings_.cache_kib));
    execute(schema);
    sqlite3_wal_hook(
        db_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<RawSqlite*>(self)->wal_pages_ = pages;
            return SQLITE_OK;
        },
        this);

    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    const std::string message = "(?,?,?,?,?)", entry = "(?,?,?,?,?,?,?,?,?,?,?,?)";
    put_message_ = prepare("INSERT INTO messages VALUES" + message);
    put_entry_ = prepare("INSERT INTO queue_messages VALUES" + entry);
    put_messages_ = prepare(repeated("INSERT INTO messages VALUES", message, settings_.insert_rows));
    put_entries_ = prepare(repeated("INSERT INTO queue_messages VALUES", entry, settings_.insert_rows));
    remove_message_ = prepare("DELETE FROM messages WHERE id=?");
    remove_entry_ = prepare("DELETE FROM queue_messages WHERE queue=? AND lane=? AND sequence=?");
    remove_message_list_ = prepare(repeated("DELETE FROM messages WHERE id IN (", "?", settings_.list_rows, ")"));
    remove_entry_list_ =
        prepare(repeated("DELETE FROM queue_messages WHERE (queue,lane,sequence) IN (VALUES ", "(?,?,?)", settings_.list_rows, ")"));
    remove_message_range_ = prepare("DELETE FROM messages WHERE id BETWEEN ? AND ?");
    remove_entry_range_ = prepare("DELETE FROM queue_messages WHERE queue=? AND lane=? AND sequence BETWEEN ? AND ?");
    counters_ = prepare("UPDATE counters SET sent=sent+?, done=done+?, bytes=bytes+? WHERE queue=?");
    read_ = prepare(
        "SELECT e.sequence, e.message, e.grp, e.expires_at_ms, e.available_at_ms, e.receives, e.copies, e.bytes, "
        "e.notes, e.crc, m.published_at_ms, m.properties, m.body, m.crc FROM queue_messages e "
        "JOIN messages m ON m.id=e.message WHERE e.queue=? AND e.lane=0 AND e.sequence>? "
        "ORDER BY e.sequence LIMIT ?");
}

RawSqlite::~RawSqlite() {
    for (auto* statement : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
}

RawSqlite::Statement RawSqlite::prepare(const std::string& sql) {
    Statement statement = nullptr;
    if (sqlite3_prepare_v3(db_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
        throw std::runtime_error(sql.substr(0, 80) + ": " + sqlite3_errmsg(db_));
    statements_.push_back(statement);
    return statement;
}

void RawSqlite::execute(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
}

void RawSqlite::step(Statement statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
    sqlite3_reset(statement);
}

void RawSqlite::declare(std::int64_t queues) {
    execute("BEGIN");
    for (std::int64_t queue = 1; queue <= queues; ++queue)
        execute(("INSERT OR IGNORE INTO counters(queue) VALUES(" + std::to_string(queue) + ")").c_str());
    execute("COMMIT");
}

void RawSqlite::insert(std::span<const RawRow> puts) {
    const auto bind_message = [](Statement s, int& at, const RawRow& row) {
        const std::int64_t now = 1'700'000'000'000;
        sqlite3_bind_int64(s, at++, row.id);
        sqlite3_bind_int64(s, at++, now);
        at++;
        sqlite3_bind_blob(s, at++, row.body.data(), static_cast<int>(row.body.size()), SQLITE_STATIC);
        sqlite3_bind_int64(s, at++, crc32c(crc32c_of(crc32c_of(0, row.id), now), row.body));
    };
    const auto bind_entry = [](Statement s, int& at, const RawRow& row) {
        const auto bytes = static_cast<std::int32_t>(row.body.size());
        sqlite3_bind_int64(s, at++, row.queue);
        sqlite3_bind_int(s, at++, 0);
        sqlite3_bind_int64(s, at++, row.id);
        sqlite3_bind_int64(s, at++, row.id);
        at += 3;
        sqlite3_bind_int(s, at++, 0);
        sqlite3_bind_int(s, at++, 1);
        sqlite3_bind_int(s, at++, bytes);
        at++;
        sqlite3_bind_int64(s, at++, crc32c_of(crc32c_of(crc32c_of(0, row.queue), row.id), bytes));
    };
    const auto put = [&](std::span<const RawRow> rows, Statement many, Statement one, const auto& bind) {
        const auto width = static_cast<std::size_t>(settings_.insert_rows);
        for (; rows.size() >= width; rows = rows.subspan(width)) {
            int at = 1;
            for (const auto& row : rows.first(width)) bind(many, at, row);
            step(many);
        }
        for (const auto& row : rows) {
            int at = 1;
            bind(one, at, row);
            step(one);
        }
    };
    put(puts, put_messages_, put_message_, bind_message);
    sorted_.assign(puts.begin(), puts.end());
    std::stable_sort(sorted_.begin(), sorted_.end(), [](const RawRow& a, const RawRow& b) { return a.queue < b.queue; });
    put(sorted_, put_entries_, put_entry_, bind_entry);
}

void RawSqlite::remove_each(std::span<const RawRow> removals) {
    for (const auto& row : removals) {
        sqlite3_bind_int64(remove_message_, 1, row.id);
        step(remove_message_);
    }
    for (const auto& row : sorted_) {
        sqlite3_bind_int64(remove_entry_, 1, row.queue);
        sqlite3_bind_int(remove_entry_, 2, 0);
        sqlite3_bind_int64(remove_entry_, 3, row.id);
        step(remove_entry_);
    }
}

void RawSqlite::remove_lists(std::span<const RawRow> removals) {
    const auto width = static_cast<std::size_t>(settings_.list_rows);
    const std::size_t whole = removals.size() / width * width;
    for (std::size_t i = 0; i < whole; i += width) {
        for (std::size_t k = 0; k < width; ++k) sqlite3_bind_int64(remove_message_list_, static_cast<int>(k + 1), removals[i + k].id);
        step(remove_message_list_);
    }
    for (std::size_t i = 0; i < whole; i += width) {
        int at = 1;
        for (std::size_t k = 0; k < width; ++k) {
            sqlite3_bind_int64(remove_entry_list_, at++, sorted_[i + k].queue);
            sqlite3_bind_int(remove_entry_list_, at++, 0);
            sqlite3_bind_int64(remove_entry_list_, at++, sorted_[i + k].id);
        }
        step(remove_entry_list_);
    }
    std::vector<RawRow> rest(sorted_.begin() + static_cast<std::ptrdiff_t>(whole), sorted_.end());
    sorted_ = rest;
    remove_each(removals.subspan(whole));
}

void RawSqlite::remove_ranges(std::span<const RawRow> removals) {
    for (std::size_t i = 0; i < removals.size();) {
        std::size_t end = i + 1;
        while (end < removals.size() && removals[end].id == removals[end - 1].id + 1) ++end;
        if (end - i == 1) {
            sqlite3_bind_int64(remove_message_, 1, removals[i].id);
            step(remove_message_);
        } else {
            sqlite3_bind_int64(remove_message_range_, 1, removals[i].id);
            sqlite3_bind_int64(remove_message_range_, 2, removals[end - 1].id);
            step(remove_message_range_);
        }
        i = end;
    }
    // A range of one queue's sequences is whole when every id between its ends is in this batch, whosever it is: what
    // lies between and belongs to another queue is under another key.
    for (std::size_t i = 0; i < sorted_.size();) {
        std::size_t end = i + 1;
        const auto in_batch = [&](std::int64_t low, std::int64_t high) {
            return low >= removals.front().id && high <= removals.back().id &&
                   removals.back().id - removals.front().id + 1 == static_cast<std::int64_t>(removals.size());
        };
        while (end < sorted_.size() && sorted_[end].queue == sorted_[i].queue &&
               (sorted_[end].id == sorted_[end - 1].id + 1 || in_batch(sorted_[end - 1].id, sorted_[end].id)))
            ++end;
        if (end - i == 1) {
            sqlite3_bind_int64(remove_entry_, 1, sorted_[i].queue);
            sqlite3_bind_int(remove_entry_, 2, 0);
            sqlite3_bind_int64(remove_entry_, 3, sorted_[i].id);
            step(remove_entry_);
        } else {
            sqlite3_bind_int64(remove_entry_range_, 1, sorted_[i].queue);
            sqlite3_bind_int(remove_entry_range_, 2, 0);
            sqlite3_bind_int64(remove_entry_range_, 3, sorted_[i].id);
            sqlite3_bind_int64(remove_entry_range_, 4, sorted_[end - 1].id);
            step(remove_entry_range_);
        }
        i = end;
    }
}

void RawSqlite::count(std::span<const RawRow> puts, std::span<const RawRow> removals) {
    deltas_.clear();
    for (const auto& row : puts) {
        auto& delta = deltas_[row.queue];
        delta[0] += 1;
        delta[2] += static_cast<std::int64_t>(row.body.size());
    }
    for (const auto& row : removals) {
        auto& delta = deltas_[row.queue];
        delta[1] += 1;
        delta[2] -= static_cast<std::int64_t>(row.body.size());
    }
    for (const auto& [queue, delta] : deltas_) {
        for (int i = 0; i < 3; ++i) sqlite3_bind_int64(counters_, i + 1, delta[static_cast<std::size_t>(i)]);
        sqlite3_bind_int64(counters_, 4, queue);
        step(counters_);
    }
}

void RawSqlite::commit(std::span<const RawRow> puts, std::span<const RawRow> removals) {
    step(begin_);
    if (!puts.empty()) insert(puts);
    if (!removals.empty()) {
        sorted_.assign(removals.begin(), removals.end());
        std::stable_sort(sorted_.begin(), sorted_.end(), [](const RawRow& a, const RawRow& b) { return a.queue < b.queue; });
        switch (settings_.remove) {
            case RemoveShape::rows: remove_each(removals); break;
            case RemoveShape::lists: remove_lists(removals); break;
            case RemoveShape::ranges: remove_ranges(removals); break;
        }
    }
    count(puts, removals);
    const auto start = std::chrono::steady_clock::now();
    step(commit_);
    sync_seconds_ += seconds_since(start);
    if (wal_pages_ >= settings_.checkpoint_pages) checkpoint();
}

std::size_t RawSqlite::read(std::int64_t queue, std::int64_t after, int max) {
    std::size_t bytes = 0;
    sqlite3_bind_int64(read_, 1, queue);
    sqlite3_bind_int64(read_, 2, after);
    sqlite3_bind_int(read_, 3, max);
    while (sqlite3_step(read_) == SQLITE_ROW) {
        const std::string_view body(static_cast<const char*>(sqlite3_column_blob(read_, 12)),
                                    static_cast<std::size_t>(sqlite3_column_bytes(read_, 12)));
        const auto id = sqlite3_column_int64(read_, 1);
        const auto crc = crc32c(crc32c_of(crc32c_of(0, std::int64_t{id}), std::int64_t{sqlite3_column_int64(read_, 10)}), body);
        if (crc != static_cast<std::uint32_t>(sqlite3_column_int64(read_, 13))) throw std::runtime_error("damaged message");
        bytes += body.size();
    }
    sqlite3_reset(read_);
    return bytes;
}

void RawSqlite::checkpoint() {
    const auto start = std::chrono::steady_clock::now();
    sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    wal_pages_ = 0;
    checkpoint_seconds_ += seconds_since(start);
}

}  // namespace rowmq::bench
