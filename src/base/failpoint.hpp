#pragma once
// Places where the process kills itself, so that a test sees a crash exactly there: ROWMQ_FAILPOINT=synced:3 is the third
// pass of `synced`. Compiled in only with the CMake option ROWMQ_FAILPOINTS; otherwise the macros are nothing.
// Threads: arm() before there are others, then any.

#ifdef ROWMQ_FAILPOINTS

#include <array>
#include <cstdint>
#include <string_view>

namespace rowmq::failpoint {

enum class Point : std::uint8_t {
    before_begin,       ///< a batch was handed to the writer, nothing is written
    deduplication_put,  ///< a deduplication id is in the transaction, its message is not
    half_move,          ///< a dead letter is in its new queue, and still in its old one
    half_purge,         ///< the floor is raised, the counters are not
    half_sweep,         ///< rows below a floor are removed, their bodies are not
    log_written,        ///< the commit is in the log, which is not synced
    synced,             ///< the commit is on disk, nobody knows
    purged,             ///< a purge is committed, its rows are still there
    half_reply,         ///< half the bytes of an answer are sent
    half_checkpoint,    ///< pages are written back into the file, which is not synced
    half_migration,     ///< a migration's statements are done, its number is not written
};
inline constexpr std::array<std::string_view, 11> names = {
    "before_begin", "deduplication_put", "half_move",       "half_purge",     "half_sweep", "log_written", "synced",
    "purged",       "half_reply",        "half_checkpoint", "half_migration",
};

/// "NAME:N", N from 1. False: there is no such place, or N is no such number; nothing is armed.
bool arm(std::string_view text);
/// Counts a pass; whether it is the one to die at.
bool is_due(Point point) noexcept;
[[noreturn]] void die() noexcept;

}  // namespace rowmq::failpoint

#define ROWMQ_FAILPOINT_AFTER(point, action)                                \
    do {                                                                    \
        if (::rowmq::failpoint::is_due(::rowmq::failpoint::Point::point)) { \
            action;                                                         \
            ::rowmq::failpoint::die();                                      \
        }                                                                   \
    } while (false)
#define ROWMQ_FAILPOINT_IF(condition, point)                                                                        \
    do {                                                                                                            \
        if ((condition) && ::rowmq::failpoint::is_due(::rowmq::failpoint::Point::point)) ::rowmq::failpoint::die(); \
    } while (false)

#else

#define ROWMQ_FAILPOINT_AFTER(point, action) static_cast<void>(0)
#define ROWMQ_FAILPOINT_IF(condition, point) static_cast<void>(0)

#endif

#define ROWMQ_FAILPOINT(point) ROWMQ_FAILPOINT_IF(true, point)
