#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <utility>

#include "sns/actions/actions.hpp"
#include "sns/confirmations.hpp"
#include "sns/names.hpp"
#include "sns/token.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t max_endpoint = 2'048;
/// Protocols of SNS that are not served here.
constexpr std::array elsewhere{"application", "email", "email-json", "firehose", "lambda", "sms"};

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

/// What a dead-letter queue's ARN means to a delivery queue.
std::optional<DeadLetter> dead_letter_of(const Service& service, const Subscription& subscription) {
    const auto arn = dead_letter_arn(subscription);
    const auto queue = arn ? queue_of_arn(*arn, service.place) : std::nullopt;
    return queue ? std::optional(DeadLetter{.exchange = "", .routing_key = *queue}) : std::nullopt;
}

aws::Notification confirmation_of(Service& service, const Subscription& s, const Caller& caller) {
    return subscription_confirmation(s, {.broker = service.broker,
                                         .place = service.place,
                                         .origin = caller.origin,
                                         .message_id = service.new_id(),
                                         .at = service.clock.wall()});
}

bool is_on(const Text& text) { return text && (*text == "true" || *text == "True"); }

/// The endpoint is told, and may restore the subscription.
awaitable<Result<void>> end_restorably(Service& service, Subscription s) {
    s.ended = service.clock.wall();
    s.told = false;
    s.token = new_token(s.id, service.random);
    const auto bound = co_await service.broker.bind(binding_of(s));
    if (!bound) co_return bound.error();
    service.directory.put(s);
    co_return co_await service.deliveries.farewell(std::move(s));
}

std::string shown_arn(const Service& service, const Subscription& s, const SubscribeRequest& request) {
    return s.pending && !is_on(request.return_arn) ? "pending confirmation" : subscription_arn(s.topic, s.id, service.place);
}

}  // namespace

awaitable<Answer<SubscriptionArnResult>> subscribe(Service& service, Caller caller, SubscribeRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error();
    if (!is_topic(*topic)) co_return no_such_topic();
    if (!request.protocol || request.protocol->empty()) co_return invalid("Protocol");
    const std::string& protocol = *request.protocol;
    if (protocol != "sqs" && protocol != "http" && protocol != "https") {
        const std::string text = fmt::format("Amazon SNS does not support this protocol string: {}", protocol);
        co_return invalid(std::ranges::find(elsewhere, protocol) == elsewhere.end() ? text : text + " (here are sqs, http and https)");
    }
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

    // The same protocol and endpoint at the same topic are the same subscription.
    if (const auto same = service.directory.find(s.topic, s.protocol, s.endpoint)) {
        for (const auto& [name, value] : s.attributes)
            if (!same->has(name, value)) co_return invalid("Attributes", "Subscription already exists with different attributes");
        if (same->pending) service.deliveries.confirm(*same, confirmation_of(service, *same, caller));
        co_return SubscriptionArnResult{.arn = shown_arn(service, *same, request)};
    }
    if (s.is_http()) {
        if (auto wrong = check_url(protocol, s.endpoint)) co_return *std::move(wrong);
        s.queue = std::string(delivery_queue_prefix) + s.id;
        s.token = new_token(s.id, service.random);
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
    service.directory.put(s);
    if (s.pending) service.deliveries.confirm(s, confirmation_of(service, s, caller));
    co_return SubscriptionArnResult{.arn = shown_arn(service, s, request)};
}

awaitable<Answer<SubscriptionArnResult>> confirm_subscription(Service& service, Caller, ConfirmSubscriptionRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error().fault == Fault::not_found ? invalid("Token") : invalid("Topic");
    if (!request.token || request.token->empty()) co_return invalid("Token");
    if (!is_token_text(*request.token)) co_return Refusal{Fault::invalid_parameter, "Invalid token"};
    const auto id = id_in_token(*request.token);
    auto found = id ? find_subscription(service.broker, topic->name, *id) : std::nullopt;
    if (!found || found->token != *request.token) co_return invalid("Token");
    if (found->ended) {
        if (*found->ended + restorable <= service.clock.wall()) co_return invalid("Token");
        // Its endpoint may have been subscribed anew: then that is what it confirms.
        if (auto anew = service.directory.find(found->topic, found->protocol, found->endpoint)) found = std::move(anew);
    }
    Subscription& s = *found;
    if (s.pending || s.ended) {
        s.pending = false;
        s.ended.reset();
        s.told = false;
        s.authenticated = is_on(request.authenticate);
        const auto bound = co_await service.broker.bind(binding_of(s));
        if (!bound) co_return refusal_of(bound.error());
        service.directory.put(s);
    }
    service.deliveries.start(s);
    co_return SubscriptionArnResult{.arn = subscription_arn(s.topic, s.id, service.place)};
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
    const bool restorably = found->is_http() && !found->pending;
    Result<void> ended;
    if (restorably) ended = co_await end_restorably(service, *found);
    else ended = co_await end_subscription(service, *found);
    if (!ended) co_return refusal_of(ended.error());
    co_await forget_ended(service);
    co_return Nothing{};
}

awaitable<void> forget_ended(Service& service, std::size_t max) {
    for (const auto& [topic, id] : service.directory.ended_before(service.clock.wall() - restorable, max)) {
        Subscription s{.id = id, .topic = topic, .protocol = {}, .endpoint = {}, .queue = {}, .token = {}, .attributes = {}};
        if (auto found = find_subscription(service.broker, topic, id)) s = *std::move(found);
        if (s.ended) co_await end_subscription(service, s);
        else service.directory.remove(s);
    }
}

awaitable<Result<void>> end_subscription(Service& service, Subscription subscription) {
    service.deliveries.stop(subscription.id);
    service.directory.remove(subscription);
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
