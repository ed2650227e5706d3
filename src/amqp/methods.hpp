#pragma once
// Methods to and from their bytes: the two walks over the layouts of messages.hpp.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "amqp/messages.hpp"
#include "amqp/table.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace rowmq::amqp {

class MethodReader final {
public:
    explicit MethodReader(wire::Reader& reader) : reader_(reader) {}
    void octet(std::uint8_t& to) { to = reader_.u8(); }
    void number16(std::uint16_t& to) { to = reader_.u16(); }
    void number32(std::uint32_t& to) { to = reader_.u32(); }
    void number64(std::uint64_t& to) { to = reader_.u64(); }
    void text(std::string& to) { to = reader_.text8(); }
    void long_text(std::string& to) { to = reader_.text32(); }
    void table(HeaderTable& to) { to = read_table(reader_); }
    void ticket() { reader_.u16(); }
    /// Up to eight flags that share an octet, the first in its lowest bit.
    template <typename... Flags>
    void bits(Flags&... flags) {
        static_assert(sizeof...(Flags) <= 8);
        unsigned octet = reader_.u8();
        ((flags = (octet & 1u) != 0, octet >>= 1u), ...);
    }

private:
    wire::Reader& reader_;
};

class MethodWriter final {
public:
    explicit MethodWriter(wire::Writer writer) : writer_(writer) {}
    void octet(std::uint8_t value) { writer_.u8(value); }
    void number16(std::uint16_t value) { writer_.u16(value); }
    void number32(std::uint32_t value) { writer_.u32(value); }
    void number64(std::uint64_t value) { writer_.u64(value); }
    void text(std::string_view value) { writer_.text8(value); }
    void long_text(std::string_view value) { writer_.text32(value); }
    void table(const HeaderTable& value) { write_table(writer_, value); }
    void ticket() { writer_.u16(0); }
    template <typename... Flags>
    void bits(Flags... flags) {
        unsigned octet = 0, bit = 1;
        ((octet |= flags ? bit : 0u, bit <<= 1u), ...);
        writer_.u8(static_cast<std::uint8_t>(octet));
    }

private:
    wire::Writer writer_;
};

/// Appends class, method and arguments: the payload of a method frame.
template <typename Method>
void write_method(std::string& out, const Method& method) {
    wire::Writer writer(out);
    writer.u16(Method::id.klass);
    writer.u16(Method::id.method);
    MethodWriter fields(writer);
    Method::layout(method, fields);
}

/// What a client may send.
using ClientMethod =
    std::variant<ConnectionStartOk, ConnectionSecureOk, ConnectionTuneOk, ConnectionOpen, ConnectionClose, ConnectionCloseOk,
                 ConnectionBlocked, ConnectionUnblocked, ConnectionUpdateSecret, ChannelOpen, ChannelFlow, ChannelFlowOk, ChannelClose,
                 ChannelCloseOk, AccessRequest, ExchangeDeclare, ExchangeDelete, ExchangeBind, ExchangeUnbind, QueueDeclare, QueueBind,
                 QueuePurge, QueueDelete, QueueUnbind, BasicQos, BasicConsume, BasicCancel, BasicCancelOk, BasicPublish, BasicGet, BasicAck,
                 BasicReject, BasicRecoverAsync, BasicRecover, BasicNack, ConfirmSelect, TxSelect, TxCommit, TxRollback>;

enum class MethodFault : std::uint8_t {
    unknown,    ///< no method a client may send has this number
    malformed,  ///< its arguments end too early, are beyond the limits of a table, or something follows them
};

struct DecodedMethod {
    MethodId id;  ///< also when it is not known
    std::optional<MethodFault> fault;
    ClientMethod method;  ///< when there is no fault
};

/// Decodes the payload of a method frame.
DecodedMethod read_method(std::string_view payload);

}  // namespace rowmq::amqp
