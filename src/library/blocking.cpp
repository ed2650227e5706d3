#include "rowmq/blocking.hpp"

#include "library/runtime.hpp"
#include "rowmq/open.hpp"

namespace rowmq::blocking {
namespace {

Error gone() { return Error{Errc::closed, "the handle is empty"}; }

template <typename T>
Result<T> failed(Error error) {
    return Result<T>(boost::system::in_place_error, std::move(error));
}

std::optional<Error> refusal_of(const std::shared_ptr<Runtime>& runtime) { return runtime ? runtime->refusal() : gone(); }

/// A Result from the broker, or why it was not asked.
template <typename T, typename Start>
Result<T> call(const std::shared_ptr<Runtime>& runtime, Start start) {
    if (auto refusal = refusal_of(runtime)) return failed<T>(std::move(*refusal));
    return runtime->await<Result<T>>(std::move(start));
}

/// The same for what the broker answers at once; `function` returns T or Result<T>.
template <typename T, typename Function>
Result<T> ask(const std::shared_ptr<Runtime>& runtime, Function function) {
    if (auto refusal = refusal_of(runtime)) return failed<T>(std::move(*refusal));
    return runtime->ask(std::move(function));
}

}  // namespace

// ------------------------------------------------------------------------------------------------------ Subscription

struct Subscription::State {
    std::shared_ptr<Runtime> runtime;
    std::unique_ptr<rowmq::Subscription> subscription;
    std::mutex turn;  // one next() at a time

