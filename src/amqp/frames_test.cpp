#include "amqp/frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
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

void feed(FrameReader& reader, std::string_view bytes) {
    const auto room = reader.room(bytes.size());
    ASSERT_GE(room.size, bytes.size());
    std::memcpy(room.data, bytes.data(), bytes.size());
    reader.fed(bytes.size());
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
    return all;
}

TEST(Frames, are_the_same_however_the_bytes_are_cut) {
    const std::string bytes = frame(FrameKind::method, 0, "abc") + frame(FrameKind::heartbeat, 0, "") +
                              frame(FrameKind::header, 7, std::string(300, 'h')) + frame(FrameKind::body, 65'535, std::string(4'096, 'b'));
    FrameReader whole;
    feed(whole, bytes);
    const auto expected = take(whole);
    ASSERT_EQ(expected.size(), 4u);
    EXPECT_EQ(expected[0], (Got{FrameKind::method, 0, "abc"}));
    EXPECT_EQ(expected[3].channel, 65'535);

    for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 100u, 1'000u}) {
        FrameReader reader;
        std::vector<Got> got;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            feed(reader, std::string_view(bytes).substr(at, piece));
            for (auto& one : take(reader)) got.push_back(std::move(one));
        }
        EXPECT_EQ(got, expected) << "in pieces of " << piece;
        EXPECT_EQ(reader.waiting(), 0u);
    }
}

TEST(Frames, of_a_length_beyond_the_limit_are_refused_before_their_bytes_come) {
    FrameReader reader;
    reader.limit(10);
    feed(reader, frame(FrameKind::body, 1, std::string(10, 'x')));
    EXPECT_EQ(take(reader).size(), 1u);
    feed(reader, std::string_view("\x03\0\x01\xff\xff\xff\xff", 7));
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.fault(), FrameFault::too_large);
    EXPECT_LT(reader.capacity(), 100u);
}

TEST(Frames, of_an_unknown_kind_or_without_their_end_are_refused) {
    FrameReader kind;
    feed(kind, frame(static_cast<FrameKind>(4), 1, "x"));
    EXPECT_FALSE(kind.next());
    EXPECT_EQ(kind.fault(), FrameFault::unknown_kind);

    FrameReader end;
    feed(end, frame(FrameKind::body, 1, "x", 'y') + frame(FrameKind::body, 1, "z"));
    EXPECT_FALSE(end.next());
    EXPECT_EQ(end.fault(), FrameFault::no_end);
    EXPECT_FALSE(end.next()) << "nothing follows what is out of step";
}

TEST(Frames, come_after_the_protocol_header) {
    FrameReader reader;
    feed(reader, protocol_header.substr(0, 3));
    EXPECT_FALSE(reader.raw(protocol_header.size()));
    feed(reader, std::string(protocol_header.substr(3)) + frame(FrameKind::method, 0, "m"));
    EXPECT_EQ(reader.raw(protocol_header.size()), protocol_header);
    EXPECT_EQ(take(reader).size(), 1u);
}

TEST(Frames, keep_no_memory_while_a_connection_is_idle) {
    FrameReader reader;
    feed(reader, frame(FrameKind::body, 1, std::string(4'000, 'x')));
    EXPECT_EQ(take(reader).size(), 1u);
    reader.rest();
    EXPECT_EQ(reader.capacity(), 0u);
    feed(reader, frame(FrameKind::body, 1, "again"));
    EXPECT_EQ(take(reader).size(), 1u);
}

}  // namespace
}  // namespace rowmq::amqp
