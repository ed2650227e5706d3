// What is not due yet, updates of what is, and sweeps of what nobody owes any more.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Delayed : public WithQueues {
protected:
    void put(std::vector<DelayedRow> rows) {
        Batch batch;
        for (DelayedRow& row : rows) {
            batch.messages.push_back(message(value_of(row.entry.message)));
            batch.delayed.push_back(std::move(row));
        }
        commit(std::move(batch));
    }
    Page due(std::int64_t until, std::size_t max = 100) { return page(Due{at(until), max}); }
};

TEST_P(Delayed, gives_back_every_column) {
    DelayedRow row = delayed(100, 5, 1, {.queue = letters, .lane = 7, .group = "g"});
    row.entry.expires_at = at(1'000);
    row.entry.receives = 2;
    row.entry.notes = std::make_shared<const std::string>("[]");
    put({row});

    const Page found = due(100);

    ASSERT_EQ(found.delayed.size(), 1u);
    EXPECT_EQ(text_of(found.delayed[0]), text_of(row));
    EXPECT_EQ(text_of(delayed_of(letters).delayed.at(0)), text_of(row));
}

TEST_P(Delayed, comes_due_in_order_over_all_queues) {
    put({delayed(300, 1, 1), delayed(100, 4, 4, {.queue = letters}), delayed(100, 2, 2), delayed(200, 3, 3, {.queue = third, .lane = 9})});

    EXPECT_EQ(sequences_of(due(1'000)), "2 4 3 1");
    EXPECT_EQ(sequences_of(due(200)), "2 4 3");
    EXPECT_EQ(sequences_of(due(199)), "2 4");
    EXPECT_EQ(sequences_of(due(99)), "");
}

TEST_P(Delayed, tells_when_the_next_is_due) {
    EXPECT_FALSE(due(1'000).next_due);
    EXPECT_TRUE(due(1'000).end);
    put({delayed(100, 1, 1), delayed(100, 2, 2), delayed(300, 3, 3)});

    EXPECT_EQ(due(50).next_due, at(100));
    EXPECT_TRUE(due(50).end);
    EXPECT_EQ(due(100).next_due, at(300));
    EXPECT_TRUE(due(100).end);
    EXPECT_EQ(due(100, 1).next_due, at(100));
    EXPECT_FALSE(due(100, 1).end);
    EXPECT_EQ(due(300, 2).next_due, at(300));
    EXPECT_FALSE(due(300, 2).end);
    EXPECT_FALSE(due(300).next_due);
    EXPECT_EQ(due(300, 0).next_due, at(100));
}

TEST_P(Delayed, is_what_a_restart_waits_for_first) {
    EXPECT_FALSE(reload().first_due);
    put({delayed(300, 1, 1), delayed(200, 2, 2, {.queue = letters})});

    EXPECT_EQ(reload().first_due, at(200));
}

TEST_P(Delayed, of_one_queue_is_paged_in_due_order) {
    put({delayed(300, 1, 1), delayed(100, 4, 4), delayed(100, 2, 2), delayed(100, 3, 3, {.queue = letters}), delayed(200, 5, 5)});

    Page found = page(DelayedOf{.queue = orders, .max = 2});
    EXPECT_EQ(sequences_of(found), "2 4");
    EXPECT_FALSE(found.end);
    EXPECT_EQ(bodies_of(found), "");
    found = page(DelayedOf{.queue = orders, .after_due = at(100), .after = Sequence{4}, .max = 2, .max_bytes = 5});
    EXPECT_EQ(sequences_of(found), "5 1");
    EXPECT_EQ(bodies_of(found), "5=body");
    found = page(DelayedOf{.queue = orders, .after_due = at(300), .after = Sequence{1}, .max = 2});
    EXPECT_EQ(sequences_of(found), "");
    EXPECT_TRUE(found.end);
    EXPECT_EQ(sequences_of(page(DelayedOf{.queue = third, .max = 2})), "");
}

TEST_P(Delayed, is_found_by_its_message) {
    put({delayed(300, 1, 1), delayed(100, 2, 2), delayed(100, 3, 3, {.queue = letters})});

    EXPECT_EQ(sequences_of(page(DelayedOf{.queue = orders, .max = 1, .message = MessageId{1}})), "1");
    EXPECT_EQ(sequences_of(page(DelayedOf{.queue = orders, .max = 1, .message = MessageId{3}})), "");
    EXPECT_EQ(sequences_of(page(DelayedOf{.queue = orders, .max = 1, .message = MessageId{9}})), "");
}

TEST_P(Delayed, becomes_an_entry_with_a_new_sequence) {
    put({delayed(100, 1, 1)});
    Batch batch;
    batch.entries = {entry(8, 1)};
    batch.delayed_removals = {removal(delayed(100, 1, 1), Unit::always, true)};

    EXPECT_EQ(commit(batch).missing, 0u);

    EXPECT_EQ(sequences_of(lane()), "8");
    EXPECT_EQ(bodies_of(lane()), "1=body");
    EXPECT_EQ(sequences_of(due(1'000)), "");
}

TEST_P(Delayed, cancelled_goes_with_its_body) {
    put({delayed(100, 1, 1), delayed(100, 2, 2)});
    Batch batch;
    batch.delayed_removals = {removal(delayed(100, 1, 1)), removal(delayed(101, 2, 2)), removal(delayed(100, 7, 7))};

    EXPECT_EQ(commit(batch).missing, 2u);

    EXPECT_EQ(messages({1, 2}), "2=body");
    EXPECT_EQ(sequences_of(delayed_of()), "2");
}

TEST_P(Delayed, cancelled_twice_leaves_the_second_unit_out) {
    put({delayed(100, 1, 1)});
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit();
    batch.delayed_removals = {removal(delayed(100, 1, 1), first), removal(delayed(100, 1, 1), second)};
    publish(batch, 10, 10, {.unit = second});

    EXPECT_EQ(text_of(commit(batch)), "left out 2 missing\nmissing 0");

    EXPECT_EQ(sequences_of(lane()), "");
    EXPECT_EQ(sequences_of(delayed_of()), "");
}

TEST_P(Delayed, of_a_unit_that_is_left_out_is_not_stored) {
    Batch batch;
    const Unit unit = batch.new_unit();
    batch.messages = {message(1, "body", unit)};
    batch.delayed = {delayed(100, 1, 1, {.unit = unit})};
    batch.removals = {removal(entry(99, 99), unit)};
    commit(batch);

    EXPECT_EQ(sequences_of(due(1'000)), "");
}

TEST_P(Delayed, shares_a_body_with_entries) {
    Batch batch;
    batch.messages = {message(1)};
    batch.entries = {entry(1, 1, {.copies = 2})};
    batch.delayed = {delayed(100, 2, 1, {.queue = letters, .copies = 2})};
    batch.shares = {{.message = MessageId{1}, .add = 2}};
    commit(batch);

    Batch first;
    first.delayed_removals = {removal(batch.delayed[0])};
    commit(first);
    EXPECT_EQ(messages({1}), "1=body");
    Batch second;
    second.removals = {removal(batch.entries[0])};
    commit(second);
    EXPECT_EQ(messages({1}), "");
}

class Updating : public WithQueues {
protected:
    void SetUp() override {
        WithQueues::SetUp();
        Batch batch;
        publish(batch, 1, 1, {.group = "g"});
        publish(batch, 2, 2, {.group = "g"});
        commit(batch);
    }
};

TEST_P(Updating, changes_receives_and_availability_and_nothing_else) {
    EntryRow expected = entry(1, 1, {.group = "g"});
    expected.receives = 4;
    expected.available_at = at(77);
    Batch batch;
    batch.updates = {{.key = expected.key, .receives = 4, .available_at = at(77)}};
    EXPECT_EQ(commit(batch).missing, 0u);

    EXPECT_EQ(text_of(lane().entries.at(0)), text_of(expected));
    EXPECT_EQ(lane().entries.at(1).receives, 0u);

    batch.updates = {{.key = expected.key, .receives = 5, .available_at = std::nullopt}};
    commit(batch);
    EXPECT_FALSE(lane().entries.at(0).available_at);
    EXPECT_EQ(lane().entries.at(0).receives, 5u);
}

TEST_P(Updating, counts_what_is_not_there) {
    Batch batch;
    batch.updates = {{.key = entry(9, 9).key, .receives = 1}, {.key = entry(1, 1).key, .receives = 1}};

    EXPECT_EQ(commit(batch).missing, 1u);
    EXPECT_EQ(lane().entries.at(0).receives, 1u);
}

TEST_P(Updating, leaves_out_a_unit_whose_entry_is_not_there) {
    Batch batch;
    const Unit unit = batch.new_unit();
    batch.updates = {{.key = entry(1, 1).key, .receives = 1, .unit = unit}, {.key = entry(9, 9).key, .receives = 1, .unit = unit}};

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nmissing 0");
    EXPECT_EQ(lane().entries.at(0).receives, 0u);
}

TEST_P(Updating, comes_before_the_removals_of_its_batch) {
    Batch batch;
    batch.updates = {{.key = entry(1, 1).key, .receives = 1}};
    batch.removals = {removal(entry(1, 1, {.group = "g"}))};

    EXPECT_EQ(commit(batch).missing, 0u);
    EXPECT_EQ(sequences_of(lane()), "2");
}

class Sweeping : public WithQueues {
protected:
    std::size_t sweep(Sweep row) {
        Batch batch;
        batch.sweeps = {row};
        return commit(std::move(batch)).swept.at(0);
    }
};

TEST_P(Sweeping, removes_up_to_a_sequence_in_all_lanes_with_the_bodies) {
    Batch batch;
    for (std::int64_t i = 1; i <= 8; ++i) publish(batch, i, i, {.lane = static_cast<std::uint8_t>(i % 2 ? 0 : 255)});
    publish(batch, 9, 9, {.queue = letters});
    batch.entries[8].key.sequence = Sequence{2};
    commit(batch);

    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{5}, .max = 100}), 5u);

    EXPECT_EQ(sequences_of(lane(orders, 0)), "7");
    EXPECT_EQ(sequences_of(lane(orders, 255)), "6 8");
    EXPECT_EQ(sequences_of(lane(letters)), "2");
    EXPECT_EQ(messages({1, 2, 3, 4, 5, 6, 7, 8, 9}), "6=body 7=body 8=body 9=body");
    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{5}, .max = 100}), 0u);
}

TEST_P(Sweeping, takes_slices_until_nothing_is_left) {
    Batch batch;
    for (std::int64_t i = 1; i <= 10; ++i) publish(batch, i, i, {.lane = static_cast<std::uint8_t>(i % 3)});
    batch.messages.push_back(message(11));
    batch.delayed = {delayed(100, 11, 11)};
    commit(batch);

    std::vector<std::size_t> slices;
    for (int i = 0; i < 4; ++i) slices.push_back(sweep({.queue = orders, .up_to = Sequence{11}, .max = 4}));

    EXPECT_EQ(slices, (std::vector<std::size_t>{4, 4, 3, 0}));
    EXPECT_EQ(messages({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), "");
    EXPECT_TRUE(page(LaneHeads{orders, {}}).entries.empty());
}

TEST_P(Sweeping, leaves_delayed_ones_where_it_is_told_to) {
    Batch batch;
    publish(batch, 1, 1);
    batch.messages.push_back(message(2));
    batch.messages.push_back(message(3));
    batch.delayed = {delayed(100, 2, 2), delayed(50, 3, 3)};
    commit(batch);

    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{2}, .max = 10, .delayed_too = false}), 1u);
    EXPECT_EQ(sequences_of(delayed_of()), "3 2");
    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{2}, .max = 10, .delayed_too = true}), 1u);
    EXPECT_EQ(sequences_of(delayed_of()), "3");
    EXPECT_EQ(messages({1, 2, 3}), "3=body");
}

TEST_P(Sweeping, takes_shares_and_leaves_the_body_to_other_queues) {
    Batch batch;
    batch.messages = {message(1)};
    batch.entries = {entry(1, 1, {.copies = 2}), entry(2, 1, {.queue = letters, .copies = 2})};
    batch.shares = {{.message = MessageId{1}, .add = 2}};
    commit(batch);

    sweep({.queue = orders, .up_to = Sequence{9}, .max = 10});
    EXPECT_EQ(messages({1}), "1=body");
    sweep({.queue = letters, .up_to = Sequence{9}, .max = 10});
    EXPECT_EQ(messages({1}), "");
}

TEST_P(Sweeping, reports_each_sweep_of_a_batch) {
    Batch batch;
    publish(batch, 1, 1);
    publish(batch, 2, 2, {.queue = letters});
    publish(batch, 3, 3, {.queue = letters});
    batch.sweeps = {{.queue = orders, .up_to = Sequence{9}, .max = 10},
                    {.queue = third, .up_to = Sequence{9}, .max = 10},
                    {.queue = letters, .up_to = Sequence{9}, .max = 10}};

    EXPECT_EQ(commit(batch).swept, (std::vector<std::size_t>{1, 0, 2}));
}

TEST_P(Sweeping, of_nothing_removes_nothing) {
    Batch batch;
    publish(batch, 5, 1);
    commit(batch);

    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{4}, .max = 10}), 0u);
    EXPECT_EQ(sweep({.queue = orders, .up_to = Sequence{5}, .max = 0}), 0u);
    EXPECT_EQ(sweep({.queue = QueueId{99}, .up_to = Sequence{9}, .max = 10}), 0u);
    EXPECT_EQ(sequences_of(lane()), "5");
}

ROWMQ_WHOLE_ENGINES(Delayed);
ROWMQ_WHOLE_ENGINES(Updating);
ROWMQ_WHOLE_ENGINES(Sweeping);

}  // namespace
}  // namespace rowmq::conformance
