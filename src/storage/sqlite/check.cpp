#include "storage/sqlite/check.hpp"

#include "storage/sqlite/checksum.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::size_t problems_at_most = 1'000;

class Check final {
public:
    explicit Check(sqlite3* db) : db_(db) {}

    CheckReport run() {
        pages();
        each("check_integrity", [&](Statement& row) {
            if (row.bytes(0) != "ok") found("integrity check: " + std::string(row.bytes(0)));
        });
        each("check_totals", [&](Statement& row) {
            report_.queues = row.integer(0);
            report_.messages = row.integer(1);
            report_.entries = row.integer(2);
            report_.delayed = row.integer(3);
        });
        checksums();
        counters();
        references();
        return std::move(report_);
    }
    CheckReport stopped(const std::string& why) {
        report_.problems.push_back(why);
        return std::move(report_);
    }

private:
    template <typename Look>
    void each(std::string_view name, Look look) {
        auto rows = prepare(db_, name);
        while (rows.step()) look(rows);
    }
    void found(std::string problem) {
        if (report_.problems.size() < problems_at_most) report_.problems.push_back(std::move(problem));
    }

    /// Of what is in the file; the log has checksums of its own.
    void pages() {
        if (!has_page_sums(db_)) return;
        sqlite3_file* file = nullptr;
        sqlite3_int64 size = 0;
        if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods ||
            file->pMethods->xFileSize(file, &size) != SQLITE_OK)
            return;
        auto page_size = prepare(db_, "page_size");
        std::string page(page_size.step() ? static_cast<std::size_t>(page_size.integer(0)) : 0, '\0');
        for (std::uint32_t number = 1; !page.empty() && number * static_cast<sqlite3_int64>(page.size()) <= size; ++number) {
            const auto bytes = static_cast<int>(page.size());
            const auto offset = (number - 1) * static_cast<sqlite3_int64>(page.size());
            const int code = file->pMethods->xRead(file, page.data(), bytes, offset);
            if (code != SQLITE_OK) found("page " + std::to_string(number) + " cannot be read: " + sqlite3_errstr(code));
            else if (!is_whole(page, number))
                found("page " + std::to_string(number) + ": its checksum does not match: it is damaged, or another program wrote it");
        }
    }
    void checksums() {
        each("check_messages", [&](Statement& row) {
            const WallTime published_at{std::chrono::milliseconds{row.integer(1)}};
            if (row.integer(2) != checksum_of_message(MessageId{row.integer(0)}, published_at, row.bytes(3), row.bytes(4)))
                found("messages " + number(row, 0) + ": the checksum does not match");
        });
        entry_checksums("queue_messages", "check_entries");
        entry_checksums("delayed_messages", "check_delayed");
    }
    void entry_checksums(const std::string& table, std::string_view statement) {
        each(statement, [&](Statement& row) {
            const EntryKey key{QueueId{row.integer(0)}, static_cast<std::uint8_t>(row.integer(1)), Sequence{row.integer(2)}};
            const auto crc = checksum_of_entry(key, MessageId{row.integer(3)}, row.bytes(7), static_cast<std::int32_t>(row.integer(5)),
                                               static_cast<std::int32_t>(row.integer(6)));
            if (row.integer(4) != crc)
                found(table + " (queue " + number(row, 0) + ", lane " + number(row, 1) + ", sequence " + number(row, 2) +
                      "): the checksum does not match");
        });
    }
    void counters() {
        each("check_counters", [&](Statement& row) {
            const auto queue = "counters of queue " + number(row, 0) + ": ";
            if (row.integer(1) != row.integer(2)) found(queue + number(row, 1) + " messages are owed, " + number(row, 2) + " are there");
            if (row.integer(3) != row.integer(4))
                found(queue + number(row, 3) + " are counted as delayed, " + number(row, 4) + " are there");
            if (row.integer(5) != row.integer(6)) found(queue + number(row, 5) + " bytes are counted, " + number(row, 6) + " are there");
        });
        each("check_uncounted",
             [&](Statement& row) { found("queue " + number(row, 0) + " has a row in only one of queues and counters"); });
    }
    void references() {
        each("check_bodiless", [&](Statement& row) {
            found(std::string(row.bytes(0)) + " (queue " + number(row, 1) + ", sequence " + number(row, 2) + "): its message " +
                  number(row, 3) + " is not there");
        });
        each("check_unowed", [&](Statement& row) { found("messages " + number(row, 0) + ": no queue owes it"); });
        each("check_queueless", [&](Statement& row) {
            found(std::string(row.bytes(0)) + ": " + number(row, 2) + " rows of queue " + number(row, 1) + ", which is not there");
        });
        each("check_shares", [&](Statement& row) {
            found("shares of message " + number(row, 0) + ": " + number(row, 1) + " remain, " + number(row, 2) + " entries owe it");
        });
    }
    static std::string number(const Statement& row, int column) { return std::to_string(row.integer(column)); }

    sqlite3* db_;
    CheckReport report_;
};

}  // namespace

CheckReport check_store(const Store& store) {
    std::optional<Check> check;
    Connection connection;
    try {
        connection = store.connect();
        // So that no page in the file is one that a crash left half written and the log has whole.
        const int written_back = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        if (written_back != SQLITE_OK && (written_back & 0xff) != SQLITE_BUSY)
            throw_broken(connection.handle(), written_back, "checkpoint");
        connection.execute("BEGIN");
        check.emplace(connection.handle());
        auto report = check->run();
        report.problems.insert(report.problems.begin(), store.repairs().begin(), store.repairs().end());
        connection.execute("COMMIT");
        return report;
    } catch (const std::exception& thrown) {
        const auto why = "the check could not go on: " + std::string(thrown.what());
        if (check) return check->stopped(why);
        CheckReport report;
        report.problems.push_back(why);
        return report;
    }
}

}  // namespace rowmq::storage::sqlite
