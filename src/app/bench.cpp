// `rowmq bench`: what this machine, this disk and this build do with messages. A broker of its own over a store that is
// removed afterwards; publishers and consumers in one process, every publish and every settlement awaited.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "app/command.hpp"
#include "app/duration.hpp"
#include "app/progress.hpp"
#include "rowmq/open.hpp"

namespace rowmq::app {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::steady_clock;

struct Bench {
    bool as_json = false, memory = false, fifo = false, strict = false;
    std::string folder = ".", time = "5s", durability = "full";
    int publishers = 8, consumers = 8, batch = 100, bytes = 1'024, queues = 1;
};

/// What the coroutines share.
struct Work {
    const Bench& bench;
    Broker* broker = nullptr;
    bool stop = false;
    std::int64_t published = 0, consumed = 0;
    int running = 0;
    std::vector<double> confirm_ms;  ///< of each publish call
    std::string failure;

    std::string queue(int n) const { return fmt::format("bench-{}{}", n % bench.queues, bench.fifo ? ".fifo" : ""); }
    void fail(const Error& error) {
        stop = true;
        if (failure.empty() && error.code != Errc::closed) failure = error.text;
    }
};

awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> publish(Work& work, int number) {
    Session session = work.broker->open_session().value();
    const std::string body(static_cast<std::size_t>(work.bench.bytes), 'x');
    std::int64_t sent = 0;
    while (!work.stop) {
        std::vector<Publish> batch(static_cast<std::size_t>(work.bench.batch));
        for (Publish& one : batch) {
            one.routing_key = work.queue(number);
            one.message = Message(body);
            if (work.bench.fifo) {
                one.group = fmt::format("group-{}", number);
                one.deduplication_id = fmt::format("{}-{}", number, sent++);
            }
        }
        const auto began = steady_clock::now();
        const auto receipt = co_await session.publish(std::move(batch));
        if (!receipt) co_return work.fail(receipt.error());
        if (receipt->results.front().error) co_return work.fail(*receipt->results.front().error);
        work.confirm_ms.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
        work.published += std::ssize(receipt->results);
        // A consumer that falls behind would only measure how a backlog grows.
        while (!work.stop && work.bench.consumers > 0 && work.published - work.consumed > 200'000)
            co_await pause(std::chrono::milliseconds(1));
    }
}

awaitable<void> consume(Work& work, int number) {
    Session session = work.broker->open_session().value();
    auto subscribed = session.subscribe(work.queue(number));
    if (!subscribed) co_return work.fail(subscribed.error());
    while (!work.stop) {
        const auto got = co_await subscribed->next(
            {.max = static_cast<std::size_t>(work.bench.batch), .max_bytes = 0, .wait = std::chrono::milliseconds(100), .lease = {}});
        if (!got) co_return work.fail(got.error());
        if (got->empty()) continue;
        std::vector<Settlement> settlements;
        for (const Delivery& delivery : *got) settlements.push_back({.lease = delivery.lease, .verdict = Verdict::done, .delay = {}});
        const Settled settled = co_await session.settle(std::move(settlements));
        for (const auto& error : settled.results)
            if (error) co_return work.fail(*error);
        work.consumed += std::ssize(settled.results);
    }
}

awaitable<void> run(Work& work, std::string store, OpenOptions options, std::chrono::milliseconds time, double& seconds) {
    auto opened = co_await rowmq::open(co_await asio::this_coro::executor, store, std::move(options));
    if (!opened) co_return work.fail(opened.error());
    work.broker = opened->get();
    for (int i = 0; i < work.bench.queues; ++i) {
        QueueOptions queue{.kind = work.bench.fifo ? QueueKind::fifo : QueueKind::standard};
        queue.deduplication.enabled = work.bench.fifo;
        const auto declared = co_await work.broker->declare_queue(work.queue(i), queue);
        if (!declared) co_return work.fail(declared.error());
    }
    asio::steady_timer ended(work.broker->executor(), asio::steady_timer::time_point::max());
    const auto over = [&](std::exception_ptr) {
        if (--work.running == 0) ended.cancel();
    };
    work.running = work.bench.publishers + work.bench.consumers;
    const auto began = steady_clock::now();
    for (int i = 0; i < work.bench.publishers; ++i) asio::co_spawn(work.broker->executor(), publish(work, i), over);
    for (int i = 0; i < work.bench.consumers; ++i) asio::co_spawn(work.broker->executor(), consume(work, i), over);
    {
        Progress progress("measuring (ms)", time.count(), work.bench.as_json);
        while (!work.stop && steady_clock::now() - began < time) {
            co_await pause(std::chrono::milliseconds(50));
            progress.update(std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began).count());
        }
    }
    work.stop = true;
    seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
    boost::system::error_code ignored;
    while (work.running > 0) co_await ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await work.broker->close();
}

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

/// A folder that is gone afterwards.
class Folder {
public:
    explicit Folder(const std::string& within) : path_(std::filesystem::path(within) / fmt::format("rowmq-bench-{}", getpid())) {}
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    bool make() const {
        std::error_code failed;
        return std::filesystem::create_directory(path_, failed) && !failed;
    }
    std::string store() const { return "sqlite:" + (path_ / "bench.db").string(); }

private:
    std::filesystem::path path_;
};

Exit run(const Bench& bench) {
    const auto time = parse_duration(bench.time);
    if (time.has_error()) return report(time.error(), bench.as_json);
    OpenOptions options;
    options.durability = bench.durability == "full"     ? Durability::full
                         : bench.durability == "normal" ? Durability::normal
                                                        : Durability::off;
    options.strict_counting = bench.strict;
    const Folder folder(bench.folder);
    if (!bench.memory && !folder.make())
        return report(Error{Errc::invalid_argument, fmt::format("no folder can be made in {}", bench.folder)}, bench.as_json);
    Work work{.bench = bench};
    double seconds = 0;
    asio::io_context loop(1);
    asio::co_spawn(loop, run(work, bench.memory ? "memory:" : folder.store(), std::move(options), *time, seconds), asio::detached);
    loop.run();
    if (!work.failure.empty()) return report(Error{Errc::transaction_failed, work.failure}, bench.as_json);
    const double in = static_cast<double>(work.published) / seconds, out = static_cast<double>(work.consumed) / seconds;
    const double p50 = percentile(work.confirm_ms, 0.5), p99 = percentile(work.confirm_ms, 0.99);
    if (bench.as_json) {
        print_json(json::object{{"seconds", seconds},
                                {"published_per_second", in},
                                {"consumed_per_second", out},
                                {"confirm_p50_ms", p50},
                                {"confirm_p99_ms", p99},
                                {"bytes", bench.bytes},
                                {"batch", bench.batch},
                                {"publishers", bench.publishers},
                                {"consumers", bench.consumers},
                                {"queues", bench.queues},
                                {"fifo", bench.fifo},
                                {"store", bench.memory ? "memory" : "sqlite"},
                                {"durability", bench.memory ? "none" : bench.durability}});
        return Exit::ok;
    }
    print(
        fmt::format("{} for {:.1f} s, {} publishers and {} consumers, batches of {}, {} bytes, {} queue{}{}\n"
                    "  published  {:>10.0f} msg/s   confirmed after p50 {:.2f} ms, p99 {:.2f} ms\n"
                    "  consumed   {:>10.0f} msg/s\n",
                    bench.memory ? "memory" : "sqlite, durability " + bench.durability, seconds, bench.publishers, bench.consumers,
                    bench.batch, bench.bytes, bench.queues, bench.queues == 1 ? "" : "s", bench.fifo ? ", FIFO" : "", in, p50, p99, out));
    return Exit::ok;
}

}  // namespace

