#pragma once
// Whose password is checked next: one after the other, and of each address in turn, so that who floods a server with logins waits
// behind itself and not before everybody else.
// Threads: one executor.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace rowmq::amqp {

using boost::asio::awaitable;

/// A check takes some 20 ms, so the last of them waits for 5 s. Further ones are refused at once: their clients may try again.
struct LoginLimits {
    std::size_t waiting = 256;            ///< passwords to be checked
    std::size_t waiting_of_address = 32;  ///< of them, of one client's address
};

class LoginTurns final {
public:
    explicit LoginTurns(LoginLimits limits) : limits_(limits) {}

    bool has_room(const std::string& address) const;
    /// Waits until it is its turn; whoever has it says leave(). `address` has_room().
    awaitable<void> take(std::string address);
    void leave();
    std::size_t waiting() const noexcept { return count_; }

private:
    struct Waiting {
        explicit Waiting(const boost::asio::any_io_executor& on) : called(on, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer called;
        bool turn = false;
    };

    const LoginLimits limits_;
    std::map<std::string, std::deque<std::shared_ptr<Waiting>>> waiting_;  ///< by address
    std::deque<std::string> order_;                                        ///< of addresses somebody waits from
    std::size_t count_ = 0;
    bool taken_ = false;
};

}  // namespace rowmq::amqp
