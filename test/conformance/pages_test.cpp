// Pages of entries: limits, ends, groups, lanes, bodies.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Pages : public Conformance {
protected:
    /// Sequences 10, 20, ... in lane 0 of `orders`, bodies of ten bytes, groups a, b, c in turn.
    void put_rows(int rows) {
        Batch batch;
        for (int i = 0; i < rows; ++i)
            publish(batch, 10 * (i + 1), i + 1, {.body = "0123456789", .group = std::string(1, static_cast<char>('a' + i % 3))});
        commit(batch);
    }
    static EntriesAfter after(std::int64_t sequence, std::size_t max) { return {.queue = orders, .after = Sequence{sequence}, .max = max}; }
};

TEST_P(Pages, of_an_empty_lane_are_empty_and_the_end) {
    const Page found = page(after(5, 10));

    EXPECT_EQ(text_of(found), "end true next due -");
    EXPECT_EQ(found.scanned, Sequence{5});
}

TEST_P(Pages, follow_each_other_without_a_gap_or_a_repeat) {
    put_rows(10);

    EXPECT_EQ(sequences_of(page(after(0, 4))), "10 20 30 40");
    EXPECT_EQ(sequences_of(page(after(40, 4))), "50 60 70 80");
    EXPECT_EQ(sequences_of(page(after(80, 4))), "90 100");
    EXPECT_EQ(sequences_of(page(after(45, 1))), "50");
    EXPECT_EQ(sequences_of(page(after(100, 4))), "");
}

TEST_P(Pages, say_whether_anything_follows) {
    put_rows(4);

    EXPECT_FALSE(page(after(0, 3)).end);
    EXPECT_TRUE(page(after(0, 4)).end);
    EXPECT_TRUE(page(after(0, 5)).end);
    EXPECT_TRUE(page(after(40, 1)).end);
    EXPECT_EQ(page(after(0, 3)).scanned, Sequence{30});
}

TEST_P(Pages, of_no_entries_are_empty) {
    put_rows(2);

    const Page found = page(after(0, 0));

    EXPECT_EQ(sequences_of(found), "");
    EXPECT_FALSE(found.end);
}

TEST_P(Pages, keep_queues_and_lanes_apart) {
    Batch batch;
    publish(batch, 1, 1, {.queue = orders, .lane = 0});
    publish(batch, 2, 2, {.queue = orders, .lane = 1});
    publish(batch, 3, 3, {.queue = letters, .lane = 0});
    publish(batch, 4, 4, {.queue = orders, .lane = 255});
    commit(batch);

    EXPECT_EQ(sequences_of(lane(orders, 0)), "1");
    EXPECT_EQ(sequences_of(lane(orders, 1)), "2");
    EXPECT_EQ(sequences_of(lane(orders, 255)), "4");
    EXPECT_EQ(sequences_of(lane(letters, 0)), "3");
    EXPECT_TRUE(lane(orders, 0).end);
}

TEST_P(Pages, carry_bodies_of_the_first_entries_up_to_their_bytes) {
    put_rows(5);
    const auto with_bytes = [&](std::size_t bytes) {
        EntriesAfter request = after(0, 5);
        request.max_bytes = bytes;
        const Page found = page(request);
        EXPECT_EQ(found.entries.size(), 5u) << "bytes do not bound entries";
        return bodies_of(found);
    };

    EXPECT_EQ(with_bytes(0), "");
    EXPECT_EQ(with_bytes(1), "1=0123456789") << "one always comes";
    EXPECT_EQ(with_bytes(10), "1=0123456789");
    EXPECT_EQ(with_bytes(29), "1=0123456789 2=0123456789");
    EXPECT_EQ(with_bytes(30), "1=0123456789 2=0123456789 3=0123456789");
}

TEST_P(Pages, carry_no_body_behind_the_first_that_does_not_fit) {
    Batch batch;
    publish(batch, 1, 1, {.body = "12345"});
    publish(batch, 2, 2, {.body = std::string(100, 'x')});
    publish(batch, 3, 3, {.body = "1"});
    commit(batch);

    EntriesAfter request = after(0, 3);
    request.max_bytes = 50;

    EXPECT_EQ(bodies_of(page(request)), "1=12345");
}

TEST_P(Pages, carry_a_body_once_when_two_entries_share_it) {
    Batch batch;
    batch.messages = {message(1)};
    batch.entries = {entry(1, 1, {.copies = 2}), entry(2, 1, {.copies = 2})};
    batch.shares = {{.message = MessageId{1}, .add = 2}};
    commit(batch);

    const Page found = lane();

    EXPECT_EQ(sequences_of(found), "1 2");
    EXPECT_EQ(bodies_of(found), "1=body");
}

TEST_P(Pages, skip_groups_where_they_stand) {
    put_rows(9);
    EntriesAfter request = after(0, 3);
    request.without_groups = {"b", "a", "nobody"};

    Page found = page(request);

    EXPECT_EQ(sequences_of(found), "30 60 90");
    EXPECT_GE(found.scanned, Sequence{90});
    request.max = 4;
    found = page(request);
    EXPECT_EQ(sequences_of(found), "30 60 90");
    EXPECT_TRUE(found.end);
}

