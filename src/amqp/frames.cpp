#include "amqp/frames.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
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

void FrameReader::feed(std::string_view bytes) { fed_ = bytes; }

void FrameReader::keep() {
    forget_spent();
    kept_.append(fed_);
    fed_ = {};
}

void FrameReader::forget_spent() {
    if (std::exchange(spent_, false)) std::string().swap(kept_);
}

/// Brings what is kept to `count` bytes. False: there are not so many.
bool FrameReader::complete(std::size_t count) {
    if (kept_.size() >= count) return true;
    const auto some = fed_.substr(0, count - kept_.size());
    kept_.append(some);
    fed_.remove_prefix(some.size());
    return kept_.size() == count;
}

std::optional<Frame> FrameReader::next() {
    forget_spent();
    const bool whole = kept_.empty();  // as far as it is there, it lies in what was fed
    if (fault_ || waiting() < frame_overhead - 1 || !(whole || complete(frame_overhead - 1))) return std::nullopt;
    wire::Reader head((whole ? fed_ : std::string_view(kept_)).substr(0, frame_overhead - 1));
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
    if (waiting() < length + frame_overhead || !(whole || complete(length + frame_overhead))) return std::nullopt;
    const std::string_view bytes = whole ? fed_ : std::string_view(kept_);
    if (const char end = bytes[frame_overhead - 1 + length]; end != frame_end) {
        fault_ = FrameFault::no_end;
        fault_text_ = fmt::format("type {}, {}: {{invalid_frame_end_marker,{}}}", static_cast<unsigned>(frame.kind),
                                  snippet(bytes.substr(frame_overhead - 1, length)), static_cast<unsigned char>(end));
        return std::nullopt;
    }
    frame.payload = bytes.substr(frame_overhead - 1, length);
    if (whole) fed_.remove_prefix(length + frame_overhead);
    else spent_ = true;
    return frame;
}

std::optional<std::string_view> FrameReader::raw(std::size_t count) {
    forget_spent();
    if (waiting() < count) return std::nullopt;
    if (!kept_.empty()) {
        if (!complete(count) || kept_.size() > count) return std::nullopt;
        spent_ = true;
        return kept_;
    }
    const auto some = fed_.substr(0, count);
    fed_.remove_prefix(count);
    return some;
}

}  // namespace rowmq::amqp
