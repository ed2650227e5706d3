// One publisher, one waiting consumer, one message at a time, at a fixed rate, against fdatasync and SQLite's own commits.

#include <fmt/format.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "bench.hpp"
#include "clients.hpp"

namespace rowmq::bench {
namespace {

constexpr double per_second = 1000;
constexpr std::chrono::nanoseconds interval(1'000'000);

struct Times {
    std::vector<double> confirmed, received, cycle;  ///< ms since publish() was called
};

/// One cycle's moments, shared by the two coroutines of the program.
struct Cycle {
    SteadyTime start;
    bool open = false;
    std::size_t left = 0;
};

double since(const Cycle& cycle) { return seconds_since(cycle.start) * 1e3; }

awaitable<void> consume_one_by_one(Bed& bed, Cycle& cycle, Times& times, boost::asio::steady_timer& ended) {
    auto session = must(bed.broker().open_session());
    auto subscription = must(session.subscribe(queue_name(0)));
    const NextRequest request{.max = 1, .max_bytes = 0, .wait = std::chrono::minutes(10), .lease = {}};
    while (cycle.left > 0) {
        auto taken = must(co_await subscription.next(request));
        times.received.push_back(since(cycle));
        const Lease lease = taken.front().lease;
        must(co_await session.settle(lease));
        times.cycle.push_back(since(cycle));
        --cycle.left;
        cycle.open = false;
        ended.cancel();
    }
}

awaitable<void> publish_one_by_one(Bed& bed, Cycle& cycle, Times& times, boost::asio::steady_timer& ended) {
    auto session = must(bed.broker().open_session());
    boost::asio::steady_timer pace(bed.context());
    auto next = now();
    while (cycle.left > 0) {
        next = std::max(next + interval, now());
        pace.expires_at(next);
        co_await pace.async_wait(boost::asio::use_awaitable);
        Publish message;
        message.routing_key = queue_name(0);
        message.message = Message(std::string(100, 'x'));
        cycle.open = true;
        cycle.start = now();
        must(co_await session.publish(std::move(message)));
        times.confirmed.push_back(since(cycle));
        while (cycle.open) {
            boost::system::error_code ignored;
            co_await ended.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
    }
}

void run_cycles(Bed& bed, Times& times, std::size_t count) {
    Cycle cycle;
    cycle.left = count;
    boost::asio::steady_timer ended(bed.context(), SteadyTime::max());
    std::exception_ptr failure;
    bool consumed = false;
    boost::asio::co_spawn(bed.context(), consume_one_by_one(bed, cycle, times, ended), [&](std::exception_ptr error) {
        failure = error;
        consumed = true;
    });
    bed.run(publish_one_by_one(bed, cycle, times, ended));
    while (!consumed) bed.context().run_one();
    if (failure) std::rethrow_exception(failure);
}

/// Milliseconds of a put's commit and of put and removal together.
struct RawTimes {
    std::vector<double> commit, cycle;
};

void run_raw(RawSqlite& raw, std::int64_t& next, RawTimes& times, std::size_t count) {
    const std::string body(100, 'x');
    auto at = now();
    for (std::size_t i = 0; i < count; ++i) {
        at = std::max(at + interval, now());
        std::this_thread::sleep_until(at);
        const std::vector<RawRow> row{{.id = next++, .queue = 1, .body = body}};
        const auto start = now();
        raw.commit(row, {});
        times.commit.push_back(seconds_since(start) * 1e3);
        raw.commit({}, row);
        times.cycle.push_back(seconds_since(start) * 1e3);
    }
}

}  // namespace

void latency(const Settings& settings, Report& report) {
    Scratch scratch(settings.directory);
    Bed bed(scratch.file("broker.db"));
    declare_queues(bed, 1);
    RawSqlite raw(store_settings(scratch.file("raw.db")));
    raw.declare(1);
    std::int64_t next = 1;
    Times ours, warm;
    RawTimes theirs, raw_warm;
    std::vector<double> syncs;
    run_cycles(bed, warm, 200);
    run_raw(raw, next, raw_warm, 200);
    for (int round = 0; round < settings.rounds(); ++round) {
        run_cycles(bed, ours, settings.quick ? 200 : 1000);
        run_raw(raw, next, theirs, settings.quick ? 200 : 1000);
        for (const double time : fdatasync_times(scratch.path(), settings.quick ? 200 : 1000, per_second)) syncs.push_back(time);
    }
    const double sync = median(syncs);
    const auto at_rate = fmt::format("{} a second; fdatasync p50 {:.3f} ms", per_second, sync);
    report.add({.name = "latency, publish to settled, p50",
                .unit = "ms",
                .value = median(ours.cycle),
                .raw = median(theirs.cycle),
                .bar = 2 * sync + 0.3,
                .at_least = false,
                .note = at_rate + "; two commits; raw: put and remove"});
    report.add({.name = "latency, publish to received, p50",
                .unit = "ms",
                .value = median(ours.received),
                .raw = median(theirs.commit),
                .bar = 2 * sync + 0.3,
                .at_least = false,
                .note = at_rate + "; one commit"});
    report.add({.name = "latency, publish to confirmed, p50",
                .unit = "ms",
                .value = median(ours.confirmed),
                .raw = median(theirs.commit),
                .note = at_rate + "; one commit"});
    const double raw99 = percentile(theirs.commit, 0.99);
    report.add({.name = "latency, publish to received, p99",
                .unit = "ms",
                .value = percentile(ours.received, 0.99),
                .raw = raw99,
                .ratio = percentile(ours.received, 0.99) / raw99,
                .bar = 1.5,
                .at_least = false,
                .note = at_rate + "; one commit each"});
    const double raw_cycle99 = percentile(theirs.cycle, 0.99);
    report.add({.name = "latency, publish to settled, p99",
                .unit = "ms",
                .value = percentile(ours.cycle, 0.99),
                .raw = raw_cycle99,
                .ratio = percentile(ours.cycle, 0.99) / raw_cycle99,
                .bar = 1.5,
                .at_least = false,
                .note = at_rate + "; two commits each"});
}

}  // namespace rowmq::bench
