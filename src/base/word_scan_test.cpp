#include "base/word_scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rowmq::test {
namespace {

TEST(WordScan, finds_what_json_escapes_at_every_place_and_nothing_else) {
    for (std::size_t length = 0; length < 20; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (int c = 0; c < 256; ++c) {
                std::string text(length, '~');
                text[at] = static_cast<char>(c);
                const bool escaped = c < 0x20 || c == '"' || c == '\\';
                ASSERT_EQ(json_plain_bytes(text), escaped ? at : length) << "byte " << c << " at " << at << " of " << length;
            }
}

TEST(WordScan, tells_whether_any_byte_is_below_a_bound) {
    for (unsigned bound : {1u, 0x20u, 0x80u})
        for (unsigned c = 0; c < 256; ++c)
            for (unsigned place = 0; place < 8; ++place) {
                const std::uint64_t word =
                    (every_byte(0xff) & ~(std::uint64_t{0xff} << 8 * place)) | (static_cast<std::uint64_t>(c) << 8 * place);
                ASSERT_EQ(has_byte_below(word, static_cast<unsigned char>(bound)), c < bound) << c << " at " << place << " below " << bound;
            }
}

}  // namespace
}  // namespace rowmq::test
