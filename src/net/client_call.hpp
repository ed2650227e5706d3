#pragma once
// One send() under way: how long it may wait, and how it is ended from outside. Internal to the client.
// Threads: one executor. Whoever waits on something puts a Wait on the stack around it; the end of the time or of the client
// then ends that wait, and the one who waited asks why().

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::net {

class ClientCall final : public std::enable_shared_from_this<ClientCall> {
public:
    using Clock = std::chrono::steady_clock;

    ClientCall(const boost::asio::any_io_executor& executor, std::chrono::milliseconds total_time)
        : timer_(executor), total_time_(total_time), total_end_(Clock::now() + total_time) {}

    /// From now on the whole call's time counts.
    void limit_total(std::string doing);
    /// From now on `end` counts, if the whole call's time does not end before.
    void limit_until(Clock::time_point end, std::string doing, std::string limit);
    /// The client is gone.
    void close();
    /// Nothing waits any more.
    void finish() { timer_.cancel(); }

    /// Why waiting ended; none: for a reason of what was waited for.
    const std::optional<Error>& why() const noexcept { return why_; }
    bool closed() const noexcept { return closed_; }

    /// `stop` ends what is waited for; called at once when there is no reason to wait any more.
    class Wait final {
    public:
        Wait(ClientCall& call, std::function<void()> stop) : call_(call) {
            call_.stop_ = std::move(stop);
            if (call_.why_) call_.stop_();
        }
        ~Wait() { call_.stop_ = nullptr; }
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;

    private:
        ClientCall& call_;
    };

private:
    void arm();
    void end(Error why);

    boost::asio::steady_timer timer_;
    std::chrono::milliseconds total_time_;
    Clock::time_point total_end_, end_;
    std::string doing_, limit_;
    std::function<void()> stop_;
    std::optional<Error> why_;
    bool closed_ = false;
};

}  // namespace rowmq::net
