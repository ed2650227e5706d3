#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/bounded_json.hpp"
#include "sns/actions/actions.hpp"
#include "sns/names.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

namespace json = boost::json;

constexpr std::array permitted_actions{"AddPermission",
                                       "DeleteTopic",
                                       "GetDataProtectionPolicy",
                                       "GetTopicAttributes",
                                       "ListSubscriptionsByTopic",
                                       "ListTagsForResource",
                                       "Publish",
                                       "PutDataProtectionPolicy",
                                       "RemovePermission",
                                       "SetTopicAttributes",
                                       "Subscribe"};
constexpr std::string_view data_protection = "DataProtectionPolicy";

awaitable<Answer<Nothing>> alter(Service& service, std::string name, ExchangeOptions options) {
    const auto altered = co_await service.broker.alter_exchange(std::move(name), std::move(options));
    if (!altered) co_return refusal_of(altered.error());
    co_return Nothing{};
}

/// The topic's policy as JSON, the default one where it has none.
json::object policy_of(const ExchangeInfo& topic, const aws::Place& place) {
    for (const auto& [name, value] : attributes_of(topic, place))
        if (name == "Policy") return json::parse(value).as_object();
    return {};
}

/// Its statements, made a list.
json::array& statements_of(json::object& policy) {
    auto& statements = policy["Statement"];
    if (!statements.is_array()) statements = statements.is_null() ? json::array() : json::array{statements};
    return statements.get_array();
}

bool is_called(const json::value& statement, std::string_view label) {
    const auto* sid = statement.is_object() ? statement.get_object().if_contains("Sid") : nullptr;
    return sid && sid->is_string() && std::string_view(sid->get_string()) == label;
}

}  // namespace

awaitable<Answer<AttributesResult>> get_topic_attributes(Service& service, Caller, TopicRequest request) {
    const auto topic = service.topic(request.arn);
    if (!topic) co_return topic.error();
    AttributesResult result{.attributes = attributes_of(*topic, service.place)};
    std::erase_if(result.attributes, [](const auto& one) { return one.first == data_protection; });
    const auto [confirmed, pending] = count_subscriptions(service.broker, topic->name);
    result.attributes.emplace_back("SubscriptionsConfirmed", std::to_string(confirmed));
    result.attributes.emplace_back("SubscriptionsPending", std::to_string(pending));
    result.attributes.emplace_back("SubscriptionsDeleted", "0");
    co_return result;
}

awaitable<Answer<Nothing>> set_topic_attributes(Service& service, Caller, SetTopicAttributesRequest request) {
    auto topic = service.topic(request.arn);
    if (!topic) co_return topic.error();
    if (!request.name || request.name->empty()) co_return invalid("AttributeName");
    if (*request.name == "FifoTopic") co_return invalid("AttributeName");
    if (auto wrong = set_attribute(topic->options, topic->name, *request.name, request.value.value_or(""), false))
        co_return *std::move(wrong);
    co_return co_await alter(service, topic->name, topic->options);
}

awaitable<Answer<Nothing>> add_permission(Service& service, Caller, AddPermissionRequest request) {
    auto topic = service.topic(request.arn);
    if (!topic) co_return topic.error();
    if (!request.label || request.label->empty()) co_return invalid("Label");
    if (request.accounts.empty()) co_return invalid("AWSAccountId");
    if (request.actions.empty()) co_return invalid("ActionName");
    for (const auto& action : request.actions)
        if (std::ranges::find(permitted_actions, action) == permitted_actions.end())
            co_return invalid("Policy statement action out of service scope!");
    json::object policy = policy_of(*topic, service.place);
    json::array& statements = statements_of(policy);
    if (std::ranges::any_of(statements, [&](const auto& s) { return is_called(s, *request.label); }))
        co_return invalid("Statement already exists");
    json::array accounts, actions;
    for (const auto& account : request.accounts) accounts.emplace_back(fmt::format("arn:aws:iam::{}:root", account));
    for (const auto& action : request.actions) actions.emplace_back("SNS:" + action);
    statements.push_back(json::object{{"Sid", *request.label},
                                      {"Effect", "Allow"},
                                      {"Principal", json::object{{"AWS", accounts}}},
                                      {"Action", actions},
                                      {"Resource", topic_arn(topic->name, service.place)}});
    if (auto wrong = set_attribute(topic->options, topic->name, "Policy", json::serialize(policy), false)) co_return *std::move(wrong);
    co_return co_await alter(service, topic->name, topic->options);
}

awaitable<Answer<Nothing>> remove_permission(Service& service, Caller, RemovePermissionRequest request) {
    auto topic = service.topic(request.arn);
    if (!topic) co_return topic.error();
    if (!request.label || request.label->empty()) co_return invalid("Label");
    json::object policy = policy_of(*topic, service.place);
    json::array& statements = statements_of(policy);
    json::array left;
    for (const auto& statement : statements)
        if (!is_called(statement, *request.label)) left.push_back(statement);
    statements = std::move(left);
    if (auto wrong = set_attribute(topic->options, topic->name, "Policy", json::serialize(policy), false)) co_return *std::move(wrong);
    co_return co_await alter(service, topic->name, topic->options);
}

awaitable<Answer<DataProtectionResult>> get_data_protection_policy(Service& service, Caller, ResourceRequest request) {
    const auto topic = service.topic(request.arn, "ResourceArn");
    if (!topic) co_return topic.error();
    co_return DataProtectionResult{.policy = attribute(topic->options, data_protection)};
}

awaitable<Answer<Nothing>> put_data_protection_policy(Service& service, Caller, PutDataProtectionRequest request) {
    auto topic = service.topic(request.arn, "ResourceArn");
    if (!topic) co_return topic.error();
    const std::string policy = request.policy.value_or("");
    if (!policy.empty() && !parse_bounded_object(policy)) co_return invalid("DataProtectionPolicy", "failed to parse JSON.");
    topic->options.attributes[std::string(attribute_key) + std::string(data_protection)] = policy;
    co_return co_await alter(service, topic->name, topic->options);
}

}  // namespace rowmq::sns
