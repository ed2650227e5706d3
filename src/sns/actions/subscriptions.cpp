#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <utility>

#include "sns/actions/actions.hpp"
#include "sns/names.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t max_endpoint = 2'048;

std::optional<Refusal> check_url(const std::string& protocol, const std::string& endpoint) {
    const auto url = boost::urls::parse_uri(endpoint);
    if (endpoint.size() > max_endpoint || url.has_error() || url->host().empty())
        return invalid("Endpoint", "Endpoint must be a URL of at most 2048 characters");
    if (std::string_view(url->scheme().data(), url->scheme().size()) != protocol)
        return invalid("Endpoint must match the specified protocol");
    return std::nullopt;
}

/// The queue an SQS subscription goes to. Errors: invalid_parameter.
Answer<std::string> queue_of(const Service& service, const std::string& endpoint, bool fifo_topic) {
    const auto name = queue_of_arn(endpoint, service.place);
    if (!name) return invalid("SQS endpoint ARN");
    const auto queue = service.broker.queue(*name);
    if (!queue) return invalid("Endpoint", fmt::format("there is no queue {} to subscribe", *name));
    if (queue->options.kind == QueueKind::fifo && !fifo_topic)
        return invalid("Invalid parameter: Endpoint", "FIFO SQS Queues can not be subscribed to standard SNS topics");
    return *name;
}

/// The same protocol and endpoint at the same topic are the same subscription.
const Subscription* find_same(const std::vector<Subscription>& known, const SubscribeRequest& request) {
    for (const Subscription& s : known)
        if (s.protocol == *request.protocol && s.endpoint == *request.endpoint) return &s;
    return nullptr;
}

/// What a dead-letter queue's ARN means to a delivery queue.
std::optional<DeadLetter> dead_letter_of(const Service& service, const Subscription& subscription) {
    const auto arn = dead_letter_arn(subscription);
    const auto queue = arn ? queue_of_arn(*arn, service.place) : std::nullopt;
    return queue ? std::optional(DeadLetter{.exchange = "", .routing_key = *queue}) : std::nullopt;
}

aws::Notification confirmation_of(Service& service, const Subscription& s, const Caller& caller) {
    aws::Notification n;
    n.type = aws::Notification::Type::subscription_confirmation;
    n.message_id = service.new_id();
    n.topic_arn = topic_arn(s.topic, service.place);
    n.message = fmt::format(
        "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
        n.topic_arn);
    n.token = s.token;
    n.subscribe_url = fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", caller.origin, n.topic_arn, s.token);
    n.timestamp = aws::iso_time(service.clock.wall());
    return n;
}

std::string new_token(Service& service) {
    std::string token;
    for (int i = 0; i < 4; ++i) token += fmt::format("{:016x}", service.random.next());
    return token;
}

std::string shown_arn(const Service& service, const Subscription& s, const SubscribeRequest& request) {
    const bool told = request.return_arn && (*request.return_arn == "true" || *request.return_arn == "True");
    return s.pending && !told ? "pending confirmation" : subscription_arn(s.topic, s.id, service.place);
}

}  // namespace

