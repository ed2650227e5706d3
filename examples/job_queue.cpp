// A job queue inside a program: producers, workers, retries with exponential backoff, dead letters.
//
//   job_queue [STORE]      STORE is sqlite:PATH (default: a file in a temporary folder) or memory:
//
// Jobs are messages. A worker takes one, works, and says done; when the work fails it releases the job, which comes back
// after a delay that doubles each time. A job that failed three times goes to the queue "failed-jobs" with the reason.

#include <rowmq/blocking.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using rowmq::Verdict;
using rowmq::blocking::Broker;

namespace {

constexpr int jobs = 100;
constexpr int workers = 4;
constexpr int attempts = 3;

struct Log {
    std::mutex mutex;
    std::map<std::string, int> attempts_of;
};

/// Every tenth job fails once, and job 13 always.
bool work(const std::string& job, int attempt) {
    const int number = std::atoi(job.c_str() + job.find(' ') + 1);
    if (number == 13) return false;
    return number % 10 != 0 || attempt > 1;
}

void produce(Broker& broker) {
    auto session = broker.open_session().value();
    std::vector<rowmq::Publish> batch;
    for (int i = 0; i < jobs; ++i) {
        batch.push_back({.routing_key = "jobs", .message = rowmq::Message("job " + std::to_string(i))});
    }
    // On disk when it returns; value() throws what went wrong, if anything did.
    const auto receipt = session.publish(std::move(batch)).value();
    std::printf("published %zu jobs in one commit\n", receipt.results.size());
}

void consume(Broker& broker, Log& log, std::atomic<int>& open) {
    auto session = broker.open_session().value();
    auto subscription = session.subscribe("jobs").value();
    while (open > 0) {
        for (const auto& job : subscription.next({.max = 5, .wait = 100ms}).value()) {
            const std::string name(job.message.text());
            {
                const std::lock_guard lock(log.mutex);
                ++log.attempts_of[name];
            }
            if (work(name, static_cast<int>(job.receives))) {
                session.settle(job.lease, Verdict::done).value();
                --open;
            } else {
                std::printf("%s failed at attempt %u\n", name.c_str(), job.receives);
                // Without a delay of its own the queue's backoff decides when it comes back, or that it has failed for good.
                session.settle(job.lease, Verdict::release).value();
                if (job.receives == attempts) --open;
            }
        }
    }
}

int check(bool holds, const char* what) {
    std::printf("%s %s\n", holds ? "ok    " : "WRONG ", what);
    return holds ? 0 : 1;
}

int run(const std::string& store) {
    auto broker = Broker::open(store).value();
    broker.declare_queue("failed-jobs").value();
    rowmq::QueueOptions options;
    options.max_receives = attempts;
    options.dead_letter = rowmq::DeadLetter{.exchange = "", .routing_key = "failed-jobs"};
    options.backoff = {.initial = 20ms, .multiplier = 2.0, .max = 1s, .jitter = 0.1};
    broker.declare_queue("jobs", options).value();

    std::atomic<int> open = jobs;
    Log log;
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([&] { consume(broker, log, open); });
    produce(broker);
    for (auto& thread : threads) thread.join();

    const auto counts = broker.queue("jobs").value().counts;
    std::printf("jobs: %lld done, %lld dead-lettered, %lld waiting\n", static_cast<long long>(counts.done),
                static_cast<long long>(counts.dead_lettered), static_cast<long long>(counts.ready + counts.delayed + counts.leased));
    int wrong = 0;
    wrong += check(counts.done == jobs - 1, "every job but one was done");
    wrong += check(log.attempts_of["job 7"] == 1, "a job that succeeds is worked on once");
    wrong += check(log.attempts_of["job 20"] == 2, "a job that fails once is worked on twice");
    wrong += check(log.attempts_of["job 13"] == attempts, "a job that always fails is tried three times");
    auto session = broker.open_session().value();
    const auto failed = session.receive("failed-jobs", {.max = 10, .wait = 1s}).value();
    wrong += check(failed.size() == 1 && failed.front().message.text() == "job 13", "and then lies in failed-jobs");
    wrong += check(!failed.empty() && !failed.front().dead_letters.empty() && failed.front().dead_letters.front().queue == "jobs",
                   "with the queue it came from");
    return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto folder = std::filesystem::temp_directory_path() / ("rowmq-job-queue-" + std::to_string(::getpid()));
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
