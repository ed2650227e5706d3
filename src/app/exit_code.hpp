#pragma once
// What the program's exit code says. Documented in doc/operating/configure.md.

#include "rowmq/error.hpp"

namespace rowmq::app {

enum class Exit : int {
    ok = 0,
    usage = 1,          ///< wrong arguments or settings, or an environment that does not allow it: a busy port, a store in use
    not_found = 2,      ///< no such store, queue, message, task; receive and peek: nothing was there
    refused = 3,        ///< the broker said no: exists already, full, too large, lease gone
    check_failed = 4,   ///< `rowmq check` found problems
    store_failed = 70,  ///< the disk or the store is broken (EX_SOFTWARE): restart and recover
};

inline Exit exit_of(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument: return Exit::usage;
        case Errc::limit_exceeded: return Exit::refused;
        case Errc::message_too_large: return Exit::refused;
        case Errc::no_such_namespace: return Exit::not_found;
        case Errc::no_such_queue: return Exit::not_found;
        case Errc::no_such_exchange: return Exit::not_found;
        case Errc::no_such_binding: return Exit::not_found;
        case Errc::no_such_message: return Exit::not_found;
        case Errc::no_such_task: return Exit::not_found;
        case Errc::already_exists: return Exit::refused;
        case Errc::in_use: return Exit::refused;
        case Errc::access_refused: return Exit::refused;
        case Errc::lease_gone: return Exit::refused;
        case Errc::too_many_leases: return Exit::refused;
        case Errc::queue_full: return Exit::refused;
        case Errc::queue_deleted: return Exit::not_found;
        case Errc::transaction_failed: return Exit::refused;
        case Errc::store_full: return Exit::refused;
        case Errc::memory_short: return Exit::refused;
        case Errc::store_failed: return Exit::store_failed;
        case Errc::store_busy: return Exit::usage;
        case Errc::store_newer: return Exit::usage;
        case Errc::closed: return Exit::usage;
    }
    return Exit::usage;
}

}  // namespace rowmq::app
