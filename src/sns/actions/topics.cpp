#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sns/actions/actions.hpp"
#include "sns/names.hpp"
#include "sns/page_token.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t topics_per_page = 100;

Answer<std::string> new_topic_name(const CreateTopicRequest& request) {
    if (!request.name || request.name->empty()) return invalid("Topic Name");
    const auto asked = std::ranges::find(request.attributes, "FifoTopic", &std::pair<std::string, std::string>::first);
    const bool fifo = asked != request.attributes.end() && (asked->second == "true" || asked->second == "True");
    if (fifo && !is_fifo_name(*request.name)) return invalid("Topic Name");
    if (!is_topic_name(*request.name) || (!fifo && is_fifo_name(*request.name))) return invalid("Topic Name");
    return *request.name;
}

/// Options with what the request says.
Answer<ExchangeOptions> options_of(const std::string& name, const CreateTopicRequest& request, ExchangeOptions options) {
    for (const auto& [attribute, value] : request.attributes)
        if (auto wrong = set_attribute(options, name, attribute, value, true)) return *std::move(wrong);
    if (request.data_protection && !request.data_protection->empty())
        options.attributes[std::string(attribute_key) + "DataProtectionPolicy"] = *request.data_protection;
    return options;
}

}  // namespace

awaitable<Answer<TopicArnResult>> create_topic(Service& service, Caller, CreateTopicRequest request) {
    const auto name = new_topic_name(request);
    if (!name) co_return name.error();
    TopicArnResult result{.arn = topic_arn(*name, service.place)};
    if (const auto there = service.broker.exchange(*name)) {
        if (!is_topic(*there)) co_return invalid("Topic Name", "an exchange of that name exists that is not fanout");
        const auto options = options_of(*name, request, there->options);
        if (!options) co_return options.error();
        if (!(*options == there->options)) co_return invalid("Attributes", "Topic already exists with different attributes");
        ExchangeOptions tagged = there->options;
        if (auto wrong = set_tags(tagged, request.tags)) co_return *std::move(wrong);
        if (!(tagged == there->options)) co_return invalid("Tags", "Topic already exists with different tags");
        co_return result;
    }
    auto options = options_of(*name, request, {.kind = ExchangeKind::fanout, .attributes = {}});
    if (!options) co_return options.error();
    if (auto wrong = set_tags(*options, request.tags)) co_return *std::move(wrong);
    const auto declared = co_await service.broker.declare_exchange(*name, *std::move(options));
    if (declared) co_return result;
    if (declared.error().code == Errc::limit_exceeded) co_return Refusal{Fault::topic_limit_exceeded, declared.error().text};
    co_return refusal_of(declared.error());
}

awaitable<Answer<Nothing>> delete_topic(Service& service, Caller, TopicRequest request) {
    const auto topic = service.topic(request.arn);
    if (!topic) {
        // Deleting what is not there is no error.
        if (topic.error().fault == Fault::not_found) co_return Nothing{};
        co_return topic.error();
    }
    if (!is_topic(*topic)) co_return no_such_topic();
    // The others are bindings only, which go with the exchange in one commit.
    for (const Subscription& subscription : http_subscriptions_of(service.broker, topic->name)) {
        const auto ended = co_await end_subscription(service, subscription);
        if (!ended) co_return refusal_of(ended.error());
    }
    const auto deleted = co_await service.broker.delete_exchange(topic->name);
    if (!deleted && deleted.error().code != Errc::no_such_exchange) co_return refusal_of(deleted.error());
    service.directory.forget(topic->name);
    co_return Nothing{};
}

awaitable<Answer<ListTopicsResult>> list_topics(Service& service, Caller, ListRequest request) {
    std::string after;
    if (request.next_token) {
        auto decoded = after_token(*request.next_token);
        if (!decoded) co_return invalid("NextToken");
        after = *std::move(decoded);
    }
    ListTopicsResult result;
    std::string last;
    see_topics(service.broker, after, [&](std::string_view topic) {
        if (result.topics.size() == topics_per_page) {
            result.next_token = page_token(last);
            return false;
        }
        last = topic;
        result.topics.push_back({.arn = topic_arn(topic, service.place)});
        return true;
    });
    co_return result;
}

}  // namespace rowmq::sns
