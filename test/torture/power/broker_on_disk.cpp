#include "test/torture/power/broker_on_disk.hpp"

#include "base/random.hpp"
#include "broker/make.hpp"
#include "test/simulation/late_store.hpp"

namespace rowmq::torture {

BrokerOnDisk::BrokerOnDisk(const RecordingVfs& disk, storage::sqlite::Synchronous synchronous, bool seals, bool late) {
    BrokerParts parts{.executor = io.get_executor(),
                      .clock = clock,
                      .random = std::make_shared<SeededRandom>(1),
                      .engine = test::open_store(io.get_executor(), disk, synchronous, seals)};
    if (late) parts.engine = std::make_unique<simulation::LateStore>(io.get_executor(), std::move(parts.engine), 1);
    auto made = run(make_broker(std::move(parts)));
    if (!made) {
        failure = made.error().text;
        return;
    }
    broker = std::move(*made);
    session = broker->open_session().value();
    poll();
}

BrokerOnDisk::~BrokerOnDisk() {
    if (broker) run(broker->close());
    session = Session{};
    broker.reset();
    poll();
}

void BrokerOnDisk::poll() {
    io.restart();
    io.poll();
}

void BrokerOnDisk::advance(milliseconds by) {
    const auto until = clock->monotonic() + by;
    while (clock->alarm() && *clock->alarm() <= until) {
        clock->advance(std::max(*clock->alarm() - clock->monotonic(), std::chrono::nanoseconds(0)));
        poll();
    }
    clock->advance(until - clock->monotonic());
    poll();
}

namespace {

void read_messages(BrokerOnDisk& running, const QueueInfo& info, bool delayed, OwedQueue& into, std::string& problem) {
    const PeekRequest request{.max = 1'000, .delayed = delayed};
    const auto page = running.run(running.broker->peek(info.name, request));
    if (!page) {
        problem += "cannot peek into " + info.name + ": " + page.error().text + "; ";
        return;
    }
    for (const auto& d : page->messages) {
        const auto* properties = d.message.properties.get();
        into.messages.push_back({.label = label_of(d.message.text(), properties ? properties->type : ""),
                                 .group = properties ? properties->group : "",
                                 .delayed = delayed,
                                 .receives = d.receives});
    }
}

}  // namespace

Owed found_in(BrokerOnDisk& running, std::string& problem) {
    Owed owed;
    for (const auto& info : running.broker->queues()) {
        auto& q = owed.queues[info.name];
        const auto& c = info.counts;
        q.fifo = info.options.kind == QueueKind::fifo;
        q.strict = info.options.max_receives > 0;
        for (const auto& [key, value] : info.options.tags) q.options += key + "=" + value + ",";
        q.sent = c.sent, q.done = c.done, q.dead_lettered = c.dead_lettered, q.expired = c.expired, q.purged = c.purged;
        if (c.sent != c.ready + c.delayed + c.leased + c.done + c.dead_lettered + c.expired + c.purged + c.overflowed + c.redriven ||
            c.leased != 0)
            problem += "the counts of " + info.name + " do not conserve; ";
        for (const bool delayed : {false, true}) read_messages(running, info, delayed, q, problem);
        if (static_cast<std::int64_t>(q.messages.size()) != c.ready + c.delayed)
            problem += "counts and contents of " + info.name + " differ; ";
    }
    for (const auto& b : running.broker->bindings()) owed.bindings.insert(b.exchange + ">" + b.queue + ":" + b.routing_key);
    return owed;
}

}  // namespace rowmq::torture
