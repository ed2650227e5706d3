// What goes in comes out: bodies, properties, names, every column.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Storing : public Conformance {};

std::string every_byte() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
}

TEST_P(Storing, gives_back_every_column_of_message_and_entry) {
    Batch batch;
    MessageRow stored = message(7, "hello");
    stored.properties = R"({"content_type":"text/plain"})";
    EntryRow row = entry(9, 7, {.lane = 250, .body = "hello", .group = "customer 1"});
    row.expires_at = at(60'000);
    row.available_at = at(30'000);
    row.receives = 3;
    row.notes = std::make_shared<const std::string>(R"([{"reason":"expired"}])");
    batch.messages = {stored};
    batch.entries = {row};
    commit(batch);

    const Page page = lane(orders, 250);

    ASSERT_EQ(page.entries.size(), 1u);
    EXPECT_EQ(text_of(page.entries[0]), text_of(row));
    ASSERT_EQ(page.messages.size(), 1u);
    EXPECT_EQ(text_of(page.messages[0]), text_of(stored));
    EXPECT_EQ(page.messages[0].message.properties, nullptr);
}

TEST_P(Storing, keeps_an_absent_column_apart_from_an_empty_one) {
    Batch batch;
    EntryRow with = entry(1, 1), without = entry(2, 2);
    with.notes = std::make_shared<const std::string>();
    with.expires_at = WallTime{};
    batch.messages = {message(1), message(2)};
    batch.entries = {with, without};
    commit(batch);

    const Page page = lane();

    ASSERT_EQ(page.entries.size(), 2u);
    EXPECT_EQ(text_of(page.entries[0]), text_of(with));
    EXPECT_EQ(text_of(page.entries[1]), text_of(without));
}

TEST_P(Storing, keeps_an_empty_body_and_a_missing_one_as_an_empty_body) {
    Batch batch;
    publish(batch, 1, 1, {.body = ""});
    publish(batch, 2, 2, {.body = ""});
    batch.messages[1].message.body = nullptr;
    commit(batch);

    const Page page = lane();

    ASSERT_EQ(page.messages.size(), 2u);
    for (const MessageRow& row : page.messages) {
        ASSERT_NE(row.message.body, nullptr);
        EXPECT_EQ(*row.message.body, "");
        EXPECT_FALSE(row.damaged);
    }
}

TEST_P(Storing, keeps_a_body_of_one_mebibyte_and_of_every_byte_value) {
    std::string large(1024 * 1024, 'x');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761u >> 13);
    Batch batch;
    publish(batch, 1, 1, {.body = large});
    publish(batch, 2, 2, {.body = every_byte()});
    publish(batch, 3, 3, {.body = std::string("\0a\0", 3)});
    publish(batch, 4, 4, {.body = "\xff\xfe\x80 not UTF-8"});
    commit(batch);

    const Page page = lane();

    ASSERT_EQ(page.messages.size(), 4u);
    EXPECT_TRUE(*page.messages[0].message.body == large);
    EXPECT_EQ(*page.messages[1].message.body, every_byte());
    EXPECT_EQ(*page.messages[2].message.body, std::string("\0a\0", 3));
    EXPECT_EQ(*page.messages[3].message.body, "\xff\xfe\x80 not UTF-8");
}

TEST_P(Storing, keeps_groups_of_255_bytes_in_any_alphabet) {
    std::string widest;
    while (widest.size() + 4 <= 255) widest += "\xf0\x9f\x90\x98";
    const std::vector<std::string> groups = {std::string(255, 'g'), widest, "it's \"quoted\" \\ %_;--", " ", "\u00e9", "e\u0301"};
    Batch batch;
    for (std::size_t i = 0; i < groups.size(); ++i)
        publish(batch, 1 + static_cast<std::int64_t>(i), 1 + static_cast<std::int64_t>(i), {.group = groups[i]});
    commit(batch);

    for (std::size_t i = 0; i < groups.size(); ++i) {
        const Page found = page(EntriesAfter{.queue = orders, .max = 10, .only_group = groups[i]});
        ASSERT_EQ(found.entries.size(), 1u) << groups[i];
        EXPECT_EQ(found.entries[0].group, groups[i]);
    }
}

TEST_P(Storing, keeps_ids_and_sequences_of_the_whole_range) {
    const std::int64_t highest = INT64_MAX - 1;
    Batch batch;
    batch.messages = {message(1), message(highest)};
    batch.entries = {entry(1, 1, {.queue = QueueId{highest}}), entry(highest, highest, {.queue = QueueId{highest}})};
    commit(batch);

    EXPECT_EQ(sequences_of(lane(QueueId{highest})), "1 " + std::to_string(highest));
    EXPECT_EQ(sequences_of(page(EntriesAfter{.queue = QueueId{highest}, .after = Sequence{highest}, .max = 1})), "");
}

TEST_P(Storing, stores_many_rows_in_one_batch_and_in_any_order) {
    constexpr std::int64_t rows = 10'000;
    Batch batch;
    for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t shuffled = i * 7'919 % rows + 1;  // 7,919 and 10,000 have no common divisor
        publish(batch, shuffled, shuffled, {.lane = static_cast<std::uint8_t>(shuffled % 3), .body = std::to_string(shuffled)});
    }
    commit(batch);

    std::size_t found = 0;
    for (std::uint8_t number = 0; number < 3; ++number) {
        const Page page = lane(orders, number);
        ASSERT_EQ(page.entries.size(), page.messages.size());
        for (std::size_t i = 0; i < page.entries.size(); ++i) {
            EXPECT_EQ(page.entries[i].message, page.messages[i].id);
            EXPECT_EQ(page.messages[i].message.text(), std::to_string(value_of(page.messages[i].id)));
        }
        found += page.entries.size();
    }
    EXPECT_EQ(found, static_cast<std::size_t>(rows));
}

