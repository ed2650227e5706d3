#include "app/forward/amqp_target.hpp"

#include <amqp_framing.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace rowmq::app {
namespace {

constexpr amqp_channel_t channel = 1;
/// RabbitMQ and RowMQ refuse another's name as user_id: it goes on as this header.
constexpr std::string_view user_header = "x-forwarded-user-id";
/// Made by the source for its delivery; the target counts anew.
constexpr std::string_view count_header = "x-delivery-count";
constexpr std::uint8_t persistent = 2;
constexpr std::size_t longest_name = 255;

/// The properties as they go on; `headers` is the room for those of them that change.
amqp_basic_properties_t as_published(const amqp_basic_properties_t& came, std::string_view user, std::vector<amqp_table_entry_t>& headers) {
    amqp_basic_properties_t properties = came;
    properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = persistent;
    const bool foreign = (came._flags & AMQP_BASIC_USER_ID_FLAG) != 0 && text_of(came.user_id) != user;
    if ((came._flags & AMQP_BASIC_HEADERS_FLAG) != 0)
        std::copy_if(came.headers.entries, came.headers.entries + came.headers.num_entries, std::back_inserter(headers),
                     [](const amqp_table_entry_t& header) { return text_of(header.key) != count_header; });
    if (foreign) {
        amqp_table_entry_t said{};
        said.key = {user_header.size(), const_cast<char*>(user_header.data())};
        said.value.kind = AMQP_FIELD_KIND_UTF8;
        said.value.value.bytes = came.user_id;
        headers.push_back(said);
        properties._flags |= AMQP_BASIC_HEADERS_FLAG;
        properties._flags &= ~static_cast<amqp_flags_t>(AMQP_BASIC_USER_ID_FLAG);
    }
    properties.headers = {static_cast<int>(headers.size()), headers.data()};
    return properties;
}

}  // namespace

std::string exchange_for(const std::string& queue) {
    constexpr std::string_view prefix = "rowmq.forward.";
    if (prefix.size() + queue.size() <= longest_name) return fmt::format("{}{}", prefix, queue);
    return fmt::format("{}{:016x}", prefix, std::hash<std::string>{}(queue));
}

Result<std::unique_ptr<AmqpTarget>> AmqpTarget::open(const AmqpAddress& address, const std::string& ca_file,
                                                     const std::vector<std::string>& queues) {
    auto link = AmqpLink::open(address, ca_file);
    if (!link) return link.error();
    std::unique_ptr<AmqpTarget> target(new AmqpTarget(*std::move(link), address.user));
    if (const auto opened = target->link_->open_channel(channel); !opened) return opened.error();
    for (const auto& queue : queues)
        if (const auto prepared = target->prepare(queue); !prepared) return prepared.error();
    amqp_confirm_select(target->link_->state(), channel);
    const auto confirms = target->link_->checked(amqp_get_rpc_reply(target->link_->state()), "confirms nothing");
    if (!confirms) return confirms.error();
    return target;
}

Result<void> AmqpTarget::prepare(const std::string& queue) {
    if (const auto there = link_->ready(channel, queue); !there) return there.error();
    const std::string exchange = exchange_for(queue);
    amqp_exchange_declare(link_->state(), channel, bytes_of(exchange), amqp_cstring_bytes("fanout"), 0, 0, 1, 0, amqp_empty_table);
    const std::string refusal = fmt::format("has no exchange '{}' for what is forwarded", exchange);
    if (const auto declared = link_->checked(amqp_get_rpc_reply(link_->state()), refusal); !declared) return declared.error();
    amqp_queue_bind(link_->state(), channel, bytes_of(queue), bytes_of(exchange), amqp_empty_bytes, amqp_empty_table);
    if (const auto bound = link_->checked(amqp_get_rpc_reply(link_->state()), refusal); !bound) return bound.error();
    exchanges_.emplace(queue, exchange);
    return {};
}

Result<void> AmqpTarget::publish(const Taken& taken) {
    const auto exchange = exchanges_.find(taken.queue);
    if (exchange == exchanges_.end()) return Error{Errc::no_such_queue, fmt::format("no queue '{}' was prepared", taken.queue)};
    std::vector<amqp_table_entry_t> headers;
    const amqp_basic_properties_t properties = as_published(taken.message->properties, user_, headers);
    const std::string key(taken.routing_key);
    const int status =
        amqp_basic_publish(link_->state(), channel, bytes_of(exchange->second), bytes_of(key), 1, 0, &properties, taken.message->body);
    return link_->checked(status, "takes no more");
}

Result<void> AmqpTarget::hear(Ledger& ledger) {
    for (;;) {
        amqp_maybe_release_buffers(link_->state());
        amqp_frame_t frame;
        const int status = amqp_simple_wait_frame_noblock(link_->state(), &frame, &no_time);
        if (status == AMQP_STATUS_TIMEOUT) return {};
        if (const auto read = link_->checked(status, "stopped confirming"); !read) return read.error();
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        if (const auto done = on(frame.payload.method, ledger); !done) return done.error();
    }
}

Result<void> AmqpTarget::on(const amqp_method_t& method, Ledger& ledger) {
    if (auto closed = link_->closing(method, "stopped confirming")) return *std::move(closed);
    switch (method.id) {
        case AMQP_BASIC_ACK_METHOD: {
            const auto& said = *static_cast<const amqp_basic_ack_t*>(method.decoded);
            ledger.confirmed(said.delivery_tag, said.multiple != 0);
            return {};
        }
        case AMQP_BASIC_NACK_METHOD: {
            const auto& said = *static_cast<const amqp_basic_nack_t*>(method.decoded);
            ledger.refused(said.delivery_tag, said.multiple != 0);
            return {};
        }
        // Its confirm would follow: nothing after this is heard, so nothing of it is acknowledged.
        case AMQP_BASIC_RETURN_METHOD: return Error{Errc::no_such_queue, "a queue of the target is gone: a message came back"};
        default: return {};
    }
}

void AmqpTarget::close() {
    for (const auto& [queue, exchange] : exchanges_) amqp_exchange_delete(link_->state(), channel, bytes_of(exchange), 0);
    link_->close();
}

}  // namespace rowmq::app
