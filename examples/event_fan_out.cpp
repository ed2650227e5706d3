// One event, three services, none of which knows the others: a fanout exchange with a queue for each service.
//
//   event_fan_out [STORE]      STORE is sqlite:PATH (default: a file in a temporary folder) or memory:
//
// The shop publishes "order placed" to the exchange, once. Every bound queue gets it, and its service works at its own
// pace: billing is done at once; mailing fails twice, and gets the event again after a delay that doubles; stock does not
// understand one of the events, tries it three times, and finds it in its dead-letter queue, where somebody can look at it.
// Nobody waits for anybody else, and a service that is not running finds its events when it is back.

#include <rowmq/blocking.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using rowmq::Verdict;
using rowmq::blocking::Broker;

namespace {

constexpr unsigned attempts = 3;

/// One service: what its queue is named, and whether its work on an event succeeds at the manyth attempt.
struct Service {
    std::string name;
    std::function<bool(const std::string& event, unsigned attempt)> work;
    std::vector<std::string> done{};
};

std::vector<Service> services() {
    return {
        {"billing", [](const std::string&, unsigned) { return true; }},
        {"mailing", [](const std::string&, unsigned attempt) { return attempt == 3; }},
        {"stock", [](const std::string& event, unsigned) { return event.find("??") == std::string::npos; }},
    };
}

/// A queue for the service, bound to the exchange, and one beside it for what it cannot do.
void declare(Broker& broker, const std::string& service) {
    broker.declare_queue(service + "-failed").value();
    rowmq::QueueOptions options;
    options.max_receives = attempts;
    options.dead_letter = rowmq::DeadLetter{.exchange = "", .routing_key = service + "-failed"};
    options.backoff = {.initial = 40ms, .multiplier = 2.0, .max = 1min, .jitter = 0.1};
    broker.declare_queue(service, options).value();
    broker.bind({.exchange = "order-placed", .queue = service, .routing_key = ""}).value();
}

/// Nothing waits, is worked on, or comes back later.
bool at_rest(Broker& broker, const std::string& queue) {
    const auto counts = broker.queue(queue).value().counts;
    return counts.ready + counts.delayed + counts.leased == 0;
}

void run_service(Broker& broker, Service& service) {
    auto session = broker.open_session().value();
    auto events = session.subscribe(service.name).value();
    while (!at_rest(broker, service.name)) {
        for (const auto& event : events.next({.max = 10, .wait = 20ms}).value()) {
            const std::string text(event.message.text());
            const bool worked = service.work(text, event.receives);
            std::printf("%-8s %-16s attempt %u %s\n", service.name.c_str(), text.c_str(), event.receives, worked ? "done" : "failed");
            if (worked) service.done.push_back(text);
            // Released without a delay of its own, it comes back after the queue's backoff, or is dead-lettered when this
            // was its last attempt.
            session.settle(event.lease, worked ? Verdict::done : Verdict::release).value();
        }
    }
}

int check(bool holds, const char* what) {
    std::printf("%s %s\n", holds ? "ok    " : "WRONG ", what);
    return holds ? 0 : 1;
}

int run(const std::string& store) {
    auto broker = Broker::open(store).value();
    broker.declare_exchange("order-placed", {.kind = rowmq::ExchangeKind::fanout}).value();
    auto all = services();
    for (const auto& service : all) declare(broker, service.name);

    auto shop = broker.open_session().value();
    std::uint32_t reached = 0;
    for (const auto* event : {"order 1", "order 2", "order ?? (no id)"}) {
        reached +=
            shop.publish(rowmq::Publish{.exchange = "order-placed", .routing_key = "", .message = rowmq::Message(event)}).value().queues;
    }
    std::printf("shop     published 3 events into %u places\n", reached);

    std::vector<std::thread> threads;
    for (auto& service : all) threads.emplace_back([&] { run_service(broker, service); });
    for (auto& thread : threads) thread.join();

    int wrong = check(reached == 9, "each event reached every service");
    wrong += check(all[0].done.size() == 3, "billing did all three");
    wrong += check(all[1].done.size() == 3, "mailing too, each at its third attempt");
    wrong += check(all[2].done == std::vector<std::string>{"order 1", "order 2"}, "stock did what it understands");
    const auto failed = shop.receive("stock-failed", {.max = 10, .wait = 1s}).value();
    wrong += check(failed.size() == 1 && failed[0].message.text() == "order ?? (no id)", "and the third event lies in stock-failed");
    wrong += check(failed.size() == 1 && failed[0].dead_letters.at(0).receives == attempts, "after three attempts");
    wrong += check(at_rest(broker, "billing-failed") && at_rest(broker, "mailing-failed"), "nobody else has dead letters");
    return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto folder = std::filesystem::temp_directory_path() / ("rowmq-fan-out-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    int exit = 1;
    try {
        exit = run(argc > 1 ? argv[1] : "sqlite:" + (folder / "events.db").string());
    } catch (const rowmq::ErrorException& error) {
        std::fprintf(stderr, "%s: %s\n", std::string(name_of(error.error().code)).c_str(), error.what());
    }
    std::filesystem::remove_all(folder);
    return exit;
}
