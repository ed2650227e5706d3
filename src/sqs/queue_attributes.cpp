#include "sqs/queue_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "sqs/access_policy.hpp"
#include "sqs/own_attributes.hpp"

namespace rowmq::sqs {
namespace {

using std::chrono::seconds;

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
/// What AWS says of an attribute that only FIFO queues have.
Refusal only_for_fifo(std::string_view name) {
    if (name != "DeduplicationScope" && name != "FifoThroughputLimit") return unknown_name(name);
    return {Fault::invalid_attribute_name, fmt::format("You can specify the {} only when FifoQueue is set to true.", name)};
}
Refusal invalid(std::string_view name) {
    return {Fault::invalid_attribute_value, fmt::format("Invalid value for the parameter {}.", name)};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return n;
}

/// Is `text` one this attribute may have?
bool is_valid_text(std::string_view name, std::string_view text) {
    if (name == "DeduplicationScope") return text == "messageGroup" || text == "queue";
    if (name == "FifoThroughputLimit") return text == "perQueue" || text == "perMessageGroupId";
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
        case Form::redrive: return set_redrive_policy(options, value, scope.queue, scope.settings, scope.find);
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
                if (!scope.creating && !on)
                    return Refusal{Fault::invalid_attribute_value,
                                   "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."};
            } else {
                keep(options, attribute.name, on ? "true" : "false");
            }
            return std::nullopt;
        }
        case Form::text:
            if (!is_valid_text(attribute.name, value)) return invalid(attribute.name);
            if (attribute.name == "Policy")
                if (auto wrong = check_access_policy(value)) return wrong;
            if (attribute.name == "RedriveAllowPolicy")
                if (auto wrong = check_redrive_allow_policy(value)) return wrong;
            if (attribute.name == "DeduplicationScope") {
                options.deduplication.scope = value == "queue" ? Deduplication::Scope::queue : Deduplication::Scope::group;
            } else {
                keep(options, attribute.name, value);
            }
            return std::nullopt;
    }
    return std::nullopt;
}

std::string_view kept(const QueueOptions& options, std::string_view name) {
    const auto found = options.attributes.find("sqs." + std::string(name));
    return found == options.attributes.end() ? std::string_view() : std::string_view(found->second);
}

const std::string* given(const Map<std::string>& attributes, std::string_view name) {
    const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.first == name; });
    return found == attributes.end() ? nullptr : &found->second;
}

/// A queue is encrypted in one way: asking for the other one ends the first.
std::optional<Refusal> settle_encryption(QueueOptions& options, const Map<std::string>& attributes) {
    const std::string* key = given(attributes, "KmsMasterKeyId");
    const std::string* own = given(attributes, "SqsManagedSseEnabled");
    const bool wants_key = key && !key->empty(), wants_own = own && (*own == "true" || *own == "True");
    if (wants_key && wants_own)
        return Refusal{Fault::invalid_attribute_value,
                       "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."};
    if (wants_key) keep(options, "SqsManagedSseEnabled", "false");
    if (wants_own) keep(options, "KmsMasterKeyId", "");
    return std::nullopt;
}

/// High throughput is by message group only where deduplication is.
std::optional<Refusal> check_throughput(const QueueOptions& options) {
    if (kept(options, "FifoThroughputLimit") != "perMessageGroupId" || options.deduplication.scope == Deduplication::Scope::group)
        return std::nullopt;
    return Refusal{
        Fault::invalid_attribute_value,
        "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value "
        "for DeduplicationScope is messageGroup."};
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
        if (is_own_attribute(name)) {
            if (auto refused = set_own_attribute(options, name, value)) return *std::move(refused);
            continue;
        }
        const Attribute* attribute = find_attribute(name);
        if (!attribute) return unknown_name(name);
        const bool fifo = options.kind == QueueKind::fifo;
        if (attribute->fifo_only && !fifo) return only_for_fifo(name);
        if (auto refused = set(options, *attribute, value, scope)) return *std::move(refused);
    }
    if (auto refused = settle_encryption(options, attributes)) return *std::move(refused);
    if (auto refused = check_throughput(options)) return *std::move(refused);
    return options;
}

std::optional<std::string> attribute_of(const QueueInfo& queue, std::string_view name, const Settings& settings) {
    const QueueOptions& o = queue.options;
    const auto kept_or = [&](std::string_view usual) -> std::optional<std::string> {
        const std::string_view value = kept(o, name);
        if (!value.empty()) return std::string(value);
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
    if (name == "FifoThroughputLimit") return kept_or("perQueue");
    if (name == "SqsManagedSseEnabled") return kept_or("true");
    if (name == "KmsDataKeyReusePeriodSeconds" && !kept(o, "KmsMasterKeyId").empty()) return kept_or("300");
    if (name == "QueueArn") return arn_of(queue.name, settings);
    if (name == "CreatedTimestamp") return whole_seconds(queue.created_at);
    if (name == "LastModifiedTimestamp") return whole_seconds(queue.modified_at);
    if (name == "ApproximateNumberOfMessages") return std::to_string(queue.counts.ready);
    if (name == "ApproximateNumberOfMessagesNotVisible") return std::to_string(queue.counts.leased);
    if (name == "ApproximateNumberOfMessagesDelayed") return std::to_string(queue.counts.delayed);
    if (name == "RedrivePolicy") return redrive_policy_of(o, settings);
    return kept_or("");
}

Answer<Map<std::string>> attributes_of(const QueueInfo& queue, const Texts& names, const Settings& settings) {
    const auto asked = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    for (const auto& name : names)
        if (name != "All" && name != "RowMQ.All" && !is_known_attribute(name) && !is_own_attribute(name)) return unknown_name(name);
    Map<std::string> found;
    for (const Attribute& attribute : known) {
        if (!asked("All") && !asked(attribute.name)) continue;
        if (auto value = attribute_of(queue, attribute.name, settings)) found.emplace_back(attribute.name, *std::move(value));
    }
    for (const std::string_view name : own_attributes()) {
        if (!asked("RowMQ.All") && !asked(name)) continue;
        if (auto value = own_attribute_of(queue.options, name)) found.emplace_back(name, *std::move(value));
    }
    return found;
}

}  // namespace rowmq::sqs
