#include "test/simulation/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "broker/make.hpp"
#include "test/simulation/late_store.hpp"

namespace rowmq::simulation {

using boost::asio::awaitable;
using boost::asio::co_spawn;

struct World::Waiter {
    Woken woken;
    Subscription subscription;
    bool came = false;   ///< it has what it waited for
    bool ended = false;  ///< and has said what it had to say
};

World::World(Store store, std::uint64_t seed, std::size_t sessions, Limits limits, bool late)
    : store_(std::move(store)),
      limits_(limits),
      late_(late),
      seed_(seed),
      random_(std::make_shared<SeededRandom>(seed)),
      sessions_(sessions) {
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
    if (late_) engine = std::make_unique<LateStore>(context_.get_executor(), std::move(engine), seed_);
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
    early_ = early();
    run(close_broker(*broker_));
    for (auto& waiter : waiters_) waiter->subscription = {};
    for (auto& session : sessions_) session = Session{};
    broker_.reset();
    engine_ = nullptr;
    settle_down();
    clock_->cancel();
}

World::EarlyFigures World::early() const {
    EarlyFigures sum = early_;
    if (!broker_) return sum;
    const BrokerMetrics metrics = broker_->metrics();
    sum.delivered += metrics.delivered_early;
    sum.never_stored += metrics.never_stored;
    return sum;
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

/// After so many turns of the loop. Ends with the commit; what is said to be done before has to have been acknowledged.
awaitable<Result<Receipt>> World::publish_early(std::vector<Publish> messages, std::size_t session, std::size_t turns) {
    for (std::size_t i = 0; i < turns; ++i) co_await boost::asio::post(context_, boost::asio::use_awaitable);
    PublishRequest request;
    request.confirm = Confirm::admitted;
    request.early = true;
    request.news = std::make_shared<EarlyNews>();
    const auto news = request.news;
    Result<Receipt> receipt = co_await sessions_.at(session).publish(std::move(messages), request);
    if (!receipt) co_return receipt;
    std::set<MessageId> mine;
    for (const PublishResult& r : receipt->results) mine.insert(r.message);
    for (;;) {
        const Result<bool> stored = co_await broker_->committed(receipt->ticket, news);
        if (!stored) co_return stored.error();
        for (const MessageId done : std::exchange(news->done, {}))
            if (!mine.contains(done) || !acknowledged_.contains(done))
                throw Stuck(store_.name + ": message " + std::to_string(value_of(done)) + " is confirmed, and nobody acknowledged it");
        if (*stored) co_return receipt;
    }
}

void World::publish(const Operation& operation, Observation& seen) {
    auto& session = sessions_.at(operation.session);
    if (!operation.together) {
        PublishRequest request{.atomic = operation.atomic};
        auto receipt = operation.early ? run(publish_early(operation.publishes, operation.session, 0))
                                       : run(session.publish(operation.publishes, request));
        if (receipt) seen.published = std::move(receipt->results);
        else seen.error = receipt.error();
        return;
    }
    seen.published.resize(operation.publishes.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; operation.early && i < operation.publishes.size(); ++i)  // some come while others are being stored
        co_spawn(context_, publish_early({operation.publishes[i]}, (operation.session + i) % sessions_.size(), 3 * i),
                 [&, i](std::exception_ptr thrown, Result<Receipt> result) {
                     if (thrown) std::rethrow_exception(thrown);
                     ++ended;
                     if (result) seen.published[i] = result->results[0];
                     else seen.published[i].error = result.error();
                 });
    for (std::size_t i = 0; !operation.early && i < operation.publishes.size(); ++i)
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

awaitable<bool> World::take(std::shared_ptr<Waiter> waiter, NextRequest next, std::optional<Verdict> at_once) {
    Result<std::vector<Delivery>> result = co_await waiter->subscription.next(next);
    waiter->came = true;
    waiter->woken.at = now();
    if (result) waiter->woken.deliveries = std::move(*result);
    else waiter->woken.error = result.error().code;
    // Those that came stand behind those that came before them.
    const auto self = std::find(waiters_.begin(), waiters_.end(), waiter);
    const auto first_open = std::find_if(waiters_.begin(), waiters_.end(), [&](const auto& w) { return w == waiter || !w->came; });
    std::rotate(first_open, self, self + 1);
    if (waiter->woken.subscription.no_lease)
        for (const Delivery& d : waiter->woken.deliveries) acknowledged_.insert(d.message_id);
    if (!at_once || waiter->woken.deliveries.empty()) co_return true;
    auto& settlements = waiter->woken.settlements;
    for (const Delivery& d : waiter->woken.deliveries) {
        if (*at_once == Verdict::done) acknowledged_.insert(d.message_id);
        settlements.push_back({.lease = d.lease, .verdict = *at_once, .delay = std::nullopt, .while_held = false});
    }
    const Confirm confirm = waiter->woken.session == 0 ? Confirm::admitted : Confirm::committed;
    Settled settled = co_await sessions_.at(waiter->woken.session).settle(settlements, confirm);
    waiter->woken.settled = std::move(settled.results);
    co_return true;
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
    co_spawn(context_, take(waiter, operation.next, operation.at_once), [waiter](std::exception_ptr thrown, bool) {
        if (thrown) std::rethrow_exception(thrown);
        waiter->ended = true;
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
