// A backlog of a million: memory, how fast it drains compared with a small one, and how soon a restarted broker delivers.

#include <fmt/format.h>

#include "bench.hpp"
#include "clients.hpp"
#include "parts.hpp"

namespace rowmq::bench {
namespace {

constexpr std::size_t bytes = 256;
constexpr Load load{.queues = 1, .publishers = 4, .batch = 256, .consumers = 4, .max = 256};

}  // namespace

void backlog_fill(const std::vector<std::string>& arguments, Part& figures) {
    Bed bed(arguments.at(0));
    declare_queues(bed, 1);
    Feed feed(bytes, 1);
    const auto rate = run_publish(bed, load, feed, 0, std::stoull(arguments.at(1)));
    figures["rate"] = rate.per_second;
    figures["batch"] = rate.batch;
}

void backlog_drain(const std::vector<std::string>& arguments, Part& figures) {
    const auto start = now();
    Bed bed(arguments.at(0));
    const auto first = run_consume(bed, {.queues = 1, .consumers = 1, .max = 1}, 1);
    (void)first;
    figures["restart"] = seconds_since(start);
    const auto rate = run_consume(bed, load, std::stoull(arguments.at(1)) - 1);
    figures["rate"] = rate.per_second;
    figures["batch"] = rate.batch;
}

void backlog(const Settings& settings, Report& report) {
    const std::uint64_t large = settings.quick ? 200'000 : 1'000'000, small = 10'000;
    std::vector<double> large_rates, small_rates, ratios, restarts, fill_peaks, drain_peaks;
    for (int round = 0; round < (settings.quick ? 1 : 3); ++round) {
        Scratch scratch(settings.directory);
        std::vector<double> smalls;
        for (int i = 0; i < 7; ++i) {
            const std::string file = scratch.file(fmt::format("small{}.db", i));
            in_own_process(settings, "backlog_fill", {file, std::to_string(small)});
            smalls.push_back(in_own_process(settings, "backlog_drain", {file, std::to_string(small)}).at("rate"));
        }
        const std::string file = scratch.file("large.db");
        const auto fill = in_own_process(settings, "backlog_fill", {file, std::to_string(large)});
        const auto drain = in_own_process(settings, "backlog_drain", {file, std::to_string(large)});
        fill_peaks.push_back(fill.at("peak"));
        drain_peaks.push_back(drain.at("peak"));
        restarts.push_back(drain.at("restart"));
        large_rates.push_back(drain.at("rate"));
        small_rates.push_back(median(smalls));
        ratios.push_back(drain.at("rate") / median(smalls));
    }
    const auto of = fmt::format("backlog of {} x {} B", large, bytes);
    report.add({.name = of + ": peak memory while filling",
                .unit = "MiB",
                .value = median(fill_peaks),
                .bar = 128.0,
                .at_least = false,
                .note = "of a process of its own"});
    report.add({.name = of + ": peak memory while draining",
                .unit = "MiB",
                .value = median(drain_peaks),
                .bar = 128.0,
                .at_least = false,
                .note = "after a restart"});
    report.add({.name = of + ": restart to first receive", .unit = "s", .value = median(restarts), .bar = 1.0, .at_least = false});
    report.add(
        {.name = of + ": consume",
         .unit = "msg/s",
         .value = median(large_rates),
         .ratio = median(ratios),
         .bar = 0.8,
         .note = fmt::format("ratio to the broker's {:.0f} msg/s at a backlog of {}; both after a restart", median(small_rates), small)});
}

}  // namespace rowmq::bench
