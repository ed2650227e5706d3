#include "aws/message_attributes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rowmq::aws {
namespace {

TEST(DataType, is_one_of_three_with_a_label_behind_a_dot) {
    for (const char* right : {"String", "Number", "Binary", "String.json", "Binary.a.b"}) EXPECT_TRUE(is_data_type(right)) << right;
    for (const char* wrong : {"", "Strings", "string", "Str", "String json", "Bool", ".String"}) EXPECT_FALSE(is_data_type(wrong)) << wrong;
}

TEST(AttributeName, is_letters_digits_hyphens_underscores_and_single_periods) {
    for (const std::string& right : {std::string("a"), std::string("A-b_c.9"), std::string("awsome.x"), std::string("amazon"),
                                     std::string("aws"), std::string(256, 'n'), std::string("gr\xc3\xbcn.\xc3\x80\xc5\xbf")})
        EXPECT_TRUE(is_attribute_name(right)) << right;
    for (const std::string& wrong :
         {std::string(), std::string(257, 'n'), std::string(".a"), std::string("a."), std::string("a..b"), std::string("a b"),
          std::string("AWS.x"), std::string("aws.x"), std::string("Amazon.x"), std::string("AMAZON.x"), std::string("\xc2\xa7"),
          std::string("\xc6\x80"), std::string("\xe2\x82\xac"), std::string("a\xc3")})
        EXPECT_FALSE(is_attribute_name(wrong)) << wrong;
}

TEST(MessageText, is_the_characters_of_XML) {
    const std::string eight = "12345678";  // one word of the quick scan
    for (const char* right : {"", "\t\n\r", " ~\x7f", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf0\x9f\xa6\x8a"}) {
        EXPECT_TRUE(is_message_text(right)) << right;
        EXPECT_TRUE(is_message_text(eight + right)) << right;
    }
    for (const char* wrong : {"\x01", "\x0b", "\x1f", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xed\xa0\x80", "\xff"}) {
        EXPECT_FALSE(is_message_text(wrong)) << wrong;
        EXPECT_FALSE(is_message_text(eight + wrong + eight)) << wrong;
    }
}

TEST(NumberText, is_a_decimal_number) {
    for (const char* right : {"0", "-1.5e3", "+7", ".5", "5.", "1E-2"}) EXPECT_TRUE(is_number(right)) << right;
    for (const char* wrong : {"", "-", "one", "0x10", "1,5", "1 ", "inf", "nan", "1e", "1.2.3"}) EXPECT_FALSE(is_number(wrong)) << wrong;
}

TEST(Identifiers, have_their_lengths_and_characters) {
    EXPECT_TRUE(is_batch_id(std::string(80, 'a')));
    EXPECT_FALSE(is_batch_id(std::string(81, 'a')));
    EXPECT_FALSE(is_batch_id(""));
    EXPECT_FALSE(is_batch_id("a.b"));
    EXPECT_TRUE(is_group_id("!~" + std::string(126, 'g')));
    EXPECT_FALSE(is_group_id(std::string(129, 'g')));
    for (const char* wrong : {"", " ", "a b", "\x7f", "\xc3\xbc"}) EXPECT_FALSE(is_group_id(wrong)) << wrong;
}

}  // namespace
}  // namespace rowmq::aws
