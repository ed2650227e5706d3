#include "base/bounded_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>

namespace rowmq {
namespace {

std::string list_of(int numbers) {
    std::string text = R"({"list":[0)";
    for (int i = 1; i < numbers; ++i) text += ",0";
    return text + "]}";
}

TEST(BoundedJson, refuses_a_text_of_too_many_values_for_its_size) {
    const auto few = parse_bounded_object(list_of(100)), many = parse_bounded_object(list_of(100'000));

    EXPECT_TRUE(few);
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, Errc::limit_exceeded);
}

TEST(BoundedJson, refuses_what_is_no_object_and_what_is_no_json) {
    for (const char* text : {"", "[]", "1", "{", R"({"a":1}{})"}) {
        const auto read = parse_bounded_object(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Errc::invalid_argument) << text;
    }
}

TEST(BoundedJson, bounds_the_reading_and_not_what_is_done_with_the_value_later) {
    auto read = parse_bounded_object(R"({"list":[0]})");
    ASSERT_TRUE(read);

    auto& list = read->at("list").as_array();
    for (int i = 0; i < 10'000; ++i) list.emplace_back(i);
    const auto copy = *read;

    EXPECT_EQ(copy.at("list").as_array().size(), 10'001u);
}

}  // namespace
}  // namespace rowmq
