#include "amqp/login_turns.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rowmq::amqp {
namespace asio = boost::asio;

bool LoginTurns::has_room(const std::string& address) const {
    if (!taken_) return true;
    const auto mine = waiting_.find(address);
    return count_ < limits_.waiting && (mine == waiting_.end() || mine->second.size() < limits_.waiting_of_address);
}

awaitable<void> LoginTurns::take(std::string address) {
    if (!taken_) {
        taken_ = true;
        co_return;
    }
    const auto me = std::make_shared<Waiting>(co_await asio::this_coro::executor);
    auto& mine = waiting_[address];
    if (mine.empty()) order_.push_back(address);
    mine.push_back(me);
    ++count_;
    boost::system::error_code ignored;
    while (!me->turn) co_await me->called.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void LoginTurns::leave() {
    if (order_.empty()) {
        taken_ = false;
        return;
    }
    const std::string address = std::move(order_.front());
    order_.pop_front();
    const auto found = waiting_.find(address);
    const std::shared_ptr<Waiting> next = std::move(found->second.front());
    found->second.pop_front();
    --count_;
    if (found->second.empty()) waiting_.erase(found);
    else order_.push_back(address);
    next->turn = true;
    next->called.cancel();
}

}  // namespace rowmq::amqp
