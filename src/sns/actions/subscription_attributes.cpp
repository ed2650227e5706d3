#include <fmt/format.h>

#include <utility>

#include "sns/actions/actions.hpp"
#include "sns/names.hpp"
#include "sns/page_token.hpp"
#include "sns/retry.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t subscriptions_per_page = 100;

Answer<ListSubscriptionsResult> page(const Service& service, const std::vector<Subscription>& all, const Text& token) {
    std::string after;
    if (token) {
        auto decoded = after_token(*token);
        if (!decoded) return invalid("NextToken");
        after = *std::move(decoded);
    }
    ListSubscriptionsResult result;
    std::string last;
    for (const Subscription& s : all) {
        if (!after.empty() && s.place() <= after) continue;
        if (result.subscriptions.size() == subscriptions_per_page) {
            result.next_token = page_token(last);
            break;
        }
        last = s.place();
        result.subscriptions.push_back({.arn = s.pending ? "PendingConfirmation" : subscription_arn(s.topic, s.id, service.place),
                                        .owner = service.place.account,
                                        .protocol = s.protocol,
                                        .endpoint = s.endpoint,
                                        .topic = topic_arn(s.topic, service.place)});
    }
    return result;
}

}  // namespace

awaitable<Answer<AttributesResult>> get_subscription_attributes(Service& service, Caller, SubscriptionRequest request) {
    const auto found = service.subscription(request.arn);
    if (!found) co_return found.error();
    const Subscription& s = *found;
    AttributesResult result;
    auto& out = result.attributes;
    out.emplace_back("SubscriptionArn", subscription_arn(s.topic, s.id, service.place));
    out.emplace_back("TopicArn", topic_arn(s.topic, service.place));
    out.emplace_back("Owner", service.place.account);
    out.emplace_back("Protocol", s.protocol);
    out.emplace_back("Endpoint", s.endpoint);
    out.emplace_back("PendingConfirmation", s.pending ? "true" : "false");
    out.emplace_back("ConfirmationWasAuthenticated", !s.is_http() || s.authenticated ? "true" : "false");
    out.emplace_back("SubscriptionPrincipal", fmt::format("arn:aws:iam::{}:root", service.place.account));
    out.emplace_back("RawMessageDelivery", s.is_raw() ? "true" : "false");
    for (const auto& [name, value] : s.attributes)
        if (name != "RawMessageDelivery") out.emplace_back(name, value);
    if (!s.attribute("FilterPolicy").empty() && s.attribute("FilterPolicyScope").empty())
        out.emplace_back("FilterPolicyScope", "MessageAttributes");
    if (s.is_http()) {
        const auto topic = service.broker.exchange(s.topic);
        const std::string usual = topic ? attribute(topic->options, "DeliveryPolicy") : std::string();
        out.emplace_back("EffectiveDeliveryPolicy",
                         to_json(effective_policy(usual, s.attribute("DeliveryPolicy")), PolicyOf::subscription));
    }
    co_return result;
}

awaitable<Answer<Nothing>> set_subscription_attributes(Service& service, Caller, SetSubscriptionAttributesRequest request) {
    auto found = service.subscription(request.arn);
    if (!found) co_return found.error();
    Subscription& s = *found;
    if (!request.name || request.name->empty()) co_return invalid("AttributeName");
    if (const auto wrong = set_attribute(s, *request.name, request.value.value_or(""))) co_return invalid(*wrong);
    if (*request.name == "RedrivePolicy" && s.is_http()) {
        auto queue = service.broker.queue(s.queue);
        if (!queue) co_return no_such_subscription();
        const auto arn = dead_letter_arn(s);
        const auto target = arn ? queue_of_arn(*arn, service.place) : std::nullopt;
        queue->options.dead_letter = target ? std::optional(DeadLetter{.exchange = "", .routing_key = *target}) : std::nullopt;
        const auto altered = co_await service.broker.alter_queue(s.queue, queue->options);
        if (!altered) co_return refusal_of(altered.error());
    }
    const auto bound = co_await service.broker.bind(binding_of(s));
    if (bound) {
        service.deliveries.update(s);
        co_return Nothing{};
    }
    if (bound.error().code == Errc::invalid_argument) co_return invalid(fmt::format("{}: {}", *request.name, bound.error().text));
    co_return refusal_of(bound.error());
}

awaitable<Answer<ListSubscriptionsResult>> list_subscriptions(Service& service, Caller, ListRequest request) {
    co_return page(service, all_subscriptions(service.broker), request.next_token);
}

awaitable<Answer<ListSubscriptionsResult>> list_subscriptions_by_topic(Service& service, Caller, ListSubscriptionsByTopicRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error();
    co_return page(service, subscriptions_of(service.broker, topic->name), request.next_token);
}

}  // namespace rowmq::sns
