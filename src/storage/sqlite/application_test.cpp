#include <sqlite3.h>

#include <thread>

#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

using namespace std::chrono_literals;

struct Applications : testing::Test {
    void SetUp() override {
        running.load();
        running.commit(with_queue(QueueId{1}));
        run([](Transaction& t) { t.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)"); });
    }
    /// The reason it was left out, or empty.
    std::string run(TransactionFunction fn, std::chrono::milliseconds limit = 10s) {
        auto batch = running.batch();
        batch.applications.push_back({.run = std::move(fn),
                                      .limit = limit,
                                      .prepare = [this](Work work) { return stage(std::move(work)); },
                                      .unit = batch.new_unit()});
        const auto outcome = running.commit(std::move(batch));
        EXPECT_FALSE(outcome.failure) << outcome.failure->text;
        return outcome.left_out.empty() ? "" : outcome.left_out[0].text;
    }
    Result<std::shared_ptr<const Batch>> stage(Work work) {
        auto batch = std::make_shared<Batch>();
        const auto unit = batch->new_unit();
        for (auto& publish : work.publishes) put(*batch, QueueId{1}, ++next, std::string(publish.message.text()), "", unit);
        for (const auto& settlement : work.settlements) take(*batch, QueueId{1}, value_of(settlement.lease.sequence), 0, unit);
        return std::shared_ptr<const Batch>(std::move(batch));
    }
    std::size_t waiting() { return running.page(EntriesAfter{.queue = QueueId{1}, .max = 100}).entries.size(); }
    std::int64_t orders() {
        std::int64_t count = -1;
        run([&](Transaction& t) { count = count_of(t.sqlite()); });
        return count;
    }
    static std::int64_t count_of(sqlite3* db) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(db, "SELECT count(*) FROM orders", -1, &statement, nullptr);
        sqlite3_step(statement);
        const auto count = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        return count;
    }

    Folder folder;
    Running running{folder.options()};
    std::int64_t next = 100;
};

TEST_F(Applications, commit_their_rows_with_what_they_publish) {
    const auto refusal = run([](Transaction& t) {
        t.execute("INSERT INTO orders (what) VALUES ('book')");
        t.publish({.exchange = "", .routing_key = "q1", .message = Message("book ordered")});
    });

    EXPECT_EQ(refusal, "");
    EXPECT_EQ(orders(), 1);
    EXPECT_EQ(waiting(), 1u);
}

TEST_F(Applications, leave_nothing_behind_when_they_throw) {
    const auto refusal = run([](Transaction& t) {
        t.execute("INSERT INTO orders (what) VALUES ('book')");
        t.publish({.exchange = "", .routing_key = "q1", .message = Message("book ordered")});
        throw std::runtime_error("out of stock");
    });

    EXPECT_EQ(refusal, "out of stock");
    EXPECT_EQ(orders(), 0);
    EXPECT_EQ(waiting(), 0u);
}

TEST_F(Applications, leave_nothing_behind_when_a_message_they_settle_is_gone) {
    const auto refusal = run([](Transaction& t) {
        t.execute("INSERT INTO orders (what) VALUES ('book')");
        t.settle({.lease = {.queue = QueueId{1}, .sequence = Sequence{77}}});
    });

    EXPECT_NE(refusal, "");
    EXPECT_EQ(orders(), 0);
    EXPECT_TRUE(running.check().problems.empty());
}

TEST_F(Applications, may_read_the_brokers_tables_but_not_write_them) {
    for (const std::string sql :
         {"COMMIT", "ROLLBACK", "SAVEPOINT mine", "RELEASE application", "ATTACH 'other.db' AS other", "DETACH other",
          "PRAGMA synchronous = OFF", "DELETE FROM messages", "UPDATE queue_messages SET receives = 1",
          "INSERT INTO Counters (queue) VALUES (9)", "DROP TABLE messages", "ALTER TABLE messages ADD COLUMN mine",
          "CREATE INDEX mine ON messages (published_at_ms)", "CREATE TRIGGER mine AFTER INSERT ON messages BEGIN SELECT 1; END",
          "CREATE TEMP TRIGGER mine AFTER INSERT ON messages BEGIN SELECT 1; END", "DROP VIEW rowmq_queues", "CREATE TABLE rowmq_mine (a)",
          "ANALYZE", "SELECT load_extension('mine')"})
        EXPECT_NE(run([&](Transaction& t) { t.execute(sql); }), "") << sql;

    EXPECT_EQ(run([](Transaction& t) { t.execute("SELECT * FROM messages, queue_messages, rowmq_queues"); }), "");
    EXPECT_EQ(run([](Transaction& t) { t.execute("CREATE TABLE mine (a); CREATE INDEX mine_a ON mine (a); DROP TABLE mine"); }), "");
    EXPECT_TRUE(running.check().problems.empty());
}

TEST_F(Applications, fail_when_a_refused_statement_was_ignored) {
    const auto refusal = run([](Transaction& t) {
        sqlite3_exec(t.sqlite(), "INSERT INTO orders (what) VALUES ('book')", nullptr, nullptr, nullptr);
        sqlite3_exec(t.sqlite(), "DELETE FROM messages", nullptr, nullptr, nullptr);
    });

    EXPECT_NE(refusal.find("messages"), std::string::npos);
    EXPECT_EQ(orders(), 0);
}

TEST_F(Applications, are_interrupted_at_their_limit_and_fail_alone) {
    auto batch = running.batch();
    put(batch, QueueId{1}, 50, "beside it");
    auto slow = [](Transaction& t) {
        t.execute("INSERT INTO orders (what) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
    };
    batch.applications.push_back({.run = slow, .limit = 30ms, .prepare = {}, .unit = batch.new_unit()});

    const auto outcome = running.commit(std::move(batch));

    EXPECT_FALSE(outcome.failure);
    ASSERT_EQ(outcome.left_out.size(), 1u);
    EXPECT_NE(outcome.left_out[0].text.find("30 ms"), std::string::npos);
    EXPECT_EQ(orders(), 0);
    EXPECT_EQ(waiting(), 1u);
}

TEST_F(Applications, may_leave_statements_running) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_stmt* reading = nullptr;
    const auto refusal = run([&](Transaction& t) {
        t.execute("INSERT INTO orders (what) VALUES ('a'), ('b')");
        sqlite3_prepare_v2(t.sqlite(), "UPDATE orders SET what = 'c' RETURNING id", -1, &statement, nullptr);
        sqlite3_step(statement);
        sqlite3_prepare_v2(t.sqlite(), "SELECT * FROM orders", -1, &reading, nullptr);
        sqlite3_step(reading);
    });

    EXPECT_EQ(refusal, "");
    EXPECT_EQ(orders(), 2);
    sqlite3_finalize(statement);
    sqlite3_finalize(reading);
}

}  // namespace
}  // namespace rowmq::storage::sqlite
