#pragma once
// A broker on a store whose doors the tests open and shut.

#include "broker/bed.hpp"
#include "broker/slow_store.hpp"

namespace rowmq::test {

class SlowStoreBed : public Bed {
protected:
    SlowStoreBed() { reopen(); }
    ~SlowStoreBed() override {
        doors->commits.open();
        doors->pages.open();
        settle_down();
    }

    /// The broker anew, on the slow store.
    void reopen() {
        settle_down();
        stop();
        BrokerParts parts{.executor = io.get_executor(), .clock = clock, .random = std::make_shared<SeededRandom>(7), .limits = limits};
        parts.engine = std::make_unique<SlowStore>(storage::memory::make_engine(io.get_executor(), content), doors);
        broker = run_in(io, make_broker(std::move(parts))).value();
        session = broker->open_session().value();
    }

    /// How often something is tried within a time in which no commit finds space; from then on each does.
    int tries_on_a_full_disk(std::chrono::seconds time) {
        constexpr int many = 1'000;
        doors->full = many;
        const MonotonicTime end = clock->monotonic() + time;
        for (int rings = 0; rings < many && clock->alarm() && *clock->alarm() < end; ++rings) {
            clock->advance(std::max(*clock->alarm() - clock->monotonic(), std::chrono::nanoseconds(0)));
            settle_down();
        }
        return many - std::exchange(doors->full, 0);
    }

    /// What a call came to; none while it is under way, or before anything runs.
    template <typename T>
    std::shared_ptr<std::optional<T>> spawn(awaitable<T> call) {
        auto answer = std::make_shared<std::optional<T>>();
        boost::asio::co_spawn(io, std::move(call), [answer](std::exception_ptr, T value) { *answer = std::move(value); });
        return answer;
    }
    template <typename T>
    std::shared_ptr<std::optional<T>> begin(awaitable<T> call) {
        auto answer = spawn(std::move(call));
        settle_down();
        return answer;
    }
    auto begin_publish(std::string queue, std::string body) {
        Publish p{.routing_key = std::move(queue), .message = Message(std::move(body))};
        return begin(session.publish(std::move(p)));
    }
    auto begin_receive(std::string queue, std::size_t max = 10) {
        return begin(session.receive(std::move(queue), {.max = max, .max_bytes = 0, .wait = 0ms, .lease = {}}));
    }
    void open(Door& door) {
        door.open();
        settle_down();
    }

    std::shared_ptr<Doors> doors = std::make_shared<Doors>();
};

}  // namespace rowmq::test
