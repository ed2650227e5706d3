#include "sns/deliveries.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <set>
#include <utility>

#include "base/planted.hpp"
#include "sns/confirmations.hpp"
#include "sns/names.hpp"
#include "sns/retry.hpp"

namespace rowmq::sns {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t at_once = 8;                                                   // messages of one subscription under way
constexpr int confirmation_attempts = 3;                                             // each after the default policy's delay
constexpr std::size_t max_endpoints = 50;                                            // requests under way, over all subscriptions
constexpr std::string_view user_agent = "Amazon Simple Notification Service Agent";  // some endpoints look for it

// A message of a delivery queue that means no notification: its subscription has ended.
constexpr std::string_view opaque_farewell = "sns.farewell";

bool is_farewell(const Delivery& delivery) {
    return delivery.message.properties && delivery.message.properties->opaque.contains(std::string(opaque_farewell));
}

std::string attribute_of(const Broker& broker, const std::string& topic, const std::string& name) {
    const auto found = broker.exchange(topic);
    if (!found) return {};
    const auto value = found->options.attributes.find("sns:" + name);
    return value == found->options.attributes.end() ? std::string() : value->second;
}

}  // namespace

struct DeliveriesState : std::enable_shared_from_this<DeliveriesState> {
    DeliveriesState(Broker& b, const aws::Place& p, aws::Notifications& n, net::HttpClientOptions options)
        : executor(b.executor()),
          broker(b),
          place(p),
          notifications(n),
          client(std::make_unique<net::HttpClient>(executor, std::move(options))),
          seal(b.health().store_id),
          free(executor) {}

    awaitable<void> serve(Subscription subscription);
    awaitable<void> deliver(Subscription subscription, DeliveryPolicy policy, Delivery delivery);
    awaitable<net::ClientRequest> request_of(Subscription subscription, DeliveryPolicy policy, Delivery delivery);
    awaitable<Result<void>> farewell(Subscription subscription);
    /// Its endpoint has taken the farewell, or will not.
    awaitable<void> told(Subscription subscription);
    bool open_session();
    awaitable<void> post_confirmation(Subscription subscription, aws::Notification confirmation);
    awaitable<bool> pause(milliseconds time);
    /// Waits until fewer than max_endpoints requests are under way.
    awaitable<void> turn();
    std::string origin() const { return place.scheme + "://" + place.host; }

    asio::any_io_executor executor;
    // Not to be used once closed: coroutines may outlive them.
    Broker& broker;
    const aws::Place& place;
    aws::Notifications& notifications;
    std::unique_ptr<net::HttpClient> client;  ///< destroyed by close(), which ends what is under way
    std::set<asio::steady_timer*> sleeping;
    const aws::Seal seal;
    asio::steady_timer free;  ///< cancelled when a request has ended
    Session session;
    std::map<std::string, rowmq::Subscription> serving;  ///< where what is sent waits, by subscription id
    std::size_t under_way = 0;
    Deliveries::Counts counts;
    bool closed = false;
};

