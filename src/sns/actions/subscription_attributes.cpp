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

/// Where a listing begins: after a subscription of a topic; at the first without a token. Errors: invalid_parameter.
Answer<std::pair<std::string, std::string>> begin_of(const Text& token) {
    if (!token) return std::pair<std::string, std::string>{};
    const auto after = after_token(*token);
    const auto colon = after ? after->find(':') : std::string::npos;
    if (colon == std::string::npos) return invalid("NextToken");
    return std::pair(after->substr(0, colon), after->substr(colon + 1));
}

/// One page of a listing.
struct Listing {
    const Service& service;
    ListSubscriptionsResult result;
    std::string last;

    /// False when the page was full before.
    bool add(const Subscription& s) {
        if (s.ended) return true;
        if (result.subscriptions.size() == subscriptions_per_page) {
            result.next_token = page_token(last);
            return false;
        }
        last = s.topic + ':' + s.id;
        result.subscriptions.push_back({.arn = s.pending ? "PendingConfirmation" : subscription_arn(s.topic, s.id, service.place),
                                        .owner = service.place.account,
                                        .protocol = s.protocol,
                                        .endpoint = s.endpoint,
                                        .topic = topic_arn(s.topic, service.place)});
        return true;
    }
    bool add_those_of(std::string_view topic, std::string_view after) {
        bool room = true;
        see_subscriptions(service.broker, topic, after, [&](const Subscription& s) { return room = add(s); });
        return room;
    }
};

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
        if (name != "RawMessageDelivery") out.emplace_back(name, name == "DeliveryPolicy" ? whole_delivery_policy(value) : value);
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
        const std::string policy = s.attribute("RedrivePolicy");
        auto queue = service.broker.queue(s.queue);
        if (!queue) co_return no_such_subscription();
        const auto arn = dead_letter_arn(s);
        const auto target = arn ? queue_of_arn(*arn, service.place) : std::nullopt;
        queue->options.dead_letter = target ? std::optional(DeadLetter{.exchange = "", .routing_key = *target}) : std::nullopt;
        const auto altered = co_await service.broker.alter_queue(s.queue, queue->options);
        if (!altered) co_return refusal_of(altered.error());
        // It may have ended, or changed, meanwhile.
        found = service.subscription(request.arn);
        if (!found) co_return found.error();
        if (policy.empty()) s.attributes.erase("RedrivePolicy");
        else s.attributes["RedrivePolicy"] = policy;
    }
    const auto bound = co_await service.broker.bind(binding_of(s));
    if (bound) co_return Nothing{};
    if (bound.error().code == Errc::invalid_argument) co_return invalid(fmt::format("{}: {}", *request.name, bound.error().text));
    co_return refusal_of(bound.error());
}

awaitable<Answer<ListSubscriptionsResult>> list_subscriptions(Service& service, Caller, ListRequest request) {
    const auto begin = begin_of(request.next_token);
    if (!begin) co_return begin.error();
    Listing listing{.service = service, .result = {}, .last = {}};
    const auto& [topic, after] = *begin;
    if (!topic.empty() && !listing.add_those_of(topic, after)) co_return std::move(listing.result);
    see_topics(service.broker, topic, [&](std::string_view one) { return listing.add_those_of(one, ""); });
    co_return std::move(listing.result);
}

awaitable<Answer<ListSubscriptionsResult>> list_subscriptions_by_topic(Service& service, Caller, ListSubscriptionsByTopicRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error();
    const auto begin = begin_of(request.next_token);
    if (!begin) co_return begin.error();
    if (request.next_token && begin->first != topic->name) co_return invalid("NextToken");
    Listing listing{.service = service, .result = {}, .last = {}};
    listing.add_those_of(topic->name, begin->second);
    co_return std::move(listing.result);
}

}  // namespace rowmq::sns
