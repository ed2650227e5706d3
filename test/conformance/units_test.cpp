// A unit is all or nothing, and alone.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Units : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        Batch batch;
        for (std::int64_t i = 1; i <= 4; ++i) publish(batch, i, i);
        commit(batch);
    }
};

TEST_P(Units, is_left_out_whole_when_an_entry_it_removes_is_not_there) {
    Batch batch;
    const Unit unit = batch.new_unit();
    publish(batch, 10, 10, {.unit = unit});
    batch.removals = {removal(entry(1, 1), unit), removal(entry(99, 99), unit), removal(entry(2, 2), unit)};

    const Outcome outcome = commit(batch);

    EXPECT_EQ(text_of(outcome), "left out 1 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2 3 4");
    EXPECT_EQ(messages({10}), "");
}

TEST_P(Units, does_not_hold_back_others_when_it_is_left_out) {
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit(), third_unit = batch.new_unit();
    batch.removals = {removal(entry(1, 1), first), removal(entry(99, 99), second), removal(entry(2, 2), third_unit), removal(entry(3, 3))};
    publish(batch, 10, 10, {.unit = first});
    publish(batch, 11, 11, {.unit = second});
    publish(batch, 12, 12, {.unit = third_unit});
    publish(batch, 13, 13);

    const Outcome outcome = commit(batch);

    EXPECT_EQ(text_of(outcome), "left out 2 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "4 10 12 13");
}

TEST_P(Units, of_two_that_remove_the_same_entry_only_the_first_holds) {
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit();
    batch.removals = {removal(entry(1, 1), first), removal(entry(2, 2), second), removal(entry(1, 1), second)};

    const Outcome outcome = commit(batch);

    EXPECT_EQ(text_of(outcome), "left out 2 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "2 3 4");
}

TEST_P(Units, is_left_out_when_it_removes_one_entry_twice) {
    Batch batch;
    const Unit unit = batch.new_unit();
    batch.removals = {removal(entry(1, 1), unit), removal(entry(1, 1), unit)};

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2 3 4");
}

TEST_P(Units, frees_what_it_would_have_removed_when_it_is_left_out) {
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit();
    batch.removals = {removal(entry(99, 99), first), removal(entry(1, 1), first), removal(entry(1, 1), second)};

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "2 3 4");
}

TEST_P(Units, may_remove_what_one_before_it_put) {
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit();
    publish(batch, 10, 10, {.unit = first});
    batch.removals = {removal(entry(10, 10), second)};

    EXPECT_EQ(text_of(commit(batch)), "missing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2 3 4");
    EXPECT_EQ(messages({10}), "");
}

TEST_P(Units, is_left_out_when_it_removes_what_a_unit_left_out_would_have_put) {
    Batch batch;
    const Unit first = batch.new_unit(), second = batch.new_unit();
    publish(batch, 10, 10, {.unit = first});
    publish(batch, 11, 11, {.unit = second});
    batch.removals = {removal(entry(99, 99), first), removal(entry(10, 10), second)};

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nleft out 2 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2 3 4");
}

TEST_P(Units, are_reported_in_ascending_order) {
    Batch batch;
    for (int i = 0; i < 5; ++i) batch.new_unit();
    for (std::uint32_t number : {4, 1, 5, 2}) batch.removals.push_back(removal(entry(99, 99), Unit{number}));

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nleft out 2 missing\nleft out 4 missing\nleft out 5 missing\nmissing 0");
}

TEST_P(Units, without_preconditions_always_hold) {
    Batch batch;
    for (std::int64_t i = 10; i < 14; ++i) publish(batch, i, i, {.unit = batch.new_unit()});

    EXPECT_EQ(text_of(commit(batch)), "missing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2 3 4 10 11 12 13");
}

ROWMQ_EVERY_ENGINE(Units);

}  // namespace
}  // namespace rowmq::conformance
