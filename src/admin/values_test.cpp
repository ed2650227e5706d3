#include <gtest/gtest.h>

#include "admin/message_json.hpp"
#include "admin/request.hpp"

namespace rowmq::admin {
namespace {

TEST(Lease, is_the_same_after_a_round_trip_through_text) {
    const Lease lease{.queue = QueueId{7}, .sequence = Sequence{123'456'789'012}, .number = 4'294'967'295u, .epoch = 3, .lane = 255};

    EXPECT_EQ(lease_of(to_text(lease)).value(), lease);
}

TEST(Lease, that_is_malformed_is_refused) {
    for (const auto* text : {"", "1", "1-2-3-4", "1-2-3-4-", "1-2-3-4-5-6", "1-2-256-4-5", "1-2-3-4294967296-5", "-1-2-3-4-5", "1--2-3-4-5",
                             "1-2-3-4-5 ", "a-2-3-4-5", "99999999999999999999-2-3-4-5"}) {
        EXPECT_TRUE(lease_of(text).has_error()) << text;
    }
}

TEST(Utf8, is_told_from_other_bytes) {
    for (const auto* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const auto* bytes : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                              "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff", "a\xc3z"}) {
        EXPECT_FALSE(is_utf8(bytes));
    }
}

TEST(Target, is_taken_apart_and_decoded) {
    const auto request = parse_target("GET", "/a/b%2Fc?x=1%202&y=&x=3").value();

    EXPECT_EQ(request.path, (std::vector<std::string>{"a", "b/c"}));
    EXPECT_EQ(request.query, (std::map<std::string, std::string>{{"x", "3"}, {"y", ""}}));
}

TEST(Target, that_is_no_path_is_refused) {
    for (const auto* target : {"", "a", "*", "/%zz", "/a b"}) EXPECT_TRUE(parse_target("GET", target).has_error()) << target;
}

TEST(Target, of_many_segments_or_parameters_is_refused) {
    std::string path = "/x", query = "/?";
    for (int i = 1; i < 32; ++i) path += '/';
    for (int i = 1; i < 100; ++i) query += '&';

    EXPECT_EQ(parse_target("GET", path).value().path.size(), 32u);
    EXPECT_EQ(parse_target("GET", query).value().parameters.size(), 100u);
    EXPECT_TRUE(parse_target("GET", path + '/').has_error());
    EXPECT_TRUE(parse_target("GET", query + '&').has_error());
}

}  // namespace
}  // namespace rowmq::admin
