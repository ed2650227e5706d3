// The door: handles over the state.

#include "rowmq/broker.hpp"

#include "broker/state.hpp"

namespace rowmq {

awaitable<Result<std::vector<Delivery>>> Subscription::next(NextRequest request) {
    if (!state_ || !state_->session->broker) co_return Error{Errc::closed, "the subscription is closed"};
    const std::shared_ptr<SubscriptionState> state = state_;
    Result<std::vector<Delivery>> deliveries = co_await state->session->broker->next(state, request);
    co_return deliveries;
}

void Subscription::close() {
    if (state_ && state_->session->broker) state_->session->broker->unsubscribe(*state_, Errc::closed);
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

namespace {

Error session_closed() { return {Errc::closed, "the session is closed"}; }

}  // namespace

awaitable<Result<Receipt>> Session::publish(std::vector<Publish> messages, PublishRequest request) {
    if (!state_ || !state_->broker) co_return session_closed();
    Result<Receipt> receipt = co_await state_->broker->publish(state_, std::move(messages), request);
    co_return receipt;
}

awaitable<Result<PublishResult>> Session::publish(Publish message) {
    if (!state_ || !state_->broker) co_return session_closed();
    std::vector<Publish> one;
    one.push_back(std::move(message));
    Result<Receipt> receipt = co_await state_->broker->publish(state_, std::move(one), PublishRequest{});
    if (!receipt) co_return receipt.error();
    PublishResult& result = receipt.value().results.front();
    if (result.error) co_return *std::move(result.error);
    co_return std::move(result);
}

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

awaitable<Result<std::vector<Delivery>>> Session::receive(std::string_view queue, NextRequest request, SubscriptionOptions options) {
    Result<Subscription> subscription = subscribe(queue, options);
    if (!subscription) co_return subscription.error();
    struct Closing {
        Subscription& subscription;
        ~Closing() { subscription.close(); }
    } closing{subscription.value()};
    Result<std::vector<Delivery>> deliveries = co_await subscription.value().next(request);
    co_return deliveries;
}

awaitable<Settled> Session::settle(std::vector<Settlement> settlements, Confirm confirm) {
    if (!state_ || !state_->broker) {
        Settled refused;
        refused.results.assign(settlements.size(), session_closed());
        co_return refused;
    }
    Settled settled = co_await state_->broker->settle(state_, std::move(settlements), confirm);
    co_return settled;
}

awaitable<Result<void>> Session::settle(Lease lease, Verdict verdict, std::optional<milliseconds> delay) {
    std::vector<Settlement> one;
    one.push_back({.lease = lease, .verdict = verdict, .delay = delay});
    const Settled settled = co_await settle(std::move(one), Confirm::committed);
    if (settled.results.front()) co_return *settled.results.front();
    co_return Result<void>();
}

std::vector<std::optional<Error>> Session::extend(std::span<const Lease> leases, milliseconds from_now) {
    if (!state_ || !state_->broker) return std::vector<std::optional<Error>>(leases.size(), session_closed());
    return state_->broker->extend(leases, from_now);
}

awaitable<Result<Receipt>> Session::commit(Work work) {
    if (!state_ || !state_->broker) co_return session_closed();
    Result<Receipt> receipt = co_await state_->broker->commit(state_, std::move(work));
    co_return receipt;
}

Broker::Broker(std::unique_ptr<BrokerState> state) : state_(std::move(state)) {}
Broker::~Broker() = default;

boost::asio::any_io_executor Broker::executor() const { return state_->parts.executor; }

Result<Session> Broker::open_session(std::string_view ns) {
    Result<std::shared_ptr<SessionState>> opened = state_->open_session(ns);
    if (!opened) return opened.error();
    Session session;
    session.state_ = std::move(opened.value());
    return session;
}

awaitable<Result<QueueInfo>> Broker::declare_queue(std::string name, QueueOptions options, std::string ns) {
    return state_->declare_queue(std::move(name), std::move(options), std::move(ns));
}
awaitable<Result<QueueInfo>> Broker::alter_queue(std::string name, QueueOptions options, std::string ns) {
    return state_->alter_queue(std::move(name), std::move(options), std::move(ns));
}
awaitable<Result<std::int64_t>> Broker::delete_queue(std::string name, DeleteConditions conditions, std::string ns) {
    return state_->delete_queue(std::move(name), conditions.if_unused, conditions.if_empty, std::move(ns));
}
awaitable<Result<std::int64_t>> Broker::purge_queue(std::string name, PurgeScope scope, std::string ns) {
    return state_->purge_queue(std::move(name), scope.leased, scope.delayed, std::move(ns));
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
    return state_->declare_exchange(std::move(name), std::move(options), std::move(ns));
}
awaitable<Result<void>> Broker::delete_exchange(std::string name, bool if_unused, std::string ns) {
    return state_->delete_exchange(std::move(name), if_unused, std::move(ns));
}
awaitable<Result<void>> Broker::bind(Binding binding, std::string ns) { return state_->bind(std::move(binding), std::move(ns)); }
awaitable<Result<void>> Broker::unbind(Binding binding, std::string ns) { return state_->unbind(std::move(binding), std::move(ns)); }

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

std::vector<Binding> Broker::bindings(std::string_view ns) const {
    const auto space = state_->catalog.find_namespace(ns);
    std::vector<Binding> all;
    state_->catalog.for_each_exchange([&](const Exchange& exchange) {
        if (!space || exchange.ns != *space) return;
        for (const auto& [key, queues] : exchange.by_key)
            for (const QueueId id : queues)
                if (const Queue* queue = state_->catalog.find(id))
                    all.push_back({.exchange = exchange.name, .queue = queue->name, .routing_key = key});
    });
    std::sort(all.begin(), all.end());
    return all;
}

awaitable<Result<Page>> Broker::peek(std::string queue, PeekRequest request, std::string ns) {
    return state_->peek(std::move(queue), std::move(request), std::move(ns));
}
awaitable<Result<void>> Broker::cancel_delayed(std::string queue, MessageId message, std::string ns) {
    return state_->cancel_delayed(std::move(queue), message, std::move(ns));
}
awaitable<Result<RedriveTask>> Broker::redrive(RedriveRequest request, std::string ns) {
    return state_->redrive(std::move(request), std::move(ns));
}
awaitable<Result<RedriveTask>> Broker::cancel_redrive(std::int64_t task) { return state_->cancel_redrive(task); }
std::vector<RedriveTask> Broker::redrives(std::string_view source, std::string_view ns) const { return state_->redrives(source, ns); }

awaitable<Result<void>> Broker::committed(Ticket ticket) { return state_->committer.committed(ticket); }

awaitable<Result<Receipt>> Broker::transaction(TransactionFunction fn, std::string ns) {
    return state_->transaction(std::move(fn), state_->namespace_of(ns));
}

BrokerHealth Broker::health() const {
    const auto& broken = state_->committer.broken();
    return {.serving = !broken && !state_->closing,
            .problem = broken ? broken->text : std::string(),
            .pending_bytes = static_cast<std::int64_t>(state_->committer.pending_bytes()),
            .commits = state_->committer.commits(),
            .queues = state_->catalog.queue_count(),
            .sessions = state_->sessions.size(),
            .store = state_->parts.engine->name(),
            .store_id = state_->store_id,
            .durability = state_->parts.engine->durability()};
}

awaitable<Result<void>> Broker::backup(std::string to_path) { return state_->parts.engine->backup(std::move(to_path)); }
awaitable<void> Broker::close() { return state_->close(); }

}  // namespace rowmq
