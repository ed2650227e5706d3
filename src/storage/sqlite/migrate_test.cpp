// A store of every older format, killed and cut off from power at every moment of its way to the current one: it is of one
// format or of the next, whole, and no row has changed.
#include "storage/sqlite/migrate.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "test/support/crash_images.hpp"

namespace rowmq::storage::sqlite {
namespace {

using test::FileImage;
using test::RecordingVfs;

const std::string path = "/migrating.db";

// What every format has had since the first: the columns later formats add are not named.
constexpr std::string_view rows[] = {
    "SELECT group_concat(store_id || epoch || reserved_ids || highest_wall_ms) FROM meta",
    "SELECT group_concat(id || name || options || floor || deleted) FROM queues",
    "SELECT group_concat(queue || ' ' || sent || ' ' || done || ' ' || delayed || ' ' || bytes || ' ' || delivered_through) FROM counters",
    "SELECT group_concat(id || ' ' || crc32c || ' ' || hex(body)) FROM messages",
    "SELECT group_concat(queue || ' ' || sequence || ' ' || message || ' ' || receives || ' ' || message_group) FROM queue_messages",
    "SELECT group_concat(due_at_ms || ' ' || sequence || ' ' || message) FROM delayed_messages",
    "SELECT group_concat(exchange || ' ' || queue || ' ' || routing_key) FROM bindings",
    "SELECT group_concat(queue || scope || id || message || accepted_at_ms) FROM deduplications_a"};

constexpr auto filling =
    "INSERT INTO namespaces VALUES (1, 'default');"
    "INSERT INTO queues (id, namespace, name, options, created_at_ms, modified_at_ms) VALUES (1, 1, 'q', '{}', 5, 6);"
    "INSERT INTO counters (queue, sent, done, delayed, bytes, delivered_through) VALUES (1, 60, 10, 10, 50000, 12);"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
    " INSERT INTO messages SELECT i, 7, i * 3, NULL, zeroblob(1000 + i) FROM n;"
    "INSERT INTO queue_messages SELECT 1, 0, id, id, 9, 1, 1000, id % 3, NULL, NULL, 'g' || id % 5, NULL FROM messages WHERE id <= 40;"
    "INSERT INTO delayed_messages SELECT 1000 + id, id, 1, 0, id, 9, 1, 1000, 0, NULL, NULL, NULL, NULL FROM messages WHERE id > 40;"
    "INSERT INTO exchanges VALUES (1, 1, 'x', '{}');"
    "INSERT INTO bindings (exchange, queue, routing_key) VALUES (1, 1, 'k');"
    "INSERT INTO deduplications_a VALUES (1, '', 'd', 1, 1, 8);";

std::vector<SqlFile> first_of(std::size_t count) { return {sql_migrations().begin(), sql_migrations().begin() + count}; }

Connection open_on(const RecordingVfs& disk) {
    Connection connection(path, {.vfs = disk.name()});
    connection.write_back_on_close(false);
    return connection;
}

/// What a file is: its format, its schema, and its rows; rows only if it has any format.
struct State {
    std::int64_t format = 0;
    std::string schema, rows;
};
State state_of(Connection& connection) {
    State state{.format = connection.integer("PRAGMA user_version"),
                .schema = connection.text("SELECT group_concat(coalesce(sql, name), ';') FROM (SELECT * FROM sqlite_schema ORDER BY name)"),
                .rows = ""};
    // Between two formats a table that is made anew may be missing.
    const bool whole = connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'bindings'") > 0;
    if (state.format > 0 && whole)
        for (const auto query : rows) state.rows += connection.text(query) + "\n";
    return state;
}

/// A store of format `version`, with rows if it can have any.
FileImage store_of(std::size_t version) {
    RecordingVfs disk({.record = false});
    if (version == 0) return disk.files();
    auto connection = open_on(disk);
    EXPECT_TRUE(migrate(connection, {}, first_of(version)));
    connection.execute(filling);
    connection.close();
    return disk.files();
}

State state_in(const FileImage& files) {
    RecordingVfs disk({.record = false}, files);
    auto connection = open_on(disk);
    return state_of(connection);
}

struct Found {
    std::size_t statements = 0, images = 0, between = 0, damaged = 0;
    std::map<std::int64_t, std::size_t> formats;
};

/// The files as they are before each statement, also of those that are part of another.
class Statements final {
public:
    Statements(const RecordingVfs& disk, const Connection& connection) : disk_(disk) {
        sqlite3_trace_v2(connection.handle(), SQLITE_TRACE_STMT, &Statements::begins, this);
    }
    const std::vector<FileImage>& images() const { return images_; }

private:
    static int begins(unsigned, void* self, void*, void*) {
        auto& statements = *static_cast<Statements*>(self);
        statements.images_.push_back(statements.disk_.files());
        return 0;
    }
    const RecordingVfs& disk_;
    std::vector<FileImage> images_;
};

void judge(const FileImage& image, const State& before, const std::map<std::int64_t, std::string>& allowed, Found& found) {
    RecordingVfs left({.record = false}, image);
    auto connection = open_on(left);
    const auto state = state_of(connection);
    ++found.formats[state.format];
    ++found.images;
    const auto format = allowed.find(state.format);
    if (format == allowed.end() || format->second != state.schema) {
        ++found.between;
        return;
    }
    const bool same_rows = before.format == 0 || state.rows == before.rows;
    const bool goes_on = migrate(connection, {}, sql_migrations()).has_value() && connection.text("PRAGMA integrity_check") == "ok";
    const auto after = state_of(connection);
    const bool arrived = after.schema == allowed.rbegin()->second && (before.format == 0 || after.rows == before.rows);
    if (!same_rows || !goes_on || !arrived) ++found.damaged;
}

/// Runs `change` on `start`; at every moment of it the format must be one of `allowed`, with the rows of `start`.
Found examine(const FileImage& start, const std::map<std::int64_t, std::string>& allowed, const std::function<void(Connection&)>& change) {
    const auto before = state_in(start);
    RecordingVfs disk({}, start);
    Found found;
    {
        auto connection = open_on(disk);
        const Statements statements(disk, connection);
        change(connection);
        connection.close();
        found.statements = statements.images().size();
        for (const auto& image : statements.images()) judge(image, before, allowed, found);
    }
    test::each_crash_image(
        disk.log(), {.prefixes = 2, .random_subsets = 1},
        [&](const test::CrashImage& image) { judge(image.files, before, allowed, found); }, start);
    return found;
}

/// The schemas of all formats.
std::map<std::int64_t, std::string> formats() {
    std::map<std::int64_t, std::string> schemas{{0, ""}};
    for (std::size_t version = 1; version <= sql_migrations().size(); ++version)
        schemas[static_cast<std::int64_t>(version)] = state_in(store_of(version)).schema;
    return schemas;
}

TEST(Migrations, killed_or_cut_off_at_any_moment_leave_one_format_or_the_next_and_every_row) {
    const auto schemas = formats();

    for (std::size_t version = 0; version < sql_migrations().size(); ++version) {
        const auto found =
            examine(store_of(version), schemas, [](Connection& connection) { ASSERT_TRUE(migrate(connection, {}, sql_migrations())); });

        std::cout << "from format " << version << ": " << found.statements << " statements, " << found.images << " states of the files\n";
        EXPECT_EQ(found.between, 0u) << "from format " << version;
        EXPECT_EQ(found.damaged, 0u) << "from format " << version;
        EXPECT_GT(found.statements, 5u);
        EXPECT_GT(found.images, found.statements);
        for (auto format = version; format < sql_migrations().size(); ++format)
            EXPECT_GT(found.formats.at(static_cast<std::int64_t>(format)), 0u) << "a death in front of migration " << format + 1;
    }
}

TEST(Migrations, without_a_transaction_would_be_found_between_two_formats) {
    const auto found = examine(store_of(1), formats(), [](Connection& connection) {
        for (const auto& migration : sql_migrations())
            if (&migration != &sql_migrations().front()) connection.execute(std::string(migration.text));
        connection.execute("PRAGMA user_version = " + std::to_string(sql_migrations().size()));
    });

    EXPECT_GT(found.between, 0u);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
