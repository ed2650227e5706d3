#include "sqs/redrive_policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "aws/json.hpp"
#include "sqs/policy_json.hpp"

namespace rowmq::sqs {
namespace {

constexpr std::int64_t max_receive_count = 1'000;
constexpr std::size_t max_source_arns = 10;

std::optional<std::int64_t> count_of(const boost::json::value& value) {
    if (value.is_int64()) return value.as_int64();
    if (!value.is_string()) return std::nullopt;
    const std::string_view text = value.as_string();
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

std::string_view text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

/// A JSON value as AWS repeats it: a text without its quotes.
std::string plain(const boost::json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
}

Refusal unreadable(std::string_view attribute, std::string_view reason) {
    return {Fault::invalid_attribute_value, fmt::format("Invalid value for the parameter {}. Reason: {}", attribute, reason)};
}

/// One of the three permissions, a list of texts where there are sources, and nothing else.
bool has_form_of_allow_policy(const boost::json::object& policy) {
    const std::string_view permission = text_of(policy, "redrivePermission");
    if (permission != "allowAll" && permission != "denyAll" && permission != "byQueue") return false;
    const auto* sources = policy.if_contains("sourceQueueArns");
    if (policy.size() > (sources ? 2u : 1u)) return false;
    if (!sources) return true;
    if (!sources->is_array()) return false;
    const auto& arns = sources->as_array();
    return std::all_of(arns.begin(), arns.end(), [](const auto& arn) { return arn.is_string(); });
}

}  // namespace

std::optional<Refusal> set_redrive_policy(QueueOptions& options, std::string_view text, std::string_view source, const Settings& settings,
                                          const FindQueue& find) {
    if (text.empty()) {
        options.dead_letter.reset();
        options.max_receives = 0;
        return std::nullopt;
    }
    const auto policy = parse_json_object(text);
    if (!policy) return unreadable("RedrivePolicy", "Redrive policy is not a valid JSON map.");
    const auto reject = [&](std::string_view reason) { return invalid_value(text, "RedrivePolicy", reason); };
    const auto* target = policy->if_contains("deadLetterTargetArn");
    const auto* count = policy->if_contains("maxReceiveCount");
    if (!count) return reject("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    if (!target) return reject("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (policy->size() > 2) return reject("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].");
    const auto receives = count_of(*count);
    if (!receives || *receives < 1 || *receives > max_receive_count)
        return reject(fmt::format("Invalid value for maxReceiveCount: {}, valid values are from 1 to {} both inclusive.", plain(*count),
                                  max_receive_count));
    const auto name = target->is_string() ? queue_of_arn(std::string_view(target->as_string()), settings) : std::nullopt;
    if (!name) return reject("Invalid value for deadLetterTargetArn.");
    const auto queue = find(*name);
    if (!queue) return reject("Dead letter target does not exist.");
    if (queue->options.kind != options.kind)
        return reject("Dead-letter queue must be same type of queue as the source..");  // with two dots: so AWS was seen to say it
    const DeadLetter wanted{.exchange = "", .routing_key = *name, .expired = false};
    const bool is_same =
        options.dead_letter && options.dead_letter->exchange.empty() && options.dead_letter->routing_key == wanted.routing_key;
    if (!is_same && !allows_dead_letters_of(queue->options, source, settings))
        return reject("The redrive allow policy of the dead letter target does not allow this source queue.");
    options.dead_letter = wanted;
    options.max_receives = static_cast<std::uint32_t>(*receives);
    return std::nullopt;
}

std::optional<std::string> redrive_policy_of(const QueueOptions& o, const Settings& settings) {
    if (!o.dead_letter || !o.dead_letter->exchange.empty() || !o.dead_letter->routing_key || o.max_receives == 0) return std::nullopt;
    std::string policy = "{\"deadLetterTargetArn\":";
    aws::append_json_text(policy, arn_of(*o.dead_letter->routing_key, settings));
    return policy + fmt::format(",\"maxReceiveCount\":{}}}", o.max_receives);
}

std::optional<Refusal> check_redrive_allow_policy(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto reject = [&](std::string_view reason) {
        return invalid_value(text, "RedriveAllowPolicy", fmt::format("Amazon SQS can't create the redrive allow policy. {}", reason));
    };
    const auto policy = parse_json_object(text);
    if (!policy || !has_form_of_allow_policy(*policy))
        return unreadable("RedriveAllowPolicy",
                          "Amazon SQS can't create the redrive allow policy, as it\xe2\x80\x99s in an unsupported format.");
    const bool by_queue = text_of(*policy, "redrivePermission") == "byQueue";
    const auto* sources = policy->if_contains("sourceQueueArns");
    if (!by_queue && sources) return reject("To specify one or more source queue ARNs, you must set redrivePermission to byQueue.");
    if (!by_queue) return std::nullopt;
    if (!sources || sources->as_array().empty())
        return reject("When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.");
    const auto& arns = sources->as_array();
    if (arns.size() > max_source_arns)
        return reject(fmt::format("The maximum number of source queue ARNs you can specify is {}.", max_source_arns));
    const bool right = std::all_of(arns.begin(), arns.end(), [](const auto& arn) {
        const std::string_view name = arn.as_string();
        return name.starts_with("arn:") && name.find(":sqs:") != std::string_view::npos;
    });
    if (!right) return reject("sourceQueueArns must be ARNs of SQS queues.");
    return std::nullopt;
}

bool allows_dead_letters_of(const QueueOptions& target, std::string_view source, const Settings& settings) {
    const auto kept = target.attributes.find("sqs.RedriveAllowPolicy");
    const auto policy = kept == target.attributes.end() ? std::nullopt : parse_json_object(kept->second);
    if (!policy) return true;
    const std::string_view permission = text_of(*policy, "redrivePermission");
    if (permission != "byQueue") return permission != "denyAll";
    const auto* sources = policy->if_contains("sourceQueueArns");
    if (!sources || !sources->is_array()) return false;
    return std::any_of(sources->as_array().begin(), sources->as_array().end(), [&](const auto& arn) {
        return arn.is_string() && queue_of_arn(std::string_view(arn.as_string()), settings) == source;
    });
}

}  // namespace rowmq::sqs
