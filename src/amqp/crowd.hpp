#pragma once
// Clients that do not read keep in memory what they were told. Where they keep too much together, who has read nothing yet waits,
// and who reads nothing any more is cut; alone it is cut, too, a while later. Threads: the broker's executor.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace rowmq::amqp {

class Connection;
class Service;

/// What is known of one client's reading.
class Reader {
public:
    /// A delivery is on its way to it; it has read all it was told.
    void told() noexcept { told_ = true; }
    void took_all() noexcept { reads_ = told_; }
    bool reads() const noexcept { return reads_; }

    using Time = std::chrono::steady_clock::time_point;
    /// Since when it has taken nothing, as far as that was looked at; `sent`: how many bytes it has taken.
    Time idle_since(std::uint64_t sent, Time now);

private:
    bool told_ = false, reads_ = false;
    std::optional<std::uint64_t> sent_;
    Time since_{};
};

class Crowd {
public:
    /// Cuts those that have something to take and took nothing for Settings::stalled_time. Looks at most once a second.
    void thin_out(Service& service);
    /// As long as there are connections: cuts those that have something to take and took nothing for Settings::unread_time.
    void watch(Service& service);

private:
    static void cut_idle(Service& service, std::chrono::milliseconds time, std::string_view why);

    Reader::Time looked_{};
    std::unique_ptr<boost::asio::steady_timer> timer_;  ///< null: nobody watches
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rowmq::amqp
