#include "app/forward/amqp_source.hpp"

#include <amqp_framing.h>
#include <fmt/format.h>

#include <charconv>

namespace rowmq::app {
namespace {

constexpr amqp_channel_t consuming = 1, asking = 2;
/// One delivery, given back to librabbitmq at its end.
struct Envelope {
    amqp_envelope_t it{};
    bool filled = false;
    Envelope() = default;
    Envelope(const Envelope&) = delete;
    Envelope& operator=(const Envelope&) = delete;
    ~Envelope() {
        if (filled) amqp_destroy_envelope(&it);
    }
};

}  // namespace

Result<std::unique_ptr<AmqpSource>> AmqpSource::open(const AmqpAddress& address, const std::string& ca_file,
                                                     std::vector<std::string> queues, std::uint16_t prefetch) {
    auto link = AmqpLink::open(address, ca_file);
    if (!link) return link.error();
    std::unique_ptr<AmqpSource> source(new AmqpSource(*std::move(link), std::move(queues)));
    if (const auto consumes = source->consume(prefetch); !consumes) return consumes.error();
    return source;
}

Result<void> AmqpSource::consume(std::uint16_t prefetch) {
    for (const amqp_channel_t channel : {consuming, asking})
        if (const auto opened = link_->open_channel(channel); !opened) return opened.error();
    // A queue that is not there is found before anything is consumed.
    if (const auto there = ready(); !there) return there.error();
    amqp_basic_qos(link_->state(), consuming, 0, prefetch, 0);
    if (const auto limited = link_->checked(amqp_get_rpc_reply(link_->state()), "limits no consumer"); !limited) return limited.error();
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const std::string name = std::to_string(i);
        amqp_basic_consume(link_->state(), consuming, bytes_of(queues_[i]), bytes_of(name), 0, 0, 0, amqp_empty_table);
        const auto consumes = link_->checked(amqp_get_rpc_reply(link_->state()), fmt::format("lets nobody consume from '{}'", queues_[i]));
        if (!consumes) return consumes.error();
    }
    return {};
}

Result<std::int64_t> AmqpSource::ready() {
    std::int64_t all = 0;
    for (const auto& queue : queues_) {
        const auto some = link_->ready(asking, queue);
        if (!some) return some.error();
        all += *some;
    }
    return all;
}

Result<std::size_t> AmqpSource::read(std::size_t max, const std::function<Result<void>(const Taken&)>& take) {
    for (std::size_t count = 0; count < max; ++count) {
        amqp_maybe_release_buffers(link_->state());
        Envelope envelope;
        const amqp_rpc_reply_t reply = amqp_consume_message(link_->state(), &envelope.it, &no_time, 0);
        if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_TIMEOUT) return count;
        if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
            if (const auto told = other_frame(); !told) return told.error();
            continue;
        }
        if (const auto came = link_->checked(reply, "stopped delivering"); !came) return came.error();
        envelope.filled = true;
        const std::string_view name = text_of(envelope.it.consumer_tag);
        std::size_t place = queues_.size();
        std::from_chars(name.data(), name.data() + name.size(), place);
        if (place >= queues_.size())
            return Error{Errc::invalid_argument, fmt::format("the source delivers to a consumer '{}' nobody made", name)};
        const Taken taken{.queue = queues_[place],
                          .tag = envelope.it.delivery_tag,
                          .routing_key = text_of(envelope.it.routing_key),
                          .message = &envelope.it.message};
        if (const auto passed = take(taken); !passed) return passed.error();
    }
    return max;
}

Result<void> AmqpSource::other_frame() {
    amqp_frame_t frame;
    const int status = amqp_simple_wait_frame_noblock(link_->state(), &frame, &no_time);
    if (status == AMQP_STATUS_TIMEOUT) return {};
    if (const auto read = link_->checked(status, "stopped delivering"); !read) return read.error();
    if (frame.frame_type != AMQP_FRAME_METHOD) return {};
    if (auto closed = link_->closing(frame.payload.method, "stopped delivering")) return *std::move(closed);
    if (frame.payload.method.id == AMQP_BASIC_CANCEL_METHOD)
        return Error{Errc::queue_deleted, "a queue of the source is gone, or its leader is"};
    return {};
}

Result<void> AmqpSource::acknowledge(const std::vector<Ledger::Acknowledge>& acknowledgements) {
    for (const auto& one : acknowledgements) {
        const int status = amqp_basic_ack(link_->state(), consuming, one.tag, one.multiple ? 1 : 0);
        if (const auto told = link_->checked(status, "takes no acknowledgement"); !told) return told.error();
    }
    return {};
}

}  // namespace rowmq::app
