#pragma once
// A thing one coroutine waits for once. Set by the strand; the waiter is resumed through its executor (`set`) or at once
// (`set_now`, from the bottom of the strand's stack only).

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace rowmq {

class Event final {
public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    bool is_set() const noexcept { return set_; }

    /// Returns at once when set before. One waiter.
    boost::asio::awaitable<void> wait() {
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
            [this](auto&& handler) {
                handler_.emplace(std::forward<decltype(handler)>(handler));
                if (set_) resume();
            },
            boost::asio::use_awaitable);
    }

    void set() {
        if (std::exchange(set_, true)) return;
        if (handler_) resume();
    }

    void set_now() {
        if (std::exchange(set_, true)) return;
        if (!handler_) return;
        Handler handler = std::move(*handler_);
        handler_.reset();
        std::move(handler)();
    }

    /// Ready to be waited for again.
    void clear() noexcept { set_ = false; }

private:
    using Handler = boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;

    void resume() {
        Handler handler = std::move(*handler_);
        handler_.reset();
        boost::asio::post(std::move(handler));
    }

    std::optional<Handler> handler_;
    bool set_ = false;
};

}  // namespace rowmq
