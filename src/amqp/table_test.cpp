#include "amqp/table.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace rowmq::amqp {
namespace {

std::string written(const HeaderTable& table) {
    std::string out;
    wire::Writer writer(out);
    write_table(writer, table);
    return out;
}

std::optional<HeaderTable> read(std::string_view bytes) {
    wire::Reader reader(bytes);
    HeaderTable table = read_table(reader);
    if (!reader.ended()) return std::nullopt;
    return table;
}

/// A table of the one field "k" with these bytes as its value.
std::string table_of(std::string_view value) {
    std::string out;
    wire::Writer writer(out);
    const auto length = writer.reserve32();
    writer.text8("k");
    writer.bytes(value);
    writer.fill32(length);
    return out;
}

HeaderValue only(std::string_view value) {
    const auto table = read(table_of(value));
    if (!table || table->size() != 1) {
        ADD_FAILURE() << "not a table of one field";
        return {};
    }
    EXPECT_EQ(table->front().name, "k");
    return table->front().value;
}

using namespace std::string_view_literals;

TEST(Table, reads_every_type_as_RabbitMQ_means_it) {
    EXPECT_EQ(only("t\x01"sv), (HeaderValue{true, {}}));
    EXPECT_EQ(only("b\xff"sv), (HeaderValue{std::int64_t{-1}, "b"}));
    EXPECT_EQ(only("B\xff"sv), (HeaderValue{std::int64_t{255}, "B"}));
    EXPECT_EQ(only("s\xff\xfe"sv), (HeaderValue{std::int64_t{-2}, "s"}));
    EXPECT_EQ(only("u\xff\xfe"sv), (HeaderValue{std::int64_t{65534}, "u"}));
    EXPECT_EQ(only("I\xff\xff\xff\xff"sv), (HeaderValue{std::int64_t{-1}, "I"}));
    EXPECT_EQ(only("i\xff\xff\xff\xff"sv), (HeaderValue{std::int64_t{4294967295}, "i"}));
    EXPECT_EQ(only("l\x80\0\0\0\0\0\0\0"sv), (HeaderValue{std::numeric_limits<std::int64_t>::min(), {}}));
    EXPECT_EQ(only("L\0\0\0\0\0\0\0\x07"sv), (HeaderValue{std::int64_t{7}, "L"}));
    EXPECT_EQ(only("f\x3f\x80\0\0"sv), (HeaderValue{1.0, "f"}));
    EXPECT_EQ(only("d\x40\0\0\0\0\0\0\0"sv), (HeaderValue{2.0, {}}));
    EXPECT_EQ(only("D\x02\0\0\x01\x3b"sv), (HeaderValue{3.15, "D:2:315"}));
    EXPECT_EQ(only("S\0\0\0\x03h\xc3\xa9"sv), (HeaderValue{std::string("h\xc3\xa9"), {}}));
    EXPECT_EQ(only("S\0\0\0\x01\xff"sv), (HeaderValue{Binary{"\xff"}, "S"}));
    EXPECT_EQ(only("x\0\0\0\x02\0\xff"sv), (HeaderValue{Binary{std::string("\0\xff", 2)}, {}}));
    EXPECT_EQ(only("T\0\0\0\0\x5f\xff\xff\xff"sv), (HeaderValue{WallTime(std::chrono::seconds(0x5fffffff)), {}}));
    EXPECT_EQ(only("T\xff\xff\xff\xff\xff\xff\xff\xff"sv), (HeaderValue{std::int64_t{-1}, "T"}));
    EXPECT_EQ(only("V"sv), (HeaderValue{nullptr, {}}));
    EXPECT_EQ(only("A\0\0\0\x03t\0V"sv), (HeaderValue{HeaderList{{false, {}}, {nullptr, {}}}, {}}));
    EXPECT_EQ(only("F\0\0\0\x03\x01nV"sv), (HeaderValue{HeaderTable{{"n", {nullptr, {}}}}, {}}));
}

TEST(Table, writes_what_it_read_byte_for_byte) {
    for (const std::string_view value : {"t\x01"sv,
                                         "b\xff"sv,
                                         "B\xff"sv,
                                         "s\xff\xfe"sv,
                                         "u\xff\xfe"sv,
                                         "I\x80\0\0\0"sv,
                                         "i\x80\0\0\0"sv,
                                         "l\x80\0\0\0\0\0\0\0"sv,
                                         "L\0\0\0\0\0\0\0\x07"sv,
                                         "f\x3f\x80\0\0"sv,
                                         "d\x40\0\0\0\0\0\0\0"sv,
                                         "D\x02\0\0\x01\x3b"sv,
                                         "S\0\0\0\x03h\xc3\xa9"sv,
                                         "S\0\0\0\x01\xff"sv,
                                         "x\0\0\0\x02\0\xff"sv,
                                         "T\0\0\0\0\x5f\xff\xff\xff"sv,
                                         "T\xff\xff\xff\xff\xff\xff\xff\xff"sv,
                                         "V"sv,
                                         "A\0\0\0\x07t\0F\0\0\0\0"sv,
                                         "F\0\0\0\x03\x01nV"sv}) {
        const std::string bytes = table_of(value);
        const auto table = read(bytes);
        ASSERT_TRUE(table) << value[0];
        EXPECT_EQ(written(*table), bytes) << value[0];
    }
}

TEST(Table, is_refused_when_it_ends_early_says_a_wrong_length_or_has_an_unknown_type) {
    const std::string whole = table_of("A\0\0\0\x0cS\0\0\0\x02hiS\0\0\0\0"sv);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(read(whole.substr(0, cut))) << cut;
    EXPECT_TRUE(read(whole));
    EXPECT_FALSE(read(whole + "x"));
    EXPECT_FALSE(read(table_of("Z"sv)));
    EXPECT_FALSE(read(table_of("S\0\0\0\x09short"sv)));
    EXPECT_FALSE(read(table_of("A\0\0\0\x02t"sv)));
    EXPECT_FALSE(read("\xff\xff\xff\xff"sv));
}

TEST(Table, is_refused_beyond_a_depth) {
    const auto nested = [](int depth) {
        std::string value = "V";
        for (int i = 1; i < depth; ++i) {
            std::string list = "A";
            wire::Writer writer(list);
            writer.text32(value);
            value = list;
        }
        return table_of(value);
    };
    EXPECT_TRUE(read(nested(16)));
    EXPECT_FALSE(read(nested(17)));
    EXPECT_FALSE(read(nested(10'000)));
}

TEST(Table, is_refused_with_more_fields_than_its_bytes_can_pay_for) {
    const auto of = [](std::size_t fields, std::size_t text) {
        HeaderTable table;
        for (std::size_t i = 0; i < fields; ++i) table.push_back({"k", {std::string(text, 'x'), {}}});
        return written(table);
    };
    EXPECT_TRUE(read(of(600, 0)));
    EXPECT_FALSE(read(of(1'000, 0)));
    EXPECT_TRUE(read(of(4'000, 40)));

    HeaderTable numbers;
    for (int i = 0; i < 1'000; ++i) numbers.push_back({"h" + std::to_string(i), {std::int64_t{i}, "I"}});
    EXPECT_EQ(read(written(numbers)), numbers);

    std::string lists;  // of many empty lists in one list
    wire::Writer writer(lists);
    writer.u8('A');
    const auto length = writer.reserve32();
    for (int i = 0; i < 100'000; ++i) writer.bytes("A\0\0\0\0"sv);
    writer.fill32(length);
    EXPECT_FALSE(read(table_of(lists)));
}

TEST(Table, takes_at_most_four_times_its_bytes_and_64_kib_of_memory) {
    const auto of = [](std::size_t fields, std::size_t name, std::size_t text) {
        HeaderTable table;
        for (std::size_t i = 0; i < fields; ++i) table.push_back({std::string(name, 'n'), {std::string(text, 'x'), {}}});
        return table;
    };
    for (const std::size_t text : {0u, 9u, 15u, 16u, 17u, 40u})
        for (const std::size_t name : {0u, 1u, 15u, 16u}) {
            std::size_t most = 0;
            for (const std::size_t fields : {256u, 600u, 1'000u, 4'000u}) {
                const HeaderTable table = of(fields, name, text);
                const std::string bytes = written(table);
                const bool fits = memory_of(table) <= 4 * (bytes.size() - 4) + 64 * 1024;
                EXPECT_EQ(read(bytes).has_value(), fits) << fields << " of " << name << " and " << text;
                if (fits) most = fields;
            }
            EXPECT_GE(most, 256u);
        }
}

TEST(Table, gives_the_last_field_of_a_name) {
    const HeaderTable table{{"a", {std::int64_t{1}, {}}}, {"b", {true, {}}}, {"a", {std::int64_t{2}, {}}}};
    ASSERT_NE(find(table, "a"), nullptr);
    EXPECT_EQ(find(table, "a")->value, decltype(HeaderValue::value)(std::int64_t{2}));
    EXPECT_EQ(find(table, "c"), nullptr);
}

TEST(Table, leaves_out_names_that_are_too_long_for_the_wire) {
    EXPECT_EQ(written({{std::string(256, 'n'), {true, {}}}}), written({}));
    EXPECT_NE(written({{std::string(255, 'n'), {true, {}}}}), written({}));
}

}  // namespace
}  // namespace rowmq::amqp
