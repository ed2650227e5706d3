#include "test/simulation/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "broker/make.hpp"

namespace rowmq::simulation {

using boost::asio::awaitable;
using boost::asio::co_spawn;

struct World::Waiter {
    Woken woken;
    Subscription subscription;
    bool ended = false;
};

World::World(Store store, std::uint64_t seed, std::size_t sessions, Limits limits)
    : store_(std::move(store)), limits_(limits), random_(std::make_shared<SeededRandom>(seed)), sessions_(sessions) {
    start();
}

World::~World() {
    try {
        stop();
    } catch (const std::exception&) {  // already reported as what made it so
    }
}

template <typename T>
T World::run(awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr thrown;
    co_spawn(context_, std::move(work), [&](std::exception_ptr e, T value) {
        thrown = e;
        result.emplace(std::move(value));
    });
    settle_down();
    if (thrown) std::rethrow_exception(thrown);
    if (!result) throw Stuck(store_.name + ": a call did not end");
    return std::move(*result);
}

void World::settle_down() {
    context_.restart();
    context_.poll();
}

void World::start() {
    auto engine = store_.make(context_.get_executor());
    engine_ = engine.get();
    BrokerParts parts{
        .executor = context_.get_executor(), .clock = clock_, .random = random_, .engine = std::move(engine), .limits = limits_};
    auto made = run(make_broker(std::move(parts)));
    broker_ = std::move(made.value());
    for (auto& session : sessions_) session = broker_->open_session().value();
    settle_down();
}

namespace {
awaitable<bool> close_broker(Broker& broker) {
    co_await broker.close();
    co_return true;
}
}  // namespace

void World::stop() {
    if (!broker_) return;
    run(close_broker(*broker_));
    for (auto& waiter : waiters_) waiter->subscription = {};
    for (auto& session : sessions_) session = Session{};
    broker_.reset();
    engine_ = nullptr;
    settle_down();
    clock_->cancel();
}

void World::declare(const std::string& queue, const QueueOptions& options) {
    run(broker_->declare_queue(queue, options)).value();
    queues_.push_back(queue);
}

void World::declare_fanout(const std::string& exchange, const std::vector<std::string>& queues) {
    run(broker_->declare_exchange(exchange, {.kind = ExchangeKind::fanout})).value();
    for (const auto& queue : queues) {
        Binding binding{exchange, queue, "", {}};
        run(broker_->bind(binding)).value();
    }
}

std::vector<std::string> World::problems() { return run(engine_->check()).problems; }

void World::advance(milliseconds by) {
    const auto until = clock_->monotonic() + by;
    for (int rings = 0; clock_->alarm() && *clock_->alarm() <= until; ++rings) {
        if (rings == 100'000) throw Stuck(store_.name + ": the alarm rings for ever");
        const auto ahead = *clock_->alarm() - clock_->monotonic();
        clock_->advance(std::max(ahead, std::chrono::nanoseconds(0)));
        settle_down();
    }
    clock_->advance(until - clock_->monotonic());
    settle_down();
}

void World::publish(const Operation& operation, Observation& seen) {
    auto& session = sessions_.at(operation.session);
    if (!operation.together) {
        PublishRequest request{.atomic = operation.atomic};
        auto receipt = run(session.publish(operation.publishes, request));
        if (receipt) seen.published = std::move(receipt->results);
        else seen.error = receipt.error();
        return;
    }
    seen.published.resize(operation.publishes.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; i < operation.publishes.size(); ++i)
        co_spawn(context_, sessions_.at((operation.session + i) % sessions_.size()).publish(operation.publishes[i]),
                 [&, i](std::exception_ptr thrown, Result<PublishResult> result) {
                     if (thrown) std::rethrow_exception(thrown);
                     ++ended;
                     if (result) seen.published[i] = *result;
                     else seen.published[i].error = result.error();
                 });
    settle_down();
    if (ended != operation.publishes.size()) throw Stuck(store_.name + ": a publish did not end");
}

void World::redrive(const Operation& operation, Observation& seen) {
    RedriveRequest request{.source = operation.queue, .destination = operation.destination};
    auto task = run(broker_->redrive(request));
    if (!task) {
        seen.error = task.error();
        return;
    }
    for (int tries = 0; tries < 1'000; ++tries) {
        for (const auto& known : broker_->redrives())
            if (known.id == task->id && known.state != TaskState::running) {
                seen.count = known.moved;
                if (known.state != TaskState::completed) seen.error = Error{Errc::store_failed, "the task ended with: " + known.failure};
                return;
            }
        advance(milliseconds(1));
    }
    throw Stuck(store_.name + ": a redrive of " + operation.queue + " does not end");
}

Contents World::look(const std::string& queue) {
    Contents contents;
    for (const bool delayed : {false, true}) {
        auto& into = delayed ? contents.delayed : contents.present;
        std::optional<std::string> after;
        do {
            PeekRequest request{.max = 70, .after = after, .delayed = delayed};
            auto page = run(broker_->peek(queue, request)).value();
            into.insert(into.end(), page.messages.begin(), page.messages.end());
            after = page.next;
        } while (after);
    }
    return contents;
}

void World::wait(const Operation& operation) {
    auto waiter = std::make_shared<Waiter>();
    waiter->woken = {.session = operation.session,
                     .queue = operation.queue,
                     .subscription = operation.subscription,
                     .next = operation.next,
                     .began = now()};
    waiter->subscription = sessions_.at(operation.session).subscribe(operation.queue, operation.subscription).value();
    waiters_.push_back(waiter);
    co_spawn(context_, waiter->subscription.next(operation.next),
             [this, waiter](std::exception_ptr thrown, Result<std::vector<Delivery>> result) {
                 if (thrown) std::rethrow_exception(thrown);
                 waiter->ended = true;
                 waiter->woken.at = now();
                 if (result) waiter->woken.deliveries = std::move(*result);
                 else waiter->woken.error = result.error().code;
                 // Ended ones stand behind those that ended before them.
                 const auto self = std::find(waiters_.begin(), waiters_.end(), waiter);
                 const auto first_open =
                     std::find_if(waiters_.begin(), waiters_.end(), [&](const auto& w) { return w == waiter || !w->ended; });
                 std::rotate(first_open, self, self + 1);
             });
    settle_down();
}

void World::collect(Observation& seen) {
    for (auto& waiter : waiters_)
        if (waiter->ended) {
            waiter->subscription.close();
            seen.woken.push_back(std::move(waiter->woken));
        }
    std::erase_if(waiters_, [](const auto& w) { return w->ended; });
    settle_down();
    seen.waiting = waiters_.size();
    for (const auto& queue : queues_) {
        const auto counts = broker_->queue(queue).value().counts;
        auto& before = seen.counts[queue] = std::exchange(counts_[queue], counts);
        // Something left at a moment of the broker's choice: what?
        if (before.expired != counts.expired || before.dead_lettered != counts.dead_lettered || before.overflowed != counts.overflowed)
            seen.contents[queue] = look(queue);
        before = counts;
    }
    seen.now = now();
}

Observation World::perform(const Operation& operation) {
    Observation seen;
    auto& session = sessions_.at(operation.session);
    auto note = [&](const auto& result) {
        if (!result) seen.error = result.error();
    };
    switch (operation.action) {
        case Action::publish: publish(operation, seen); break;
        case Action::receive: {
            auto received = run(session.receive(operation.queue, operation.next, operation.subscription));
            note(received);
            if (received) seen.deliveries = std::move(*received);
            break;
        }
        case Action::wait: wait(operation); break;
        case Action::settle: seen.settled = run(session.settle(operation.settlements)).results; break;
        case Action::extend:
            seen.settled = session.extend(operation.leases, operation.by);
            settle_down();
            break;
        case Action::commit: {
            Work work{.publishes = operation.publishes, .settlements = operation.settlements};
            auto receipt = run(session.commit(std::move(work)));
            note(receipt);
            if (receipt) seen.published = std::move(receipt->results);
            break;
        }
        case Action::advance: advance(operation.by); break;
        case Action::purge: {
            auto purged = run(broker_->purge_queue(operation.queue, operation.scope));
            note(purged);
            if (purged) seen.count = *purged;
            break;
        }
        case Action::redrive: redrive(operation, seen); break;
        case Action::peek:
            for (const auto& queue : queues_) seen.contents[queue] = look(queue);
            break;
        case Action::cancel_delayed: note(run(broker_->cancel_delayed(operation.queue, operation.message))); break;
        case Action::close_session:
            session.close();
            settle_down();
            session = broker_->open_session().value();
            break;
        case Action::restart:
            if (!operation.graceful) store_.kill();  // what the old broker still does, nobody sees
            stop();
            for (auto& waiter : waiters_)
                if (!waiter->ended) throw Stuck(store_.name + ": a wait outlived its broker");
            clock_->advance(std::chrono::seconds(1));  // stored time is written a second ahead; after it nothing is in the future
            start();
            advance(milliseconds(1));  // what fell due meanwhile
            break;
    }
    settle_down();
    collect(seen);
    return seen;
}

}  // namespace rowmq::simulation
