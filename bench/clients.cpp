#include "clients.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>

namespace rowmq::bench {
namespace {

/// What the coroutines of one run share.
struct Run {
    explicit Run(Bed& owner) : bed(owner), quiet(owner.context()) { quiet.expires_at(SteadyTime::max()); }

    Bed& bed;
    Progress progress;
    std::uint64_t publish_at_most = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t submitted = 0;
    std::uint64_t consume_at_most = std::numeric_limits<std::uint64_t>::max();
    bool stop = false;
    std::size_t publishing = 0, consuming = 0;
    std::vector<Subscription> subscriptions;
    boost::asio::steady_timer quiet;  ///< cancelled at every step somebody may wait for
    std::exception_ptr failure;

    void end_consumers() {
        for (auto& subscription : subscriptions) subscription.close();
    }
    void step() {
        if (publishing == 0 && (progress.done >= consume_at_most || (stop && progress.done >= progress.published))) end_consumers();
        if (publishing == 0 && consuming == 0) quiet.cancel();
    }
    void fail() {
        if (!failure) failure = std::current_exception();
        stop = true;
        end_consumers();
    }
};

awaitable<void> publish_all(Run& run, Feed& feed, std::size_t batch) {
    auto session = must(run.bed.broker().open_session());
    while (!run.stop && run.submitted < run.publish_at_most) {
        const auto count = std::min<std::uint64_t>(batch, run.publish_at_most - run.submitted);
        run.submitted += count;
        auto messages = feed.take(count);
        auto receipt = co_await session.publish(std::move(messages));
        if (!receipt) throw std::runtime_error(receipt.error().text);
        for (const auto& result : receipt->results)
            if (result.error) throw std::runtime_error(result.error->text);
        run.progress.published += count;
    }
}

awaitable<void> publisher(Run& run, Feed& feed, std::size_t batch) {
    try {
        co_await publish_all(run, feed, batch);
    } catch (...) {
        run.fail();
    }
    --run.publishing;
    run.step();
}

awaitable<void> consume_all(Run& run, Session& session, Subscription subscription, std::size_t max) {
    const NextRequest request{.max = max, .max_bytes = 0, .wait = std::chrono::minutes(10), .lease = {}};
    for (;;) {
        auto taken = co_await subscription.next(request);
        if (!taken && taken.error().code == Errc::closed) break;
        if (!taken) throw std::runtime_error(taken.error().text);
        std::vector<Settlement> settlements;
        settlements.reserve(taken->size());
        for (const auto& delivery : *taken) settlements.push_back({delivery.lease, Verdict::done, {}});
        auto settled = co_await session.settle(std::move(settlements));
        for (const auto& error : settled.results)
            if (error) throw std::runtime_error(error->text);
        run.progress.done += taken->size();
        run.step();
    }
}

awaitable<void> consumer(Run& run, std::size_t queue, std::size_t max) {
    try {
        auto session = must(run.bed.broker().open_session());
        auto subscription = must(session.subscribe(queue_name(queue)));
        run.subscriptions.push_back(subscription);
        co_await consume_all(run, session, subscription, max);
    } catch (...) {
        run.fail();
    }
    --run.consuming;
    run.step();
}

awaitable<void> until_quiet(Run& run) {
    while (run.publishing > 0 || run.consuming > 0) {
        boost::system::error_code ignored;
        co_await run.quiet.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
}

awaitable<void> declare_some(Bed& bed, std::size_t& next, std::size_t queues, QueueOptions options) {
    while (next < queues) {
        const std::string name = queue_name(next++);
        must(co_await bed.broker().declare_queue(name, options));
    }
}

void start_publishers(Run& run, const Load& load, Feed& feed) {
    run.publishing = load.publishers;
    for (std::size_t i = 0; i < load.publishers; ++i)
        boost::asio::co_spawn(run.bed.context(), publisher(run, feed, load.batch), boost::asio::detached);
}

void start_consumers(Run& run, const Load& load) {
    run.consuming = std::max(load.consumers, load.queues);
    for (std::size_t i = 0; i < run.consuming; ++i)
        boost::asio::co_spawn(run.bed.context(), consumer(run, i % load.queues, load.max), boost::asio::detached);
}

/// Runs to the end; what had been reached after `seconds` is the rate.
Rate drive(Run& run, double seconds, const std::uint64_t& counted) {
    const auto start = now();
    const auto transactions = run.bed.transactions();
    const auto used_before = processor_time();
    Rate rate;
    const auto note = [&] {
        rate.per_second = static_cast<double>(counted) / seconds_since(start);
        const auto commits = static_cast<double>(run.bed.transactions() - transactions);
        rate.batch = commits > 0 ? static_cast<double>(counted) / commits : 0;
        const auto used = processor_time() - used_before;
        const auto messages = std::max(1.0, static_cast<double>(counted));
        rate.broker_us = used.own * 1e6 / messages;
        rate.storage_us = used.others * 1e6 / messages;
    };
    boost::asio::steady_timer deadline(run.bed.context());
    if (seconds > 0) {
        deadline.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
        deadline.async_wait([&](boost::system::error_code cancelled) {
            if (cancelled) return;
            note();
            run.stop = true;
            run.step();
        });
    }
    run.bed.run(until_quiet(run));
    deadline.cancel();
    if (run.failure) std::rethrow_exception(run.failure);
    if (rate.per_second == 0) note();
    return rate;
}

}  // namespace

std::string queue_name(std::size_t index) { return "q" + std::to_string(index); }

void declare_queues(Bed& bed, std::size_t queues, QueueOptions options) {
    std::size_t next = 0;
    std::size_t running = std::min<std::size_t>(queues, 256);
    std::exception_ptr failure;
    boost::asio::steady_timer ended(bed.context(), SteadyTime::max());
    for (std::size_t i = running; i > 0; --i)
        boost::asio::co_spawn(bed.context(), declare_some(bed, next, queues, options), [&](std::exception_ptr error) {
            if (error) failure = error;
            if (--running == 0) ended.cancel();
        });
    bed.run([](boost::asio::steady_timer& timer) -> awaitable<void> {
        boost::system::error_code ignored;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }(ended));
    if (failure) std::rethrow_exception(failure);
}

std::vector<Publish> Feed::take(std::size_t count) {
    std::vector<Publish> messages(count);
    for (auto& message : messages) {
        message.routing_key = queue_name(next_++ % queues_);
        message.message = body_;
    }
    return messages;
}

Rate run_flow(Bed& bed, Load load, Feed& feed, double seconds) {
    Run run(bed);
    start_consumers(run, load);
    start_publishers(run, load, feed);
    return drive(run, seconds, run.progress.done);
}

Rate run_publish(Bed& bed, Load load, Feed& feed, double seconds, std::uint64_t count) {
    Run run(bed);
    if (count > 0) run.publish_at_most = count;
    start_publishers(run, load, feed);
    return drive(run, seconds, run.progress.published);
}

Rate run_consume(Bed& bed, Load load, std::uint64_t count) {
    Run run(bed);
    run.consume_at_most = count;
    start_consumers(run, load);
    return drive(run, 0, run.progress.done);
}

}  // namespace rowmq::bench
