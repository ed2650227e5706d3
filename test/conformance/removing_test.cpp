// How entries end, and when the body goes with them.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Removing : public Conformance {
protected:
    /// Message 1 in three queues, as sequences 1, 2 and 3.
    void fan_out() {
        Batch batch;
        batch.messages = {message(1)};
        batch.entries = {copy(1, orders), copy(2, letters), copy(3, third)};
        batch.shares = {{.message = MessageId{1}, .add = 3}};
        commit(batch);
    }
    static EntryRow copy(std::int64_t sequence, QueueId queue) { return entry(sequence, 1, {.queue = queue, .copies = 3}); }
    Outcome remove(std::vector<EntryRow> rows, bool keep_message = false) {
        Batch batch;
        for (const EntryRow& row : rows) batch.removals.push_back(removal(row, Unit::always, keep_message));
        return commit(batch);
    }
};

TEST_P(Removing, takes_the_body_with_the_only_entry) {
    Batch batch;
    publish(batch, 1, 1);
    publish(batch, 2, 2);
    commit(batch);

    const Outcome outcome = remove({entry(1, 1)});

    EXPECT_EQ(outcome.missing, 0u);
    EXPECT_EQ(sequences_of(lane()), "2");
    EXPECT_EQ(messages({1, 2}), "2=body");
}

TEST_P(Removing, keeps_a_shared_body_until_the_last_entry_goes) {
    fan_out();

    remove({copy(2, letters)});
    EXPECT_EQ(messages({1}), "1=body");
    remove({copy(1, orders)});
    EXPECT_EQ(messages({1}), "1=body");
    remove({copy(3, third)});
    EXPECT_EQ(messages({1}), "");
}

TEST_P(Removing, of_all_shares_in_one_batch_takes_the_body) {
    fan_out();

    remove({copy(1, orders), copy(2, letters), copy(3, third)});

    EXPECT_EQ(messages({1}), "");
}

TEST_P(Removing, of_some_shares_in_one_batch_keeps_the_body) {
    fan_out();

    remove({copy(1, orders), copy(3, third)});

    EXPECT_EQ(messages({1}), "1=body");
    EXPECT_EQ(sequences_of(lane(letters)), "2");
}

TEST_P(Removing, counts_a_row_that_is_not_there_and_removes_the_others) {
    Batch batch;
    publish(batch, 1, 1);
    publish(batch, 2, 2);
    commit(batch);

    const Outcome outcome = remove({entry(1, 1), entry(7, 7), entry(1, 1), entry(2, 2, {.queue = letters}), entry(2, 2, {.lane = 1})});

    EXPECT_EQ(outcome.missing, 4u);
    EXPECT_EQ(sequences_of(lane()), "2");
    EXPECT_EQ(messages({1, 2}), "2=body");
}

TEST_P(Removing, twice_a_share_of_one_entry_counts_it_once) {
    fan_out();

    remove({copy(1, orders)});
    EXPECT_EQ(remove({copy(1, orders)}).missing, 1u);
    EXPECT_EQ(remove({copy(1, orders)}).missing, 1u);

    EXPECT_EQ(messages({1}), "1=body");
}

TEST_P(Removing, as_a_move_keeps_the_body_for_the_new_entry) {
    Batch first;
    publish(first, 1, 1);
    commit(first);

    Batch move;
    move.entries = {entry(2, 1, {.queue = letters})};
    move.removals = {removal(entry(1, 1), Unit::always, true)};
    commit(move);

    EXPECT_EQ(sequences_of(lane(orders)), "");
    EXPECT_EQ(sequences_of(lane(letters)), "2");
    EXPECT_EQ(bodies_of(lane(letters)), "1=body");
    remove({entry(2, 1, {.queue = letters})});
    EXPECT_EQ(messages({1}), "");
}

TEST_P(Removing, as_a_move_of_a_share_changes_nothing_for_the_others) {
    fan_out();

    Batch move;
    move.entries = {copy(4, third)};
    move.removals = {removal(copy(1, orders), Unit::always, true)};
    commit(move);

    remove({copy(2, letters), copy(3, third)});
    EXPECT_EQ(messages({1}), "1=body");
    remove({copy(4, third)});
    EXPECT_EQ(messages({1}), "");
}

TEST_P(Removing, finds_what_the_same_batch_put) {
    Batch batch;
    publish(batch, 1, 1);
    batch.removals = {removal(entry(1, 1))};

    const Outcome outcome = commit(batch);

    EXPECT_EQ(outcome.missing, 0u);
    EXPECT_EQ(sequences_of(lane()), "");
    EXPECT_EQ(messages({1}), "");
}

TEST_P(Removing, of_many_neighbouring_and_scattered_rows_takes_exactly_them) {
    constexpr std::int64_t rows = 3'000;
    Batch batch;
    for (std::int64_t i = 1; i <= rows; ++i) publish(batch, i, i, {.body = "b"});
    commit(batch);

    std::vector<EntryRow> gone;
    std::vector<std::int64_t> all;
    std::string left;
    for (std::int64_t i = 1; i <= rows; ++i) {
        all.push_back(i);
        if (i % 10 == 0 || (i > 1'000 && i % 7 == 0)) left += (left.empty() ? "" : " ") + std::to_string(i) + "=b";
        else gone.insert(i % 2 ? gone.end() : gone.begin(), entry(i, i, {.body = "b"}));
    }
    EXPECT_EQ(remove(gone).missing, 0u);

    EXPECT_EQ(messages(all), left);
    EXPECT_EQ(lane().entries.size(), rows - gone.size());
}

ROWMQ_EVERY_ENGINE(Removing);

}  // namespace
}  // namespace rowmq::conformance
