#include "storage/sqlite/salvage.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "storage/sqlite/checksum.hpp"
#include "storage/sqlite/log_repair.hpp"
#include "storage/sqlite/raw_pages.hpp"
#include "storage/sqlite/statements.hpp"
#include "storage/sqlite/store.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::size_t messages_a_batch = 1'000, bytes_a_batch = 4 * 1024 * 1024;

std::optional<WallTime> optional_time(const RawRow& row, std::size_t column) {
    const auto ms = row.integer(column);
    return ms ? std::optional(wall(*ms)) : std::nullopt;
}

bool are_integers(const RawRow& row, std::size_t first, std::size_t last) {
    for (auto i = first; i <= last; ++i)
        if (!row.integer(i)) return false;
    return true;
}

/// Columns from `at`: message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes.
std::optional<EntryRow> entry_of(const RawRow& row, std::size_t at, const EntryKey& key) {
    if (!are_integers(row, at, at + 4)) return std::nullopt;
    EntryRow entry;
    entry.key = key;
    entry.message = MessageId{*row.integer(at)};
    entry.copies = static_cast<std::int32_t>(*row.integer(at + 2));
    entry.bytes = static_cast<std::int32_t>(*row.integer(at + 3));
    entry.receives = static_cast<std::uint32_t>(*row.integer(at + 4));
    entry.expires_at = optional_time(row, at + 5);
    entry.available_at = optional_time(row, at + 6);
    entry.group = row.text(at + 7, true).value_or("");
    if (const auto notes = row.text(at + 8)) entry.notes = std::make_shared<const std::string>(*notes);
    if (*row.integer(at + 1) != checksum_of_entry(key, entry.message, entry.group, entry.copies, entry.bytes)) return std::nullopt;
    return entry;
}

EntryKey key_of(std::int64_t queue, std::int64_t lane, std::int64_t sequence) {
    return {QueueId{queue}, static_cast<std::uint8_t>(lane), Sequence{sequence}};
}

/// Everything but bodies. Rows of messages are known by their checksums, the catalog's by their shape; so who may do what is not taken
/// along: a permission and a permission by topic look alike.
struct Found {
    std::map<EntryKey, EntryRow> entries;
    std::map<std::pair<std::int64_t, EntryKey>, EntryRow> delayed;  ///< by when they are due
    std::map<std::int64_t, QueueRow> queues;
    std::map<std::int64_t, NamespaceRow> namespaces;
    std::map<std::int64_t, ExchangeRow> exchanges;
    std::vector<BindingRow> bindings;
    std::vector<Remember> remembered;
    std::int64_t highest_id = 0, highest_wall = 0;
    std::set<std::int64_t> bodies;

    void take(const RawRow& row) {
        if (row.keyed) take_keyed(row);
        else take_table(row);
    }

private:
    void take_keyed(const RawRow& row) {
        const auto columns = row.values.size();
        if (columns == 12 && are_integers(row, 0, 2)) {
            if (auto entry = entry_of(row, 3, key_of(*row.integer(0), *row.integer(1), *row.integer(2)))) {
                highest_id = std::max({highest_id, value_of(entry->key.sequence), value_of(entry->message)});
                entries.emplace(entry->key, std::move(*entry));
            }
        } else if (columns == 13 && are_integers(row, 0, 3)) {
            if (auto entry = entry_of(row, 4, key_of(*row.integer(2), *row.integer(3), *row.integer(1)))) {
                highest_id = std::max({highest_id, value_of(entry->key.sequence), value_of(entry->message)});
                delayed.emplace(std::pair(*row.integer(0), entry->key), std::move(*entry));
            }
        } else if (columns == 6 && row.integer(0) && row.text(1) && row.text(2) && are_integers(row, 3, 5)) {
            remembered.push_back({.queue = QueueId{*row.integer(0)},
                                  .scope = std::string(*row.text(1)),
                                  .id = std::string(*row.text(2)),
                                  .message = MessageId{*row.integer(3)},
                                  .sequence = Sequence{*row.integer(4)},
                                  .now = wall(*row.integer(5))});
        } else if ((columns == 3 || columns == 4) && are_integers(row, 0, 1) && row.text(2)) {
            bindings.push_back({.exchange = ExchangeId{*row.integer(0)},
                                .queue = QueueId{*row.integer(1)},
                                .routing_key = std::string(*row.text(2)),
                                .options = std::string(row.text(3).value_or(""))});
        } else if (columns == 5 && are_integers(row, 0, 2) && row.text(3) && row.text(4)) {
            bindings.push_back({.exchange = ExchangeId{*row.integer(0)},
                                .queue = QueueId{*row.integer(1)},
                                .routing_key = std::string(*row.text(3)),
                                .options = std::string(*row.text(4)),
                                .to_exchange = ExchangeId{*row.integer(2)}});
        }
    }
    void take_table(const RawRow& row) {
        const auto columns = row.values.size();
        if (columns == 5 && are_integers(row, 1, 2) && row.text(3, true) && std::holds_alternative<RawBlob>(row.values[4])) {
            if (is_right_message(row)) bodies.insert(row.rowid);
        } else if (columns == 9 && row.integer(1) && row.text(2) && row.text(3) && are_integers(row, 4, 8)) {
            queues[row.rowid] = {.id = QueueId{row.rowid},
                                 .ns = NamespaceId{*row.integer(1)},
                                 .name = std::string(*row.text(2)),
                                 .options = std::make_shared<const std::string>(*row.text(3)),
                                 .created_at = wall(*row.integer(4)),
                                 .modified_at = wall(*row.integer(5)),
                                 .floor = Sequence{*row.integer(6)},
                                 .delayed_floor = Sequence{*row.integer(7)},
                                 .deleted = *row.integer(8) != 0};
        } else if (columns == 2 && row.text(1)) {
            namespaces[row.rowid] = {NamespaceId{row.rowid}, std::string(*row.text(1))};
        } else if (columns == 4 && row.integer(1) && row.text(2) && row.text(3)) {
            exchanges[row.rowid] = {ExchangeId{row.rowid}, NamespaceId{*row.integer(1)}, std::string(*row.text(2)),
                                    std::string(*row.text(3))};
        } else if (columns == 7 && row.rowid == 1 && row.text(1) && are_integers(row, 2, 5)) {
            highest_id = std::max(highest_id, *row.integer(3));
            highest_wall = std::max(highest_wall, *row.integer(4));
        }
    }

public:
    static bool is_right_message(const RawRow& row) {
        const auto body = std::get<RawBlob>(row.values[4]).bytes;
        return *row.integer(2) == checksum_of_message(MessageId{row.rowid}, wall(*row.integer(1)), *row.text(3, true), body);
    }
};

