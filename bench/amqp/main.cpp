// The load of `tools/dev bench amqp`: one run against one broker, whichever it is.
//
// rowmq_bench_amqp WORK NAME=VALUE..     prints one line "figures {json}"
// Works: flow, fill, drain, latency, reply, delayed, raw. port= and name= are always needed (raw: file=).
// Exit: 0, or 1 with the reason on stderr.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "bench/bed.hpp"
#include "bench/measure.hpp"
#include "bench/raw_flow.hpp"
#include "broker_bed.hpp"
#include "clients.hpp"

namespace rowmq::bench {
namespace {

using std::chrono::milliseconds;
constexpr auto longest = std::chrono::minutes(10);
constexpr std::size_t no_more_waiting_than = 50'000'000;

double own_processor_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

milliseconds milliseconds_of(double seconds) { return milliseconds(static_cast<std::int64_t>(seconds * 1e3)); }

/// A span of time with what was used of the processor.
struct Span {
    std::int64_t began = nanoseconds();
    double used = own_processor_seconds();
    double seconds() const { return static_cast<double>(nanoseconds() - began) / 1e9; }
    double cores() const { return (own_processor_seconds() - used) / seconds(); }
};

struct Crowd {
    std::vector<std::unique_ptr<Producer>> producers;
    std::vector<std::unique_ptr<Consumer>> consumers;
    std::uint64_t received() const {
        std::uint64_t sum = 0;
        for (const auto& c : consumers) sum += c->received;
        return sum;
    }
    std::uint64_t confirmed() const {
        std::uint64_t sum = 0;
        for (const auto& p : producers) sum += p->confirmed;
        return sum;
    }
    void join(Loop& loop) const {
        for (const auto& p : producers) loop.add(*p);
        for (const auto& c : consumers) loop.add(*c);
    }
};

/// Where publishers publish to: "" (straight to queues), fanout, or topic with so many bindings.
Publishing route(AmqpBed& bed, const Words& words) {
    Publishing what;
    what.bytes = words.count("bytes", 1024);
    what.window = words.count("window", 1'000);
    const std::string type = words.text("exchange", "");
    if (type.empty()) {
        what.keys = bed.names();
        return what;
    }
    bed.exchange(type);
    what.exchange = bed.exchange_name();
    if (type == "fanout") {
        for (const std::string& queue : bed.names()) bed.bind(queue, "");
        what.keys = {""};
        return what;
    }
    const std::size_t bindings = words.count("bindings", 10'000);
    for (std::size_t i = 0; i < bindings; ++i) {
        const std::string& queue = bed.names()[i % bed.names().size()];
        bed.bind(queue, i % 2 == 0 ? fmt::format("site{}.*.reading", i) : fmt::format("site{}.#", i));
        if (i % 10 == 0) what.keys.push_back(fmt::format("site{}.sensor{}.reading", i, i % 7));
        else if (i % 10 == 5) what.keys.push_back(fmt::format("site{}.sensor.alarm.high", i));
    }
    return what;
}

Crowd crowd_of(const Words& words, const AmqpBed& bed, const Publishing& publishing) {
    Crowd crowd;
    const std::size_t producers = words.count("producers", 1), consumers = words.count("consumers", 1);
    for (std::size_t i = 0; i < consumers; ++i) {
        Consuming consuming;
        consuming.prefetch = static_cast<std::uint16_t>(words.count("prefetch", 500));
        consuming.ack_every = words.count("ack_every", 1);
        for (std::size_t q = i; q < bed.names().size(); q += consumers) consuming.queues.push_back(bed.names()[q]);
        crowd.consumers.push_back(std::make_unique<Consumer>(words.port(), std::move(consuming)));
    }
    for (std::size_t i = 0; i < producers; ++i) {
        Publishing mine = publishing;
        std::rotate(mine.keys.begin(), mine.keys.begin() + static_cast<std::ptrdiff_t>(i * mine.keys.size() / producers), mine.keys.end());
        crowd.producers.push_back(std::make_unique<Producer>(words.port(), std::move(mine)));
    }
    return crowd;
}

void flow(const Words& words) {
    AmqpBed bed(words);
    bed.queues(words.count("queues", 1));
    const Publishing publishing = route(bed, words);
    std::string figures;
    {
        const Crowd crowd = crowd_of(words, bed, publishing);
        Loop loop;
        crowd.join(loop);
        const auto never = [] { return false; };
        loop.run(never, milliseconds_of(words.number("warm", 1)));
        const Span span;
        const std::uint64_t received = crowd.received(), confirmed = crowd.confirmed();
        loop.run(never, milliseconds_of(words.number("seconds", 5)));
        figures = fmt::format(R"({{"rate":{:.1f},"confirmed_rate":{:.1f},"client_cores":{:.3f}}})",
                              static_cast<double>(crowd.received() - received) / span.seconds(),
                              static_cast<double>(crowd.confirmed() - confirmed) / span.seconds(), span.cores());
        // What is under way ends, so that the broker is quiet when the next one runs.
        for (const auto& producer : crowd.producers) producer->stop();
        const auto all_confirmed = [&] {
            return std::all_of(crowd.producers.begin(), crowd.producers.end(), [](const auto& p) { return p->confirmed == p->published; });
        };
        loop.run(all_confirmed, longest);
    }
    bed.remove_all();
    fmt::print("figures {}\n", figures);
}

/// Publishes `count` messages to a queue that stays.
void fill(const Words& words) {
    AmqpBed bed(words);
    Publishing what;
    what.keys = bed.queues(1);
    what.bytes = words.count("bytes", 1024);
    what.window = words.count("window", 1'000);
    what.count = words.count("count", 100'000);
    what.priorities = static_cast<std::uint8_t>(words.count("priorities", 0));
    Producer producer(words.port(), what);
    Loop loop;
    loop.add(producer);
    const Span span;
    loop.run([&] { return producer.confirmed == what.count; }, longest);
    if (producer.confirmed < what.count) throw std::runtime_error(fmt::format("only {} were confirmed", producer.confirmed));
    fmt::print("figures {{\"rate\":{:.1f},\"client_cores\":{:.3f}}}\n", static_cast<double>(what.count) / span.seconds(), span.cores());
}

/// Consumes what fill made, and removes the queue.
void drain(const Words& words) {
    AmqpBed bed(words);
    bed.queues(1);
    const std::uint64_t count = words.count("count", 100'000);
    std::string figures;
    {
        Consuming what;
        what.queues = bed.names();
        what.ack_every = words.count("ack_every", 1);
        Consumer consumer(words.port(), what);
        consumer.check_order();
        Loop loop;
        loop.add(consumer);
        const Span span;
        loop.run([&] { return consumer.received >= count; }, longest);
        if (consumer.received < count) throw std::runtime_error(fmt::format("only {} of {} came", consumer.received, count));
        figures = fmt::format(R"({{"rate":{:.1f},"out_of_order":{},"client_cores":{:.3f}}})", static_cast<double>(count) / span.seconds(),
                              consumer.out_of_order, span.cores());
        consumer.peer.ask(amqp::ChannelClose{}, {20, 41});  // the last acknowledgements were heard
    }
    bed.remove_all();
    fmt::print("figures {}\n", figures);
}

std::string spread(const char* name, const std::vector<double>& values) {
    return fmt::format(R"("{0}_p50":{1:.4f},"{0}_p99":{2:.4f},"{0}_max":{3:.4f})", name, percentile(values, 0.5), percentile(values, 0.99),
                       values.empty() ? 0.0 : *std::max_element(values.begin(), values.end()));
}

/// At a steady rate, or with a window one after the other: how soon messages are confirmed and reach their consumer.
void latency(const Words& words) {
    AmqpBed bed(words);
    Publishing what;
    what.keys = bed.queues(1);
    what.bytes = words.count("bytes", 1024);
    what.window = words.count("window", no_more_waiting_than);
    what.per_second = words.number("per_second", 0);
    std::string figures;
    {
        Consuming consuming;
        const bool consumes = words.count("consumers", 1) > 0;
        if (consumes) consuming.queues = bed.names();
        Consumer consumer(words.port(), consuming);
        Producer producer(words.port(), what);
        const auto through = [&] { return consumes ? consumer.received : producer.confirmed; };
        Loop loop;
        loop.add(consumer);
        loop.add(producer);
        if (what.per_second > 0) loop.tick_every(std::chrono::microseconds(200));
        const auto never = [] { return false; };
        loop.run(never, milliseconds_of(words.number("warm", 1)));
        producer.keep_times();
        consumer.keep_times();
        const Span span;
        const std::uint64_t before = through();
        loop.run(never, milliseconds_of(words.number("seconds", 5)));
        figures = fmt::format(R"({{"rate":{:.1f},{},{},"client_cores":{:.3f}}})", static_cast<double>(through() - before) / span.seconds(),
                              spread("confirm", producer.confirm_ms), spread("reached", consumer.reached_ms), span.cores());
        producer.stop();
        loop.run([&] { return producer.confirmed == producer.published; }, longest);
    }
    bed.remove_all();
    fmt::print("figures {}\n", figures);
}

void reply(const Words& words) {
    AmqpBed bed(words);
    bed.transient_queue();
    std::string figures;
    {
        Answerer answerer(words.port(), bed.names().front());
        std::vector<std::unique_ptr<Requester>> requesters;
        Loop loop;
        loop.add(answerer);
        for (std::size_t i = 0; i < words.count("requesters", 10); ++i) {
            requesters.push_back(
                std::make_unique<Requester>(words.port(), bed.names().front(), words.count("outstanding", 10), words.count("bytes", 100)));
            loop.add(*requesters.back());
        }
        const auto never = [] { return false; };
        loop.run(never, milliseconds_of(words.number("warm", 1)));
        for (auto& r : requesters) r->answered_ms.clear();
        const Span span;
        loop.run(never, milliseconds_of(words.number("seconds", 5)));
        std::vector<double> all;
        for (const auto& r : requesters) all.insert(all.end(), r->answered_ms.begin(), r->answered_ms.end());
        figures = fmt::format(R"({{"rate":{:.1f},{},"client_cores":{:.3f}}})", static_cast<double>(all.size()) / span.seconds(),
                              spread("answered", all), span.cores());
    }
    bed.remove_all();
    fmt::print("figures {}\n", figures);
}

/// `count` messages over x-delayed-message, due over some seconds: how late each is.
void delayed(const Words& words) {
    AmqpBed bed(words);
    bed.queues(1);
    bed.exchange("x-delayed-message", HeaderTable{{"x-delayed-type", {std::string("direct"), {}}}});
    bed.bind(bed.names().front(), "due");
    Publishing what;
    what.exchange = bed.exchange_name();
    what.keys = {"due"};
    what.bytes = words.count("bytes", 100);
    what.count = words.count("count", 100'000);
    what.delay_from_ms = static_cast<std::int64_t>(words.number("from_ms", 10'000));
    what.delay_to_ms = static_cast<std::int64_t>(words.number("to_ms", 20'000));
    std::string figures;
    {
        Consuming consuming;
        consuming.queues = bed.names();
        Consumer consumer(words.port(), consuming);
        consumer.keep_times();
        Producer producer(words.port(), what);
        Loop loop;
        loop.add(consumer);
        loop.add(producer);
        const Span span;
        loop.run([&] { return consumer.received >= what.count; }, longest);
        if (consumer.received < what.count) throw std::runtime_error(fmt::format("only {} of {} came", consumer.received, what.count));
        const auto early = std::count_if(consumer.reached_ms.begin(), consumer.reached_ms.end(), [](double ms) { return ms < 0; });
        figures = fmt::format(R"({{"seconds":{:.2f},"early":{},{},"client_cores":{:.3f}}})", span.seconds(), early,
                              spread("late", consumer.reached_ms), span.cores());
        consumer.peer.ask(amqp::ChannelClose{}, {20, 41});
    }
    bed.remove_all();
    fmt::print("figures {}\n", figures);
}

/// The rows of such messages written by SQLite alone.
void raw(const Words& words) {
    const std::string file = words.text("file", "");
    RawFlow rows(store_settings(file), words.count("bytes", 1024), words.count("queues", 1));
    const std::size_t batch = words.count("batch", 500);
    rows.run(batch, words.number("warm", 1));
    fmt::print("figures {{\"rate\":{:.1f}}}\n", rows.run(batch, words.number("seconds", 5)));
}

int run(int count, char** words) {
    const std::string work = count > 1 ? words[1] : "";
    const Words given(count - 2, words + 2);
    if (work == "flow") flow(given);
    else if (work == "fill") fill(given);
    else if (work == "drain") drain(given);
    else if (work == "latency") latency(given);
    else if (work == "reply") reply(given);
    else if (work == "delayed") delayed(given);
    else if (work == "raw") raw(given);
    else throw std::runtime_error(fmt::format("no work '{}'", work));
    return 0;
}

}  // namespace
}  // namespace rowmq::bench

int main(int count, char** words) {
    try {
        return rowmq::bench::run(count, words);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "rowmq_bench_amqp: {}\n", failure.what());
        return 1;
    }
}
