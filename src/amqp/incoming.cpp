#include "amqp/incoming.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t reserved_at_once = 32 * 1024;   // of a body that is only announced
constexpr std::size_t before_properties = 2 + 2 + 8;  // of a header: class, weight, length of the body
constexpr std::size_t remembered_header = 1'024;      // bytes; who says more says it anew each time

Assembler::Step refused(Refusal refusal, MethodId method = {}) {
    Assembler::Step step;
    step.refusal = std::move(refusal);
    step.method = method;
    return step;
}
Assembler::Step refused(Code code, std::string_view why, MethodId method = {}) { return refused(Refusal(code, why), method); }

}  // namespace

Refusal undecodable(std::string_view payload) {
    constexpr std::size_t numbers = 4, most = 64;
    if (payload.size() < numbers) return Refusal(Code::frame_error, fmt::format("type 1, {}: unknown_frame", snippet(payload)));
    return Refusal(Code::frame_error, fmt::format("cannot decode {}", shown(payload.substr(numbers, most))));
}

// The words are RabbitMQ's.
Assembler::Step Assembler::take(const Frame& frame) {
    const bool is_method = frame.kind == FrameKind::method, is_header = frame.kind == FrameKind::header;
    if (!publish_) {
        if (is_method) return take_method(frame.payload);
        return refused(Code::unexpected_frame, "expected method frame, got non method frame instead");
    }
    if (!has_header_) {
        if (is_header) return take_header(frame.payload);
        return refused(Code::unexpected_frame, "expected content header for class 60, got non content header frame instead",
                       BasicPublish::id);
    }
    if (frame.kind == FrameKind::body) return take_body(frame.payload);
    return refused(Code::unexpected_frame, "expected content body, got non content body frame instead", BasicPublish::id);
}

Assembler::Step Assembler::take_method(std::string_view payload) {
    DecodedMethod decoded = read_method(payload);
    if (decoded.fault == MethodFault::unknown)
        return refused(Code::command_invalid, fmt::format("no method {}.{} is known", decoded.id.klass, decoded.id.method), decoded.id);
    if (decoded.fault) return refused(undecodable(payload), decoded.id);
    if (auto* publish = std::get_if<BasicPublish>(&decoded.method)) {
        publish_.emplace();
        publish_->method = std::move(*publish);
        has_header_ = false;
        return {};
    }
    Step step;
    step.whole.emplace(std::move(decoded.method));
    return step;
}

std::shared_ptr<const BasicProperties> Assembler::properties_of(std::string_view payload) {
    const std::string_view said = payload.substr(std::min(payload.size(), before_properties));
    if (last_properties_ && said == last_header_) return last_properties_;
    auto header = read_content_header(payload);
    if (!header) return nullptr;
    auto properties = std::make_shared<const BasicProperties>(std::move(header->properties));
    if (said.size() <= remembered_header) {
        last_header_ = said;
        last_properties_ = properties;
    }
    return properties;
}

Assembler::Step Assembler::take_header(std::string_view payload) {
    wire::Reader head(payload);
    const std::uint16_t klass = head.u16();
    head.u16();
    const std::uint64_t body_bytes = head.u64();
    const BasicProperties* const before = last_properties_.get();
    auto properties = properties_of(payload);
    if (!properties) return refused(Code::frame_error, fmt::format("type 2, {}: unknown_frame", snippet(payload)), BasicPublish::id);
    if (klass != BasicPublish::id.klass)
        return refused(Code::unexpected_frame, fmt::format("expected content header for class 60, got one for class {} instead", klass),
                       BasicPublish::id);
    if (body_bytes > message_bytes_) {
        publish_.reset();
        return refused(Code::precondition_failed,
                       fmt::format("message size {} is larger than configured max size {}", body_bytes, message_bytes_), BasicPublish::id);
    }
    has_header_ = true;
    missing_ = body_bytes;
    if (properties.get() != before)
        publish_->properties_bytes = payload.size() + (properties->headers ? memory_of(*properties->headers) : 0);
    publish_->properties = std::move(properties);
    publish_->body.reserve(std::min<std::size_t>(missing_, reserved_at_once));
    return finished();
}

Assembler::Step Assembler::take_body(std::string_view payload) {
    if (payload.size() > missing_) return refused(Code::unexpected_frame, "a body is longer than its header says", BasicPublish::id);
    publish_->body.append(payload);
    missing_ -= payload.size();
    return finished();
}

Assembler::Step Assembler::finished() {
    Step step;
    if (missing_ == 0) {
        step.whole.emplace(*std::move(publish_));
        publish_.reset();
    }
    return step;
}

}  // namespace rowmq::amqp
