#include "amqp/crowd.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "amqp/connection.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::chrono::milliseconds shortest{10}, longest{5'000};  // between two looks

}  // namespace

Reader::Time Reader::idle_since(std::uint64_t sent, Time now) {
    if (sent_ != sent) {
        sent_ = sent;
        since_ = now;
    }
    return since_;
}

void Crowd::cut_idle(Service& service, std::chrono::milliseconds time, std::string_view why) {
    const auto now = std::chrono::steady_clock::now();
    for (Connection* connection : service.connections) {
        if (connection->gone() || connection->unsent() == 0 || now - connection->idle_since(now) < time) continue;
        spdlog::warn("amqp: {} has read nothing for {} s{}: it is cut", connection->name(),
                     std::chrono::duration_cast<std::chrono::seconds>(time).count(), why);
        connection->cut();
    }
}

void Crowd::thin_out(Service& service) {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < std::chrono::seconds(1)) return;
    looked_ = now;
    cut_idle(service, service.settings.stalled_time, " while clients together keep too much of the memory for them");
}

void Crowd::watch(Service& service) {
    if (timer_) return;
    const auto apart = std::clamp<std::chrono::milliseconds>(service.settings.unread_time / 6, shortest, longest);
    timer_ = std::make_unique<boost::asio::steady_timer>(service.broker.executor(), apart);
    timer_->async_wait([this, &service, alive = std::weak_ptr(alive_)](const boost::system::error_code& cancelled) {
        if (cancelled || alive.expired()) return;
        timer_.reset();
        cut_idle(service, service.settings.unread_time, "");
        if (!service.connections.empty()) watch(service);
    });
}

}  // namespace rowmq::amqp
