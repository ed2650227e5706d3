#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/planted.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/mapping.hpp"

namespace rowmq::sqs {
namespace {

using std::chrono::seconds;

constexpr std::int64_t max_messages = 10;
constexpr std::int64_t max_wait_seconds = 20;

std::optional<Refusal> check(const ReceiveMessageRequest& r) {
    if (r.max_messages && (*r.max_messages < 1 || *r.max_messages > max_messages))
        return invalid_value(std::to_string(*r.max_messages), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
    if (r.visibility_timeout && (*r.visibility_timeout < 0 || *r.visibility_timeout > max_visibility_seconds))
        return invalid_value(std::to_string(*r.visibility_timeout), "VisibilityTimeout", "Must be between 0 and 43200, if provided.");
    if (r.wait_seconds && (*r.wait_seconds < 0 || *r.wait_seconds > max_wait_seconds))
        return invalid_value(std::to_string(*r.wait_seconds), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.");
    if (r.attempt_id && !is_group_id(*r.attempt_id))
        return invalid_value(*r.attempt_id, "ReceiveRequestAttemptId",
                             "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    for (const Texts* names : {&r.attribute_names, &r.system_attribute_names})
        for (const auto& name : *names)
            if (!is_system_attribute(name)) return Refusal{Fault::invalid_attribute_name, fmt::format("Unknown Attribute {}.", name)};
    return std::nullopt;
}

/// Ends a subscription when the call that made it ends.
class Ending {
public:
    explicit Ending(Subscription s) : subscription_(std::move(s)) {}
    ~Ending() { subscription_.close(); }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

private:
    Subscription subscription_;
};

bool is_over(const Caller& caller) { return caller.peer && caller.peer->gone(); }

/// One receive by a session: what is there; when that is nothing, what comes while the client waits.
awaitable<Result<std::vector<Delivery>>> take(Session& session, Caller caller, QueueId queue, NextRequest request) {
    auto subscribed = session.subscribe(queue);
    if (!subscribed) co_return subscribed.error();
    Subscription subscription = *std::move(subscribed);
    const Ending ending(subscription);

    NextRequest at_once = request;
    at_once.wait = milliseconds(0);
    Result<std::vector<Delivery>> got = co_await subscription.next(at_once);
    if (!got || !got->empty() || *request.wait == milliseconds(0)) co_return got;

    // Only now is it worth watching whether the client is still there.
    if (caller.peer) caller.peer->on_end([subscription]() mutable { subscription.close(); });
    got = co_await subscription.next(request);
    if (!got && got.error().code == Errc::closed) co_return std::vector<Delivery>{};
    co_return got;
}

/// By the first session that may still own a lease.
awaitable<Result<std::vector<Delivery>>> take(Service& service, Caller caller, QueueId queue, NextRequest request) {
    for (std::size_t i = 0; i < service.sessions.size(); ++i) {
        Result<std::vector<Delivery>> got = co_await take(service.sessions[i], caller, queue, request);
        if (got || got.error().code != Errc::too_many_leases) co_return got;
    }
    const auto opened = service.another_session();
    if (!opened) co_return Error{Errc::closed, opened.error().text};
    co_return co_await take(**opened, caller, queue, request);
}

awaitable<void> release(Service& service, std::vector<Lease> leases) {
    const auto session = service.session();
    if (!session) co_return;
    std::vector<Settlement> settlements;
    settlements.reserve(leases.size());
    for (const Lease& lease : leases) settlements.push_back({.lease = lease, .verdict = Verdict::release, .delay = milliseconds(0)});
    const Settled settled = co_await (*session)->settle(std::move(settlements));
    static_cast<void>(settled);  // a lease that ended meanwhile needs no release
}

/// How the deliveries are written.
ReceiveMessageResult rendered(Service& service, ReceiveMessageRequest& request, const Attempts::Given& given, bool fifo) {
    Selection selection{.system = std::move(request.attribute_names), .message = std::move(request.message_attribute_names)};
    for (auto& name : request.system_attribute_names) selection.system.push_back(std::move(name));
    const Rendering as{.selection = selection,
                       .settings = service.settings,
                       .seal = service.seal,
                       .digests = service.digests,
                       .fifo = fifo,
                       .second = given.second};
    ReceiveMessageResult result;
    for (const Delivery& delivery : given.deliveries) result.messages.push_back(received(delivery, as));
    return result;
}

/// What the same attempt gave before, when all of it is still hidden; then it is hidden anew.
const Attempts::Given* repeated(Service& service, QueueId queue, const std::string& attempt, milliseconds lease) {
    const auto* given = service.attempts.find(queue, attempt, service.clock.monotonic());
    if (!given || planted(Bug::attempt_gives_anew)) return nullptr;
    const auto session = service.session();
    if (!session) return nullptr;
    std::vector<Lease> leases;
    for (const Delivery& delivery : given->deliveries) leases.push_back(delivery.lease);
    for (const auto& error : (*session)->extend(leases, lease)) {
        if (!error) continue;
        service.attempts.forget(queue, attempt);
        return nullptr;
    }
    service.attempts.extend(queue, attempt, lease, service.clock.monotonic());
    return given;
}

}  // namespace

awaitable<void> unfold(Service& service, Caller caller, std::vector<Delivery>& deliveries) {
    for (Delivery& delivery : deliveries) {
        auto by = aws::subscribed_of(delivery);
        if (!service.notifications || !by) continue;
        std::string envelope = co_await service.notifications->render(delivery, *std::move(by), caller.origin);
        Properties rest = delivery.message.properties ? *delivery.message.properties : Properties{};
        rest.headers.clear();
        delivery.message = Message(std::move(envelope), std::move(rest));
    }
}

awaitable<Answer<ReceiveMessageResult>> receive_message(Service& service, Caller caller, ReceiveMessageRequest request) {
    const auto queue = service.queue(request.queue_url);
    if (!queue) co_return queue.error();
    if (auto wrong = check(request)) co_return *std::move(wrong);

    // A lease of no time is one that ends when it was given: the handle works until somebody else receives the message.
    const milliseconds lease =
        request.visibility_timeout && !planted(Bug::visibility_not_applied) ? seconds(*request.visibility_timeout) : queue->options.lease;
    const bool visible_at_once = lease == milliseconds(0);
    NextRequest next;
    next.max = static_cast<std::size_t>(request.max_messages.value_or(1));
    next.wait = request.wait_seconds ? seconds(*request.wait_seconds) : queue->options.wait;
    next.lease = visible_at_once ? seconds(1) : lease;

    const bool fifo = queue->options.kind == QueueKind::fifo;
    const bool may_repeat = fifo && request.attempt_id && !visible_at_once;
    if (may_repeat)
        if (const auto* before = repeated(service, queue->id, *request.attempt_id, lease))
            co_return rendered(service, request, *before, fifo);
    Result<std::vector<Delivery>> got = co_await take(service, caller, queue->id, next);
    if (!got) {
        if (got.error().code == Errc::too_many_leases && fifo) co_return ReceiveMessageResult{};
        co_return refusal_of(got.error());
    }
    if (got->empty()) co_return ReceiveMessageResult{};

    co_await unfold(service, caller, *got);
    const Attempts::Given given{.deliveries = *std::move(got), .second = service.second()};
    // Who names its attempt will repeat it: what it was given waits for that.
    if (may_repeat) {
        service.attempts.add(queue->id, *request.attempt_id, given, lease, service.clock.monotonic());
        co_return rendered(service, request, given, fifo);
    }
    std::vector<Lease> leases;
    for (const Delivery& delivery : given.deliveries) leases.push_back(delivery.lease);
    if (is_over(caller)) {
        if (!planted(Bug::unsent_answer_keeps_messages)) co_await release(service, std::move(leases));
        co_return ReceiveMessageResult{};
    }
    if (visible_at_once) {
        if (const auto session = service.session()) (*session)->extend(leases, milliseconds(0));
    } else if (caller.unsent) {
        if (!planted(Bug::unsent_answer_keeps_messages)) *caller.unsent = [&service, leases]() { return release(service, leases); };
    }
    co_return rendered(service, request, given, fifo);
}

}  // namespace rowmq::sqs
