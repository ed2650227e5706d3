#include "aws/query.hpp"

#include <gtest/gtest.h>

namespace rowmq::aws {
namespace {

std::optional<Parameters> parse(std::string encoded) {
    std::string error;
    return Parameters::parse(std::move(encoded), error);
}
using Numbers = std::vector<std::uint32_t>;

TEST(Parameters, are_as_many_as_1000) {
    std::string text = "a";
    for (int i = 1; i < 1'000; ++i) text += "&a";

    EXPECT_EQ(parse(text)->size(), 1'000u);
    EXPECT_FALSE(parse(text + "&a"));
}

TEST(Parameters, are_UTF_8_in_name_and_value) {
    EXPECT_EQ(parse("%C3%BC=%C3%9F")->get("\xc3\xbc"), "\xc3\x9f");
    EXPECT_FALSE(parse("%FF=a"));
    EXPECT_FALSE(parse("a=%FF"));
}

TEST(Parameters, of_lists_are_numbered_by_whole_numbers) {
    const auto parameters = parse("E.2.Id=b&E.10=c&E.1.Id=a&E.1.Body=x&E.3x.Id=d&E.x.Id=e&E.=f&E=g&Ee.4.Id=h");

    EXPECT_EQ(parameters->numbers("E.", 100), (Numbers{1, 2, 10}));
    EXPECT_EQ(parameters->numbers("E.", 1).size(), 2u);  // one more than asked for says that there are more
    EXPECT_EQ(parameters->numbers("F.", 100), Numbers{});
}

}  // namespace
}  // namespace rowmq::aws
