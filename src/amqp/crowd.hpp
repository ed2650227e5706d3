#pragma once
// Clients that do not read keep in memory what they were told. Where they keep too much together, who has read nothing yet waits,
// and who reads nothing any more is cut. Threads: the broker's executor.

#include <chrono>
#include <cstdint>
#include <optional>

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

/// Cuts those that have something to take and took nothing for Settings::stalled_time. Looks at most once a second.
class Crowd {
public:
    void thin_out(Service& service);

private:
    Reader::Time looked_{};
};

}  // namespace rowmq::amqp