/// Leaves out what nobody owes any more and what has no body; adds queues whose row is lost.
void settle(Found& found, Salvaged& report) {
    const auto owed = [&](const EntryKey& key, Sequence QueueRow::*floor) {
        const auto queue = found.queues.find(value_of(key.queue));
        return queue == found.queues.end() || (!queue->second.deleted && key.sequence > queue->second.*floor);
    };
    const auto has_body = [&](const EntryRow& entry) {
        if (found.bodies.contains(value_of(entry.message))) return true;
        ++report.bodiless;
        return false;
    };
    std::erase_if(found.entries, [&](const auto& one) { return !owed(one.first, &QueueRow::floor) || !has_body(one.second); });
    std::erase_if(found.delayed,
                  [&](const auto& one) { return !owed(one.first.second, &QueueRow::delayed_floor) || !has_body(one.second); });
    std::erase_if(found.queues, [](const auto& one) { return one.second.deleted; });

    const auto name = [&](QueueId id) {
        if (found.queues.contains(value_of(id))) return;
        ++report.nameless;
        found.queues[value_of(id)] = {.id = id,
                                      .ns = NamespaceId{1},
                                      .name = "salvaged-" + std::to_string(value_of(id)),
                                      .options = std::make_shared<const std::string>("{}")};
    };
    for (const auto& [key, entry] : found.entries) name(key.queue);
    for (const auto& [due, entry] : found.delayed) name(due.second.queue);
    for (const auto& [id, queue] : found.queues)
        found.namespaces.try_emplace(
            value_of(queue.ns), NamespaceRow{queue.ns, value_of(queue.ns) == 1 ? "/" : "salvaged-" + std::to_string(value_of(queue.ns))});
    std::erase_if(found.bindings, [&](const auto& b) {
        const bool leads_somewhere =
            b.to_exchange == ExchangeId{} ? found.queues.contains(value_of(b.queue)) : found.exchanges.contains(value_of(b.to_exchange));
        return !leads_somewhere || !found.exchanges.contains(value_of(b.exchange));
    });
    std::erase_if(found.remembered, [&](const auto& r) { return !found.queues.contains(value_of(r.queue)); });
}

class Writing final {
public:
    Writing(Store& store, Salvaged& report) : store_(store), report_(report) { begin(); }

