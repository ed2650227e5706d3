#include "amqp/frames.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "wire/reader.hpp"

namespace rowmq::amqp {

std::string shown(std::string_view bytes) {
    const bool text = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (text && !bytes.empty()) return fmt::format("<<\"{}\">>", bytes);
    return fmt::format("<<{}>>", fmt::join(std::vector<unsigned char>(bytes.begin(), bytes.end()), ","));
}

std::string snippet(std::string_view bytes) {
    constexpr std::size_t most = 16;
    return fmt::format("{} octets = {}", bytes.size() > most ? "first 16" : "all", shown(bytes.substr(0, most)));
}

void FrameReader::feed(std::string_view bytes) {
    if (kept_.empty()) {
        view_ = bytes;
    } else {
        kept_.append(bytes);
        view_ = kept_;
    }
}

void FrameReader::keep() {
    if (view_.empty()) {
        std::string().swap(kept_);
    } else if (kept_.empty()) {
        kept_.assign(view_);
    } else {
        kept_.erase(0, kept_.size() - view_.size());
    }
    view_ = kept_;
}

std::optional<Frame> FrameReader::next() {
    if (fault_ || waiting() < frame_overhead - 1) return std::nullopt;
    wire::Reader head(view_.substr(0, frame_overhead - 1));
    Frame frame;
    frame.kind = static_cast<FrameKind>(head.u8());
    frame.channel = head.u16();
    const std::size_t length = head.u32();
    switch (frame.kind) {
        case FrameKind::method:
        case FrameKind::header:
        case FrameKind::body:
        case FrameKind::heartbeat: break;
        default:
            fault_ = FrameFault::unknown_kind;
            fault_text_ = fmt::format("type {}, {}: unknown_frame", static_cast<unsigned>(frame.kind), snippet({}));
            return std::nullopt;
    }
    if (length > limit_) {
        fault_ = FrameFault::too_large;
        fault_text_ = fmt::format("type {}, {}: {{frame_too_large,{},{}}}", static_cast<unsigned>(frame.kind), snippet({}), length,
                                  limit_ - std::min(limit_, frame_overhead));
        return std::nullopt;
    }
    if (waiting() < length + frame_overhead) return std::nullopt;
    if (const char end = view_[frame_overhead - 1 + length]; end != frame_end) {
        fault_ = FrameFault::no_end;
        fault_text_ = fmt::format("type {}, {}: {{invalid_frame_end_marker,{}}}", static_cast<unsigned>(frame.kind),
                                  snippet(view_.substr(frame_overhead - 1, length)), static_cast<unsigned char>(end));
        return std::nullopt;
    }
    frame.payload = view_.substr(frame_overhead - 1, length);
    view_.remove_prefix(length + frame_overhead);
    return frame;
}

std::optional<std::string_view> FrameReader::raw(std::size_t count) {
    if (waiting() < count) return std::nullopt;
    const auto some = view_.substr(0, count);
    view_.remove_prefix(count);
    return some;
}

}  // namespace rowmq::amqp
