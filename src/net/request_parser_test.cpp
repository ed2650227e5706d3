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

// Beast has no limit for these, and what is not parsed yet is kept.
TEST(RequestParser, refuses_endless_extensions_and_trailers_of_chunks) {
    for (const std::string_view begin : {"1;", "0\r\nT: "}) {
        RequestParser parser(4'096, 4'096);
        std::string pending = std::string(head) + std::string(begin);
        for (int i = 0; i < 100 && parser.failed() == 0; ++i) {
            pending.append(1'000, 'x');
            pending.erase(0, parser.feed(pending));
        }
        EXPECT_EQ(parser.failed(), 431u) << begin;
        EXPECT_LT(pending.size(), 6'000u) << begin;
    }
}

}  // namespace
}  // namespace rowmq::net
