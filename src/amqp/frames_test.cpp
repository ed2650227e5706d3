#include "amqp/frames.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wire/writer.hpp"

namespace rowmq::amqp {
namespace {

std::string frame(FrameKind kind, std::uint16_t channel, std::string_view payload, char end = frame_end) {
    std::string out;
    wire::Writer writer(out);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u16(channel);
    writer.text32(payload);
    out += end;
    return out;
}

struct Got {
    FrameKind kind;
    std::uint16_t channel;
    std::string payload;
    friend bool operator==(const Got&, const Got&) = default;
};

std::vector<Got> take(FrameReader& reader) {
    std::vector<Got> all;
    while (const auto next = reader.next()) all.push_back({next->kind, next->channel, std::string(next->payload)});
    reader.keep();
    return all;
}

TEST(Frames, are_the_same_however_the_bytes_are_cut) {
    const std::string bytes = frame(FrameKind::method, 0, "abc") + frame(FrameKind::heartbeat, 0, "") +
                              frame(FrameKind::header, 7, std::string(300, 'h')) + frame(FrameKind::body, 65'535, std::string(4'096, 'b'));
    FrameReader whole;
    whole.feed(bytes);
    const auto expected = take(whole);
    ASSERT_EQ(expected.size(), 4u);
    EXPECT_EQ(expected[0], (Got{FrameKind::method, 0, "abc"}));
    EXPECT_EQ(expected[3].channel, 65'535);

    for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 100u, 1'000u}) {
        FrameReader reader;
        std::vector<Got> got;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            reader.feed(std::string_view(bytes).substr(at, piece));
            for (auto& one : take(reader)) got.push_back(std::move(one));
        }
        EXPECT_EQ(got, expected) << "in pieces of " << piece;
        EXPECT_EQ(reader.waiting(), 0u);
    }
}

TEST(Frames, of_a_length_beyond_the_limit_are_refused_before_their_bytes_come) {
    FrameReader reader;
    reader.limit(10);
    const std::string ten = frame(FrameKind::body, 1, std::string(10, 'x'));
    reader.feed(ten);
    EXPECT_EQ(take(reader).size(), 1u);
    reader.feed(std::string_view("\x03\0\x01\xff\xff\xff\xff", 7));
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.fault(), FrameFault::too_large);
    EXPECT_EQ(reader.fault_text(), "type 3, all octets = <<>>: {frame_too_large,4294967295,2}");
    EXPECT_LT(reader.capacity(), 100u);
}

TEST(Frames, of_an_unknown_kind_or_without_their_end_are_refused) {
    FrameReader kind;
    const std::string unknown = frame(static_cast<FrameKind>(4), 1, "x");
    kind.feed(unknown);
    EXPECT_FALSE(kind.next());
    EXPECT_EQ(kind.fault(), FrameFault::unknown_kind);

    FrameReader end;
    const std::string endless = frame(FrameKind::body, 1, "x", 'y') + frame(FrameKind::body, 1, "z");
    end.feed(endless);
    EXPECT_FALSE(end.next());
    EXPECT_EQ(end.fault(), FrameFault::no_end);
    EXPECT_EQ(end.fault_text(), "type 3, all octets = <<\"x\">>: {invalid_frame_end_marker,121}");
    EXPECT_FALSE(end.next()) << "nothing follows what is out of step";
}

TEST(Frames, come_after_the_protocol_header) {
    FrameReader reader;
    const std::string rest = std::string(protocol_header.substr(3)) + frame(FrameKind::method, 0, "m");
    reader.feed(protocol_header.substr(0, 3));
    EXPECT_FALSE(reader.raw(protocol_header.size()));
    reader.keep();
    reader.feed(rest);
    EXPECT_EQ(reader.raw(protocol_header.size()), protocol_header);
    EXPECT_EQ(take(reader).size(), 1u);
}

TEST(Frames, keep_no_memory_but_for_the_beginning_of_one) {
    FrameReader reader;
    const std::string bytes = frame(FrameKind::body, 1, std::string(4'000, 'x'));
    reader.feed(bytes);
    EXPECT_EQ(take(reader).size(), 1u);
    EXPECT_LT(reader.capacity(), 100u);
    reader.feed(std::string_view(bytes).substr(0, 2'000));
    EXPECT_EQ(take(reader).size(), 0u);
    EXPECT_GE(reader.capacity(), 2'000u);
    reader.feed(std::string_view(bytes).substr(2'000));
    EXPECT_EQ(take(reader).size(), 1u);
    EXPECT_LT(reader.capacity(), 100u);
}

}  // namespace
}  // namespace rowmq::amqp
