// Sessions and subscriptions: who holds leases, and for whom.

#include <fmt/format.h>

#include "base/planted.hpp"
#include "broker/catalog/options.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

/// One more, or one less, of those that take messages early.
void count_early(Live& at_hand, const SubscriptionOptions& options, int one) {
    if (!BrokerState::takes_early(options)) return;
    at_hand.early_subscriptions += static_cast<std::size_t>(one);
    if (options.no_lease) at_hand.early_unleased += static_cast<std::size_t>(one);
}

}  // namespace

Result<std::shared_ptr<SessionState>> BrokerState::open_session(std::string_view ns) {
    if (const auto ok = usable(); !ok) return ok.error();
    if (auto e = check_name("the namespace's name", ns, limits)) return *std::move(e);
    auto session = std::make_shared<SessionState>();
    session->broker = this;
    session->ns = namespace_of(ns);
    session->number = ++last_session;
    sessions.insert(session.get());
    return session;
}

Result<std::shared_ptr<SubscriptionState>> BrokerState::subscribe(std::shared_ptr<SessionState> session, Queue* queue,
                                                                  std::string_view name, SubscriptionOptions options) {
    if (const auto ok = usable(); !ok) return ok.error();
    if (!session->broker) return Error{Errc::closed, "the session is closed"};
    if (!queue || queue->deleted) return Error{Errc::no_such_queue, fmt::format("there is no queue \"{}\"", name)};
    touch_live(*queue);
    auto& all = queue->live->subscriptions;
    const bool taken = std::any_of(all.begin(), all.end(), [](const SubscriptionState* s) { return s->options.exclusive; });
    if ((taken && !options.beside) || (options.exclusive && !all.empty()))
        return Error{Errc::in_use, fmt::format("queue \"{}\" has {} consumer", queue->name, taken ? "an exclusive" : "another")};
    auto subscription = std::make_shared<SubscriptionState>();
    subscription->session = session;
    subscription->queue = queue->id;
    subscription->options = options;
    all.push_back(subscription.get());
    count_early(*queue->live, options, 1);
    session->subscriptions.push_back(subscription);
    return subscription;
}

void BrokerState::unsubscribe(SubscriptionState& subscription, Errc why) {
    if (subscription.closed) return;
    subscription.closed = true;
    subscription.ended = why;
    if (Queue* queue = catalog.find(subscription.queue); queue && queue->live) {
        std::erase(queue->live->subscriptions, &subscription);
        count_early(*queue->live, subscription.options, -1);
        queue->live->asked -= subscription.asked;
        if (subscription.options.max_leased > 0)
            for (auto& [sequence, held] : queue->live->held)
                if (held.subscription == &subscription) held.subscription = nullptr;
        queue->live->waiters.remove_if([&](const Waiter* w) { return w->subscription == &subscription; });
        wake(*queue);  // the next single active consumer may take over
    }
    if (subscription.waiter) subscription.waiter->set();
    auto& own = subscription.session->subscriptions;
    for (std::size_t i = own.size(); i-- > 0;) {
        if (own[i].get() != &subscription) continue;
        const std::shared_ptr<SubscriptionState> keep = std::move(own[i]);
        own[i] = std::move(own.back());
        own.pop_back();
        return;
    }
}

void BrokerState::close_session(std::shared_ptr<SessionState> session) {
    if (!session->broker) return;
    session->broker = nullptr;
    sessions.erase(session.get());
    while (!session->subscriptions.empty()) unsubscribe(*std::shared_ptr(session->subscriptions.back()), Errc::closed);
    for (const QueueId id : session->touched) {
        Queue* queue = catalog.find(id);
        if (!queue || !queue->live) continue;
        std::vector<std::pair<Sequence, Held::State>> mine;
        for (const auto& [sequence, held] : queue->live->held)
            if (held.session == session.get()) mine.emplace_back(sequence, held.state);
        std::sort(mine.begin(), mine.end());
        for (const auto& [sequence, state] : mine) {
            if (state == Held::State::leased && !planted(Bug::leases_outlive_session)) {
                release(*queue, sequence, milliseconds(0), true);
            } else if (state == Held::State::picked) {
                put_back(*queue, sequence);
            } else {
                end_lease(*queue, queue->live->held.at(sequence));
            }
        }
        wake(*queue);
        set_timer(*queue);
    }
}

}  // namespace rowmq
