// The storage engine alone, fed with ready batches, two under way: what lies between it and SQLite.

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bed.hpp"
#include "bench.hpp"
#include "measure.hpp"
#include "raw_flow.hpp"

namespace rowmq::bench {
namespace {

struct Feeder {
    storage::Engine& engine;
    std::size_t batch;
    std::size_t bytes;
    SteadyTime until;
    Message body{std::string(bytes, 'x')};
    std::int64_t next = 1;
    std::uint64_t done = 0;
    std::uint64_t ticket = 0;
    std::size_t running = 0;
};

constexpr QueueId queue{1};
constexpr std::int64_t reserved = 1'000'000'000;

std::shared_ptr<storage::Batch> puts_and_removals(Feeder& feeder, std::vector<storage::Removal>& removals) {
    auto batch = std::make_shared<storage::Batch>();
    batch->ticket = Ticket{++feeder.ticket};
    batch->messages.reserve(feeder.batch);
    batch->entries.reserve(feeder.batch);
    batch->removals = std::move(removals);
    removals.clear();
    storage::CounterDelta delta{.queue = queue};
    delta.sent = static_cast<std::int64_t>(feeder.batch);
    delta.done = static_cast<std::int64_t>(batch->removals.size());
    batch->counters.push_back(delta);
    for (std::size_t i = 0; i < feeder.batch; ++i) {
        const auto id = feeder.next++;
        storage::MessageRow message;
        message.id = MessageId{id};
        message.published_at = WallTime{std::chrono::milliseconds(1'700'000'000'000)};
        message.message = feeder.body;
        batch->messages.push_back(std::move(message));
        storage::EntryRow entry;
        entry.key = {queue, 0, Sequence{id}};
        entry.message = MessageId{id};
        entry.bytes = static_cast<std::int32_t>(feeder.bytes);
        batch->entries.push_back(std::move(entry));
        removals.push_back({.key = {queue, 0, Sequence{id}}, .message = MessageId{id}});
    }
    return batch;
}

awaitable<void> feed(Feeder& feeder) {
    std::vector<storage::Removal> removals;
    do {
        std::shared_ptr<const storage::Batch> batch = puts_and_removals(feeder, removals);
        const auto outcome = co_await feeder.engine.commit(batch);
        if (outcome.failure) throw std::runtime_error(outcome.failure->text);
        if (outcome.missing > 0) throw std::runtime_error("entries are missing");
        feeder.done += feeder.batch;
    } while (now() < feeder.until);
    std::shared_ptr<storage::Batch> last = std::make_shared<storage::Batch>();
    last->ticket = Ticket{++feeder.ticket};
    last->removals = std::move(removals);
    std::shared_ptr<const storage::Batch> sealed = last;
    (void)co_await feeder.engine.commit(sealed);
}

awaitable<void> open_and_declare(storage::Engine& engine) {
    must(co_await engine.load());
    auto batch = std::make_shared<storage::Batch>();
    batch->ticket = Ticket{1};
    storage::NamespaceRow ns;
    ns.id = NamespaceId{1};
    ns.name = "/";
    batch->catalog.emplace_back(ns);
    storage::QueueRow row;
    row.id = queue;
    row.ns = NamespaceId{1};
    row.name = "q0";
    row.options = std::make_shared<const std::string>("{}");
    batch->catalog.emplace_back(row);
    batch->reserve_ids = reserved;
    std::shared_ptr<const storage::Batch> sealed = batch;
    const auto outcome = co_await engine.commit(sealed);
    if (outcome.failure) throw std::runtime_error(outcome.failure->text);
}

void run_all(boost::asio::io_context& context) {
    context.restart();
    context.run();
}

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

void measure(const Settings& settings, Report& report, std::size_t bytes, std::size_t batch) {
    Scratch scratch(settings.directory);
    boost::asio::io_context context(1);
    auto work = boost::asio::make_work_guard(context);
    auto engine = must(storage::sqlite::open(context.get_executor(), {.path = scratch.file("engine.db")}));
    work.reset();
    boost::asio::co_spawn(context, open_and_declare(*engine), rethrow);
    run_all(context);
    RawFlow raw(store_settings(scratch.file("raw.db")), bytes, 1);

    Feeder feeder{.engine = *engine, .batch = batch, .bytes = bytes, .until = {}};
    std::vector<double> ours, theirs, ratios, together;
    for (int round = -1; round < settings.rounds(); ++round) {
        const auto before = engine->figures().transactions;
        const auto done = feeder.done;
        const auto start = now();
        feeder.until = start + std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(settings.slice()));
        for (int i = 0; i < 2; ++i) boost::asio::co_spawn(context, feed(feeder), rethrow);
        run_all(context);
        const double rate = static_cast<double>(feeder.done - done) / seconds_since(start);
        const auto mean = static_cast<double>(feeder.done - done) / static_cast<double>(engine->figures().transactions - before);
        const double baseline = raw.run(static_cast<std::size_t>(mean), settings.slice());
        if (round < 0) continue;
        ours.push_back(rate);
        theirs.push_back(baseline);
        ratios.push_back(rate / baseline);
        together.push_back(mean);
    }
    boost::asio::co_spawn(context, engine->close(), boost::asio::detached);
    run_all(context);
    report.add({.name = fmt::format("engine alone, {} B, batches of {}", bytes, batch),
                .unit = "msg/s",
                .value = median(ours),
                .raw = median(theirs),
                .ratio = median(ratios),
                .note = fmt::format("{:.0f} a commit", median(together))});
}

}  // namespace

void engine(const Settings& settings, Report& report) {
    for (const std::size_t batch : {256u, 1024u})
        for (const std::size_t bytes : {1024u, 100u, 16u}) measure(settings, report, bytes, batch);
}

}  // namespace rowmq::bench