TEST_P(Pages, skip_a_thousand_groups) {
    Batch batch;
    EntriesAfter request = after(0, 10);
    for (int i = 1; i <= 1'001; ++i) {
        publish(batch, i, i, {.group = "group " + std::to_string(i)});
        if (i <= 1'000) request.without_groups.push_back("group " + std::to_string(i));
    }
    commit(batch);

    EXPECT_EQ(sequences_of(page(request)), "1001");
}

TEST_P(Pages, without_the_empty_group_skip_entries_that_have_none) {
    Batch batch;
    publish(batch, 1, 1);
    publish(batch, 2, 2, {.group = "a"});
    commit(batch);
    EntriesAfter request = after(0, 10);

    request.without_groups = {""};
    EXPECT_EQ(sequences_of(page(request)), "2");
    request.without_groups = {"a"};
    EXPECT_EQ(sequences_of(page(request)), "1");
}

TEST_P(Pages, of_one_group_hold_only_it) {
    put_rows(9);
    EntriesAfter request = after(10, 2);
    request.only_group = "b";

    Page found = page(request);
    EXPECT_EQ(sequences_of(found), "20 50");
    EXPECT_FALSE(found.end);

    request.after = Sequence{50};
    found = page(request);
    EXPECT_EQ(sequences_of(found), "80");
    EXPECT_TRUE(found.end);

    request.only_group = "nobody";
    EXPECT_EQ(sequences_of(page(request)), "");
}

TEST_P(Pages, leave_out_many_groups_within_the_rows_they_may_look_at) {
    Batch batch;
    std::int64_t at = 0;
    for (const char* group : {"a", "b", "c", "d", "e", "f", "", "g", "a", "h"}) {
        ++at;
        publish(batch, at * 10, at, {.group = group});
    }
    commit(batch);
    EntriesAfter request = after(0, 10);
    request.without_groups = {"a", "b", "c", "d", "e", "f"};

    EXPECT_EQ(sequences_of(page(request)), "70 80 100");
    request.scan = 6;
    const Page passed = page(request);
    EXPECT_EQ(sequences_of(passed), "");
    EXPECT_EQ(passed.scanned, Sequence{60});
    EXPECT_FALSE(passed.end);
    request.scan = 7;
    EXPECT_EQ(sequences_of(page(request)), "70");

    request.scan = 0;
    request.without_groups = {"a", ""};
    EXPECT_EQ(sequences_of(page(request)), "20 30 40 50 60 80 100");
    request.after = Sequence{60};
    EXPECT_EQ(sequences_of(page(request)), "80 100");
    request.after = Sequence{80};
    request.scan = 1;
    EXPECT_EQ(page(request).scanned, Sequence{90});
}

TEST_P(Pages, stop_after_the_rows_they_may_look_at_and_say_how_far_they_came) {
    put_rows(9);
    EntriesAfter request = after(0, 10);
    request.only_group = "c";
    request.scan = 4;

    Page found = page(request);
    EXPECT_EQ(sequences_of(found), "30");
    EXPECT_FALSE(found.end);
    EXPECT_EQ(found.scanned, Sequence{40});

    request.after = found.scanned;
    found = page(request);
    EXPECT_EQ(sequences_of(found), "60");
    EXPECT_EQ(found.scanned, Sequence{80});

    request.after = found.scanned;
    found = page(request);
    EXPECT_EQ(sequences_of(found), "90");
    EXPECT_TRUE(found.end);
}

TEST_P(Pages, of_lane_heads_name_the_first_of_each_lane) {
    Batch batch;
    for (const auto& [lane, sequence] : {std::pair{0, 7}, {0, 9}, {3, 2}, {3, 8}, {64, 5}, {255, 1}})
        publish(batch, sequence, sequence, {.lane = static_cast<std::uint8_t>(lane)});
    publish(batch, 3, 3, {.queue = letters, .lane = 4});
    commit(batch);
    const auto heads = [&](std::int64_t after) {
        std::string text;
        for (const EntryRow& row : page(LaneHeads{orders, Sequence{after}}).entries)
            text += std::to_string(row.key.lane) + ":" + std::to_string(value_of(row.key.sequence)) + " ";
        return text;
    };

    EXPECT_EQ(heads(0), "0:7 3:2 64:5 255:1 ");
    EXPECT_EQ(heads(1), "0:7 3:2 64:5 ");
    EXPECT_EQ(heads(2), "0:7 3:8 64:5 ");
    EXPECT_EQ(heads(7), "0:9 3:8 ");
    EXPECT_EQ(heads(9), "");
}

TEST_P(Pages, of_lane_heads_of_an_empty_queue_are_empty) {
    put_rows(1);

    EXPECT_TRUE(page(LaneHeads{third, {}}).entries.empty());
}

ROWMQ_EVERY_ENGINE(Pages);

}  // namespace
}  // namespace rowmq::conformance
