#pragma once
// A broker in memory with a queue of three priorities, "q", some messages in it, one delayed. Made anew for each input, so
// that an input alone tells what happened.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <optional>

#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "storage/memory/engine.hpp"

namespace rowmq::fuzz {

struct SmallBroker final {
    SmallBroker() {
        BrokerParts parts;
        parts.executor = loop.get_executor();
        parts.clock = std::make_shared<ManualClock>();
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = storage::memory::make_engine(loop.get_executor());
        broker = std::move(run(make_broker(std::move(parts)))->value());
        QueueOptions options;
        options.max_priority = 2;
        run(broker->declare_queue("q", std::move(options)))->value();
        session = broker->open_session().value();
        std::vector<Publish> messages;
        for (std::uint8_t i = 0; i < 6; ++i) {
            Publish& one = messages.emplace_back();
            one.routing_key = "q";
            one.message = Message(std::string(1, static_cast<char>('a' + i)));
            one.priority = i % 3;
            if (i > 3) one.delay = std::chrono::seconds(i);
        }
        run(session.publish(std::move(messages)))->value();
    }
    ~SmallBroker() {
        session = {};
        broker.reset();
        poll();
    }
    SmallBroker(const SmallBroker&) = delete;
    SmallBroker& operator=(const SmallBroker&) = delete;

    /// None when the call waits for something that does not come by itself.
    template <typename T>
    std::optional<T> run(awaitable<T> call) {
        const auto answer = std::make_shared<std::optional<T>>();
        boost::asio::co_spawn(loop, std::move(call), [answer](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            answer->emplace(std::move(value));
        });
        poll();
        return std::move(*answer);
    }
    void poll() {
        loop.restart();
        loop.poll();
    }

    boost::asio::io_context loop;
    std::unique_ptr<Broker> broker;
    Session session;
};

}  // namespace rowmq::fuzz
