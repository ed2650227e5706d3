#include "sqs/instructions.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace rowmq::sqs {
namespace {

constexpr std::int64_t max_time = std::int64_t{1} << 48;  ///< milliseconds
constexpr std::int64_t max_priority = 255;

Refusal refused(std::string_view name, std::string_view reason) {
    return {Fault::invalid_parameter_value, fmt::format("The message attribute '{}' {}", name, reason)};
}

/// A whole number from 0 on.
Answer<std::int64_t> number(std::string_view name, const MessageAttribute& attribute, std::int64_t max) {
    const std::string text = attribute.text.value_or("");
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (attribute.type != "Number" || error != std::errc() || stop != text.data() + text.size() || n < 0 || n > max)
        return refused(name, fmt::format("must be a Number, whole, from 0 to {}.", max));
    return n;
}

std::optional<Refusal> take(Instructions& out, const std::string& name, const MessageAttribute& attribute) {
    const auto whole = [&](std::int64_t max, auto&& set) -> std::optional<Refusal> {
        const auto n = number(name, attribute, max);
        if (!n) return n.error();
        set(*n);
        return std::nullopt;
    };
    if (name == "RowMQ.DelaySeconds") return whole(max_seconds, [&](std::int64_t n) { out.delay = std::chrono::seconds(n); });
    if (name == "RowMQ.DeliverAt") return whole(max_time, [&](std::int64_t n) { out.deliver_at = WallTime(milliseconds(n)); });
    if (name == "RowMQ.ExpireSeconds") return whole(max_seconds, [&](std::int64_t n) { out.ttl = std::chrono::seconds(n); });
    if (name == "RowMQ.Priority") return whole(max_priority, [&](std::int64_t n) { out.priority = static_cast<std::uint8_t>(n); });
    if (name == body_encoding) {
        out.base64 = attribute.text == "base64";
        return out.base64 ? std::nullopt : std::optional(refused(name, "must be 'base64'."));
    }
    return refused(
        name, "is unknown: of those that begin with RowMQ. there are BodyEncoding, DelaySeconds, DeliverAt, ExpireSeconds and Priority.");
}

}  // namespace

Answer<Instructions> instructions_of(const MessageAttributes& attributes, QueueKind kind) {
    Instructions out;
    for (const auto& [name, attribute] : attributes) {
        if (!name.starts_with(instruction_prefix)) continue;
        if (auto wrong = take(out, name, attribute)) return *std::move(wrong);
    }
    if (out.delay && out.deliver_at) return refused("RowMQ.DeliverAt", "cannot stand beside RowMQ.DelaySeconds.");
    if (kind == QueueKind::fifo && (out.delay || out.deliver_at))
        return refused(out.delay ? "RowMQ.DelaySeconds" : "RowMQ.DeliverAt",
                       "is not valid for this queue type: the order of a FIFO queue is that of sending.");
    if (out.ttl == milliseconds(0)) return refused("RowMQ.ExpireSeconds", "must be at least 1.");
    return out;
}

}  // namespace rowmq::sqs
