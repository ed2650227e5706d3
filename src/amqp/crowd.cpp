#include "amqp/crowd.hpp"

#include <spdlog/spdlog.h>

#include "amqp/connection.hpp"

namespace rowmq::amqp {

Reader::Time Reader::idle_since(std::uint64_t sent, Time now) {
    if (sent_ != sent) {
        sent_ = sent;
        since_ = now;
    }
    return since_;
}

void Crowd::thin_out(Service& service) {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < std::chrono::seconds(1)) return;
    looked_ = now;
    for (Connection* connection : service.connections) {
        if (connection->unsent() == 0 || now - connection->idle_since(now) < service.settings.stalled_time) continue;
        spdlog::warn("amqp: {} has read nothing for {} s while clients together keep too much of the memory for them: it is cut",
                     connection->name(), std::chrono::duration_cast<std::chrono::seconds>(service.settings.stalled_time).count());
        connection->cut();
    }
}

}  // namespace rowmq::amqp
