#pragma once
// What may go wrong for correct code, as values. A broken world (disk, lost database, bug) throws `Failure` below the
// storage door and arrives above it as Errc::store_failed.

#include <boost/system/result.hpp>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rowmq {

/// Closed: every protocol maps it in one switch without default.
enum class Errc {
    invalid_argument,   ///< a value is malformed or out of its range; the text names the thing and the limit
    limit_exceeded,     ///< a limit of base/limits.hpp or of the queue's options; the text names it
    message_too_large,  ///< body and properties exceed the queue's max_message_bytes
    no_such_namespace,
    no_such_queue,
    no_such_exchange,
    no_such_binding,
    no_such_message,  ///< cancel or select of a message that is not (or no longer) there
    no_such_task,
    already_exists,  ///< declared again with other options; the text names the first that differs
    in_use,          ///< exclusive to somebody else, or not empty / not unused where that was asked for
    access_refused,
    lease_gone,          ///< settled, expired and leased anew, purged, or never given
    too_many_leases,     ///< Limits::leases_per_session or leases_per_queue
    queue_full,          ///< overflow = reject
    queue_deleted,       ///< the queue went away while something waited on it
    transaction_failed,  ///< the application's function threw, ran over its time limit, or a part was refused
    store_full,          ///< no space left; nothing of the call was stored; works again when there is space
    memory_short,        ///< the process holds more than it may; nothing of the call was stored; works again when it holds less
    store_failed,        ///< the store is broken; every later call answers the same
    store_busy,          ///< owned by another process; the text names pid and admin address
    store_newer,         ///< written by a newer program
    closed,              ///< session or broker closed, or called in a fork()ed child
};

std::string_view name_of(Errc code) noexcept;

struct Error {
    Errc code;
    std::string text;  ///< one sentence for a person: names the thing and, where there is one, the limit

    friend bool operator==(const Error&, const Error&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Error& e) { return out << name_of(e.code) << ": " << e.text; }
};

/// A broken world; never crosses a door.
class Failure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What Result::value() throws when there is an Error instead.
class ErrorException : public std::runtime_error {
public:
    explicit ErrorException(Error e) : std::runtime_error(e.text), error_(std::move(e)) {}
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
};

[[noreturn]] inline void throw_exception_from_error(const Error& e, const boost::source_location&) { throw ErrorException(e); }

template <typename T>
using Result = boost::system::result<T, Error>;

}  // namespace rowmq
