#pragma once
// Runs one coroutine to its end on an io_context, from a test that is not a coroutine itself.
// Threads: the caller's runs the context until the coroutine has ended; other work on the context runs meanwhile.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace rowmq::test {

/// What `coroutine` returns; rethrows what it throws. Throws runtime_error when nothing has happened for a minute.
template <typename T>
T run_in(boost::asio::io_context& io, boost::asio::awaitable<T> coroutine) {
    std::exception_ptr thrown;
    bool ended = false;
    const auto drive = [&] {
        io.restart();
        while (!ended && io.run_one_for(std::chrono::minutes(1)) > 0) {}
        if (thrown) std::rethrow_exception(thrown);
        if (!ended) throw std::runtime_error("the coroutine has waited for a minute, and nothing happened");
    };
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr e) {
            thrown = e;
            ended = true;
        });
        drive();
    } else {
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr e, T value) {
            thrown = e;
            if (!e) result.emplace(std::move(value));
            ended = true;
        });
        drive();
        return std::move(*result);
    }
}

}  // namespace rowmq::test
