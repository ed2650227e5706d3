// Jobs for later: after a delay, at a time of the clock, most urgent first, again with longer and longer pauses, or never.
//
//   scheduled_jobs [STORE]      STORE is sqlite:PATH (default: a file in a temporary folder) or memory:
//
// A delay may be as long as you like; the job is a row in the store until then, so a restart does not forget it. What is
// delayed can be cancelled by the id that publishing gave. Of the jobs that are due, a queue with priorities gives the
// most urgent first. A job that fails is released, and comes back after a pause that doubles with every attempt.

#include <rowmq/blocking.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using rowmq::Verdict;
using rowmq::blocking::Broker;
using rowmq::blocking::Session;

namespace {

/// What the worker did, and when, seen from the start.
struct Done {
    std::string job;
    std::uint32_t attempt;
    std::chrono::milliseconds after;
};

rowmq::Publish job(const char* name, std::uint8_t priority = 5) {
    return {.routing_key = "jobs", .message = rowmq::Message(name), .priority = priority};
}

/// Puts the jobs into the queue; gives the id of the one that will be cancelled.
rowmq::MessageId schedule(Session& session) {
    auto report = job("report");
    report.delay = 300ms;
    auto newsletter = job("newsletter");
    newsletter.deliver_at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + 600ms;
    auto reminder = job("reminder");
    reminder.delay = std::chrono::days(365);

    session.publish({job("tidy up", 1), job("ordinary"), job("urgent", 9), job("flaky", 0)}).value();
    session.publish(report).value();
    session.publish(newsletter).value();
    return session.publish(reminder).value().message;
}

/// Works until so many jobs were done.
std::vector<Done> work(Session& session, std::size_t jobs, Clock::time_point began) {
    std::vector<Done> done;
    for (std::size_t left = jobs; left > 0;) {
        for (const auto& delivery : session.receive("jobs", {.wait = 5s}).value()) {
            const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
            done.push_back({std::string(delivery.message.text()), delivery.receives, after});
            const bool failed = done.back().job == "flaky" && delivery.receives < 3;
            std::printf("%5lld ms  %-10s attempt %u%s\n", static_cast<long long>(after.count()), done.back().job.c_str(), delivery.receives,
                        failed ? ", failed" : "");
            session.settle(delivery.lease, failed ? Verdict::release : Verdict::done).value();
            if (!failed) --left;
        }
    }
    return done;
}

std::chrono::milliseconds when(const std::vector<Done>& done, const std::string& name, std::uint32_t attempt = 1) {
    const auto found = std::ranges::find_if(done, [&](const Done& d) { return d.job == name && d.attempt == attempt; });
    return found == done.end() ? std::chrono::milliseconds(-1) : found->after;
}

int check(bool holds, const char* what) {
    std::printf("%s %s\n", holds ? "ok    " : "WRONG ", what);
    return holds ? 0 : 1;
}

int run(const std::string& store) {
    auto broker = Broker::open(store).value();
    rowmq::QueueOptions options;
    options.max_priority = 9;
    options.backoff = {.initial = 100ms, .multiplier = 2.0, .max = 1h, .jitter = 0.0};
    broker.declare_queue("jobs", options).value();
    auto session = broker.open_session().value();

    const auto began = Clock::now();
    const auto reminder = schedule(session);
    std::printf("%lld jobs are due, %lld wait for their time\n", static_cast<long long>(broker.queue("jobs").value().counts.ready),
                static_cast<long long>(broker.queue("jobs").value().counts.delayed));
    broker.cancel_delayed("jobs", reminder).value();
    const auto again = broker.cancel_delayed("jobs", reminder);
    std::printf("the reminder is cancelled; a second time: %s\n", again ? "also?" : again.error().text.c_str());
    const auto done = work(session, 6, began);

    int wrong = check(!again && again.error().code == rowmq::Errc::no_such_message, "what was cancelled is gone");
    const auto place = [&](const char* name) { return std::ranges::find(done, name, &Done::job) - done.begin(); };
    wrong += check(place("urgent") < place("ordinary") && place("ordinary") < place("tidy up"), "the most urgent came first");
    // A few milliseconds less: times due are those of the calendar's clock, which is corrected now and then.
    wrong += check(when(done, "report") >= 295ms, "the report waited for its delay");
    wrong += check(when(done, "newsletter") >= 595ms, "the newsletter for its time");
    wrong += check(when(done, "flaky", 2) - when(done, "flaky", 1) >= 95ms, "the first retry came after a pause");
    wrong += check(when(done, "flaky", 3) - when(done, "flaky", 2) >= 195ms, "the second after twice as long");
    const auto counts = broker.queue("jobs").value().counts;
    wrong += check(counts.ready + counts.delayed + counts.leased == 0, "nothing is left");
    return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto folder = std::filesystem::temp_directory_path() / ("rowmq-scheduled-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    int exit = 1;
    try {
        exit = run(argc > 1 ? argv[1] : "sqlite:" + (folder / "jobs.db").string());
    } catch (const rowmq::ErrorException& error) {
        std::fprintf(stderr, "%s: %s\n", std::string(name_of(error.error().code)).c_str(), error.what());
    }
    std::filesystem::remove_all(folder);
    return exit;
}