    ~State() {
        runtime->discard(std::move(subscription), [](rowmq::Subscription& ended) { ended.close(); });
    }
};

Subscription::Subscription(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

Result<std::vector<Delivery>> Subscription::next(NextRequest request) {
    if (!state_) return gone();
    if (auto refusal = state_->runtime->refusal()) return std::move(*refusal);
    const std::lock_guard lock(state_->turn);
    return call<std::vector<Delivery>>(state_->runtime, [&] { return state_->subscription->next(request); });
}

void Subscription::close() {
    if (!state_ || state_->runtime->refusal()) return;
    state_->runtime->ask([&] {
        state_->subscription->close();
        return true;
    });
}

// ----------------------------------------------------------------------------------------------------------- Session

struct Session::State {
    std::shared_ptr<Runtime> runtime;
    std::unique_ptr<rowmq::Session> session;

    ~State() {
        runtime->discard(std::move(session), [](rowmq::Session& ended) { ended.close(); });
    }
};

Session::Session(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Receipt> Session::publish(std::vector<Publish> messages, PublishRequest request) {
    if (!state_) return gone();
    return call<Receipt>(state_->runtime, [&] { return state_->session->publish(std::move(messages), request); });
}

Result<PublishResult> Session::publish(Publish message) {
    if (!state_) return failed<PublishResult>(gone());
    return call<PublishResult>(state_->runtime, [&] { return state_->session->publish(std::move(message)); });
}

Result<Subscription> Session::subscribe(std::string queue, SubscriptionOptions options) {
    if (!state_) return gone();
    auto opened = ask<rowmq::Subscription>(state_->runtime, [&] { return state_->session->subscribe(queue, options); });
    if (opened.has_error()) return std::move(opened).error();
    auto state = std::make_shared<Subscription::State>();
    state->runtime = state_->runtime;
    state->subscription = std::make_unique<rowmq::Subscription>(std::move(*opened));
    return Subscription(std::move(state));
}

Result<std::vector<Delivery>> Session::receive(std::string queue, NextRequest request, SubscriptionOptions options) {
    if (!state_) return gone();
    return call<std::vector<Delivery>>(state_->runtime, [&] { return state_->session->receive(queue, request, options); });
}

Settled Session::settle(std::vector<Settlement> settlements, Confirm confirm) {
    auto refusal = state_ ? state_->runtime->refusal() : std::optional(gone());
    if (refusal) {
        return Settled{.ticket = Ticket{}, .results = std::vector<std::optional<Error>>(settlements.size(), *refusal)};
    }
    return state_->runtime->await<Settled>([&] { return state_->session->settle(std::move(settlements), confirm); });
}

Result<void> Session::settle(Lease lease, Verdict verdict, std::optional<milliseconds> delay) {
    if (!state_) return gone();
    return call<void>(state_->runtime, [&] { return state_->session->settle(lease, verdict, delay); });
}

std::vector<std::optional<Error>> Session::extend(std::vector<Lease> leases, milliseconds from_now) {
    auto refusal = state_ ? state_->runtime->refusal() : std::optional(gone());
    if (refusal) return std::vector<std::optional<Error>>(leases.size(), *refusal);
    return state_->runtime->ask([&] { return state_->session->extend(leases, from_now); });
}

Result<Receipt> Session::commit(Work work) {
    if (!state_) return gone();
    return call<Receipt>(state_->runtime, [&] { return state_->session->commit(std::move(work)); });
}

void Session::close() {
    if (!state_ || state_->runtime->refusal()) return;
    state_->runtime->ask([&] {
        state_->session->close();
        return true;
    });
}

// ------------------------------------------------------------------------------------------------------------ Broker

Broker::Broker(std::shared_ptr<Runtime> runtime) noexcept : runtime_(std::move(runtime)) {}
Broker::Broker(Broker&&) noexcept = default;

Broker& Broker::operator=(Broker&& other) noexcept {
    if (this != &other) {
        if (runtime_) runtime_->close();
        runtime_ = std::move(other.runtime_);
    }
    return *this;
}

Broker::~Broker() {
    if (runtime_) runtime_->close();
}

Result<Broker> Broker::open(std::string url, OpenOptions options) {
    auto runtime = Runtime::start();
    auto opened = runtime->await<Result<std::unique_ptr<rowmq::Broker>>>(
        [&] { return rowmq::open(runtime->executor(), std::move(url), std::move(options)); });
    if (opened.has_error()) return std::move(opened).error();
    runtime->own(std::move(*opened));
    return Broker(std::move(runtime));
}

Result<Session> Broker::open_session(std::string ns) {
    auto opened = ask<rowmq::Session>(runtime_, [&] { return runtime_->broker().open_session(ns); });
    if (opened.has_error()) return std::move(opened).error();
    auto state = std::make_shared<Session::State>();
    state->runtime = runtime_;
    state->session = std::make_unique<rowmq::Session>(std::move(*opened));
    return Session(std::move(state));
}

Result<QueueInfo> Broker::declare_queue(std::string name, QueueOptions options, std::string ns) {
    return call<QueueInfo>(runtime_, [&] { return runtime_->broker().declare_queue(name, options, ns); });
}
Result<QueueInfo> Broker::alter_queue(std::string name, QueueOptions options, std::string ns) {
    return call<QueueInfo>(runtime_, [&] { return runtime_->broker().alter_queue(name, options, ns); });
}
Result<std::int64_t> Broker::delete_queue(std::string name, DeleteConditions conditions, std::string ns) {
    return call<std::int64_t>(runtime_, [&] { return runtime_->broker().delete_queue(name, conditions, ns); });
}
Result<std::int64_t> Broker::purge_queue(std::string name, PurgeScope scope, std::string ns) {
    return call<std::int64_t>(runtime_, [&] { return runtime_->broker().purge_queue(name, scope, ns); });
}
Result<QueueInfo> Broker::queue(std::string name, std::string ns) {
    return ask<QueueInfo>(runtime_, [&] { return runtime_->broker().queue(name, ns); });
}
Result<std::vector<QueueInfo>> Broker::queues(std::string prefix, std::string after, std::size_t max, std::string ns) {
    return ask<std::vector<QueueInfo>>(runtime_, [&] { return runtime_->broker().queues(prefix, after, max, ns); });
}
Result<std::vector<std::string>> Broker::dead_letter_sources(std::string name, std::string ns) {
    return ask<std::vector<std::string>>(runtime_, [&] { return runtime_->broker().dead_letter_sources(name, ns); });
}

Result<ExchangeInfo> Broker::declare_exchange(std::string name, ExchangeOptions options, std::string ns) {
    return call<ExchangeInfo>(runtime_, [&] { return runtime_->broker().declare_exchange(name, options, ns); });
}
Result<void> Broker::delete_exchange(std::string name, bool if_unused, std::string ns) {
    return call<void>(runtime_, [&] { return runtime_->broker().delete_exchange(name, if_unused, ns); });
}
Result<ExchangeInfo> Broker::alter_exchange(std::string name, ExchangeOptions options, std::string ns) {
    return call<ExchangeInfo>(runtime_, [&] { return runtime_->broker().alter_exchange(name, options, ns); });
}
Result<void> Broker::bind(Binding binding, std::string ns) {
    return call<void>(runtime_, [&] { return runtime_->broker().bind(binding, ns); });
}
Result<void> Broker::unbind(Binding binding, std::string ns) {
    return call<void>(runtime_, [&] { return runtime_->broker().unbind(binding, ns); });
}
Result<std::vector<ExchangeInfo>> Broker::exchanges(std::string ns) {
    return ask<std::vector<ExchangeInfo>>(runtime_, [&] { return runtime_->broker().exchanges(ns); });
}
Result<std::vector<Binding>> Broker::bindings(std::string ns) {
    return ask<std::vector<Binding>>(runtime_, [&] { return runtime_->broker().bindings(ns); });
}

Result<Page> Broker::peek(std::string queue, PeekRequest request, std::string ns) {
    return call<Page>(runtime_, [&] { return runtime_->broker().peek(queue, request, ns); });
}
Result<void> Broker::cancel_delayed(std::string queue, MessageId message, std::string ns) {
    return call<void>(runtime_, [&] { return runtime_->broker().cancel_delayed(queue, message, ns); });
}

Result<RedriveTask> Broker::redrive(RedriveRequest request, std::string ns) {
    return call<RedriveTask>(runtime_, [&] { return runtime_->broker().redrive(request, ns); });
}
Result<RedriveTask> Broker::cancel_redrive(std::int64_t task) {
    return call<RedriveTask>(runtime_, [&] { return runtime_->broker().cancel_redrive(task); });
}
Result<std::vector<RedriveTask>> Broker::redrives(std::string source, std::string ns) {
    return ask<std::vector<RedriveTask>>(runtime_, [&] { return runtime_->broker().redrives(source, ns); });
}

Result<void> Broker::committed(Ticket ticket) {
    return call<void>(runtime_, [&] { return runtime_->broker().committed(ticket); });
}
Result<Receipt> Broker::transaction(TransactionFunction fn, std::string ns) {
    return call<Receipt>(runtime_, [&] { return runtime_->broker().transaction(Runtime::marked(std::move(fn)), ns); });
}

Result<BrokerHealth> Broker::health() {
    return ask<BrokerHealth>(runtime_, [&] { return runtime_->broker().health(); });
}
Result<void> Broker::backup(std::string to_path) {
    return call<void>(runtime_, [&] { return runtime_->broker().backup(to_path); });
}

void Broker::close() {
    if (runtime_) runtime_->close();
}

}  // namespace rowmq::blocking
