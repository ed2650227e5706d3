// publish -> next -> done in one process, each awaited until it is on disk, against the same rows written by SQLite alone.

#include <fmt/format.h>

#include <deque>

#include "bench.hpp"
#include "clients.hpp"

namespace rowmq::bench {
namespace {

/// Commits of `batch` puts together with the removal of the batch before.
class RawFlow final {
public:
    RawFlow(RawSettings settings, std::size_t bytes, std::size_t queues)
        : raw_(std::move(settings)), body_(bytes, 'x'), queues_(queues) {
        raw_.declare(static_cast<std::int64_t>(queues));
    }
    double run(std::size_t batch, double seconds) {
        std::uint64_t done = 0;
        const auto start = now();
        do {
            std::vector<RawRow> puts(batch);
            for (auto& row : puts) {
                row = {.id = next_, .queue = 1 + next_ % static_cast<std::int64_t>(queues_), .body = body_};
                ++next_;
            }
            raw_.commit(puts, before_);
            done += before_.size();
            before_ = std::move(puts);
        } while (seconds_since(start) < seconds);
        return static_cast<double>(done) / seconds_since(start);
    }

private:
    RawSqlite raw_;
    std::string body_;
    std::size_t queues_;
    std::int64_t next_ = 1;
    std::vector<RawRow> before_;
};

struct Case {
    std::size_t bytes, queues;
    bool strict;
};

Load load_of(const Case& c) {
    if (c.queues == 1) return {.queues = 1, .publishers = 8, .batch = 256, .consumers = 8, .max = 256};
    return {.queues = c.queues, .publishers = 8, .batch = 256, .consumers = c.queues, .max = 256};
}

void measure(const Settings& settings, Report& report, const Case& c) {
    Scratch scratch(settings.directory);
    Bed bed(scratch.file("broker.db"), c.strict);
    declare_queues(bed, c.queues);
    RawFlow raw(store_settings(scratch.file("raw.db")), c.bytes, c.queues);
    Feed feed(c.bytes, c.queues);
    const Load load = load_of(c);

    std::vector<double> ours, theirs, ratios, batches;
    for (int round = -1; round < settings.rounds(); ++round) {
        const auto rate = run_flow(bed, load, feed, settings.slice());
        const auto baseline = raw.run(std::max<std::size_t>(1, static_cast<std::size_t>(rate.batch)), settings.slice());
        if (round < 0) continue;  // warms both up
        ours.push_back(rate.per_second);
        theirs.push_back(baseline);
        ratios.push_back(rate.per_second / baseline);
        batches.push_back(rate.batch);
    }
    report.add({.name = fmt::format("flow, {} B, {} queue{}, strict counting {}", c.bytes, c.queues, c.queues == 1 ? "" : "s",
                                    c.strict ? "on" : "off"),
                .unit = "msg/s", .value = median(ours), .raw = median(theirs), .ratio = median(ratios),
                .bar = c.strict ? 0.5 : 0.7,
                .note = fmt::format("mean batch {:.0f}; {} publishers x {}, {} consumers x {}", median(batches), load.publishers,
                                    load.batch, std::max(load.consumers, load.queues), load.max)});
}

}  // namespace

void flow(const Settings& settings, Report& report) {
    for (const bool strict : {false, true})
        for (const std::size_t queues : {1u, 100u})
            for (const std::size_t bytes : {1024u, 100u, 16u}) measure(settings, report, {bytes, queues, strict});
}

}  // namespace rowmq::bench
