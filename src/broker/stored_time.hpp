#pragma once
// The wall time that the broker stores, and compares stored times with. It begins at the machine's wall clock, or at the highest
// time ever stored where that is later, and goes on with the monotonic clock, so that whoever sets the machine's clock neither
// ends a delay early nor makes a message old. Small differences are made up for: a wall clock that is ahead is approached by a
// thousandth of the time that passes, one that is behind is waited for. Beyond `tolerance` the clocks have diverged: time goes
// on alone, and nothing expires until they agree again (or the broker is started anew and believes the machine).
// Threads: the strand.

#include <functional>

#include "base/clock.hpp"

namespace rowmq {

class StoredTime final {
public:
    static constexpr std::chrono::milliseconds tolerance{5'000};

    explicit StoredTime(Clock& clock) : clock_(clock) {}

    /// `highest`: ever stored.
    void begin(WallTime highest);
    /// Never runs backwards.
    WallTime now();
    /// What expires by now: as now(), but standing still while the clocks diverge.
    WallTime expired();

    /// By how much the machine's wall clock was ahead (below 0: behind) when it was looked at last.
    std::chrono::milliseconds divergence() const noexcept { return divergence_; }
    bool diverged() const noexcept { return diverged_; }
    /// The machine's wall clock was behind now() when it was looked at last: it was set back.
    bool is_ahead() const noexcept { return ahead_; }
    /// Called whenever diverged() changes.
    std::function<void()> on_change;

private:
    void look(WallTime wall, MonotonicTime at);

    Clock& clock_;
    WallTime base_{};  ///< at `began_`
    MonotonicTime began_{};
    MonotonicTime adjusted_{};  ///< when `base_` was moved towards the wall clock last
    WallTime now_{}, stopped_{};
    std::chrono::milliseconds divergence_{0};
    bool diverged_ = false, ahead_ = false;
};

}  // namespace rowmq
