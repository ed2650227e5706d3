#pragma once
// Every method of AMQP 0-9-1 with RabbitMQ's additions once: a struct with its number and one `layout`, walked by the reader
// and the writer of methods.hpp. Names are those of the specification; the tickets of classes exchange, queue and basic
// are unused for fifteen years and only passed over.

#include <cstdint>
#include <string>

#include "rowmq/message.hpp"

namespace rowmq::amqp {

/// Class and method, as on the wire.
struct MethodId {
    std::uint16_t klass = 0, method = 0;
    friend auto operator<=>(const MethodId&, const MethodId&) = default;
};

/// A method without arguments.
template <std::uint16_t Class, std::uint16_t Method>
struct Plain {
    static constexpr MethodId id{Class, Method};
    static void layout(auto&, auto&) {}
};

// ---------------------------------------------------------------------------------------------- connection

struct ConnectionStart {
    static constexpr MethodId id{10, 10};
    std::uint8_t major = 0, minor = 9;
    HeaderTable server_properties;
    std::string mechanisms, locales = "en_US";
    static void layout(auto& m, auto& wire) {
        wire.octet(m.major);
        wire.octet(m.minor);
        wire.table(m.server_properties);
        wire.long_text(m.mechanisms);
        wire.long_text(m.locales);
    }
};

struct ConnectionStartOk {
    static constexpr MethodId id{10, 11};
    HeaderTable client_properties;
    std::string mechanism, response, locale;
    static void layout(auto& m, auto& wire) {
        wire.table(m.client_properties);
        wire.text(m.mechanism);
        wire.long_text(m.response);
        wire.text(m.locale);
    }
};

struct ConnectionSecure {
    static constexpr MethodId id{10, 20};
    std::string challenge;
    static void layout(auto& m, auto& wire) { wire.long_text(m.challenge); }
};

struct ConnectionSecureOk {
    static constexpr MethodId id{10, 21};
    std::string response;
    static void layout(auto& m, auto& wire) { wire.long_text(m.response); }
};

struct Tuning {
    std::uint16_t channel_max = 0;  ///< the highest channel number; 0: no limit
    std::uint32_t frame_max = 0;    ///< bytes of a frame with its 8 of overhead; 0: no limit
    std::uint16_t heartbeat = 0;    ///< seconds; 0: none
    static void layout(auto& m, auto& wire) {
        wire.number16(m.channel_max);
        wire.number32(m.frame_max);
        wire.number16(m.heartbeat);
    }
};
struct ConnectionTune : Tuning {
    static constexpr MethodId id{10, 30};
};
struct ConnectionTuneOk : Tuning {
    static constexpr MethodId id{10, 31};
};

struct ConnectionOpen {
    static constexpr MethodId id{10, 40};
    std::string virtual_host, capabilities;
    bool insist = false;
    static void layout(auto& m, auto& wire) {
        wire.text(m.virtual_host);
        wire.text(m.capabilities);
        wire.bits(m.insist);
    }
};

struct ConnectionOpenOk {
    static constexpr MethodId id{10, 41};
    std::string known_hosts;
    static void layout(auto& m, auto& wire) { wire.text(m.known_hosts); }
};

/// Why, and for which method (0.0 when it was none).
struct Closing {
    std::uint16_t code = 0;
    std::string text;
    std::uint16_t klass = 0, method = 0;
    static void layout(auto& m, auto& wire) {
        wire.number16(m.code);
        wire.text(m.text);
        wire.number16(m.klass);
        wire.number16(m.method);
    }
};
struct ConnectionClose : Closing {
    static constexpr MethodId id{10, 50};
};
using ConnectionCloseOk = Plain<10, 51>;

struct ConnectionBlocked {
    static constexpr MethodId id{10, 60};
    std::string reason;
    static void layout(auto& m, auto& wire) { wire.text(m.reason); }
};
using ConnectionUnblocked = Plain<10, 61>;

struct ConnectionUpdateSecret {
    static constexpr MethodId id{10, 70};
    std::string new_secret, reason;
    static void layout(auto& m, auto& wire) {
        wire.long_text(m.new_secret);
        wire.text(m.reason);
    }
};
using ConnectionUpdateSecretOk = Plain<10, 71>;

// ---------------------------------------------------------------------------------------------- channel, access

struct ChannelOpen {
    static constexpr MethodId id{20, 10};
    std::string out_of_band;
    static void layout(auto& m, auto& wire) { wire.text(m.out_of_band); }
};

struct ChannelOpenOk {
    static constexpr MethodId id{20, 11};
    std::string channel_id;
    static void layout(auto& m, auto& wire) { wire.long_text(m.channel_id); }
};

struct Flow {
    bool active = true;
    static void layout(auto& m, auto& wire) { wire.bits(m.active); }
};
struct ChannelFlow : Flow {
    static constexpr MethodId id{20, 20};
};
struct ChannelFlowOk : Flow {
    static constexpr MethodId id{20, 21};
};

struct ChannelClose : Closing {
    static constexpr MethodId id{20, 40};
};
using ChannelCloseOk = Plain<20, 41>;

struct AccessRequest {
    static constexpr MethodId id{30, 10};
    std::string realm;
    bool exclusive = false, passive = true, active = true, write = true, read = true;
    static void layout(auto& m, auto& wire) {
        wire.text(m.realm);
        wire.bits(m.exclusive, m.passive, m.active, m.write, m.read);
    }
};

struct AccessRequestOk {
    static constexpr MethodId id{30, 11};
    std::uint16_t ticket = 1;
    static void layout(auto& m, auto& wire) { wire.number16(m.ticket); }
};

// ---------------------------------------------------------------------------------------------- exchange

struct ExchangeDeclare {
    static constexpr MethodId id{40, 10};
    std::string exchange, type = "direct";
    bool passive = false, durable = false, auto_delete = false, internal = false, no_wait = false;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.exchange);
        wire.text(m.type);
        wire.bits(m.passive, m.durable, m.auto_delete, m.internal, m.no_wait);
        wire.table(m.arguments);
    }
};
using ExchangeDeclareOk = Plain<40, 11>;

