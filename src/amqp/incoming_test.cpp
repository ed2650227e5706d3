#include "amqp/incoming.hpp"

#include <gtest/gtest.h>

namespace rowmq::amqp {
namespace {

std::string method(const auto& m) {
    std::string out;
    write_method(out, m);
    return out;
}

std::string header(std::uint64_t bytes, std::uint16_t klass = 60) {
    std::string out;
    write_content_header(out, {.klass = klass, .body_bytes = bytes, .properties = {}});
    return out;
}

Assembler::Step take(Assembler& assembler, FrameKind kind, const std::string& payload) {
    return assembler.take({.kind = kind, .channel = 1, .payload = payload});
}

TEST(Assembler, gives_methods_at_once_and_messages_when_their_last_byte_came) {
    Assembler assembler(1'000);
    auto step = take(assembler, FrameKind::method, method(BasicAck{.delivery_tag = 5}));
    ASSERT_TRUE(step.whole);
    EXPECT_TRUE(is_settlement(*step.whole));

    EXPECT_FALSE(take(assembler, FrameKind::method, method(BasicPublish{.exchange = "x", .routing_key = "k"})).whole);
    EXPECT_FALSE(take(assembler, FrameKind::header, header(5)).whole);
    EXPECT_FALSE(take(assembler, FrameKind::body, "he").whole);
    EXPECT_EQ(assembler.held(), 2u);
    step = take(assembler, FrameKind::body, "llo");
    ASSERT_TRUE(step.whole);
    const auto& published = std::get<Published>(*step.whole);
    EXPECT_EQ(published.method.exchange, "x");
    EXPECT_EQ(published.body, "hello");
    EXPECT_EQ(assembler.held(), 0u);
}

TEST(Assembler, reads_a_header_once_for_messages_in_a_row_that_say_the_same) {
    Assembler assembler(1'000);
    const auto properties = [&](std::uint64_t bytes, std::string type) {
        std::string said;
        write_content_header(said, {.klass = 60, .body_bytes = bytes, .properties = {.content_type = std::move(type)}});
        take(assembler, FrameKind::method, method(BasicPublish{}));
        auto step = take(assembler, FrameKind::header, said);
        if (bytes > 0) step = take(assembler, FrameKind::body, std::string(bytes, 'x'));
        return std::get<Published>(step.whole.value()).properties;
    };

    const auto first = properties(3, "a"), second = properties(0, "a"), third = properties(3, "b"), fourth = properties(3, "a");

    EXPECT_EQ(first, second) << "the length of a body is none of its properties";
    EXPECT_EQ(third->content_type, "b");
    EXPECT_EQ(fourth->content_type, "a");
}

TEST(Assembler, counts_the_memory_of_headers_it_reads_anew) {
    Assembler assembler(1'000);
    const auto bytes = [&](std::size_t headers) {
        BasicProperties properties;
        properties.headers.emplace(headers, Header{"h", {std::int64_t{1}, {}}});
        std::string said;
        write_content_header(said, {.klass = 60, .body_bytes = 0, .properties = properties});
        take(assembler, FrameKind::method, method(BasicPublish{}));
        return std::get<Published>(take(assembler, FrameKind::header, said).whole.value()).properties_bytes;
    };

    EXPECT_GT(bytes(2), 2 * sizeof(Header));
    EXPECT_EQ(bytes(2), 0u) << "they are there already";
    EXPECT_GT(bytes(500), 500 * sizeof(Header));
    EXPECT_GT(bytes(500), 500 * sizeof(Header)) << "too many to be remembered";
}

TEST(Assembler, gives_an_empty_message_with_its_header) {
    Assembler assembler(1'000);
    take(assembler, FrameKind::method, method(BasicPublish{}));
    EXPECT_TRUE(take(assembler, FrameKind::header, header(0)).whole);
    EXPECT_FALSE(take(assembler, FrameKind::method, method(BasicAck{})).refusal);
}

TEST(Assembler, refuses_frames_out_of_turn) {
    const auto code = [](std::initializer_list<std::pair<FrameKind, std::string>> frames) {
        Assembler assembler(1'000);
        Assembler::Step step;
        for (const auto& [kind, payload] : frames) {
            EXPECT_FALSE(step.refusal);
            step = take(assembler, kind, payload);
        }
        EXPECT_TRUE(step.refusal);
        return step.refusal ? step.refusal->code : Code{};
    };
    const std::string publish = method(BasicPublish{});
    EXPECT_EQ(code({{FrameKind::header, header(1)}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::body, "x"}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::method, publish}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::body, "x"}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::header, header(1)}, {FrameKind::header, header(1)}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::header, header(1, 50)}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::header, header(1)}, {FrameKind::body, "xy"}}), Code::unexpected_frame);
    EXPECT_EQ(code({{FrameKind::method, publish}, {FrameKind::header, "short"}}), Code::frame_error);
    EXPECT_EQ(code({{FrameKind::method, "\0\x3c\0\x50"}}), Code::frame_error);
    EXPECT_EQ(code({{FrameKind::method, std::string("\0\x3c\0\x29", 4)}}), Code::command_invalid);
}

TEST(Assembler, refuses_a_body_by_its_announced_size_and_names_the_limit) {
    Assembler assembler(1'000);
    take(assembler, FrameKind::method, method(BasicPublish{}));
    const auto step = take(assembler, FrameKind::header, header(1'001));
    ASSERT_TRUE(step.refusal);
    EXPECT_EQ(step.refusal->code, Code::precondition_failed);
    EXPECT_EQ(step.refusal->text, "PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000");
    EXPECT_EQ(step.method, BasicPublish::id);
}

}  // namespace
}  // namespace rowmq::amqp
