#pragma once
// Time, injected: durations by a monotonic clock, stored times by a wall clock that never runs backwards.
// Threads: the broker's strand.

#include <chrono>
#include <functional>

#include "rowmq/message.hpp"

namespace rowmq {

/// Monotonic time since some start; nanoseconds.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
public:
    virtual ~Clock() = default;
    virtual MonotonicTime monotonic() = 0;
    /// Milliseconds since 1970; may jump. The broker keeps what it stores from running backwards.
    virtual WallTime wall() = 0;
    /// Calls `alarm` once, on the strand, at or soon after `when`. Replaces the alarm set before; the broker sets one.
    virtual void wake_at(MonotonicTime when, std::function<void()> alarm) = 0;
    virtual void cancel() = 0;
};

}  // namespace rowmq
