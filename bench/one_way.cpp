// Publish only, and consume only from a backlog, against SQLite alone in equal batches.

#include <fmt/format.h>

#include "bench.hpp"
#include "clients.hpp"

namespace rowmq::bench {
namespace {

constexpr Load load{.queues = 1, .publishers = 8, .batch = 256, .consumers = 8, .max = 256};

std::vector<RawRow> rows(std::int64_t& next, std::size_t count, const std::string& body) {
    std::vector<RawRow> made(count);
    for (auto& row : made) row = {.id = next++, .queue = 1, .body = body};
    return made;
}

double raw_publish(RawSqlite& raw, std::int64_t& next, const std::string& body, std::size_t batch, std::uint64_t count) {
    const auto start = now();
    for (std::uint64_t put = 0; put < count; put += batch) raw.commit(rows(next, batch, body), {});
    return static_cast<double>(count) / seconds_since(start);
}

double raw_consume(RawSqlite& raw, std::int64_t& first, std::int64_t end, const std::string& body, std::size_t batch) {
    const auto start = now();
    const auto count = static_cast<double>(end - first);
    while (first < end) {
        const auto some = std::min<std::size_t>(batch, static_cast<std::size_t>(end - first));
        raw.read(1, first - 1, static_cast<int>(some));
        raw.commit({}, rows(first, some, body));
    }
    return count / seconds_since(start);
}

struct Samples {
    std::vector<double> ours, theirs, ratios, batches;
    void add(const Rate& rate, double raw) {
        ours.push_back(rate.per_second);
        theirs.push_back(raw);
        ratios.push_back(rate.per_second / raw);
        batches.push_back(rate.batch);
    }
    Figure figure(std::string name) const {
        return {.name = std::move(name),
                .unit = "msg/s",
                .value = median(ours),
                .raw = median(theirs),
                .ratio = median(ratios),
                .bar = 0.7,
                .note = fmt::format("mean batch {:.0f}", median(batches))};
    }
};

void measure(const Settings& settings, Report& report, std::size_t bytes, bool publishing, bool consuming) {
    if (!settings.wanted(fmt::format("{} B", bytes))) return;
    Scratch scratch(settings.directory);
    Bed bed(scratch.file("broker.db"));
    declare_queues(bed, 1);
    RawSqlite raw(store_settings(scratch.file("raw.db")));
    raw.declare(1);
    Feed feed(bytes, 1);
    const std::string body(bytes, 'x');
    std::int64_t next = 1, first = 1;
    const std::uint64_t count = settings.quick ? 60'000 : bytes >= 1024 ? 100'000 : 200'000;

    Samples publishes, consumes;
    for (int round = -1; round < settings.rounds(); ++round) {
        const auto in = run_publish(bed, load, feed, 0, count);
        const auto raw_in = raw_publish(raw, next, body, std::max<std::size_t>(1, static_cast<std::size_t>(in.batch)), count);
        const auto out = run_consume(bed, load, count);
        const auto raw_out = raw_consume(raw, first, next, body, std::max<std::size_t>(1, static_cast<std::size_t>(out.batch)));
        if (round < 0) continue;
        publishes.add(in, raw_in);
        consumes.add(out, raw_out);
    }
    if (publishing) report.add(publishes.figure(fmt::format("publish only, {} B", bytes)));
    if (consuming) report.add(consumes.figure(fmt::format("consume only, backlog of {}, {} B", count, bytes)));
}

}  // namespace

void publish(const Settings& settings, Report& report) {
    for (const std::size_t bytes : {1024u, 100u, 16u}) measure(settings, report, bytes, true, false);
}

void consume(const Settings& settings, Report& report) {
    for (const std::size_t bytes : {1024u, 100u, 16u}) measure(settings, report, bytes, false, true);
}

}  // namespace rowmq::bench