awaitable<bool> DeliveriesState::pause(milliseconds time) {
    const auto self = shared_from_this();
    asio::steady_timer timer(executor, time);
    sleeping.insert(&timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    sleeping.erase(&timer);
    co_return !closed;
}

awaitable<void> DeliveriesState::turn() {
    while (under_way >= max_endpoints && !closed) {
        free.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code ignored;
        co_await free.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

awaitable<void> DeliveriesState::serve(Subscription subscription) {
    const auto self = shared_from_this();
    rowmq::Subscription source = serving.at(subscription.id);
    while (!closed) {
        auto next = co_await source.next({.max = 1, .max_bytes = 0, .wait = std::chrono::hours(1), .lease = {}});
        if (!next) co_return;  // the subscription or the broker has ended
        if (next->empty()) continue;
        co_await turn();
        if (closed || !serving.contains(subscription.id)) co_return;
        // As it is by now: it may have changed, ended, been restored.
        const auto now = find_subscription(broker, subscription.topic, subscription.id);
        if (!now) co_return;
        const DeliveryPolicy policy =
            effective_policy(attribute_of(broker, now->topic, "DeliveryPolicy"), now->attribute("DeliveryPolicy"));
        ++under_way;
        asio::co_spawn(executor, deliver(*now, policy, std::move(next->front())), [self](std::exception_ptr failed) {
            --self->under_way;
            self->free.cancel();
            if (failed) spdlog::error("sns: a delivery ended by an exception");
        });
        if (policy.per_second > 0 && !co_await pause(milliseconds(1'000 / policy.per_second))) co_return;
    }
}

awaitable<net::ClientRequest> DeliveriesState::request_of(Subscription subscription, DeliveryPolicy policy, Delivery delivery) {
    const auto self = shared_from_this();
    const bool farewell = is_farewell(delivery), raw = subscription.is_raw() && !farewell;
    const std::string id = seal.message_id(delivery.message_id);
    net::ClientRequest request{.method = "POST", .url = subscription.endpoint, .fields = {}, .body = {}};
    request.fields = {{"User-Agent", std::string(user_agent)},
                      {"Content-Type", farewell ? DeliveryPolicy{}.content_type : policy.content_type},
                      {"x-amz-sns-message-type", farewell ? "UnsubscribeConfirmation" : "Notification"},
                      {"x-amz-sns-topic-arn", topic_arn(subscription.topic, place)},
                      {"x-amz-sns-subscription-arn", subscription_arn(subscription.topic, subscription.id, place)}};
    request.fields.emplace_back("x-amz-sns-message-id", id);
    if (raw) request.fields.emplace_back("x-amz-sns-rawdelivery", "true");
    if (farewell) {
        Saying saying{.broker = broker, .place = place, .origin = origin(), .message_id = id, .at = delivery.published_at};
        aws::Notification notification = unsubscribe_confirmation(subscription, std::move(saying));
        request.body = co_await notifications.render(std::move(notification), origin());
        co_return request;
    }

    Text message;
    if (delivery.message.properties) {
        const auto& opaque = delivery.message.properties->opaque;
        const auto own = opaque.find(std::string(subscription.protocol == "https" ? aws::opaque_https : aws::opaque_http));
        if (own != opaque.end()) message = own->second;
    }
    if (raw) {
        request.body = message ? *std::move(message) : std::string(delivery.message.text());
        co_return request;
    }
    aws::Subscribed by{.topic = std::move(subscription.topic), .id = std::move(subscription.id)};
    request.body = co_await notifications.render(std::move(delivery), std::move(by), origin(), std::move(message));
    co_return request;
}

awaitable<void> DeliveriesState::deliver(Subscription subscription, DeliveryPolicy policy, Delivery delivery) {
    const auto self = shared_from_this();
    const Lease lease = delivery.lease;
    const std::uint32_t attempt = delivery.receives;
    const bool farewell = is_farewell(delivery);
    if (farewell != subscription.ended.has_value()) {
        // What waited when the subscription ended is not for its endpoint any more, and a farewell not for one that was restored.
        co_await session.settle(lease);
        co_return;
    }
    net::ClientRequest request = co_await request_of(subscription, policy, std::move(delivery));
    if (closed) co_return;
    const Result<net::ClientResponse> answer = co_await client->send(std::move(request));
    if (closed) co_return;  // its lease ends with the session

    Verdict verdict = Verdict::done;
    std::optional<milliseconds> delay;
    if (answer && answer->status >= 200 && answer->status < (planted(Bug::refused_delivery_is_done) ? 600u : 300u)) {
        ++counts.delivered;
    } else {
        ++counts.failed;
        const bool refused = answer && answer->status >= 400 && answer->status < 500 && answer->status != 429;
        const bool forbidden = !answer && (answer.error().code == Errc::access_refused || answer.error().code == Errc::invalid_argument);
        const auto retry = refused || forbidden ? std::nullopt : policy.retry.delay(attempt);
        const std::string why = answer ? fmt::format("status {}", answer->status) : answer.error().text;
        if (retry) {
            verdict = Verdict::release;
            delay = *retry;
            spdlog::debug("sns: {} did not take a notification ({}); again in {} ms", subscription.endpoint, why, retry->count());
        } else {
            verdict = farewell || planted(Bug::given_up_without_dead_letter) ? Verdict::done : Verdict::reject;
            ++counts.given_up;
            spdlog::warn("sns: {} did not take a notification ({}) at attempt {}: {}", subscription.endpoint, why, attempt,
                         dead_letter_arn(subscription) && !farewell ? "it goes to the dead-letter queue" : "it is given up");
        }
    }
    const Result<void> settled = co_await session.settle(lease, verdict, delay);
    if (!settled && settled.error().code != Errc::lease_gone && settled.error().code != Errc::closed)
        spdlog::warn("sns: a delivery could not be settled: {}", settled.error().text);
    // Not where this farewell was replaced by that of a later end.
    if (farewell && settled && verdict == Verdict::done && !closed) co_await told(std::move(subscription));
}

bool DeliveriesState::open_session() {
    if (session) return true;
    auto opened = broker.open_session();
    if (opened) session = *std::move(opened);
    return opened.has_value();
}

awaitable<Result<void>> DeliveriesState::farewell(Subscription subscription) {
    const auto self = shared_from_this();
    const PurgeScope everything{.leased = true, .delayed = true};
    const auto purged = co_await broker.purge_queue(subscription.queue, everything);
    if (!purged) co_return purged.error();
    if (closed || !open_session()) co_return Error{Errc::closed, "deliveries have ended"};
    Properties properties;
    properties.opaque[std::string(opaque_farewell)] = "true";
    Publish message;
    message.routing_key = subscription.queue;
    message.message = Message("farewell", std::move(properties));
    const auto stored = co_await session.publish(std::move(message));
    if (!stored) co_return stored.error();
    co_return Result<void>{};
}

awaitable<void> DeliveriesState::told(Subscription subscription) {
    const auto self = shared_from_this();
    auto now = find_subscription(broker, subscription.topic, subscription.id);
    if (!now || !now->ended || now->token != subscription.token) co_return;  // it was restored meanwhile
    if (const auto found = serving.find(subscription.id); found != serving.end()) {
        found->second.close();
        serving.erase(found);
    }
    now->told = true;
    const auto bound = co_await broker.bind(binding_of(*now));
    if (!bound && bound.error().code != Errc::closed)
        spdlog::warn("sns: {} may be told again that its subscription has ended: {}", subscription.endpoint, bound.error().text);
}

awaitable<void> DeliveriesState::post_confirmation(Subscription subscription, aws::Notification confirmation) {
    const auto self = shared_from_this();
    net::ClientRequest request{.method = "POST", .url = subscription.endpoint, .fields = {}, .body = {}};
    request.fields = {{"User-Agent", std::string(user_agent)},
                      {"Content-Type", "text/plain; charset=UTF-8"},
                      {"x-amz-sns-message-type", std::string(aws::name_of(confirmation.type))},
                      {"x-amz-sns-message-id", confirmation.message_id},
                      {"x-amz-sns-topic-arn", confirmation.topic_arn}};
    request.body = co_await notifications.render(std::move(confirmation), origin());
    for (int attempt = 0; attempt < confirmation_attempts && !closed; ++attempt) {
        const auto answer = co_await client->send(request);
        if (closed || (answer && answer->status >= 200 && answer->status < 300)) co_return;
        spdlog::warn("sns: {} did not take the request to confirm its subscription: {}", subscription.endpoint,
                     answer ? fmt::format("status {}", answer->status) : answer.error().text);
        if (!answer && (answer.error().code == Errc::access_refused || answer.error().code == Errc::invalid_argument)) co_return;
        if (attempt + 1 < confirmation_attempts && !co_await pause(seconds(20))) co_return;
    }
}

Deliveries::Deliveries(Broker& broker, const aws::Place& place, aws::Notifications& notifications, net::HttpClientOptions options)
    : state_(std::make_shared<DeliveriesState>(broker, place, notifications, std::move(options))) {}

Deliveries::~Deliveries() { close(); }

void Deliveries::start(const Subscription& subscription) {
    if (state_->closed || state_->serving.contains(subscription.id)) return;
    if (!state_->open_session()) return;
    // As long as the session: an endpoint that is slow keeps its message, a crash gives it back.
    auto source = state_->session.subscribe(subscription.queue, {.lease = std::nullopt, .max_leased = at_once});
    if (!source) {
        spdlog::error("sns: nothing is sent to {}: {}", subscription.endpoint, source.error().text);
        return;
    }
    state_->serving.emplace(subscription.id, *source);
    asio::co_spawn(state_->executor, state_->serve(subscription), asio::detached);
}

void Deliveries::stop(const std::string& id) {
    const auto found = state_->serving.find(id);
    if (found == state_->serving.end()) return;
    found->second.close();
    state_->serving.erase(found);
}

void Deliveries::confirm(const Subscription& subscription, aws::Notification confirmation) {
    if (state_->closed) return;
    asio::co_spawn(state_->executor, state_->post_confirmation(subscription, std::move(confirmation)), asio::detached);
}

awaitable<Result<void>> Deliveries::farewell(Subscription subscription) {
    const auto state = state_;
    const auto stored = co_await state->farewell(subscription);
    if (stored) start(subscription);
    co_return stored;
}

void Deliveries::close() {
    if (std::exchange(state_->closed, true)) return;
    for (auto& [id, source] : std::exchange(state_->serving, {})) source.close();
    state_->session.close();
    state_->free.cancel();
    for (auto* timer : state_->sleeping) timer->cancel();
    state_->client.reset();
}

Deliveries::Counts Deliveries::counts() const { return state_->counts; }

}  // namespace rowmq::sns
