#include "net/client_call.hpp"

#include <fmt/format.h>

namespace rowmq::net {

void ClientCall::limit_total(std::string doing) {
    limit_until(total_end_, std::move(doing), fmt::format("total_time of {} ms", total_time_.count()));
}

void ClientCall::limit_until(Clock::time_point end, std::string doing, std::string limit) {
    if (closed_) return;
    why_.reset();
    end_ = std::min(end, total_end_);
    doing_ = std::move(doing);
    limit_ = end > total_end_ ? fmt::format("total_time of {} ms", total_time_.count()) : std::move(limit);
    arm();
}

void ClientCall::arm() {
    timer_.expires_at(end_);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        if (cancelled || self->closed_ || Clock::now() < self->end_) return;
        self->end(Error{Errc::limit_exceeded, fmt::format("{} took longer than {}", self->doing_, self->limit_)});
    });
}

void ClientCall::close() {
    closed_ = true;
    timer_.cancel();
    end(Error{Errc::closed, "the HTTP client was closed while a request was under way"});
}

void ClientCall::end(Error why) {
    why_ = std::move(why);
    if (stop_) stop_();
}

}  // namespace rowmq::net
