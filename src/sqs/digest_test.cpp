#include "sqs/digest.hpp"

#include <gtest/gtest.h>

namespace rowmq::sqs {
namespace {

TEST(Digests, of_a_body_are_those_of_RFC_1321) {
    Digests digests;

    EXPECT_EQ(digests.md5(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(digests.md5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(digests.md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

// Computed by Python's hashlib over the layout of the developer guide, apart from this code.
TEST(Digests, of_attributes_cover_name_type_kind_and_value_in_name_order) {
    Digests digests;
    const MessageAttribute number{.type = "Number", .text = "30"};
    const MessageAttribute text{.type = "String", .text = "gr\xc3\xbc\xc3\x9f"};
    const MessageAttribute bytes{.type = "Binary.png", .bytes = std::string("\x00\xff\x01", 3)};

    EXPECT_EQ(digests.md5_of({{"timeout", number}}), "7e851853f0fb1ea1f4f6477fbc38d465");
    EXPECT_EQ(digests.md5_of({{"timeout", number}, {"greeting", text}, {"picture", bytes}}), "8b7520d6f3f9f5635f93dd8ae6f9e7f0");
    EXPECT_EQ(digests.md5_of({{"picture", bytes}, {"greeting", text}, {"timeout", number}}), "8b7520d6f3f9f5635f93dd8ae6f9e7f0");
}

TEST(Digests, of_no_attributes_are_none) {
    Digests digests;

    EXPECT_EQ(digests.md5_of({}), std::nullopt);
}

}  // namespace
}  // namespace rowmq::sqs
