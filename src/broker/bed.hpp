#pragma once
// What the broker's tests stand on: a broker over the memory engine, under a clock that moves when told to, restartable.

#include <gtest/gtest.h>

#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "storage/memory/engine.hpp"
#include "test/support/run.hpp"

namespace rowmq::test {

using namespace std::chrono_literals;

class Bed : public testing::Test {
protected:
    Bed() { start(); }
    ~Bed() override { stop(); }

    void start() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = clock;
        parts.random = std::make_shared<SeededRandom>(7);
        parts.engine = storage::memory::make_engine(io.get_executor(), content);
        parts.limits = limits;
        parts.memory_used = [this] { return memory_used; };
        broker = run_in(io, make_broker(std::move(parts))).value();
        session = broker->open_session().value();
    }
    void stop() {
        session = {};
        if (broker) run_in(io, broker->close());
        broker.reset();
        settle_down();
    }
    void restart() {
        settle_down();
        stop();
        start();
    }
    /// What the broker does at its end is not stored.
    void crash() {
        settle_down();
        auto left = std::make_shared<storage::memory::Content>(*content);
        stop();
        content = std::move(left);
        start();
    }
    /// Runs what is ready to run.
    void settle_down() {
        io.restart();
        while (io.poll() > 0) {}
    }
    void advance(milliseconds by) {
        settle_down();
        clock->advance(by);
        settle_down();
    }

    QueueInfo declare(std::string name, QueueOptions options = {}) {
        return run_in(io, broker->declare_queue(std::move(name), std::move(options))).value();
    }
    Result<PublishResult> try_publish(Publish p) { return run_in(io, session.publish(std::move(p))); }
    PublishResult publish(std::string queue, std::string body, std::string group = {}) {
        Publish p;
        p.routing_key = std::move(queue);
        p.message = Message(std::move(body));
        p.group = std::move(group);
        return try_publish(std::move(p)).value();
    }
    std::vector<Delivery> receive(std::string queue, std::size_t max = 10, milliseconds wait = 0ms) {
        return run_in(io, session.receive(queue, {.max = max, .max_bytes = 0, .wait = wait, .lease = {}})).value();
    }
    std::vector<std::string> bodies(const std::vector<Delivery>& deliveries) {
        std::vector<std::string> texts;
        for (const Delivery& d : deliveries) texts.emplace_back(d.message.text());
        return texts;
    }
    std::optional<Errc> settle(const Delivery& d, Verdict verdict = Verdict::done, std::optional<milliseconds> delay = {}) {
        const Result<void> result = run_in(io, session.settle(d.lease, verdict, delay));
        return result ? std::nullopt : std::optional(result.error().code);
    }
    QueueCounts counts(std::string_view queue) { return broker->queue(queue).value().counts; }

    boost::asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::shared_ptr<storage::memory::Content> content = std::make_shared<storage::memory::Content>();
    Limits limits;
    std::int64_t memory_used = 0;  ///< bytes
    std::unique_ptr<Broker> broker;
    Session session;
};

using Texts = std::vector<std::string>;

}  // namespace rowmq::test
