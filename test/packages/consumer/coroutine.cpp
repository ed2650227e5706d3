// A program that has an executor of its own and awaits the broker on it; Asio's code comes from the archive.
#include <rowmq/broker.hpp>
#include <rowmq/open.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <string>

namespace {

boost::asio::awaitable<void> send_one(std::string store, bool* done) {
    const auto executor = co_await boost::asio::this_coro::executor;
    // Named, not made within the co_await: g++ 12 destroys such temporaries of aggregates twice.
    rowmq::OpenOptions options;
    rowmq::QueueOptions plain;
    rowmq::Publish kettle{.routing_key = "orders", .message = rowmq::Message("one kettle")};
    auto broker = (co_await rowmq::open(executor, store, options)).value();
    (co_await broker->declare_queue("orders", plain)).value();
    auto session = broker->open_session().value();
    (co_await session.publish(kettle)).value();
    // The program's own use of Asio beside the broker's.
    boost::asio::steady_timer timer(executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    for (const auto& order : (co_await session.receive("orders")).value()) {
        (co_await session.settle(order.lease)).value();
        std::printf("%s\n", std::string(order.message.text()).c_str());
        *done = true;
    }
    co_await broker->close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    bool done = false;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, send_one(argv[1], &done), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    loop.run();
    return done ? 0 : 1;
}
