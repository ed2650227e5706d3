// connection.blocked: publishers wait while the disk is short, and are read little by little while memory is.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "amqp/connection.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr auto before_another_look = std::chrono::milliseconds(250);

std::string_view shortage(const Alarms& alarms) {
    if (!alarms.memory) return "low on disk";
    return alarms.disk ? "low on memory & disk" : "low on memory";
}

}  // namespace

void Connection::block(const Alarms& alarms) {
    if (std::exchange(blocked_, true)) return;
    if (has_capability("connection.blocked")) say(0, ConnectionBlocked{.reason = std::string(shortage(alarms))});
    spawn(unblock());
}

awaitable<void> Connection::unblock() {
    boost::system::error_code ignored;
    while (!gone()) {
        alarm_.expires_after(before_another_look);
        co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const Alarms alarms = service_.broker.alarms();
        if (gone() || alarms.disk || alarms.memory) continue;
        blocked_ = false;
        if (has_capability("connection.blocked")) say(0, ConnectionUnblocked{});
        co_return;
    }
}

/// What came before is stored, and its memory free, before more is read, and of that a buffer at a time: publishers wait, and
/// what else their connections say (acknowledgements, a rollback, the end) is heard all the same.
awaitable<void> Connection::slow_down() {
    boost::system::error_code ignored;
    for (bool waited = false; stage_ == Stage::running && !gone(); waited = true) {
        const Alarms alarms = service_.broker.alarms();
        if (!alarms.memory || (waited && inbox_bytes_ == 0)) break;
        block(alarms);
        slow_.expires_after(before_another_look);
        co_await slow_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace rowmq::amqp
