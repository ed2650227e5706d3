// A million waiting, four ways: is the next receive the right one, how soon, in how much memory, and after a restart.

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "bench.hpp"
#include "clients.hpp"
#include "parts.hpp"

namespace rowmq::bench {
namespace {

constexpr std::size_t deep = 119'999;  ///< entries of the leased group before the first of another
constexpr std::size_t spread_queues = 100'000;

struct Received {
    Delivery delivery;
    SteadyTime at;
    double milliseconds = 0;
};

/// Not settled, it goes back to its place when this session ends.
enum class Afterwards : std::uint8_t { settle, leave };

awaitable<Received> take_one(Bed& bed, std::string queue, milliseconds wait, Afterwards afterwards) {
    auto session = must(bed.broker().open_session());
    Received received;
    const NextRequest request{.max = 1, .max_bytes = 0, .wait = wait, .lease = {}};
    const auto start = now();
    auto taken = must(co_await session.receive(queue, request));
    received.at = now();
    received.milliseconds = seconds_since(start) * 1e3;
    if (taken.empty()) throw std::runtime_error("nothing received from " + queue);
    received.delivery = std::move(taken.front());
    const Lease lease = received.delivery.lease;
    if (afterwards == Afterwards::settle) must(co_await session.settle(lease));
    co_return received;
}

Received receive_one(Bed& bed, const std::string& queue, Afterwards afterwards = Afterwards::settle) {
    return bed.run(take_one(bed, queue, std::chrono::seconds(10), afterwards));
}

awaitable<void> publish_some(Bed& bed, std::vector<Publish> messages) {
    auto session = must(bed.broker().open_session());
    auto receipt = must(co_await session.publish(std::move(messages)));
    for (const auto& result : receipt.results)
        if (result.error) throw std::runtime_error(result.error->text);
}

/// Publishes `count` messages in batches; `shape` completes each.
template <typename Shape>
void publish_many(Bed& bed, std::size_t count, Shape shape) {
    const Message body{std::string(256, 'x')};
    for (std::size_t made = 0; made < count;) {
        std::vector<Publish> batch(std::min<std::size_t>(1000, count - made));
        for (auto& message : batch) {
            message.routing_key = queue_name(0);
            message.message = body;
            shape(message, made++);
        }
        bed.run(publish_some(bed, std::move(batch)));
    }
}

void publish_one(Bed& bed, Publish message) {
    message.routing_key = queue_name(0);
    std::vector<Publish> one;
    one.push_back(std::move(message));
    bed.run(publish_some(bed, std::move(one)));
}

Publish the_right_one() {
    Publish message;
    message.message = Message("right");
    return message;
}

void expect_right(const Received& received) {
    if (received.delivery.message.text() != "right") throw std::runtime_error("another message was received first");
}

std::size_t count_of(const std::vector<std::string>& arguments) { return std::stoull(arguments.at(1)); }

/// A group in the same lane as "held": the worst place, because every entry of the held group stands before it.
std::string neighbour_group() {
    const auto lane = [](std::string_view group) {  // as the broker places groups
        std::uint64_t hash = 0xcbf29ce484222325u;
        for (const char c : group) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        return (hash ^ (hash >> 32u)) % 64;
    };
    for (int i = 0;; ++i)
        if (const auto name = fmt::format("other{}", i); lane(name) == lane("held")) return name;
}

awaitable<Lease> lease_first(Session& holder) {
    const NextRequest request{.max = 1, .max_bytes = 0, .wait = std::chrono::seconds(10), .lease = {}};
    auto taken = must(co_await holder.receive(queue_name(0), request));
    if (taken.empty()) throw std::runtime_error("nothing to lease");
    co_return taken.front().lease;
}

/// The queue's first group is leased by taking its head; then the next receive has to find the other. It stays.
double past_leased_group(Bed& bed) {
    auto holder = must(bed.broker().open_session());
    const auto held = bed.run(lease_first(holder));
    const auto received = receive_one(bed, queue_name(0), Afterwards::leave);
    expect_right(received);
    if (received.delivery.lease.lane != held.lane) throw std::runtime_error("the groups are not in one lane");
    return received.milliseconds;
}

}  // namespace

void priority_fill(const std::vector<std::string>& arguments, Part& figures) {
    Bed bed(arguments.at(0));
    QueueOptions options;
    options.max_priority = 9;
    declare_queues(bed, 1, options);
    publish_many(bed, count_of(arguments), [](Publish&, std::size_t) {});
    auto message = the_right_one();
    message.priority = 9;
    publish_one(bed, message);
    const auto received = receive_one(bed, queue_name(0));
    expect_right(received);
    figures["next"] = received.milliseconds;
    publish_one(bed, message);  // for after the restart
}

void priority_receive(const std::vector<std::string>& arguments, Part& figures) {
    const auto start = now();
    Bed bed(arguments.at(0));
    const auto received = receive_one(bed, queue_name(0));
    figures["restart"] = seconds_since(start);
    expect_right(received);
    figures["next"] = received.milliseconds;
}

void groups_fill(const std::vector<std::string>& arguments, Part& figures) {
    Bed bed(arguments.at(0));
    QueueOptions options;
    options.kind = QueueKind::fifo;
    declare_queues(bed, 1, options);
    const auto held = [](Publish& message, std::size_t) { message.group = "held"; };
    publish_many(bed, deep, held);
    auto message = the_right_one();
    message.group = neighbour_group();
    publish_one(bed, message);
    publish_many(bed, count_of(arguments) - deep, held);
    figures["next"] = past_leased_group(bed);
}

void groups_receive(const std::vector<std::string>& arguments, Part& figures) {
    const auto start = now();
    Bed bed(arguments.at(0));
    const auto first = receive_one(bed, queue_name(0), Afterwards::leave);
    figures["restart"] = seconds_since(start);
    if (first.delivery.message.text() == "right") throw std::runtime_error("the other group came before its turn");
    figures["next"] = past_leased_group(bed);
}

void delayed_fill(const std::vector<std::string>& arguments, Part& figures) {
    Bed bed(arguments.at(0));
    declare_queues(bed, 1);
    publish_many(bed, count_of(arguments),
                 [](Publish& message, std::size_t i) { message.delay = std::chrono::hours(1) + milliseconds(i); });
    auto message = the_right_one();
    message.delay = milliseconds(300);
    const auto start = now();
    publish_one(bed, message);
    const auto received = receive_one(bed, queue_name(0));
    expect_right(received);
    figures["next"] = std::max(0.0, std::chrono::duration<double>(received.at - start).count() * 1e3 - 300);  // after it was due
    message.delay = milliseconds(0);
    publish_one(bed, message);
}

void delayed_receive(const std::vector<std::string>& arguments, Part& figures) {
    const auto start = now();
    Bed bed(arguments.at(0));
    const auto received = receive_one(bed, queue_name(0));
    figures["restart"] = seconds_since(start);
    expect_right(received);
    figures["next"] = received.milliseconds;
}

void spread_fill(const std::vector<std::string>& arguments, Part& figures) {
    Bed bed(arguments.at(0));
    declare_queues(bed, spread_queues);
    publish_many(bed, count_of(arguments), [](Publish& message, std::size_t i) { message.routing_key = queue_name(i % spread_queues); });
    std::mt19937 random(1);
    double worst = 0;
    for (int i = 0; i < 1000; ++i) worst = std::max(worst, receive_one(bed, queue_name(random() % spread_queues)).milliseconds);
    figures["next"] = worst;
}

void spread_receive(const std::vector<std::string>& arguments, Part& figures) {
    const auto start = now();
    Bed bed(arguments.at(0));
    std::mt19937 random(2);
    receive_one(bed, queue_name(random() % spread_queues));
    figures["restart"] = seconds_since(start);
    double worst = 0;
    for (int i = 0; i < 1000; ++i) worst = std::max(worst, receive_one(bed, queue_name(random() % spread_queues)).milliseconds);
    figures["next"] = worst;
}

void million(const Settings& settings, Report& report) {
    const std::string count = settings.quick ? "200000" : "1000000";
    struct Case {
        std::string part, what, next;
    };
    const std::vector<Case> cases{
        {"priority", "priority 0, then one of 9", "the one of 9"},
        {"groups", "one leased group, another at place 120000", "of the other group"},
        {"delayed", "delayed, one of them due", "after it is due"},
        {"spread", "over 100000 queues", "worst of 1000 receives"},
    };
    for (const auto& c : cases) {
        Scratch scratch(settings.directory);
        const std::string file = scratch.file("store.db");
        const std::string name = count + " waiting, " + c.what;
        try {
            const auto fill = in_own_process(settings, c.part + "_fill", {file, count});
            report.add(
                {.name = name + ": next receive", .unit = "ms", .value = fill.at("next"), .bar = 50.0, .at_least = false, .note = c.next});
            report.add({.name = name + ": peak memory",
                        .unit = "MiB",
                        .value = fill.at("peak"),
                        .bar = 128.0,
                        .at_least = false,
                        .note = "filling included"});
            const auto again = in_own_process(settings, c.part + "_receive", {file, count});
            report.add(
                {.name = name + ": restart to first receive", .unit = "s", .value = again.at("restart"), .bar = 1.0, .at_least = false});
            if (again.contains("next"))
                report.add({.name = name + ": next receive after a restart",
                            .unit = "ms",
                            .value = again.at("next"),
                            .bar = 50.0,
                            .at_least = false});
            report.add({.name = name + ": peak memory after a restart",
                        .unit = "MiB",
                        .value = again.at("peak"),
                        .bar = 128.0,
                        .at_least = false});
        } catch (const std::exception& failure) {
            report.add({.name = name + ": " + failure.what(), .unit = "", .value = 0, .bar = 1.0, .note = "failed"});
        }
    }
}

}  // namespace rowmq::bench