    void catalog(const Found& found) {
        for (const auto& [id, row] : found.namespaces) batch_->catalog.emplace_back(row);
        for (const auto& [id, row] : found.queues) batch_->catalog.emplace_back(row);
        for (const auto& [id, row] : found.exchanges) batch_->catalog.emplace_back(row);
        for (const auto& row : found.bindings) batch_->catalog.emplace_back(row);
        batch_->reserve_ids = found.highest_id;
        batch_->highest_wall = wall(found.highest_wall);
        report_.queues = static_cast<std::int64_t>(found.queues.size());
        commit();
        for (auto row : found.remembered) {
            row.unit = batch_->new_unit();
            batch_->remembers.push_back(std::move(row));
            if (batch_->remembers.size() >= messages_a_batch) commit();
        }
        commit();
    }
    void entries(const Found& found) {
        std::map<MessageId, std::int32_t> shares;
        const auto count = [&](const EntryRow& entry, std::int64_t delayed) {
            batch_->counters.push_back({.queue = entry.key.queue, .sent = 1, .delayed = delayed, .bytes = entry.bytes});
            if (entry.copies > 1) ++shares[entry.message];
            if (batch_->counters.size() >= messages_a_batch) commit();
        };
        for (const auto& [key, entry] : found.entries) {
            batch_->entries.push_back(entry);
            count(entry, 0);
        }
        for (const auto& [due, entry] : found.delayed) {
            batch_->delayed.push_back({.due_at = wall(due.first), .entry = entry});
            count(entry, 1);
        }
        for (const auto& [message, remaining] : shares) batch_->shares.push_back({.message = message, .add = remaining});
        report_.entries = static_cast<std::int64_t>(found.entries.size());
        report_.delayed = static_cast<std::int64_t>(found.delayed.size());
        commit();
    }
    void message(const RawRow& row) {
        const auto body = std::get<RawBlob>(row.values[4]).bytes;
        bytes_ += body.size();
        batch_->messages.push_back({.id = MessageId{row.rowid},
                                    .published_at = wall(*row.integer(1)),
                                    .properties = std::string(*row.text(3, true)),
                                    .message = Message(std::string(body))});
        ++report_.messages;
        if (batch_->messages.size() >= messages_a_batch || bytes_ >= bytes_a_batch) commit();
    }
    void commit() {
        Outcome outcome;
        Written written{batch_.get(), &outcome};
        store_.write(std::span(&written, 1));
        if (outcome.failure && !failure) failure = outcome.failure;
        begin();
    }

    std::optional<Error> failure;

private:
    void begin() {
        batch_ = std::make_unique<Batch>();
        batch_->ticket = Ticket{++ticket_};
        bytes_ = 0;
    }

    Store& store_;
    Salvaged& report_;
    std::unique_ptr<Batch> batch_;
    std::size_t bytes_ = 0;
    std::uint64_t ticket_ = 0;
};

Result<Salvaged> save(RawPages& pages, const std::string& to, const std::string& vfs) {
    Salvaged report;
    Found found;
    pages.each_row([&](const RawRow& row) { found.take(row); });
    report.damaged.assign(pages.damaged().begin(), pages.damaged().end());
    settle(found, report);

    Snapshot fresh;
    SqliteOptions options{.path = to, .vfs = vfs, .owner_lock = vfs.empty()};
    options.threads = false;
    auto opened = Store::open(options, fresh);
    if (!opened) return opened.error();
    Writing writing(**opened, report);
    writing.catalog(found);
    std::set<std::int64_t> wanted;
    for (const auto& [key, entry] : found.entries) wanted.insert(value_of(entry.message));
    for (const auto& [due, entry] : found.delayed) wanted.insert(value_of(entry.message));
    pages.each_row([&](const RawRow& row) {
        if (row.keyed || row.values.size() != 5 || !wanted.contains(row.rowid) || !are_integers(row, 1, 2) || !row.text(3, true) ||
            !std::holds_alternative<RawBlob>(row.values[4]) || !Found::is_right_message(row))
            return;
        wanted.erase(row.rowid);
        writing.message(row);
    });
    writing.commit();
    writing.entries(found);
    (*opened)->finish();
    if (writing.failure) return *writing.failure;
    return report;
}

}  // namespace

Result<Salvaged> salvage(const std::string& from, const std::string& to, const std::string& vfs) {
    std::error_code ignored;
    if (vfs.empty() && std::filesystem::exists(to, ignored)) return Error{Errc::already_exists, "there is a file " + to + " already"};
    try {
        OwnerLock lock;
        if (vfs.empty()) {
            auto taken = OwnerLock::take(from, "");
            if (!taken) return taken.error();
            lock = std::move(*taken);
        }
        auto repair = repair_log(from, vfs, Unrepairable::follow);
        auto notes = std::move(repair.done);
        if (!repair.lost.empty()) notes.push_back(std::move(repair.lost));
        Connection connection(from, {.vfs = vfs});
        // What is in the log belongs into the file; a file SQLite cannot open is read as it is. Before the first read SQLite does
        // not know that there is a log.
        auto* db = connection.handle();
        int code = sqlite3_exec(db, "PRAGMA schema_version", nullptr, nullptr, nullptr);
        if (code == SQLITE_OK) code = sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        if (code != SQLITE_OK) notes.push_back("the log could not be written back: " + std::string(sqlite3_errmsg(db)));
        sqlite3_file* file = nullptr;
        if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods)
            return Error{Errc::store_failed, "cannot read " + from};
        RawPages pages(file);
        auto report = save(pages, to, vfs);
        if (report) report->notes.insert(report->notes.begin(), notes.begin(), notes.end());
        return report;
    } catch (const Broken& broken) {
        return Error{broken.is_full() ? Errc::store_full : Errc::store_failed, "cannot salvage " + from + ": " + broken.what()};
    } catch (const std::exception& thrown) {
        return Error{Errc::store_failed, "cannot salvage " + from + ": " + thrown.what()};
    }
}

}  // namespace rowmq::storage::sqlite
