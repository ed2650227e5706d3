#pragma once
// Appends frames to what a connection says next.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "amqp/content.hpp"
#include "amqp/frames.hpp"
#include "amqp/methods.hpp"

namespace rowmq::amqp {

/// Begins a frame; its length and end are filled in when it goes out of scope.
class OpenFrame final {
public:
    OpenFrame(std::string& out, FrameKind kind, std::uint16_t channel) : writer_(out) {
        writer_.u8(static_cast<std::uint8_t>(kind));
        writer_.u16(channel);
        length_ = writer_.reserve32();
    }
    ~OpenFrame() {
        writer_.fill32(length_);
        writer_.out() += frame_end;
    }
    OpenFrame(const OpenFrame&) = delete;

private:
    wire::Writer writer_;
    std::size_t length_ = 0;
};

template <typename Method>
void append_method(std::string& out, std::uint16_t channel, const Method& method) {
    const OpenFrame frame(out, FrameKind::method, channel);
    write_method(out, method);
}

/// Body frames none of which is longer than `frame_max` bytes as a whole.
inline void append_body(std::string& out, std::uint16_t channel, std::string_view body, std::size_t frame_max) {
    for (std::size_t at = 0; at < body.size();) {
        const auto some = body.substr(at, frame_max - frame_overhead);
        const OpenFrame frame(out, FrameKind::body, channel);
        out.append(some);
        at += some.size();
    }
}

/// The header frame, and the body.
inline void append_content(std::string& out, std::uint16_t channel, const BasicProperties& properties, std::string_view body,
                           std::size_t frame_max) {
    {
        const OpenFrame frame(out, FrameKind::header, channel);
        write_content_header(out, {.klass = 60, .body_bytes = body.size(), .properties = properties});
    }
    append_body(out, channel, body, frame_max);
}

/// A basic.deliver of texts that are elsewhere.
struct DeliverView {
    static constexpr MethodId id = BasicDeliver::id;
    std::string_view consumer_tag;
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    std::string_view exchange, routing_key;
    static void layout(auto& m, auto& wire) { BasicDeliver::layout(m, wire); }
};

/// The payload of a content header of another message with the same properties.
struct ReadyHeader {
    explicit ReadyHeader(std::string_view of) : payload(of) {}
    std::string_view payload;
};

inline void append_content(std::string& out, std::uint16_t channel, ReadyHeader header, std::string_view body, std::size_t frame_max) {
    {
        const OpenFrame frame(out, FrameKind::header, channel);
        constexpr std::size_t length_at = 4, length_bytes = 8;
        wire::Writer writer(out);
        writer.bytes(header.payload.substr(0, length_at));
        writer.u64(body.size());
        writer.bytes(header.payload.substr(length_at + length_bytes));
    }
    append_body(out, channel, body, frame_max);
}

inline void append_heartbeat(std::string& out) { const OpenFrame frame(out, FrameKind::heartbeat, 0); }

}  // namespace rowmq::amqp
