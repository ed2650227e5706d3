#include "sns/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bounded_json.hpp"
#include "sns/names.hpp"
#include "sns/retry.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t max_tags = 50, max_tag_key = 128, max_tag_value = 256, max_display_name = 100;

/// Kept and given back, without an effect here.
constexpr std::array kept_only{"ApplicationFailureFeedbackRoleArn",
                               "ApplicationSuccessFeedbackRoleArn",
                               "ApplicationSuccessFeedbackSampleRate",
                               "FirehoseFailureFeedbackRoleArn",
                               "FirehoseSuccessFeedbackRoleArn",
                               "FirehoseSuccessFeedbackSampleRate",
                               "HTTPFailureFeedbackRoleArn",
                               "HTTPSuccessFeedbackRoleArn",
                               "HTTPSuccessFeedbackSampleRate",
                               "KmsMasterKeyId",
                               "LambdaFailureFeedbackRoleArn",
                               "LambdaSuccessFeedbackRoleArn",
                               "LambdaSuccessFeedbackSampleRate",
                               "SQSFailureFeedbackRoleArn",
                               "SQSSuccessFeedbackRoleArn",
                               "SQSSuccessFeedbackSampleRate"};

std::optional<Refusal> check_value(const std::string& name, const std::string& value, std::string_view topic) {
    if (name == "DisplayName") {
        if (value.size() > max_display_name)
            return invalid("DisplayName", fmt::format("DisplayName must be at most {} characters", max_display_name));
        return std::nullopt;
    }
    if (name == "Policy") {
        if (!parse_bounded_object(value)) return invalid("Policy", "Policy Error: null");
        return std::nullopt;
    }
    if (name == "DeliveryPolicy") {
        const auto wrong = check_delivery_policy(value, PolicyOf::topic);
        return wrong ? std::optional(invalid(*wrong)) : std::nullopt;
    }
    if (name == "SignatureVersion") {
        if (value != "1" && value != "2") return invalid("SignatureVersion", fmt::format("Invalid value [{}]. Must be 1 or 2.", value));
        return std::nullopt;
    }
    if (name == "TracingConfig") {
        if (value != "PassThrough" && value != "Active") return invalid("TracingConfig", "Must be PassThrough or Active.");
        return std::nullopt;
    }
    if (name == "ContentBasedDeduplication") {
        if (!is_fifo_name(topic)) return invalid("Content-based deduplication can only be set for FIFO topics");
        if (value != "true" && value != "false") return invalid("ContentBasedDeduplication", "Must be true or false.");
        return std::nullopt;
    }
    if (name == "FifoThroughputScope") {
        if (!is_fifo_name(topic)) return invalid("FifoThroughputScope", "It can only be set for FIFO topics");
        if (value != "Topic" && value != "MessageGroup") return invalid("FifoThroughputScope", "Must be Topic or MessageGroup.");
        return std::nullopt;
    }
    if (name == "ArchivePolicy") return invalid("ArchivePolicy", "Message archiving and replaying is not supported.");
    if (std::ranges::find(kept_only, name) == kept_only.end()) return invalid("AttributeName");
    return std::nullopt;
}

std::string key_of(std::string_view name) { return std::string(attribute_key) + std::string(name); }

}  // namespace

bool is_topic(const ExchangeInfo& exchange) noexcept {
    return exchange.options.kind == ExchangeKind::fanout && is_topic_name(exchange.name);
}
bool is_fifo(const ExchangeInfo& topic) noexcept { return is_fifo_name(topic.name); }

void see_topics(const Broker& broker, std::string_view after, const std::function<bool(std::string_view topic)>& see) {
    see_exchanges(broker, after, [&](const ExchangeView& exchange) {
        const bool topic = exchange.options.kind == ExchangeKind::fanout && is_topic_name(exchange.name);
        return !topic || see(exchange.name);
    });
}

std::string attribute(const ExchangeOptions& options, std::string_view name) {
    const auto found = options.attributes.find(key_of(name));
    return found == options.attributes.end() ? std::string() : found->second;
}

std::optional<Refusal> set_attribute(ExchangeOptions& options, std::string_view topic, const std::string& name, const std::string& value,
                                     bool creating) {
    if (name == "FifoTopic" && creating) return std::nullopt;  // the name says it
    if (auto wrong = value.empty() && name != "Policy" && name != "DisplayName" && name != "DeliveryPolicy" && name != "KmsMasterKeyId"
                         ? std::optional(invalid(name, "it is empty"))
                     : value.empty() ? std::nullopt
                                     : check_value(name, value, topic))
        return wrong;
    if (value.empty()) options.attributes.erase(key_of(name));
    else options.attributes[key_of(name)] = value;
    return std::nullopt;
}

std::optional<Refusal> set_tags(ExchangeOptions& options, const std::vector<Tag>& tags) {
    for (const auto& [key, value] : tags) {
        if (key.empty() || key.size() > max_tag_key || value.size() > max_tag_value || key.starts_with("aws:"))
            return invalid("Tags", fmt::format("a tag's key must have 1 to {} characters and not begin with aws:, its value at most {}",
                                               max_tag_key, max_tag_value));
        if (std::ranges::count(tags, key, &Tag::key) > 1) return invalid("Duplicated keys are not allowed.");
        options.attributes[std::string(tag_key) + key] = value;
    }
    if (tags_of(options).size() > max_tags)
        return Refusal{Fault::tag_limit_exceeded,
                       fmt::format("Could not complete request: tag quota of {} per resource exceeded", max_tags)};
    return std::nullopt;
}

std::vector<Tag> tags_of(const ExchangeOptions& options) {
    std::vector<Tag> tags;
    for (const auto& [name, value] : options.attributes)
        if (name.starts_with(tag_key)) tags.push_back({.key = name.substr(tag_key.size()), .value = value});
    return tags;
}

Map<std::string> attributes_of(const ExchangeInfo& topic, const aws::Place& place) {
    Map<std::string> out;
    const std::string arn = topic_arn(topic.name, place);
    out.emplace_back("TopicArn", arn);
    out.emplace_back("Owner", place.account);
    out.emplace_back("DisplayName", attribute(topic.options, "DisplayName"));
    std::string policy = attribute(topic.options, "Policy");
    if (policy.empty())
        policy = fmt::format(
            R"({{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow",)"
            R"("Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",)"
            R"("SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],)"
            R"("Resource":"{}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{}"}}}}}}]}})",
            arn, place.account);
    out.emplace_back("Policy", std::move(policy));
    out.emplace_back("EffectiveDeliveryPolicy", to_json(effective_policy(attribute(topic.options, "DeliveryPolicy"), {}), PolicyOf::topic));
    if (is_fifo(topic)) {
        out.emplace_back("FifoTopic", "true");
        const std::string content_based = attribute(topic.options, "ContentBasedDeduplication");
        out.emplace_back("ContentBasedDeduplication", content_based.empty() ? "false" : content_based);
    }
    for (const auto& [name, value] : topic.options.attributes) {
        if (!name.starts_with(attribute_key)) continue;
        const std::string plain = name.substr(attribute_key.size());
        const auto same = [&](const auto& known) { return known.first == plain; };
        if (std::ranges::none_of(out, same)) out.emplace_back(plain, value);
    }
    return out;
}

}  // namespace rowmq::sns