TEST_P(Storing, does_nothing_for_an_empty_batch) {
    const Outcome outcome = commit({});

    EXPECT_EQ(text_of(outcome), "missing 0");
}

TEST_P(Storing, finds_a_message_by_id_once_and_in_order) {
    Batch batch;
    for (std::int64_t id : {4, 2, 9}) publish(batch, id, id, {.body = "b" + std::to_string(id)});
    commit(batch);

    EXPECT_EQ(messages({9, 2, 2, 5, 4, 9}), "2=b2 4=b4 9=b9");
    EXPECT_EQ(messages({5}), "");
    EXPECT_EQ(messages({}), "");
}

TEST_P(Storing, shows_a_page_what_was_committed_before_it) {
    for (std::int64_t i = 1; i <= 5; ++i) {
        Batch batch;
        publish(batch, i, i);
        commit(batch);

        const Page page = lane();

        EXPECT_EQ(page.snapshot, Ticket{ticket_});
        EXPECT_EQ(page.entries.size(), static_cast<std::size_t>(i));
    }
}

TEST_P(Storing, commits_in_the_order_of_the_calls_when_several_are_under_way) {
    std::string order;
    std::vector<std::uint64_t> seen;
    for (std::int64_t i = 1; i <= 20; ++i) {
        auto batch = std::make_shared<Batch>();
        batch->ticket = Ticket{static_cast<std::uint64_t>(i)};
        if (i > 1) batch->removals.push_back(removal(entry(i - 1, i - 1)));
        publish(*batch, i, i);
        boost::asio::co_spawn(io_, engine_->commit(batch), [&, i](std::exception_ptr, Outcome outcome) {
            EXPECT_FALSE(outcome.failure);
            EXPECT_EQ(outcome.missing, 0u) << "batch " << i << " did not see the one before";
            seen.push_back(static_cast<std::uint64_t>(i));
        });
    }
    io_.restart();
    io_.run();

    ASSERT_EQ(seen.size(), 20u);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(sequences_of(lane()), "20");
}

ROWMQ_EVERY_ENGINE(Storing);

}  // namespace
}  // namespace rowmq::conformance
