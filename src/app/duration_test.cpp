#include "app/duration.hpp"

#include <gtest/gtest.h>

namespace rowmq::app {
namespace {

using namespace std::chrono_literals;

TEST(Duration, is_a_number_and_a_unit_seconds_by_default) {
    EXPECT_EQ(parse_duration("250ms").value(), 250ms);
    EXPECT_EQ(parse_duration("30").value(), 30s);
    EXPECT_EQ(parse_duration("30s").value(), 30s);
    EXPECT_EQ(parse_duration("5m").value(), 5min);
    EXPECT_EQ(parse_duration("2h").value(), 2h);
    EXPECT_EQ(parse_duration("7d").value(), 168h);
    EXPECT_EQ(parse_duration("0").value(), 0ms);
}

TEST(Duration, that_is_none_is_refused) {
    for (const auto* text : {"", "s", "-1s", "1.5s", "1 s", "1w", "99999999999999999999", "9999999999999d"}) {
        EXPECT_TRUE(parse_duration(text).has_error()) << text;
    }
}

}  // namespace
}  // namespace rowmq::app
