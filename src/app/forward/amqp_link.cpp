#include "app/forward/amqp_link.hpp"

#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <optional>

namespace rowmq::app {
namespace {

constexpr int frame_bytes = 131'072, most_channels = 2, heartbeat_seconds = 30;
constexpr timeval answer_time{.tv_sec = 10, .tv_usec = 0};  // for connecting, logging in, and every answer

/// What a reply code means to who forwards. RabbitMQ's: 320 connection-forced, 541 internal-error.
Errc errc_of(int code, std::string_view text) {
    switch (code) {
        case AMQP_ACCESS_REFUSED: return Errc::access_refused;
        // An exchange of ours that is gone is made anew.
        case AMQP_NOT_FOUND: return text.find("no exchange") == std::string_view::npos ? Errc::no_such_queue : Errc::closed;
        case AMQP_RESOURCE_LOCKED: return Errc::in_use;
        case AMQP_CONNECTION_FORCED:
        case AMQP_INTERNAL_ERROR: return Errc::closed;
        default: return Errc::invalid_argument;
    }
}

}  // namespace

AmqpLink::AmqpLink(const AmqpAddress& address) : state_(amqp_new_connection()), at_(address.text()) {}

AmqpLink::~AmqpLink() {
    if (state_) amqp_destroy_connection(state_);
}

Result<std::unique_ptr<AmqpLink>> AmqpLink::open(const AmqpAddress& address, const std::string& ca_file) {
    std::unique_ptr<AmqpLink> link(new AmqpLink(address));
    if (!link->state_) return Error{Errc::limit_exceeded, "there is no memory for a connection"};
    if (const auto connected = link->connect(address, ca_file); !connected) return connected.error();
    return link;
}

Result<void> AmqpLink::connect(const AmqpAddress& address, const std::string& ca_file) {
    amqp_socket_t* const socket = address.tls ? amqp_ssl_socket_new(state_) : amqp_tcp_socket_new(state_);
    if (!socket) return Error{Errc::limit_exceeded, "there is no memory for a socket"};
    if (address.tls) {
        if (!ca_file.empty()) {
            if (amqp_ssl_socket_set_cacert(socket, ca_file.c_str()) != AMQP_STATUS_OK)
                return Error{Errc::invalid_argument, fmt::format("{} holds no certificates", ca_file)};
        } else {
            SSL_CTX_set_default_verify_paths(static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket)));
        }
        amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    }
    timeval limit = answer_time;
    amqp_set_handshake_timeout(state_, &limit);
    amqp_set_rpc_timeout(state_, &limit);
    const int opened = amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &limit);
    if (const auto reached = checked(opened, "cannot be reached"); !reached) return reached.error();
    // A consumer whose queue is deleted is told only where it says that it listens.
    amqp_table_entry_t listens{}, capabilities{};
    listens.key = amqp_cstring_bytes("consumer_cancel_notify");
    listens.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    listens.value.value.boolean = 1;
    capabilities.key = amqp_cstring_bytes("capabilities");
    capabilities.value.kind = AMQP_FIELD_KIND_TABLE;
    capabilities.value.value.table = {1, &listens};
    const amqp_table_t properties{1, &capabilities};
    return checked(amqp_login_with_properties(state_, address.vhost.c_str(), most_channels, frame_bytes, heartbeat_seconds, &properties,
                                              AMQP_SASL_METHOD_PLAIN, address.user.c_str(), address.password.c_str()),
                   "does not log in");
}

Result<void> AmqpLink::open_channel(amqp_channel_t channel) {
    amqp_channel_open(state_, channel);
    return checked(amqp_get_rpc_reply(state_), "opens no channel");
}

Result<std::int64_t> AmqpLink::ready(amqp_channel_t channel, const std::string& queue) {
    const auto* declared = amqp_queue_declare(state_, channel, bytes_of(queue), 1, 0, 0, 0, amqp_empty_table);
    if (!declared) {
        const std::string refusal = fmt::format("has no queue '{}' to use", queue);
        const auto told = checked(amqp_get_rpc_reply(state_), refusal);
        return told ? Error{Errc::closed, fmt::format("{} {}", at_, refusal)} : told.error();
    }
    return std::int64_t{declared->message_count};
}

void AmqpLink::close() { amqp_connection_close(state_, AMQP_REPLY_SUCCESS); }

Result<void> AmqpLink::checked(int status, const std::string& doing) const {
    if (status == AMQP_STATUS_OK) return {};
    const bool certificate = status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED || status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED;
    return Error{certificate ? Errc::access_refused : Errc::closed, fmt::format("{} {}: {}", at_, doing, amqp_error_string2(status))};
}

Result<void> AmqpLink::checked(const amqp_rpc_reply_t& reply, const std::string& doing) const {
    switch (reply.reply_type) {
        case AMQP_RESPONSE_NORMAL: return {};
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: return checked(reply.library_error, doing);
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            if (auto said = closing(reply.reply, doing)) return *std::move(said);
            [[fallthrough]];
        default: return Error{Errc::closed, fmt::format("{} {}: the connection ended", at_, doing)};
    }
}

std::optional<Error> AmqpLink::closing(const amqp_method_t& method, const std::string& doing) const {
    int code = 0;
    std::string_view text;
    if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto& said = *static_cast<const amqp_channel_close_t*>(method.decoded);
        code = said.reply_code;
        text = text_of(said.reply_text);
    } else if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const auto& said = *static_cast<const amqp_connection_close_t*>(method.decoded);
        code = said.reply_code;
        text = text_of(said.reply_text);
    } else {
        return std::nullopt;
    }
    return Error{errc_of(code, text), fmt::format("{} {}: {} {}", at_, doing, code, text)};
}

}  // namespace rowmq::app
