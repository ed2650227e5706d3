// publish -> next -> done in one process, each awaited until it is on disk, against the same rows written by SQLite alone.

#include <fmt/format.h>

#include "bench.hpp"
#include "clients.hpp"
#include "raw_flow.hpp"

namespace rowmq::bench {
namespace {

struct Case {
    std::size_t bytes, queues;
    bool strict;
};

Load load_of(const Case& c) {
    if (c.queues == 1) return {.queues = 1, .publishers = 8, .batch = 256, .consumers = 8, .max = 256};
    return {.queues = c.queues, .publishers = 8, .batch = 256, .consumers = c.queues, .max = 256};
}

void measure(const Settings& settings, Report& report, const Case& c) {
    const auto name =
        fmt::format("flow, {} B, {} queue{}, strict counting {}", c.bytes, c.queues, c.queues == 1 ? "" : "s", c.strict ? "on" : "off");
    if (!settings.wanted(name)) return;
    Scratch scratch(settings.directory);
    Bed bed(scratch.file("broker.db"), c.strict);
    declare_queues(bed, c.queues);
    RawFlow raw(store_settings(scratch.file("raw.db")), c.bytes, c.queues);
    Feed feed(c.bytes, c.queues);
    const Load load = load_of(c);

    std::vector<double> ours, theirs, ratios, batches, broker_us, storage_us, raw_us;
    for (int round = -1; round < settings.rounds(); ++round) {
        const auto rate = run_flow(bed, load, feed, settings.slice());
        const auto used_before = processor_time();
        const auto done_before = raw.done();
        const auto baseline = raw.run(std::max<std::size_t>(1, static_cast<std::size_t>(rate.batch)), settings.slice());
        if (round < 0) continue;  // warms both up
        ours.push_back(rate.per_second);
        theirs.push_back(baseline);
        ratios.push_back(rate.per_second / baseline);
        batches.push_back(rate.batch);
        broker_us.push_back(rate.broker_us);
        storage_us.push_back(rate.storage_us);
        raw_us.push_back((processor_time() - used_before).own * 1e6 / static_cast<double>(raw.done() - done_before));
    }
    report.add({.name = name,
                .unit = "msg/s",
                .value = median(ours),
                .raw = median(theirs),
                .ratio = median(ratios),
                .bar = c.strict ? 0.5 : 0.7,
                .note = fmt::format("mean batch {:.0f}; {} publishers x {}, {} consumers x {}; processor time a message: broker {:.2f} + "
                                    "storage {:.2f}, raw {:.2f} us",
                                    median(batches), load.publishers, load.batch, std::max(load.consumers, load.queues), load.max,
                                    median(broker_us), median(storage_us), median(raw_us))});
}

}  // namespace

void flow(const Settings& settings, Report& report) {
    for (const bool strict : {false, true})
        for (const std::size_t queues : {1u, 100u})
            for (const std::size_t bytes : {1024u, 100u, 16u}) measure(settings, report, {bytes, queues, strict});
}

}  // namespace rowmq::bench
