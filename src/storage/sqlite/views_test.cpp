// The readable door: the views, and every query of doc/storage.md.
#include <fstream>
#include <sstream>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

struct Views : testing::Test {
    void SetUp() override {
        running.load();
        auto catalog = with_queue(QueueId{1});
        catalog.catalog.push_back(NamespaceRow{NamespaceId{1}, "/"});
        running.commit(catalog);
        auto batch = running.batch();
        put(batch, QueueId{1}, 10, R"({"order": 7})", "blue");
        put(batch, QueueId{1}, 11, "not json");
        batch.messages.push_back({.id = MessageId{12}, .published_at = {}, .properties = "", .message = Message("later")});
        batch.delayed.push_back({.due_at = WallTime{std::chrono::milliseconds{1'000}},
                                 .entry = {.key = {QueueId{1}, 0, Sequence{12}}, .message = MessageId{12}, .group = "", .bytes = 5}});
        batch.counters.push_back({.queue = QueueId{1}, .sent = 1, .delayed = 1, .bytes = 5});
        running.commit(batch);
        reader = Connection(folder.file(), {});
    }
    std::vector<std::string> rows(std::string_view sql) {
        std::vector<std::string> out;
        Statement statement(reader.handle(), sql, false);
        while (statement.step()) {
            std::string row;
            for (int i = 0; i < sqlite3_column_count(statement.handle()); ++i) row += (i ? "|" : "") + std::string(statement.bytes(i));
            out.push_back(row);
        }
        return out;
    }

    Folder folder;
    Running running{folder.options()};
    Connection reader;
};

using Rows = std::vector<std::string>;

TEST_F(Views, show_queues_messages_and_what_is_delayed_while_the_broker_runs) {
    EXPECT_EQ(rows("SELECT namespace, queue, ready_or_leased, delayed, bytes, sent FROM rowmq_queues"), Rows{"/|q1|2|1|25|3"});
    EXPECT_EQ(rows("SELECT namespace, queue, message_id, state, message_group, receives FROM rowmq_messages"),
              (Rows{"/|q1|10|ready|blue|0", "/|q1|11|ready||0"}));
    EXPECT_EQ(rows("SELECT queue, message_id, due_at FROM rowmq_delayed"), Rows{"q1|12|1970-01-01 00:00:01"});
}

TEST_F(Views, hide_what_was_purged) {
    QueueRow queue = std::get<QueueRow>(with_queue(QueueId{1}).catalog[0]);
    queue.floor = Sequence{10};
    queue.delayed_floor = Sequence{12};
    auto batch = running.batch();
    batch.catalog.push_back(queue);
    running.commit(batch);

    EXPECT_EQ(rows("SELECT message_id FROM rowmq_messages"), Rows{"11"});
    EXPECT_TRUE(rows("SELECT message_id FROM rowmq_delayed").empty());
}

TEST_F(Views, answer_every_query_of_the_documentation) {
    std::ifstream file(ROWMQ_STORAGE_DOC);
    ASSERT_TRUE(file) << ROWMQ_STORAGE_DOC;
    std::stringstream text;
    text << file.rdbuf();
    const auto document = text.str();
    const auto begin = document.find("```sql\n") + 7;
    std::string queries = document.substr(begin, document.find("```", begin) - begin);

    std::vector<Rows> answers;
    for (std::size_t at = 0, end; (end = queries.find(";\n", at)) != std::string::npos; at = end + 2)
        answers.push_back(rows(std::string_view(queries).substr(at, end - at)));

    ASSERT_EQ(answers.size(), 7u);
    EXPECT_EQ(answers[0], Rows{"q1|2|1|25"});
    EXPECT_EQ(answers[1].size(), 2u);
    EXPECT_EQ(answers[2], Rows{"q1|10"});
    EXPECT_TRUE(answers[3].empty());
    EXPECT_EQ(answers[4].size(), 1u);
    EXPECT_EQ(answers[5].size(), 1u);
    EXPECT_TRUE(answers[6].empty());
}

}  // namespace
}  // namespace rowmq::storage::sqlite
