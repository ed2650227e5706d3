#include "amqp/methods.hpp"

#include <utility>

namespace rowmq::amqp {
namespace {

template <typename Method>
bool read_as(MethodId id, wire::Reader& reader, ClientMethod& into) {
    if (id != Method::id) return false;
    MethodReader fields(reader);
    Method::layout(into.emplace<Method>(), fields);
    return true;
}

template <std::size_t... Index>
bool read_any(MethodId id, wire::Reader& reader, ClientMethod& into, std::index_sequence<Index...>) {
    return (read_as<std::variant_alternative_t<Index, ClientMethod>>(id, reader, into) || ...);
}

}  // namespace

DecodedMethod read_method(std::string_view payload) {
    wire::Reader reader(payload);
    DecodedMethod out;
    out.id.klass = reader.u16();
    out.id.method = reader.u16();
    if (!read_any(out.id, reader, out.method, std::make_index_sequence<std::variant_size_v<ClientMethod>>())) {
        out.fault = reader.failed() ? MethodFault::malformed : MethodFault::unknown;
    } else if (!reader.ended()) {
        out.fault = MethodFault::malformed;
    }
    return out;
}

}  // namespace rowmq::amqp