void add_bench(CLI::App& program, Exit& exit) {
    const auto bench = std::make_shared<Bench>();
    auto& command = *program.add_subcommand("bench", "Measure what this machine and disk do with messages, over a store of its own");
    command.add_option("--time", bench->time, "For how long (default 5s)");
    command.add_option("--size", bench->bytes, "Bytes of a message (default 1024)")->check(CLI::Range(1, 16 * 1024 * 1024));
    command.add_option("--batch", bench->batch, "Messages a call (default 100)")->check(CLI::Range(1, 10'000));
    command.add_option("--publishers", bench->publishers, "Default 8")->check(CLI::Range(0, 1'000));
    command.add_option("--consumers", bench->consumers, "Default 8; 0: publish only")->check(CLI::Range(0, 1'000));
    command.add_option("--queues", bench->queues, "Default 1")->check(CLI::Range(1, 10'000));
    command.add_option("--durability", bench->durability, "full, normal or off")->check(CLI::IsMember({"full", "normal", "off"}));
    command.add_option("--directory", bench->folder, "Where the store is made and removed (default: here)");
    command.add_flag("--memory", bench->memory, "A store in memory, to compare with");
    command.add_flag("--fifo", bench->fifo, "FIFO queues, one group a publisher");
    command.add_flag("--strict", bench->strict, "Receives are counted before they are given");
    command.add_flag("--json", bench->as_json, "Output for programs");
    command.callback([bench, &exit] { exit = run(*bench); });
}

}  // namespace rowmq::app
