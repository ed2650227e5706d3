#include "rowmq/error.hpp"

namespace rowmq {

std::string_view name_of(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument: return "invalid_argument";
        case Errc::limit_exceeded: return "limit_exceeded";
        case Errc::message_too_large: return "message_too_large";
        case Errc::no_such_namespace: return "no_such_namespace";
        case Errc::no_such_queue: return "no_such_queue";
        case Errc::no_such_exchange: return "no_such_exchange";
        case Errc::no_such_binding: return "no_such_binding";
        case Errc::no_such_message: return "no_such_message";
        case Errc::no_such_task: return "no_such_task";
        case Errc::already_exists: return "already_exists";
        case Errc::in_use: return "in_use";
        case Errc::access_refused: return "access_refused";
        case Errc::lease_gone: return "lease_gone";
        case Errc::too_many_leases: return "too_many_leases";
        case Errc::queue_full: return "queue_full";
        case Errc::queue_deleted: return "queue_deleted";
        case Errc::transaction_failed: return "transaction_failed";
        case Errc::store_full: return "store_full";
        case Errc::memory_short: return "memory_short";
        case Errc::store_failed: return "store_failed";
        case Errc::store_busy: return "store_busy";
        case Errc::store_newer: return "store_newer";
        case Errc::closed: return "closed";
    }
    return "unknown";
}

}  // namespace rowmq
