// The door: handles over the state.

#include "rowmq/broker.hpp"

#include <fmt/format.h>

#include "broker/state.hpp"

namespace rowmq {

namespace {

Error session_closed() { return {Errc::closed, "the session is closed"}; }

/// None once the session has ended. Who holds it may go on after its broker was destroyed.
std::shared_ptr<BrokerState> broker_of(const std::shared_ptr<SessionState>& session) {
    return session && session->broker ? session->broker->shared_from_this() : nullptr;
}

/// A call of a broker, which it keeps.
template <typename T>
awaitable<T> kept(std::shared_ptr<BrokerState> given, awaitable<T> call) {
    const std::shared_ptr<BrokerState> broker = std::move(given);
    if constexpr (std::is_void_v<T>) {
        co_await std::move(call);
    } else {
        T answer = co_await std::move(call);
        co_return answer;
    }
}

awaitable<Result<void>> back_up(std::shared_ptr<BrokerState> broker, std::string to_path) {
    if (const auto ok = broker->usable(); !ok) co_return ok.error();
    Result<void> done = co_await broker->parts.engine->backup(std::move(to_path));
    co_return done;
}

// What a session or a subscription is asked, from when it is awaited on: the handle may be gone by then.

awaitable<Result<std::vector<Delivery>>> next(std::shared_ptr<SubscriptionState> subscription, NextRequest request) {
    const auto broker = subscription ? broker_of(subscription->session) : nullptr;
    if (!broker) co_return Error{Errc::closed, "the subscription is closed"};
    Result<std::vector<Delivery>> deliveries = co_await broker->next(subscription, request);
    co_return deliveries;
}

awaitable<Result<Receipt>> publish(std::shared_ptr<SessionState> session, std::vector<Publish> messages, PublishRequest request) {
    const auto broker = broker_of(session);
    if (!broker) co_return session_closed();
    Result<Receipt> receipt = co_await broker->publish(session, std::move(messages), request);
    co_return receipt;
}

awaitable<Result<PublishResult>> publish_one(std::shared_ptr<SessionState> session, Publish message) {
    const auto broker = broker_of(session);
    if (!broker) co_return session_closed();
    std::vector<Publish> one;
    one.push_back(std::move(message));
    Result<Receipt> receipt = co_await broker->publish(session, std::move(one), PublishRequest{});
    if (!receipt) co_return receipt.error();
    PublishResult& result = receipt.value().results.front();
    if (result.error) co_return *std::move(result.error);
    co_return std::move(result);
}

awaitable<Result<std::vector<Delivery>>> receive(std::shared_ptr<SessionState> session, std::string queue, NextRequest request,
                                                 SubscriptionOptions options) {
    const auto broker = broker_of(session);
    if (!broker) co_return session_closed();
    auto subscription = broker->subscribe(session, broker->catalog.find(session->ns, queue), queue, options);
    if (!subscription) co_return subscription.error();
    struct Closing {
        std::shared_ptr<SubscriptionState> subscription;
        ~Closing() {
            if (BrokerState* still = subscription->session->broker) still->unsubscribe(*subscription, Errc::closed);
        }
    } closing{subscription.value()};
    Result<std::vector<Delivery>> deliveries = co_await broker->next(closing.subscription, request);
    co_return deliveries;
}

awaitable<Settled> settle(std::shared_ptr<SessionState> session, std::vector<Settlement> settlements, Confirm confirm) {
    const auto broker = broker_of(session);
    if (!broker) {
        Settled refused;
        refused.results.assign(settlements.size(), session_closed());
        co_return refused;
    }
    Settled settled = co_await broker->settle(session, std::move(settlements), confirm);
    co_return settled;
}

awaitable<Result<void>> settle_one(std::shared_ptr<SessionState> session, Settlement settlement) {
    std::vector<Settlement> one;
    one.push_back(settlement);
    const Settled settled = co_await settle(std::move(session), std::move(one), Confirm::committed);
    if (settled.results.front()) co_return *settled.results.front();
    co_return Result<void>();
}

awaitable<Result<Receipt>> commit(std::shared_ptr<SessionState> session, Work work) {
    const auto broker = broker_of(session);
    if (!broker) co_return session_closed();
    Result<Receipt> receipt = co_await broker->commit(session, std::move(work));
    co_return receipt;
}

}  // namespace

awaitable<Result<std::vector<Delivery>>> Subscription::next(NextRequest request) { return rowmq::next(state_, request); }

void Subscription::close() {
    if (state_ && state_->session->broker) state_->session->broker->unsubscribe(*state_, Errc::closed);
}

void Subscription::look_again() {
    BrokerState* broker = state_ && !state_->closed ? state_->session->broker : nullptr;
    if (!broker) return;
    if (Queue* queue = broker->catalog.find(state_->queue); queue && queue->live) broker->wake(*queue);
}

bool Subscription::is_active() const noexcept {
    const BrokerState* broker = state_ && !state_->closed ? state_->session->broker : nullptr;
    const Queue* queue = broker ? broker->catalog.find(state_->queue) : nullptr;
    if (!queue || !queue->live) return false;
    const auto& all = queue->live->subscriptions;
    return !state_->options.single_active || (!all.empty() && all.front() == state_.get());
}

QueueId Subscription::queue() const noexcept { return state_ ? state_->queue : QueueId{}; }

Session::Session(Session&&) noexcept = default;

Session& Session::operator=(Session&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    return *this;
}

Session::~Session() { close(); }

void Session::close() {
    if (state_ && state_->broker) state_->broker->close_session(state_);
}

awaitable<Result<Receipt>> Session::publish(std::vector<Publish> messages, PublishRequest request) {
    return rowmq::publish(state_, std::move(messages), request);
}
awaitable<Result<PublishResult>> Session::publish(Publish message) { return publish_one(state_, std::move(message)); }

Result<Subscription> Session::subscribe(std::string_view queue, SubscriptionOptions options) {
    if (!state_ || !state_->broker) return session_closed();
    Result<std::shared_ptr<SubscriptionState>> made =
        state_->broker->subscribe(state_, state_->broker->catalog.find(state_->ns, queue), queue, options);
    if (!made) return made.error();
    Subscription subscription;
    subscription.state_ = std::move(made.value());
    return subscription;
}

Result<Subscription> Session::subscribe(QueueId queue, SubscriptionOptions options) {
    if (!state_ || !state_->broker) return session_closed();
    Result<std::shared_ptr<SubscriptionState>> made =
        state_->broker->subscribe(state_, state_->broker->catalog.find(queue), std::to_string(value_of(queue)), options);
    if (!made) return made.error();
    Subscription subscription;
    subscription.state_ = std::move(made.value());
    return subscription;
}

awaitable<Result<std::vector<Delivery>>> Session::receive(std::string queue, NextRequest request, SubscriptionOptions options) {
    return rowmq::receive(state_, std::move(queue), request, options);
}
awaitable<Settled> Session::settle(std::vector<Settlement> settlements, Confirm confirm) {
    return rowmq::settle(state_, std::move(settlements), confirm);
}
awaitable<Result<void>> Session::settle(Lease lease, Verdict verdict, std::optional<milliseconds> delay) {
    return settle_one(state_, {.lease = lease, .verdict = verdict, .delay = delay});
}

std::vector<std::optional<Error>> Session::extend(std::span<const Lease> leases, milliseconds from_now, RunOut run_out) {
    if (!state_ || !state_->broker) return std::vector<std::optional<Error>>(leases.size(), session_closed());
    return state_->broker->extend(leases, from_now, run_out);
}

awaitable<Result<Receipt>> Session::commit(Work work) { return rowmq::commit(state_, std::move(work)); }

Broker::Broker(std::shared_ptr<BrokerState> state) : state_(std::move(state)) {}
Broker::~Broker() { state_->abandon(); }

boost::asio::any_io_executor Broker::executor() const { return state_->parts.executor; }

Result<Session> Broker::open_session(std::string_view ns) {
    Result<std::shared_ptr<SessionState>> opened = state_->open_session(ns);
    if (!opened) return opened.error();
    Session session;
    session.state_ = std::move(opened.value());
    return session;
}

awaitable<Result<QueueInfo>> Broker::declare_queue(std::string name, QueueOptions options, std::string ns) {
    return kept(state_, state_->declare_queue(std::move(name), std::move(options), std::move(ns)));
}
awaitable<Result<QueueInfo>> Broker::alter_queue(std::string name, QueueOptions options, std::string ns) {
    return kept(state_, state_->alter_queue(std::move(name), std::move(options), std::move(ns)));
}
awaitable<Result<std::int64_t>> Broker::delete_queue(std::string name, DeleteConditions conditions, std::string ns) {
    return kept(state_, state_->delete_queue(std::move(name), conditions.if_unused, conditions.if_empty, std::move(ns)));
}
awaitable<Result<std::int64_t>> Broker::purge_queue(std::string name, PurgeScope scope, std::string ns) {
    return kept(state_, state_->purge_queue(std::move(name), scope.leased, scope.delayed, std::move(ns)));
}

Result<QueueInfo> Broker::queue(std::string_view name, std::string_view ns) const {
    const Result<Queue*> found = state_->find_queue(name, ns);
    if (!found) return found.error();
    return state_->info_of(*found.value());
}

std::vector<QueueInfo> Broker::queues(std::string_view prefix, std::string_view after, std::size_t max, std::string_view ns) const {
    const auto space = state_->catalog.find_namespace(ns);
    std::vector<const Queue*> found;
    state_->catalog.for_each_queue([&](const Queue& queue) {
        if (space && queue.ns == *space && !queue.deleted && queue.name.starts_with(prefix) && queue.name > after) found.push_back(&queue);
    });
    const std::size_t some = std::min(max, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(some), found.end(),
                      [](const Queue* a, const Queue* b) { return a->name < b->name; });
    std::vector<QueueInfo> infos;
    infos.reserve(some);
    for (std::size_t i = 0; i < some; ++i) infos.push_back(state_->info_of(*found[i]));
    return infos;
}

std::vector<std::string> Broker::dead_letter_sources(std::string_view name, std::string_view ns) const {
    const auto space = state_->catalog.find_namespace(ns);
    std::vector<std::string> names;
    state_->catalog.for_each_queue([&](const Queue& queue) {
        const auto& target = queue.options->dead_letter;
        if (space && queue.ns == *space && !queue.deleted && target && target->exchange.empty() && target->routing_key == name)
            names.push_back(queue.name);
    });
    std::sort(names.begin(), names.end());
    return names;
}

awaitable<Result<ExchangeInfo>> Broker::declare_exchange(std::string name, ExchangeOptions options, std::string ns) {
    return kept(state_, state_->declare_exchange(std::move(name), std::move(options), std::move(ns)));
}
awaitable<Result<void>> Broker::delete_exchange(std::string name, bool if_unused, std::string ns) {
    return kept(state_, state_->delete_exchange(std::move(name), if_unused, std::move(ns)));
}
awaitable<Result<ExchangeInfo>> Broker::alter_exchange(std::string name, ExchangeOptions options, std::string ns) {
    return kept(state_, state_->alter_exchange(std::move(name), std::move(options), std::move(ns)));
}
awaitable<Result<void>> Broker::bind(Binding binding, std::string ns) {
    return kept(state_, state_->bind(std::move(binding), std::move(ns)));
}
awaitable<Result<void>> Broker::unbind(Binding binding, std::string ns) {
    return kept(state_, state_->unbind(std::move(binding), std::move(ns)));
}

std::vector<std::string> Broker::namespaces() const {
    std::vector<std::string> names;
    for (const auto& [name, id] : state_->catalog.namespaces()) names.push_back(name);
    return names;
}
awaitable<Result<bool>> Broker::create_namespace(std::string name) { return kept(state_, state_->create_namespace(std::move(name))); }
awaitable<Result<void>> Broker::delete_namespace(std::string name) { return kept(state_, state_->delete_namespace(std::move(name))); }
const Access& Broker::access() const { return state_->access; }
awaitable<Result<void>> Broker::change_access(std::vector<AccessChange> changes) {
    return kept(state_, state_->change_access(std::move(changes)));
}

std::vector<ExchangeInfo> Broker::exchanges(std::string_view ns) const {
    const auto space = state_->catalog.find_namespace(ns);
    std::vector<ExchangeInfo> infos;
    state_->catalog.for_each_exchange([&](const Exchange& exchange) {
        if (space && exchange.ns == *space)
            infos.push_back({.id = exchange.id, .ns = std::string(ns), .name = exchange.name, .options = exchange.options});
    });
    std::sort(infos.begin(), infos.end(), [](const ExchangeInfo& a, const ExchangeInfo& b) { return a.name < b.name; });
    return infos;
}

Result<ExchangeInfo> Broker::exchange(std::string_view name, std::string_view ns) const {
    const auto space = state_->catalog.find_namespace(ns);
    const Exchange* found = space ? state_->catalog.find_exchange(*space, name) : nullptr;
    if (!found) return Error{Errc::no_such_exchange, fmt::format("there is no exchange \"{}\"", name)};
    return ExchangeInfo{.id = found->id, .ns = std::string(ns), .name = found->name, .options = found->options};
}

std::vector<Binding> Broker::bindings(std::string_view ns, std::string_view exchange) const {
    const auto space = state_->catalog.find_namespace(ns);
    std::vector<Binding> all;
    if (!space) return all;
    const auto add = [&](const Exchange& from) {
        for (const auto& [key, to] : from.by_key) {
            for (const auto& [id, terms] : to.queues)
                if (const Queue* queue = state_->catalog.find(id))
                    all.push_back({from.name, queue->name, key, terms ? terms->options : BindingOptions{}, {}});
            for (const auto& [id, terms] : to.exchanges)
                if (const Exchange* next = state_->catalog.find_exchange(id))
                    all.push_back({from.name, {}, key, terms ? terms->options : BindingOptions{}, next->name});
        }
    };
    if (!exchange.empty()) {
        if (const Exchange* one = state_->catalog.find_exchange(*space, exchange)) add(*one);
    } else {
        state_->catalog.for_each_exchange([&](const Exchange& one) {
            if (one.ns == *space) add(one);
        });
    }
    std::sort(all.begin(), all.end());
    return all;
}

awaitable<Result<Page>> Broker::peek(std::string queue, PeekRequest request, std::string ns) {
    return kept(state_, state_->peek(std::move(queue), std::move(request), std::move(ns)));
}
awaitable<Result<void>> Broker::cancel_delayed(std::string queue, MessageId message, std::string ns) {
    return kept(state_, state_->cancel_delayed(std::move(queue), message, std::move(ns)));
}
awaitable<Result<RedriveTask>> Broker::redrive(RedriveRequest request, std::string ns) {
    return kept(state_, state_->redrive(std::move(request), std::move(ns)));
}
awaitable<Result<RedriveTask>> Broker::cancel_redrive(std::int64_t task) { return kept(state_, state_->cancel_redrive(task)); }
std::vector<RedriveTask> Broker::redrives(std::string_view source, std::string_view ns) const { return state_->redrives(source, ns); }

awaitable<Result<void>> Broker::committed(Ticket ticket) { return kept(state_, state_->committer.committed(ticket)); }
awaitable<Result<bool>> Broker::committed(Ticket ticket, std::shared_ptr<EarlyNews> news) {
    return kept(state_, state_->committed(ticket, std::move(news)));
}

awaitable<Result<Receipt>> Broker::transaction(TransactionFunction fn, std::string ns) {
    return kept(state_, state_->transaction(std::move(fn), std::move(ns)));
}

BrokerHealth Broker::health() const { return state_->health(); }
void Broker::touch_queue(std::string_view name, std::string_view ns) {
    if (const auto queue = state_->find_queue(name, ns)) (*queue)->last_used = state_->now();
}
Alarms Broker::alarms() { return {.disk = state_->disk_is_short(), .memory = state_->memory_is_short()}; }
BrokerMetrics Broker::metrics() { return state_->metrics(); }

awaitable<Result<void>> Broker::backup(std::string to_path) { return back_up(state_, std::move(to_path)); }
awaitable<void> Broker::close() { return kept(state_, state_->close()); }

}  // namespace rowmq