struct ExchangeDelete {
    static constexpr MethodId id{40, 20};
    std::string exchange;
    bool if_unused = false, no_wait = false;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.exchange);
        wire.bits(m.if_unused, m.no_wait);
    }
};
using ExchangeDeleteOk = Plain<40, 21>;

struct ExchangeBinding {
    std::string destination, source, routing_key;
    bool no_wait = false;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.destination);
        wire.text(m.source);
        wire.text(m.routing_key);
        wire.bits(m.no_wait);
        wire.table(m.arguments);
    }
};
struct ExchangeBind : ExchangeBinding {
    static constexpr MethodId id{40, 30};
};
using ExchangeBindOk = Plain<40, 31>;
struct ExchangeUnbind : ExchangeBinding {
    static constexpr MethodId id{40, 40};
};
using ExchangeUnbindOk = Plain<40, 51>;

// ---------------------------------------------------------------------------------------------- queue

struct QueueDeclare {
    static constexpr MethodId id{50, 10};
    std::string queue;
    bool passive = false, durable = false, exclusive = false, auto_delete = false, no_wait = false;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.bits(m.passive, m.durable, m.exclusive, m.auto_delete, m.no_wait);
        wire.table(m.arguments);
    }
};

struct QueueDeclareOk {
    static constexpr MethodId id{50, 11};
    std::string queue;
    std::uint32_t messages = 0, consumers = 0;
    static void layout(auto& m, auto& wire) {
        wire.text(m.queue);
        wire.number32(m.messages);
        wire.number32(m.consumers);
    }
};

struct QueueBind {
    static constexpr MethodId id{50, 20};
    std::string queue, exchange, routing_key;
    bool no_wait = false;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.text(m.exchange);
        wire.text(m.routing_key);
        wire.bits(m.no_wait);
        wire.table(m.arguments);
    }
};
using QueueBindOk = Plain<50, 21>;

struct QueuePurge {
    static constexpr MethodId id{50, 30};
    std::string queue;
    bool no_wait = false;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.bits(m.no_wait);
    }
};

struct MessageCount {
    std::uint32_t messages = 0;
    static void layout(auto& m, auto& wire) { wire.number32(m.messages); }
};
struct QueuePurgeOk : MessageCount {
    static constexpr MethodId id{50, 31};
};

struct QueueDelete {
    static constexpr MethodId id{50, 40};
    std::string queue;
    bool if_unused = false, if_empty = false, no_wait = false;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.bits(m.if_unused, m.if_empty, m.no_wait);
    }
};
struct QueueDeleteOk : MessageCount {
    static constexpr MethodId id{50, 41};
};

struct QueueUnbind {
    static constexpr MethodId id{50, 50};
    std::string queue, exchange, routing_key;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.text(m.exchange);
        wire.text(m.routing_key);
        wire.table(m.arguments);
    }
};
using QueueUnbindOk = Plain<50, 51>;

// ---------------------------------------------------------------------------------------------- basic

struct BasicQos {
    static constexpr MethodId id{60, 10};
    std::uint32_t prefetch_size = 0;
    std::uint16_t prefetch_count = 0;
    bool global = false;
    static void layout(auto& m, auto& wire) {
        wire.number32(m.prefetch_size);
        wire.number16(m.prefetch_count);
        wire.bits(m.global);
    }
};
using BasicQosOk = Plain<60, 11>;

