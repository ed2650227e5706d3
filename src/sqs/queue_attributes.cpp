#include "sqs/queue_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <chrono>

#include "aws/json.hpp"

namespace rowmq::sqs {
namespace {

using std::chrono::seconds;

constexpr std::int64_t max_receive_count = 1'000;
constexpr std::size_t max_source_arns = 10;

enum class Form : std::uint8_t { number, boolean, text, redrive, computed };

struct Attribute {
    std::string_view name;
    Form form;
    std::int64_t min = 0, max = 0;
    bool fifo_only = false;
};

constexpr Attribute known[] = {
    {"DelaySeconds", Form::number, 0, 900},
    {"MaximumMessageSize", Form::number, 1'024, 1'048'576},
    {"MessageRetentionPeriod", Form::number, 60, 1'209'600},
    {"ReceiveMessageWaitTimeSeconds", Form::number, 0, 20},
    {"VisibilityTimeout", Form::number, 0, 43'200},
    {"RedrivePolicy", Form::redrive},
    {"RedriveAllowPolicy", Form::text},
    {"Policy", Form::text},
    {"KmsMasterKeyId", Form::text},
    {"KmsDataKeyReusePeriodSeconds", Form::number, 60, 86'400},
    {"SqsManagedSseEnabled", Form::boolean},
    {"FifoQueue", Form::boolean, 0, 0, true},
    {"ContentBasedDeduplication", Form::boolean, 0, 0, true},
    {"DeduplicationScope", Form::text, 0, 0, true},
    {"FifoThroughputLimit", Form::text, 0, 0, true},
    {"QueueArn", Form::computed},
    {"CreatedTimestamp", Form::computed},
    {"LastModifiedTimestamp", Form::computed},
    {"ApproximateNumberOfMessages", Form::computed},
    {"ApproximateNumberOfMessagesNotVisible", Form::computed},
    {"ApproximateNumberOfMessagesDelayed", Form::computed},
};

const Attribute* find_attribute(std::string_view name) {
    const auto found = std::find_if(std::begin(known), std::end(known), [&](const Attribute& a) { return a.name == name; });
    return found == std::end(known) ? nullptr : found;
}

Refusal unknown_name(std::string_view name) { return {Fault::invalid_attribute_name, fmt::format("Unknown Attribute {}.", name)}; }
Refusal invalid(std::string_view name) {
    return {Fault::invalid_attribute_value, fmt::format("Invalid value for the parameter {}.", name)};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

std::optional<boost::json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    auto parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) return std::nullopt;
    return std::move(parsed.as_object());
}

std::optional<Refusal> set_redrive(QueueOptions& options, std::string_view text, const AttributeScope& scope) {
    if (text.empty()) {  // clears it
        options.dead_letter.reset();
        options.max_receives = 0;
        return std::nullopt;
    }
    const auto reject = [&](std::string_view reason) { return invalid_value(text, "RedrivePolicy", reason); };
    const auto policy = parse_object(text);
    if (!policy) return reject("Redrive policy is not a valid JSON map.");
    const auto* target = policy->if_contains("deadLetterTargetArn");
    const auto* count = policy->if_contains("maxReceiveCount");
    if (!target) return reject("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (!count) return reject("Redrive policy does not contain mandatory attribute: maxReceiveCount.");

    std::optional<std::int64_t> receives;
    if (count->is_int64()) receives = count->as_int64();
    if (count->is_string()) receives = whole_number(std::string_view(count->as_string()));
    if (!receives || *receives < 1 || *receives > max_receive_count)
        return reject("Invalid value for maxReceiveCount: must be between 1 and 1000.");
    const auto name = target->is_string() ? queue_of_arn(std::string_view(target->as_string()), scope.settings) : std::nullopt;
    if (!name) return reject("Invalid value for deadLetterTargetArn.");
    const auto queue = scope.find(*name);
    if (!queue) return reject("Dead letter target does not exist.");
    if (queue->options.kind != options.kind)
        return reject(options.kind == QueueKind::fifo ? "Dead letter target of a FIFO queue must be a FIFO queue."
                                                      : "Dead letter target of a standard queue must be a standard queue.");
    options.dead_letter = DeadLetter{"", *name};
    options.max_receives = static_cast<std::uint32_t>(*receives);
    return std::nullopt;
}

bool is_redrive_allow_policy(std::string_view text) {
    const auto policy = parse_object(text);
    if (!policy) return false;
    const auto* permission = policy->if_contains("redrivePermission");
    const auto* sources = policy->if_contains("sourceQueueArns");
    if (!permission || !permission->is_string()) return false;
    const std::string_view allowed = permission->as_string();
    if (allowed == "allowAll" || allowed == "denyAll") return !sources;
    if (allowed != "byQueue" || !sources || !sources->is_array()) return false;
    const auto& arns = sources->as_array();
    return !arns.empty() && arns.size() <= max_source_arns &&
           std::all_of(arns.begin(), arns.end(), [](const auto& a) { return a.is_string(); });
}

/// Is `text` one this attribute may have?
bool is_valid_text(std::string_view name, std::string_view text) {
    if (name == "DeduplicationScope") return text == "messageGroup" || text == "queue";
    if (name == "FifoThroughputLimit") return text == "perQueue" || text == "perMessageGroupId";
    if (name == "RedriveAllowPolicy") return text.empty() || is_redrive_allow_policy(text);
    if (name == "Policy") return text.empty() || parse_object(text).has_value();
    return true;
}

void keep(QueueOptions& options, std::string_view name, const std::string& value) {
    const std::string key = "sqs." + std::string(name);
    if (value.empty()) {
        options.attributes.erase(key);
    } else {
        options.attributes[key] = value;
    }
}

void set_number(QueueOptions& options, std::string_view name, std::int64_t n) {
    if (name == "DelaySeconds") {
        options.delay = seconds(n);
    } else if (name == "MaximumMessageSize") {
        options.max_message_bytes = n;
    } else if (name == "MessageRetentionPeriod") {
        options.ttl = seconds(n);
    } else if (name == "ReceiveMessageWaitTimeSeconds") {
        options.wait = seconds(n);
    } else if (name == "VisibilityTimeout") {
        options.lease = seconds(n);
    } else {
        keep(options, name, std::to_string(n));
    }
}

std::optional<Refusal> set(QueueOptions& options, const Attribute& attribute, const std::string& value, const AttributeScope& scope) {
    switch (attribute.form) {
        case Form::computed: return unknown_name(attribute.name);
        case Form::redrive: return set_redrive(options, value, scope);
        case Form::number: {
            const auto n = whole_number(value);
            if (!n || *n < attribute.min || *n > attribute.max) return invalid(attribute.name);
            set_number(options, attribute.name, *n);
            return std::nullopt;
        }
        case Form::boolean: {
            const bool on = value == "true" || value == "True";
            if (!on && value != "false" && value != "False") return invalid(attribute.name);
            if (attribute.name == "ContentBasedDeduplication") {
                options.deduplication.content_based = on;
            } else if (attribute.name == "FifoQueue") {
                if (!scope.creating && !on) return invalid(attribute.name);
            } else {
                keep(options, attribute.name, on ? "true" : "false");
            }
            return std::nullopt;
        }
        case Form::text:
            if (!is_valid_text(attribute.name, value)) return invalid(attribute.name);
            if (attribute.name == "DeduplicationScope") {
                options.deduplication.scope = value == "queue" ? Deduplication::Scope::queue : Deduplication::Scope::group;
            } else {
                keep(options, attribute.name, value);
            }
            return std::nullopt;
    }
    return std::nullopt;
}

std::string whole_seconds(milliseconds time) { return std::to_string(std::chrono::duration_cast<seconds>(time).count()); }
std::string whole_seconds(WallTime time) { return whole_seconds(time.time_since_epoch()); }
std::string boolean(bool b) { return b ? "true" : "false"; }

}  // namespace

bool is_known_attribute(std::string_view name) noexcept { return find_attribute(name) != nullptr; }

QueueOptions default_options(std::string_view queue_name) {
    QueueOptions options;
    options.ttl = std::chrono::days(4);
    if (is_fifo_name(queue_name)) {
        options.kind = QueueKind::fifo;
        options.deduplication.enabled = true;
    }
    return options;
}

Answer<QueueOptions> with_attributes(QueueOptions options, const Map<std::string>& attributes, const AttributeScope& scope) {
    for (const auto& [name, value] : attributes) {
        const Attribute* attribute = find_attribute(name);
        if (!attribute) return unknown_name(name);
        const bool fifo = options.kind == QueueKind::fifo;
        if (attribute->fifo_only && !fifo) return unknown_name(name);
        if (auto refused = set(options, *attribute, value, scope)) return *std::move(refused);
    }
    return options;
}

std::optional<std::string> attribute_of(const QueueInfo& queue, std::string_view name, const Settings& settings) {
    const QueueOptions& o = queue.options;
    const auto kept = [&](std::string_view usual = {}) -> std::optional<std::string> {
        const auto found = o.attributes.find("sqs." + std::string(name));
        if (found != o.attributes.end()) return found->second;
        return usual.empty() ? std::nullopt : std::optional<std::string>(usual);
    };
    const Attribute* attribute = find_attribute(name);
    if (!attribute || (attribute->fifo_only && o.kind != QueueKind::fifo)) return std::nullopt;

    if (name == "DelaySeconds") return whole_seconds(o.delay);
    if (name == "MaximumMessageSize") return std::to_string(o.max_message_bytes);
    if (name == "MessageRetentionPeriod") return o.ttl ? whole_seconds(*o.ttl) : std::to_string(attribute->max);
    if (name == "ReceiveMessageWaitTimeSeconds") return whole_seconds(o.wait);
    if (name == "VisibilityTimeout") return whole_seconds(o.lease);
    if (name == "FifoQueue") return "true";
    if (name == "ContentBasedDeduplication") return boolean(o.deduplication.content_based);
    if (name == "DeduplicationScope") return o.deduplication.scope == Deduplication::Scope::queue ? "queue" : "messageGroup";
    if (name == "FifoThroughputLimit") return kept("perQueue");
    if (name == "SqsManagedSseEnabled") return kept("true");
    if (name == "QueueArn") return arn_of(queue.name, settings);
    if (name == "CreatedTimestamp") return whole_seconds(queue.created_at);
    if (name == "LastModifiedTimestamp") return whole_seconds(queue.modified_at);
    if (name == "ApproximateNumberOfMessages") return std::to_string(queue.counts.ready);
    if (name == "ApproximateNumberOfMessagesNotVisible") return std::to_string(queue.counts.leased);
    if (name == "ApproximateNumberOfMessagesDelayed") return std::to_string(queue.counts.delayed);
    if (name == "RedrivePolicy") {
        if (!o.dead_letter || !o.dead_letter->exchange.empty() || !o.dead_letter->routing_key || o.max_receives == 0) return std::nullopt;
        std::string policy = "{\"deadLetterTargetArn\":";
        aws::append_json_text(policy, arn_of(*o.dead_letter->routing_key, settings));
        return policy + fmt::format(",\"maxReceiveCount\":{}}}", o.max_receives);
    }
    return kept();
}

Answer<Map<std::string>> attributes_of(const QueueInfo& queue, const Texts& names, const Settings& settings) {
    for (const auto& name : names)
        if (name != "All" && !is_known_attribute(name)) return unknown_name(name);
    const bool all = std::find(names.begin(), names.end(), "All") != names.end();
    Map<std::string> found;
    for (const Attribute& attribute : known) {
        if (!all && std::find(names.begin(), names.end(), attribute.name) == names.end()) continue;
        if (auto value = attribute_of(queue, attribute.name, settings)) found.emplace_back(attribute.name, *std::move(value));
    }
    return found;
}

}  // namespace rowmq::sqs
