#include "amqp/frames.hpp"

#include <algorithm>
#include <cstring>

#include "wire/reader.hpp"

namespace rowmq::amqp {

FrameReader::Room FrameReader::room(std::size_t least) {
    if (begin_ > 0 && (begin_ == end_ || bytes_.size() - end_ < least)) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (bytes_.size() - end_ < least) bytes_.resize(end_ + least);
    return {bytes_.data() + end_, bytes_.size() - end_};
}

std::optional<Frame> FrameReader::next() {
    if (fault_ || waiting() < frame_overhead - 1) return std::nullopt;
    wire::Reader head(std::string_view(bytes_).substr(begin_, frame_overhead - 1));
    Frame frame;
    frame.kind = static_cast<FrameKind>(head.u8());
    frame.channel = head.u16();
    const std::size_t length = head.u32();
    switch (frame.kind) {
        case FrameKind::method:
        case FrameKind::header:
        case FrameKind::body:
        case FrameKind::heartbeat: break;
        default: fault_ = FrameFault::unknown_kind; return std::nullopt;
    }
    if (length > limit_) {
        fault_ = FrameFault::too_large;
        return std::nullopt;
    }
    if (waiting() < length + frame_overhead) return std::nullopt;
    if (bytes_[begin_ + frame_overhead - 1 + length] != frame_end) {
        fault_ = FrameFault::no_end;
        return std::nullopt;
    }
    frame.payload = std::string_view(bytes_).substr(begin_ + frame_overhead - 1, length);
    begin_ += length + frame_overhead;
    return frame;
}

std::optional<std::string_view> FrameReader::raw(std::size_t count) {
    if (waiting() < count) return std::nullopt;
    const auto some = std::string_view(bytes_).substr(begin_, count);
    begin_ += count;
    return some;
}

void FrameReader::rest() {
    if (waiting() > 0) return;
    begin_ = end_ = 0;
    std::string().swap(bytes_);
}

}  // namespace rowmq::amqp
