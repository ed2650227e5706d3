#include "broker/timers.hpp"

namespace rowmq {

void Timer::arm(MonotonicTime when) {
    disarm();
    when_ = when;
    turn_ = ++timers_.turns_;
    timers_.armed_.emplace(std::pair(when, turn_), this);
    timers_.set_alarm();
}

void Timer::disarm() {
    if (!when_) return;
    timers_.armed_.erase({*when_, turn_});
    when_.reset();
}

// The alarm is left as it is when the earliest timer was disarmed: it then rings in vain once, which is cheaper than
// asking the clock for another each time.
void Timers::set_alarm() {
    if (stopped_ || ringing_ || armed_.empty()) return;
    const auto first = armed_.begin()->first.first;
    if (alarm_ && *alarm_ <= first) return;
    alarm_ = first;
    clock_.wake_at(first, [this, alive = std::weak_ptr(alive_)] {
        if (alive.lock()) ring();
    });
}

void Timers::ring() {
    alarm_.reset();
    if (stopped_) return;
    const auto now = clock_.monotonic();
    ringing_ = true;
    while (!stopped_ && !armed_.empty() && armed_.begin()->first.first <= now) {
        Timer* timer = armed_.begin()->second;
        armed_.erase(armed_.begin());
        timer->when_.reset();
        timer->fire_();
    }
    ringing_ = false;
    set_alarm();
}

}  // namespace rowmq
