#include "amqp/content.hpp"

#include <gtest/gtest.h>

namespace rowmq::amqp {
namespace {

using namespace std::string_view_literals;

BasicProperties full() {
    BasicProperties all;
    all.content_type = "text/plain";
    all.content_encoding = "gzip";
    all.headers = HeaderTable{{"n", {std::int64_t{1}, "I"}}};
    all.delivery_mode = 2;
    all.priority = 9;
    all.correlation_id = "c";
    all.reply_to = "r";
    all.expiration = "60000";
    all.message_id = "m";
    all.timestamp = 1'700'000'000;
    all.type = "t";
    all.user_id = "u";
    all.app_id = "a";
    all.cluster_id = "";
    return all;
}

std::string written(const ContentHeader& header) {
    std::string out;
    write_content_header(out, header);
    return out;
}

TEST(Content, has_the_flags_and_the_order_of_the_specification) {
    BasicProperties some;
    some.content_type = "a";
    some.delivery_mode = 2;
    some.cluster_id = "z";
    EXPECT_EQ(written({60, 5, some}),
              "\0\x3c\0\0\0\0\0\0\0\0\0\x05\x90\x04\x01"
              "a\x02\x01z"sv);
    EXPECT_EQ(written({60, 0, {}}), "\0\x3c\0\0\0\0\0\0\0\0\0\0\0\0"sv);
}

TEST(Content, keeps_all_fourteen_properties_and_tells_absent_from_empty) {
    const auto read = read_content_header(written({60, 77, full()}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->body_bytes, 77u);
    EXPECT_EQ(read->properties, full());
    EXPECT_EQ(read_content_header(written({60, 0, {}}))->properties, BasicProperties{});
}

TEST(Content, is_refused_when_it_ends_early_or_late_or_has_flags_of_nothing) {
    const std::string whole = written({60, 1, full()});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(read_content_header(std::string_view(whole).substr(0, cut))) << cut;
    EXPECT_FALSE(read_content_header(whole + "x"));
    EXPECT_FALSE(read_content_header("\0\x3c\0\0\0\0\0\0\0\0\0\x05\0\x01"sv));
}

}  // namespace
}  // namespace rowmq::amqp
