#include "base/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/random.hpp"

namespace rowmq {
namespace {

TEST(Crc32c, gives_the_published_check_values) {
    const std::string zeros(32, '\0'), ones(32, '\xff');

    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(zeros), 0x8a9136aau);  // RFC 3720 B.4
    EXPECT_EQ(crc32c(ones), 0x62a8ab43u);   // RFC 3720 B.4
    EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32c, continues_over_pieces) {
    const std::string text = "the quick brown fox jumps over the lazy dog";

    const auto first = crc32c(0, text.data(), 13);

    EXPECT_EQ(crc32c(first, text.data() + 13, text.size() - 13), crc32c(text));
}

TEST(Crc32c, is_the_same_by_instruction_and_by_tables) {
    SeededRandom random(7);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string bytes(size, '\0');
        for (auto& byte : bytes) byte = static_cast<char>(random.next());

        EXPECT_EQ(crc32c(bytes), crc32c_by_tables(0, bytes.data(), bytes.size())) << size;
    }
}

}  // namespace
}  // namespace rowmq
