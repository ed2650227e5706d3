#include "storage/memory/engine.hpp"

#include <gtest/gtest.h>

#include "test/support/run.hpp"

namespace rowmq::storage::memory {
namespace {

using test::run_in;

constexpr QueueId queue{1};

EntryRow entry(std::int64_t sequence, std::int64_t message, Unit unit = Unit::always) {
    EntryRow row;
    row.key = {queue, 0, Sequence{sequence}};
    row.message = MessageId{message};
    row.bytes = 1;
    row.unit = unit;
    return row;
}

MessageRow message(std::int64_t id, Unit unit = Unit::always) {
    MessageRow row;
    row.id = MessageId{id};
    row.message = Message("x");
    row.unit = unit;
    return row;
}

Remember remember(std::string id, std::int64_t message, Unit unit) {
    Remember row;
    row.queue = queue;
    row.id = std::move(id);
    row.message = MessageId{message};
    row.sequence = Sequence{message};
    row.now = WallTime{std::chrono::seconds(1)};
    row.window = std::chrono::seconds(1);
    row.unit = unit;
    return row;
}

struct MemoryEngine : testing::Test {
    Outcome commit(Batch batch) {
        batch.ticket = Ticket{++ticket};
        return run_in(io, engine->commit(std::make_shared<const Batch>(std::move(batch))));
    }

    boost::asio::io_context io;
    std::shared_ptr<Content> content = std::make_shared<Content>();
    std::unique_ptr<Engine> engine = make_engine(io.get_executor(), content);
    std::uint64_t ticket = 0;
};

TEST_F(MemoryEngine, answers_later_and_in_the_order_of_the_calls) {
    std::string order;
    auto batch = std::make_shared<Batch>();
    batch->ticket = Ticket{1};
    const auto note = [&order](char what) { return [&order, what](std::exception_ptr, auto&&) { order += what; }; };

    boost::asio::co_spawn(io, engine->commit(batch), note('c'));
    boost::asio::co_spawn(io, engine->page(LaneHeads{queue, {}}), note('p'));
    boost::asio::co_spawn(io, engine->commit(batch), note('d'));
    EXPECT_EQ(order, "");
    io.run();

    EXPECT_EQ(order, "cpd");
}

TEST_F(MemoryEngine, keeps_its_content_for_the_next_owner_with_a_higher_epoch) {
    const Snapshot first = run_in(io, engine->load()).value();
    Batch batch;
    batch.messages.push_back(message(1));
    batch.entries.push_back(entry(2, 1));
    commit(std::move(batch));
    run_in(io, engine->close());

    engine = make_engine(io.get_executor(), content);
    const Snapshot second = run_in(io, engine->load()).value();

    EXPECT_EQ(second.epoch, first.epoch + 1);
    EXPECT_EQ(second.store_id, first.store_id);
    EXPECT_EQ(content->entries.size(), 1u);
}

TEST_F(MemoryEngine, does_not_count_as_remembered_what_a_unit_that_was_left_out_remembered) {
    Batch batch;
    const Unit settles = batch.new_unit(), publishes = batch.new_unit();
    batch.remembers = {remember("a", 1, settles), remember("a", 2, publishes)};
    batch.messages.push_back(message(2, publishes));
    batch.entries.push_back(entry(2, 2, publishes));
    batch.removals.push_back({.key = {queue, 0, Sequence{99}}, .message = MessageId{9}, .unit = settles});

    const Outcome outcome = commit(std::move(batch));

    ASSERT_EQ(outcome.left_out.size(), 1u);
    EXPECT_EQ(outcome.left_out[0].unit, settles);
    EXPECT_EQ(outcome.left_out[0].why, LeftOut::Why::missing);
    EXPECT_EQ(content->entries.size(), 1u);
}

TEST_F(MemoryEngine, leaves_an_applications_unit_out_and_says_why) {
    Batch batch;
    const Unit unit = batch.new_unit();
    batch.applications.push_back({.unit = unit});
    batch.messages.push_back(message(1, unit));

    const Outcome outcome = commit(std::move(batch));

    ASSERT_EQ(outcome.left_out.size(), 1u);
    EXPECT_EQ(outcome.left_out[0].why, LeftOut::Why::application);
    EXPECT_EQ(outcome.left_out[0].text, "an in-memory store has no SQL to run");
    EXPECT_TRUE(content->messages.empty());
    EXPECT_FALSE(engine->has_sql());
}

TEST_F(MemoryEngine, is_broken_for_ever_by_a_batch_no_correct_broker_makes) {
    Batch batch;
    batch.messages = {message(1), message(1)};

    const Outcome outcome = commit(std::move(batch));

    ASSERT_TRUE(outcome.failure);
    EXPECT_EQ(outcome.failure->code, Errc::store_failed);
    EXPECT_EQ(outcome.failure->text, "the in-memory store is broken: message 1 was put twice");
    EXPECT_EQ(commit({}).failure->code, Errc::store_failed);
    EXPECT_EQ(run_in(io, engine->page(LaneHeads{})).failure->code, Errc::store_failed);
}

TEST_F(MemoryEngine, refuses_an_entry_removed_in_another_messages_name) {
    Batch puts;
    puts.messages.push_back(message(1));
    puts.entries.push_back(entry(2, 1));
    commit(std::move(puts));

    Batch removes;
    removes.removals.push_back({.key = {queue, 0, Sequence{2}}, .message = MessageId{7}});

    EXPECT_EQ(commit(std::move(removes)).failure->code, Errc::store_failed);
}

TEST_F(MemoryEngine, finds_by_check_what_does_not_agree) {
    Batch batch;
    batch.catalog.push_back(QueueRow{.id = queue, .name = "q"});
    batch.messages = {message(1), message(2)};
    batch.entries = {entry(3, 1), entry(4, 8)};
    batch.counters.push_back({.queue = queue, .sent = 2, .bytes = 3});
    commit(std::move(batch));

    const CheckReport report = run_in(io, engine->check());

    EXPECT_EQ(report.entries, 2);
    EXPECT_EQ(report.problems,
              (std::vector<std::string>{"waiting entry 4 of queue 1: its message 8 is not there", "message 2: no queue needs it",
                                        "counters of queue 1: bytes is 3, a scan finds 2"}));
}

TEST_F(MemoryEngine, has_no_file_to_back_up_to) { EXPECT_EQ(run_in(io, engine->backup("copy.db")).error().code, Errc::invalid_argument); }

}  // namespace
}  // namespace rowmq::storage::memory
