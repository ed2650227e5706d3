#include "net/request_parser.hpp"

#include <gtest/gtest.h>

namespace rowmq::net {
namespace {

constexpr std::string_view head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// A chunked body's end may arrive byte by byte, which Beast asserts it does not.
TEST(RequestParser, reads_a_chunked_body_in_pieces_of_any_size) {
    for (const auto& [chunks, body] : {std::pair("0\r\n\r\n", ""), std::pair("3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: v\r\n\r\n", "abcd")}) {
        const std::string text = std::string(head) + chunks;
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            RequestParser parser(4'096, 4'096);
            std::string pending;
            for (std::size_t at = 0; at < text.size() && !parser.is_done(); at += piece) {
                pending += text.substr(at, piece);
                pending.erase(0, parser.feed(pending));
                ASSERT_EQ(parser.failed(), 0u);
            }

            EXPECT_TRUE(parser.is_done()) << piece;
            EXPECT_EQ(parser.request.body, body) << piece;
        }
    }
}

}  // namespace
}  // namespace rowmq::net