struct BasicConsume {
    static constexpr MethodId id{60, 20};
    std::string queue, consumer_tag;
    bool no_local = false, no_ack = false, exclusive = false, no_wait = false;
    HeaderTable arguments;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.text(m.consumer_tag);
        wire.bits(m.no_local, m.no_ack, m.exclusive, m.no_wait);
        wire.table(m.arguments);
    }
};

struct ConsumerTag {
    std::string consumer_tag;
    static void layout(auto& m, auto& wire) { wire.text(m.consumer_tag); }
};
struct BasicConsumeOk : ConsumerTag {
    static constexpr MethodId id{60, 21};
};

struct BasicCancel {
    static constexpr MethodId id{60, 30};
    std::string consumer_tag;
    bool no_wait = false;
    static void layout(auto& m, auto& wire) {
        wire.text(m.consumer_tag);
        wire.bits(m.no_wait);
    }
};
struct BasicCancelOk : ConsumerTag {
    static constexpr MethodId id{60, 31};
};

struct BasicPublish {
    static constexpr MethodId id{60, 40};
    std::string exchange, routing_key;
    bool mandatory = false, immediate = false;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.exchange);
        wire.text(m.routing_key);
        wire.bits(m.mandatory, m.immediate);
    }
};

struct BasicReturn {
    static constexpr MethodId id{60, 50};
    std::uint16_t code = 0;
    std::string text, exchange, routing_key;
    static void layout(auto& m, auto& wire) {
        wire.number16(m.code);
        wire.text(m.text);
        wire.text(m.exchange);
        wire.text(m.routing_key);
    }
};

struct BasicDeliver {
    static constexpr MethodId id{60, 60};
    std::string consumer_tag;
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    std::string exchange, routing_key;
    static void layout(auto& m, auto& wire) {
        wire.text(m.consumer_tag);
        wire.number64(m.delivery_tag);
        wire.bits(m.redelivered);
        wire.text(m.exchange);
        wire.text(m.routing_key);
    }
};

struct BasicGet {
    static constexpr MethodId id{60, 70};
    std::string queue;
    bool no_ack = false;
    static void layout(auto& m, auto& wire) {
        wire.ticket();
        wire.text(m.queue);
        wire.bits(m.no_ack);
    }
};

struct BasicGetOk {
    static constexpr MethodId id{60, 71};
    std::uint64_t delivery_tag = 0;
    bool redelivered = false;
    std::string exchange, routing_key;
    std::uint32_t messages = 0;
    static void layout(auto& m, auto& wire) {
        wire.number64(m.delivery_tag);
        wire.bits(m.redelivered);
        wire.text(m.exchange);
        wire.text(m.routing_key);
        wire.number32(m.messages);
    }
};

struct BasicGetEmpty {
    static constexpr MethodId id{60, 72};
    std::string cluster_id;
    static void layout(auto& m, auto& wire) { wire.text(m.cluster_id); }
};

struct BasicAck {
    static constexpr MethodId id{60, 80};
    std::uint64_t delivery_tag = 0;
    bool multiple = false;
    static void layout(auto& m, auto& wire) {
        wire.number64(m.delivery_tag);
        wire.bits(m.multiple);
    }
};

struct BasicReject {
    static constexpr MethodId id{60, 90};
    std::uint64_t delivery_tag = 0;
    bool requeue = true;
    static void layout(auto& m, auto& wire) {
        wire.number64(m.delivery_tag);
        wire.bits(m.requeue);
    }
};

struct Recovery {
    bool requeue = false;
    static void layout(auto& m, auto& wire) { wire.bits(m.requeue); }
};
struct BasicRecoverAsync : Recovery {
    static constexpr MethodId id{60, 100};
};
struct BasicRecover : Recovery {
    static constexpr MethodId id{60, 110};
};
using BasicRecoverOk = Plain<60, 111>;

struct BasicNack {
    static constexpr MethodId id{60, 120};
    std::uint64_t delivery_tag = 0;
    bool multiple = false, requeue = true;
    static void layout(auto& m, auto& wire) {
        wire.number64(m.delivery_tag);
        wire.bits(m.multiple, m.requeue);
    }
};

// ---------------------------------------------------------------------------------------------- confirm, tx

struct ConfirmSelect {
    static constexpr MethodId id{85, 10};
    bool no_wait = false;
    static void layout(auto& m, auto& wire) { wire.bits(m.no_wait); }
};
using ConfirmSelectOk = Plain<85, 11>;

using TxSelect = Plain<90, 10>;
using TxSelectOk = Plain<90, 11>;
using TxCommit = Plain<90, 20>;
using TxCommitOk = Plain<90, 21>;
using TxRollback = Plain<90, 30>;
using TxRollbackOk = Plain<90, 31>;

}  // namespace rowmq::amqp