awaitable<Answer<SubscriptionArnResult>> subscribe(Service& service, Caller caller, SubscribeRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error();
    if (!is_topic(*topic)) co_return no_such_topic();
    if (!request.protocol || request.protocol->empty()) co_return invalid("Protocol");
    const std::string& protocol = *request.protocol;
    if (protocol != "sqs" && protocol != "http" && protocol != "https")
        co_return invalid(
            fmt::format("Amazon SNS does not support this protocol string here: {} (sqs, http and https are served)", protocol));
    if (!request.endpoint || request.endpoint->empty()) co_return invalid("Endpoint");
    const bool fifo = is_fifo(*topic);
    if (fifo && protocol != "sqs") co_return invalid("Endpoint", "FIFO topics take SQS queues only");

    Subscription s{.id = service.new_id(),
                   .topic = topic->name,
                   .protocol = protocol,
                   .endpoint = *request.endpoint,
                   .queue = {},
                   .token = {},
                   .attributes = {}};
    // The scope decides how the policy is read, whatever comes first in the request.
    for (const bool scope : {true, false})
        for (const auto& [name, value] : request.attributes)
            if ((name == "FilterPolicyScope") == scope)
                if (const auto wrong = set_attribute(s, name, value)) co_return invalid("Attributes", *wrong);

    const auto known = subscriptions_of(service.broker, topic->name);
    if (const Subscription* same = find_same(known, request)) {
        for (const auto& [name, value] : s.attributes)
            if (same->attribute(name) != value) co_return invalid("Attributes", "Subscription already exists with different attributes");
        if (same->pending) service.deliveries.confirm(*same, confirmation_of(service, *same, caller));
        co_return SubscriptionArnResult{.arn = shown_arn(service, *same, request)};
    }
    if (s.is_http()) {
        if (auto wrong = check_url(protocol, s.endpoint)) co_return *std::move(wrong);
        s.queue = std::string(delivery_queue_prefix) + s.id;
        s.token = new_token(service);
        s.pending = true;
        QueueOptions options;
        options.dead_letter = dead_letter_of(service, s);
        options.attributes["sns.topic"] = topic->name;
        const auto declared = co_await service.broker.declare_queue(s.queue, std::move(options));
        if (!declared) co_return refusal_of(declared.error());
    } else {
        const auto queue = queue_of(service, s.endpoint, fifo);
        if (!queue) co_return queue.error();
        s.queue = *queue;
    }
    const auto bound = co_await service.broker.bind(binding_of(s));
    if (!bound) {
        if (s.is_http()) co_await service.broker.delete_queue(s.queue, {});
        if (bound.error().code == Errc::invalid_argument) co_return invalid("Attributes", "FilterPolicy: " + bound.error().text);
        co_return refusal_of(bound.error());
    }
    if (s.pending) service.deliveries.confirm(s, confirmation_of(service, s, caller));
    co_return SubscriptionArnResult{.arn = shown_arn(service, s, request)};
}

awaitable<Answer<SubscriptionArnResult>> confirm_subscription(Service& service, Caller, ConfirmSubscriptionRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error().fault == Fault::not_found ? invalid("Token") : invalid("Topic");
    if (!request.token || request.token->empty()) co_return invalid("Token");
    for (Subscription& s : subscriptions_of(service.broker, topic->name)) {
        if (s.token.empty() || s.token != *request.token) continue;
        if (s.pending) {
            s.pending = false;
            s.authenticated = request.authenticate && (*request.authenticate == "true" || *request.authenticate == "True");
            const auto bound = co_await service.broker.bind(binding_of(s));
            if (!bound) co_return refusal_of(bound.error());
        }
        service.deliveries.start(s);
        co_return SubscriptionArnResult{.arn = subscription_arn(s.topic, s.id, service.place)};
    }
    co_return invalid("Token");
}

awaitable<Answer<Nothing>> unsubscribe(Service& service, Caller caller, SubscriptionRequest request) {
    const auto found = service.subscription(request.arn);
    if (!found) {
        // Ending what has ended is no error, as long as its topic is there.
        if (found.error() == no_such_subscription() && subscription_of_arn(*request.arn, service.place)) co_return Nothing{};
        co_return found.error();
    }
    if (found->authenticated && !caller.known)
        co_return Refusal{Fault::authorization_error,
                          "The subscription was confirmed with AuthenticateOnUnsubscribe: only its owner may end it"};
    const auto ended = co_await end_subscription(service, *found);
    if (!ended) co_return refusal_of(ended.error());
    co_return Nothing{};
}

awaitable<Result<void>> end_subscription(Service& service, Subscription subscription) {
    service.deliveries.stop(subscription.id);
    if (subscription.is_http()) {
        const auto deleted = co_await service.broker.delete_queue(subscription.queue, {});  // its binding goes with it
        if (!deleted && deleted.error().code != Errc::no_such_queue) co_return deleted.error();
        co_return Result<void>{};
    }
    Binding binding{.exchange = subscription.topic, .queue = subscription.queue, .routing_key = subscription.id, .options = {}};
    const auto unbound = co_await service.broker.unbind(std::move(binding));
    if (!unbound && unbound.error().code != Errc::no_such_binding && unbound.error().code != Errc::no_such_queue) co_return unbound.error();
    co_return Result<void>{};
}

}  // namespace rowmq::sns
