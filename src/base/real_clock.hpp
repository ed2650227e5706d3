#pragma once
// The machine's clocks, with one timer on an executor.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"

namespace rowmq {

class RealClock final : public Clock {
public:
    explicit RealClock(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}

    MonotonicTime monotonic() override { return std::chrono::steady_clock::now(); }
    WallTime wall() override { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
    void wake_at(MonotonicTime when, std::function<void()> alarm) override {
        timer_.expires_at(when);
        timer_.async_wait([alarm = std::move(alarm)](boost::system::error_code cancelled) {
            if (!cancelled) alarm();
        });
    }
    void cancel() override { timer_.cancel(); }

private:
    boost::asio::steady_timer timer_;
};

}  // namespace rowmq
