// What is written into rows as JSON comes back as it was, and reads well for whoever queries it.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "broker/catalog/options.hpp"
#include "broker/notes.hpp"
#include "broker/properties.hpp"

namespace rowmq {
namespace {

HeaderTable every_kind_of_header() {
    using namespace std::string_literals;
    return {{"null", {nullptr, {}}},
            {"yes", {true, {}}},
            {"int", {std::int64_t{-9'007'199'254'740'993}, "l"}},
            {"double", {0.1, {}}},
            {"whole double", {2.0, {}}},
            {"text", {"naïve \"quoted\" \n \x01"s, {}}},
            {"not utf8", {"\xff\xfe\x00z"s, {}}},
            {"binary", {Binary{"\x00\x01\x02"s}, "x"}},
            {"time", {WallTime(milliseconds(1'700'000'000'123)), {}}},
            {"list", {HeaderList{{std::int64_t{1}, "b"}, {"two"s, {}}, {HeaderList{}, {}}}, {}}},
            {"table", {HeaderTable{{"inner", {HeaderTable{{"$odd", {true, {}}}}, {}}}}, {}}},
            {"twice", {HeaderTable{{"a", {std::int64_t{1}, {}}}, {"a", {std::int64_t{2}, {}}}}, {}}}};
}

}  // namespace

TEST(PropertiesJson, keeps_every_kind_of_header) {
    Properties p;
    p.content_type = "text/plain";
    p.group = "g";
    p.priority = 9;
    p.timestamp = WallTime(milliseconds(12));
    p.expiration = milliseconds(5);
    p.headers = every_kind_of_header();
    p.opaque["amqp"] = std::string("\x00\xff", 2);

    const std::string json = encode(p);

    EXPECT_EQ(decode_properties(json), p) << json;
}

TEST(PropertiesJson, keeps_every_bit_of_a_double) {
    std::uint64_t bits = 1;
    Properties p;
    for (int i = 0; i < 1'000; ++i) {
        bits = bits * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        const auto number = std::bit_cast<double>(bits);
        if (std::isfinite(number)) p.headers.push_back({std::to_string(i), {number, {}}});
        p.headers.push_back({"small " + std::to_string(i), {static_cast<double>(bits) / 1e19, {}}});
    }

    EXPECT_EQ(decode_properties(encode(p)), p);
}

TEST(OptionsJson, keep_every_bit_of_a_double) {
    for (int i = 0; i < 1'000; ++i) {
        const QueueOptions o{.backoff = {.multiplier = 1 + i / 111.0, .jitter = i / 1'001.0}};
        EXPECT_EQ(decode_queue_options(encode(o)), o) << encode(o);
    }
}

TEST(PropertiesJson, keeps_infinities_and_not_a_number) {
    Properties p;
    p.headers = {{"up", {INFINITY, {}}}, {"down", {-INFINITY, {}}}, {"none", {NAN, {}}}};

    const Properties back = decode_properties(encode(p));

    EXPECT_EQ(back.headers[0], p.headers[0]);
    EXPECT_EQ(back.headers[1], p.headers[1]);
    EXPECT_TRUE(std::isnan(std::get<double>(back.headers[2].value.value)));
}

TEST(PropertiesJson, is_nothing_when_nothing_is_set) { EXPECT_EQ(encode(Properties{}), ""); }

TEST(PropertiesJson, reads_plainly_in_sql) {
    Properties p;
    p.headers = {{"region", {std::string("eu"), {}}}, {"count", {std::int64_t{3}, {}}}};
    EXPECT_EQ(encode(p), R"({"headers":{"region":"eu","count":3}})");
}

TEST(PropertiesJson, keeps_headers_as_deep_as_they_may_be) {
    HeaderValue value{std::string("\xff"), "tag"};
    for (std::size_t depth = 0; depth < Limits{}.header_depth; ++depth)
        value = {HeaderTable{{"twice", std::move(value)}, {"twice", {nullptr, {}}}}, "tag"};
    Properties p;
    p.headers = std::get<HeaderTable>(value.value);

    EXPECT_EQ(decode_properties(encode(p)), p);
}

TEST(PropertiesJson, that_is_broken_is_a_failure) {
    for (const char* json : {"{", "[]", R"({"group":7})", R"({"priority":"x"})", R"({"priority":300})", R"({"headers":1})",
                             R"({"headers":{"a":{"$double":1}}})", R"({"headers":{"a":{"$table":[[1]]}}})",
                             R"({"headers":{"a":{"$tag":"x","b":1}}})", R"({"opaque":{"a":1}})"})
        EXPECT_THROW(decode_properties(json), Failure) << json;
}

TEST(OptionsJson, that_are_broken_are_a_failure) {
    for (const char* json : {"{", "[]", R"({"lease_ms":"x"})", R"({"tags":1})", R"({"tags":{"a":1}})", R"({"dead_letter":{}})"})
        EXPECT_THROW(decode_queue_options(json), Failure) << json;
    for (const char* json : {"7", R"({"kind":"x"})", R"({"attributes":[]})"}) EXPECT_THROW(decode_exchange_options(json), Failure) << json;
}

TEST(OptionsJson, keep_everything_and_write_only_what_differs) {
    QueueOptions o;
    EXPECT_EQ(encode(o), "{}");
    o.kind = QueueKind::fifo;
    o.ttl = milliseconds(0);
    o.max_length = 7;
    o.overflow = Overflow::reject;
    o.dead_letter = DeadLetter{.exchange = "x", .routing_key = std::nullopt};
    o.backoff = {.initial = milliseconds(10), .multiplier = 1.5, .max = milliseconds(99), .jitter = 0, .on_expiry = true};
    o.deduplication = {.enabled = true, .content_based = true, .scope = Deduplication::Scope::group, .window = milliseconds(1)};
    o.strict_counting = false;
    o.paused = true;
    o.tags = {{"team", "a\"b"}, {"$bytes", "x"}};
    o.attributes = {{"sqs.Policy", "{}"}};

    EXPECT_EQ(decode_queue_options(encode(o)), o) << encode(o);
    EXPECT_EQ(first_difference(o, decode_queue_options(encode(o))), "");
}

TEST(Options, name_the_first_difference) {
    EXPECT_EQ(first_difference({}, {.lease = milliseconds(1)}), "lease_ms");
    EXPECT_EQ(first_difference({}, {.max_receives = 3}), "max_receives");
}

TEST(Options, out_of_range_are_named_with_their_range) {
    const Limits limits;
    EXPECT_FALSE(check(QueueOptions{}, limits));
    EXPECT_EQ(check(QueueOptions{.max_message_bytes = 0}, limits)->text, "max_message_bytes must be 1 to 134217728");
    EXPECT_TRUE(check(QueueOptions{.backoff = {.multiplier = 0.5}}, limits));
    EXPECT_TRUE(check(QueueOptions{.backoff = {.jitter = NAN}}, limits));
    EXPECT_TRUE(check_name("the name", "", limits));
    EXPECT_TRUE(check_name("the name", std::string(256, 'x'), limits));
    EXPECT_FALSE(check_name("the name", std::string(255, 'x'), limits));
    EXPECT_TRUE(check_name("the name", "\xff", limits));
    EXPECT_TRUE(check_name("the name", std::string_view("a\0b", 3), limits));
}

TEST(NotesJson, count_up_and_keep_the_newest_first) {
    using Reason = DeadLetterRecord::Reason;
    const auto at = [](int ms) { return WallTime(milliseconds(ms)); };
    Notes notes;
    add(notes, {Reason::expired, "a", 1, 2, at(1), at(1)}, 2);
    add(notes, {Reason::rejected, "b", 1, 3, at(2), at(2)}, 2);
    add(notes, {Reason::expired, "a", 1, 4, at(3), at(3)}, 2);

    const Notes back = decode_notes(encode(notes).get());

    ASSERT_EQ(back.dead_letters.size(), 2u);
    EXPECT_EQ(back.dead_letters[0], (DeadLetterRecord{Reason::expired, "a", 2, 4, at(1), at(3)}));
    add(notes, {Reason::max_length, "c", 1, 0, at(4), at(4)}, 2);
    EXPECT_EQ(notes.dead_letters.size(), 2u);
    EXPECT_EQ(notes.dead_letters[0].queue, "c");
    EXPECT_EQ(encode(Notes{}), nullptr);
    notes.came_by = Route{"x", "k"};
    notes.dead_letters[0].came_by = Route{"", "q"};
    const Notes again = decode_notes(encode(notes).get());
    EXPECT_EQ(again.came_by, notes.came_by);
    EXPECT_EQ(again.dead_letters, notes.dead_letters);
}

TEST(NotesJson, that_are_broken_are_a_failure) {
    for (const std::string json : {"{", R"({"dead_letters":[1]})", R"({"dead_letters":[{"reason":"x"}]})"})
        EXPECT_THROW(decode_notes(&json), Failure) << json;
}

}  // namespace rowmq
