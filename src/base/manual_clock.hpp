#pragma once
// A clock that moves when told to: simulation and tests.

#include <utility>

#include "base/clock.hpp"

namespace rowmq {

class ManualClock final : public Clock {
public:
    MonotonicTime monotonic() override { return monotonic_; }
    WallTime wall() override { return wall_; }
    void wake_at(MonotonicTime when, std::function<void()> alarm) override {
        when_ = when;
        alarm_ = std::move(alarm);
    }
    void cancel() override { alarm_ = nullptr; }

    /// Moves both clocks forward; rings the alarms that fall due, each at its own time.
    void advance(std::chrono::nanoseconds by) {
        const auto until = monotonic_ + by;
        while (alarm_ && when_ <= until) {
            move_to(std::max(when_, monotonic_));
            std::exchange(alarm_, nullptr)();
        }
        move_to(until);
    }
    /// Moves the wall clock alone, as an operator or NTP would.
    void jump_wall(std::chrono::milliseconds by) { wall_ += by; }

    /// When the next alarm rings, or none.
    std::optional<MonotonicTime> alarm() const { return alarm_ ? std::optional(when_) : std::nullopt; }

private:
    void move_to(MonotonicTime to) {
        carry_ += to - monotonic_;
        const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(carry_);
        wall_ += whole;
        carry_ -= whole;
        monotonic_ = to;
    }

    MonotonicTime monotonic_{std::chrono::seconds(1'000)};
    WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
    std::chrono::nanoseconds carry_{0};
    MonotonicTime when_{};
    std::function<void()> alarm_;
};

}  // namespace rowmq
