#include "amqp/errors.hpp"

#include <fmt/format.h>

namespace rowmq::amqp {

std::string_view name_of(Code code) noexcept {
    switch (code) {
        case Code::content_too_large: return "CONTENT_TOO_LARGE";
        case Code::no_route: return "NO_ROUTE";
        case Code::no_consumers: return "NO_CONSUMERS";
        case Code::connection_forced: return "CONNECTION_FORCED";
        case Code::invalid_path: return "INVALID_PATH";
        case Code::access_refused: return "ACCESS_REFUSED";
        case Code::not_found: return "NOT_FOUND";
        case Code::resource_locked: return "RESOURCE_LOCKED";
        case Code::precondition_failed: return "PRECONDITION_FAILED";
        case Code::frame_error: return "FRAME_ERROR";
        case Code::syntax_error: return "SYNTAX_ERROR";
        case Code::command_invalid: return "COMMAND_INVALID";
        case Code::channel_error: return "CHANNEL_ERROR";
        case Code::unexpected_frame: return "UNEXPECTED_FRAME";
        case Code::resource_error: return "RESOURCE_ERROR";
        case Code::not_allowed: return "NOT_ALLOWED";
        case Code::not_implemented: return "NOT_IMPLEMENTED";
        case Code::internal_error: return "INTERNAL_ERROR";
    }
    return "INTERNAL_ERROR";
}

bool is_hard(Code code) noexcept {
    switch (code) {
        case Code::content_too_large:
        case Code::no_route:
        case Code::no_consumers:
        case Code::access_refused:
        case Code::not_found:
        case Code::resource_locked:
        case Code::precondition_failed: return false;
        default: return true;
    }
}

Refusal::Refusal(Code c, std::string_view why) : code(c), text(fmt::format("{} - {}", name_of(c), why)) {}

Closing Refusal::closing(MethodId method) const {
    return {.code = static_cast<std::uint16_t>(code), .text = text.substr(0, 255), .klass = method.klass, .method = method.method};
}

Refusal refusal_of(const Error& error, std::string_view what) {
    switch (error.code) {
        case Errc::no_such_namespace: return {Code::not_allowed, error.text};
        case Errc::no_such_queue:
        case Errc::no_such_exchange:
        case Errc::no_such_binding:
        case Errc::no_such_message:
        case Errc::no_such_task:
        case Errc::queue_deleted: return {Code::not_found, fmt::format("no {}", what)};
        case Errc::access_refused: return {Code::access_refused, error.text};
        case Errc::in_use: return {Code::precondition_failed, fmt::format("{} in use", what)};
        case Errc::invalid_argument:
        case Errc::message_too_large:
        case Errc::already_exists:
        case Errc::lease_gone:
        case Errc::queue_full:
        case Errc::transaction_failed: return {Code::precondition_failed, error.text};
        case Errc::limit_exceeded:
        case Errc::too_many_leases: return {Code::resource_error, error.text};
        case Errc::store_full:
        case Errc::memory_short: return {Code::resource_error, error.text};
        case Errc::store_failed:
        case Errc::store_busy:
        case Errc::store_newer: return {Code::internal_error, error.text};
        case Errc::closed: return {Code::connection_forced, error.text};
    }
    return {Code::internal_error, error.text};
}

std::string queue_text(std::string_view name, std::string_view vhost) { return fmt::format("queue '{}' in vhost '{}'", name, vhost); }

std::string exchange_text(std::string_view name, std::string_view vhost) { return fmt::format("exchange '{}' in vhost '{}'", name, vhost); }

}  // namespace rowmq::amqp
