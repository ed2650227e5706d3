// Deduplication ids: found within their window, forgotten after it, in two tables that take turns.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

constexpr std::chrono::milliseconds window{5'000};

class Deduplication : public Conformance {
protected:
    struct Name {
        QueueId queue = orders;
        std::string scope;
    };
    /// A unit that publishes `number` as message and sequence, under a deduplication id.
    static Unit publish_once(Batch& batch, std::int64_t number, std::string id, std::int64_t now, Name name) {
        const Unit unit = batch.new_unit();
        remember(batch, unit, number, std::move(id), now, std::move(name));
        publish(batch, number, number, {.unit = unit});
        return unit;
    }
    static Unit publish_once(Batch& batch, std::int64_t number, std::string id, std::int64_t now) {
        return publish_once(batch, number, std::move(id), now, Name{});
    }
    static void remember(Batch& batch, Unit unit, std::int64_t number, std::string id, std::int64_t now, Name name) {
        batch.remembers.push_back({.queue = name.queue,
                                   .scope = std::move(name.scope),
                                   .id = std::move(id),
                                   .message = MessageId{number},
                                   .sequence = Sequence{number},
                                   .now = at(now),
                                   .window = window,
                                   .unit = unit});
    }
    std::string once(std::int64_t number, std::string id, std::int64_t now) { return once(number, std::move(id), now, Name{}); }
    std::string once(std::int64_t number, std::string id, std::int64_t now, Name name) {
        Batch batch;
        publish_once(batch, number, std::move(id), now, std::move(name));
        return text_of(commit(batch));
    }
    void rotate(std::int64_t now) {
        Batch batch;
        batch.rotate_deduplications = at(now);
        commit(batch);
    }
    static std::string duplicate_of(std::int64_t number, std::uint32_t unit = 1) {
        return "left out " + std::to_string(unit) + " duplicate of " + std::to_string(number) + " at " + std::to_string(number) +
               "\nmissing 0";
    }
    const std::string stored = "missing 0";
};

TEST_P(Deduplication, names_the_first_message_of_a_later_batch) {
    EXPECT_EQ(once(1, "a", 0), stored);
    EXPECT_EQ(once(2, "a", 1), duplicate_of(1));
    EXPECT_EQ(once(3, "b", 1), stored);

    EXPECT_EQ(sequences_of(lane()), "1 3");
    EXPECT_EQ(messages({2}), "");
}

TEST_P(Deduplication, finds_a_duplicate_within_one_batch) {
    Batch batch;
    publish_once(batch, 1, "a", 0);
    publish_once(batch, 2, "b", 0);
    publish_once(batch, 3, "a", 0);
    publish_once(batch, 4, "a", 0);

    EXPECT_EQ(text_of(commit(batch)), "left out 3 duplicate of 1 at 1\nleft out 4 duplicate of 1 at 1\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "1 2");
}

TEST_P(Deduplication, ends_with_the_window_to_the_millisecond) {
    EXPECT_EQ(once(1, "a", 0), stored);
    EXPECT_EQ(once(2, "a", window.count() - 1), duplicate_of(1));
    EXPECT_EQ(once(3, "a", window.count()), stored);
    EXPECT_EQ(once(4, "a", window.count() + 1), duplicate_of(3));
    EXPECT_EQ(once(5, "a", 2 * window.count() - 1), duplicate_of(3));
    EXPECT_EQ(once(6, "a", 2 * window.count() + 1), stored);
}

TEST_P(Deduplication, is_not_prolonged_by_a_duplicate) {
    EXPECT_EQ(once(1, "a", 0), stored);
    EXPECT_EQ(once(2, "a", window.count() - 1), duplicate_of(1));

    EXPECT_EQ(once(3, "a", window.count() + 1), stored);
}

TEST_P(Deduplication, keeps_queues_and_scopes_apart) {
    EXPECT_EQ(once(1, "a", 0, {.queue = orders, .scope = ""}), stored);
    EXPECT_EQ(once(2, "a", 0, {.queue = letters, .scope = ""}), stored);
    EXPECT_EQ(once(3, "a", 0, {.queue = orders, .scope = "group"}), stored);
    EXPECT_EQ(once(4, "a", 0, {.queue = orders, .scope = "group2"}), stored);

    EXPECT_EQ(once(5, "a", 0, {.queue = orders, .scope = "group"}), duplicate_of(3));
    EXPECT_EQ(once(6, "a", 0, {.queue = letters, .scope = ""}), duplicate_of(2));
}

TEST_P(Deduplication, tells_ids_apart_that_differ_in_case_length_or_one_byte) {
    EXPECT_EQ(once(1, "a", 0), stored);
    EXPECT_EQ(once(2, "A", 0), stored);
    EXPECT_EQ(once(3, "a ", 0), stored);
    EXPECT_EQ(once(4, std::string(255, 'x'), 0), stored);
    EXPECT_EQ(once(5, std::string(254, 'x') + "y", 0), stored);
    EXPECT_EQ(once(6, "\u00e9", 0), stored);
    EXPECT_EQ(once(7, "e\u0301", 0), stored);
    EXPECT_EQ(once(8, "", 0), stored);

    EXPECT_EQ(once(9, std::string(255, 'x'), 0), duplicate_of(4));
    EXPECT_EQ(once(10, "", 0), duplicate_of(8));
}

TEST_P(Deduplication, leaves_the_whole_unit_out_for_one_of_its_ids_and_remembers_none_of_them) {
    EXPECT_EQ(once(1, "a", 0), stored);
    Batch batch;
    const Unit unit = batch.new_unit();
    remember(batch, unit, 2, "b", 0, Name{});
    remember(batch, unit, 3, "a", 0, Name{});
    publish(batch, 2, 2, {.unit = unit});
    publish(batch, 3, 3, {.unit = unit});

    EXPECT_EQ(text_of(commit(batch)), duplicate_of(1));

    EXPECT_EQ(sequences_of(lane()), "1");
    EXPECT_EQ(once(4, "b", 0), stored);
}

TEST_P(Deduplication, finds_an_id_twice_in_one_unit) {
    Batch batch;
    const Unit unit = batch.new_unit();
    remember(batch, unit, 1, "a", 0, Name{});
    remember(batch, unit, 2, "a", 0, Name{});
    publish(batch, 1, 1, {.unit = unit});

    EXPECT_EQ(text_of(commit(batch)), duplicate_of(1));
    EXPECT_EQ(once(3, "a", 0), stored);
}

TEST_P(Deduplication, does_not_remember_for_a_unit_that_misses_an_entry) {
    Batch batch;
    const Unit first = publish_once(batch, 1, "a", 0);
    batch.removals = {removal(entry(99, 99), first)};
    publish_once(batch, 2, "a", 0);

    EXPECT_EQ(text_of(commit(batch)), "left out 1 missing\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "2");
    EXPECT_EQ(once(3, "a", 1), duplicate_of(2));
}

TEST_P(Deduplication, does_not_let_a_duplicate_keep_an_entry_from_another_unit) {
    EXPECT_EQ(once(1, "a", 0), stored);
    Batch batch;
    publish_once(batch, 2, "b", 0);
    const Unit duplicate = publish_once(batch, 3, "b", 0);
    const Unit settles = batch.new_unit();
    batch.removals = {removal(entry(1, 1), duplicate), removal(entry(1, 1), settles)};

    EXPECT_EQ(text_of(commit(batch)), "left out 2 duplicate of 2 at 2\nmissing 0");
    EXPECT_EQ(sequences_of(lane()), "2");
}

TEST_P(Deduplication, outlives_one_rotation_and_not_two) {
    EXPECT_EQ(once(1, "a", 0), stored);
    rotate(1);
    EXPECT_EQ(once(2, "a", 2), duplicate_of(1));
    EXPECT_EQ(once(3, "b", 2), stored);
    rotate(3);

    EXPECT_EQ(once(4, "a", 4), stored);
    EXPECT_EQ(once(5, "b", 4), duplicate_of(3));
}

TEST_P(Deduplication, after_a_rotation_believes_the_younger_of_two_rows) {
    EXPECT_EQ(once(1, "a", 0), stored);
    rotate(window.count());
    EXPECT_EQ(once(2, "a", window.count() + 1), stored);
    EXPECT_EQ(once(3, "a", window.count() + 2), duplicate_of(2));
    rotate(2 * window.count());
    EXPECT_EQ(once(4, "a", 2 * window.count()), duplicate_of(2));
}

TEST_P(Deduplication, rotates_before_it_remembers_in_one_batch) {
    Batch batch;
    batch.rotate_deduplications = at(0);
    publish_once(batch, 1, "a", 0);
    commit(batch);
    rotate(1);

    EXPECT_EQ(once(2, "a", 2), duplicate_of(1));
}

ROWMQ_EVERY_ENGINE(Deduplication);

}  // namespace
}  // namespace rowmq::conformance
