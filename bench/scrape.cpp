// What a scrape of /metrics takes of the broker's thread, with many queues.

#include <fmt/format.h>
#include <time.h>

#include "admin/admin.hpp"
#include "bed.hpp"
#include "bench.hpp"
#include "measure.hpp"

namespace rowmq::bench {
namespace {

constexpr int queues = 10'000;

boost::asio::awaitable<void> fill(Broker& broker) {
    auto session = must(broker.open_session());
    std::vector<Publish> messages;
    for (int i = 0; i < queues; ++i) {
        const std::string name = fmt::format("team-{}/orders-{:05}", i % 7, i);
        must(co_await broker.declare_queue(name));
        Publish one;
        one.routing_key = name;
        one.message = Message("x");
        messages.push_back(std::move(one));
    }
    must(co_await session.publish(std::move(messages), {.confirm = Confirm::committed, .atomic = false}));
}

struct Scrape {
    double all_ms = 0, longest_ms = 0;
    std::size_t bytes = 0;
};

/// Of this thread.
double processor_ms() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Each step of the thread is timed: between two of them others run.
Scrape scrape(boost::asio::io_context& thread, admin::Admin& admin) {
    Scrape out;
    std::optional<admin::Response> answer;
    auto request = must(admin::parse_target("GET", "/metrics"));
    boost::asio::co_spawn(thread, admin.handle(std::move(request)),
                          [&](std::exception_ptr, admin::Response given) { answer = std::move(given); });
    thread.restart();
    while (!answer) {
        const double start = processor_ms();
        thread.run_one();
        const double ms = processor_ms() - start;
        out.all_ms += ms;
        out.longest_ms = std::max(out.longest_ms, ms);
    }
    out.bytes = answer->body.size();
    return out;
}

}  // namespace

void scrape(const Settings& settings, Report& report) {
    const Scratch scratch(settings.directory);
    Bed bed(scratch.file("scrape.db"));
    bed.run(fill(bed.broker()));
    admin::Admin admin(bed.broker());
    std::vector<double> all, longest;
    std::size_t bytes = 0;
    for (int round = 0; round < 2 * settings.rounds(); ++round) {
        const Scrape one = scrape(bed.context(), admin);
        all.push_back(one.all_ms);
        longest.push_back(one.longest_ms);
        bytes = one.bytes;
    }
    admin.close();
    const std::string note = fmt::format("median of {}; series of 1,000 queues and a sum; {} KiB", all.size(), bytes / 1024);
    report.add({.name = fmt::format("scrape, {} queues: processor time of the broker's thread", queues),
                .unit = "ms",
                .value = median(all),
                .raw = {},
                .ratio = {},
                .bar = 20.0,
                .at_least = false,
                .note = note});
    report.add({.name = fmt::format("scrape, {} queues: longest at a time", queues),
                .unit = "ms",
                .value = median(longest),
                .raw = {},
                .ratio = {},
                .bar = 5.0,
                .at_least = false,
                .note = "what others wait for"});
}

}  // namespace rowmq::bench
