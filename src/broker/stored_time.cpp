#include "broker/stored_time.hpp"

#include <algorithm>

namespace rowmq {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

void StoredTime::begin(WallTime highest) {
    began_ = adjusted_ = clock_.monotonic();
    now_ = base_ = std::max(highest, clock_.wall());
}

WallTime StoredTime::now() {
    const MonotonicTime at = clock_.monotonic();
    const WallTime wall = clock_.wall();
    look(wall, at);
    const WallTime expected = base_ + duration_cast<milliseconds>(at - began_);
    // A wall clock that is a little behind is waited for.
    now_ = std::max(now_, diverged_ ? expected : std::min(expected, wall));
    // It goes on from where it waited: whoever sets the clock once more, ahead or far away, does not make it jump.
    if (now_ < expected) base_ -= expected - now_;
    ahead_ = now_ > wall;
    return now_;
}

WallTime StoredTime::expired() {
    const WallTime time = now();
    return diverged_ ? stopped_ : time;
}

void StoredTime::look(WallTime wall, MonotonicTime at) {
    constexpr std::chrono::seconds between_adjustments{1};
    divergence_ = wall - (base_ + duration_cast<milliseconds>(at - began_));
    const bool differ = std::chrono::abs(divergence_) > tolerance;
    if (const auto passed = at - adjusted_; passed >= between_adjustments) {
        adjusted_ = at;
        const auto most = duration_cast<milliseconds>(passed) / 1'000;
        if (!differ) base_ += std::clamp(divergence_, -most, most);
    }
    if (differ == diverged_) return;
    diverged_ = differ;
    stopped_ = now_;
    if (on_change) on_change();
}

}  // namespace rowmq
