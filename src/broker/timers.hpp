#pragma once
// The broker's timers: any number, on the one alarm of its Clock.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.hpp"

namespace rowmq {

class Timers;

/// Disarms itself when destroyed.
class Timer final {
public:
    Timer(Timers& timers, std::function<void()> fire) : timers_(timers), fire_(std::move(fire)) {}
    ~Timer() { disarm(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void arm(MonotonicTime when);
    /// Arms, or moves an armed one forward; never later.
    void arm_by(MonotonicTime when) {
        if (!when_ || when < *when_) arm(when);
    }
    void disarm();
    bool armed() const noexcept { return when_.has_value(); }

private:
    friend class Timers;
    Timers& timers_;
    std::function<void()> fire_;
    std::optional<MonotonicTime> when_;
    std::uint64_t turn_ = 0;  ///< among those of the same time: who was armed first
};

class Timers final {
public:
    explicit Timers(Clock& clock) : clock_(clock) {}
    ~Timers() {
        if (!stopped_) clock_.cancel();  // else the alarm may be another's
    }
    MonotonicTime now() { return clock_.monotonic(); }
    void stop() {
        stopped_ = true;
        clock_.cancel();
    }

private:
    friend class Timer;
    void ring();
    void set_alarm();

    Clock& clock_;
    std::map<std::pair<MonotonicTime, std::uint64_t>, Timer*> armed_;  // never by address: a seed must repeat itself
    std::uint64_t turns_ = 0;
    std::optional<MonotonicTime> alarm_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool stopped_ = false;
    bool ringing_ = false;
};

}  // namespace rowmq
