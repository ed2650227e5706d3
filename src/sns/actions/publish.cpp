#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/message_attributes.hpp"
#include "base/bounded_json.hpp"
#include "base/planted.hpp"
#include "base/sha256.hpp"
#include "base/utf8.hpp"
#include "sns/actions/actions.hpp"
#include "sns/attribute_checks.hpp"
#include "sns/names.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t max_bytes = 262'144;  // of a message with its attributes, and of a batch
constexpr std::size_t max_subject = 100;    // characters
constexpr std::size_t max_entries = 10;
constexpr std::size_t max_entry_id = 80;  // characters

std::size_t size_of(const Outgoing& m) {
    std::size_t bytes = m.message ? m.message->size() : 0;
    for (const auto& [name, a] : m.attributes)
        bytes += name.size() + (a.type ? a.type->size() : 0) + (a.text ? a.text->size() : 0) + (a.bytes ? a.bytes->size() : 0);
    return bytes;
}

/// ASCII text that begins with a letter, number or punctuation mark, without line breaks or control characters.
bool is_subject(std::string_view text) {
    std::size_t characters = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) return false;
        if ((byte & 0xc0u) != 0x80u) ++characters;
    }
    return !text.empty() && text.front() != ' ' && characters <= max_subject;
}

std::optional<Refusal> check_fifo(const Outgoing& m, const ExchangeInfo& topic) {
    if (m.group && !aws::is_group_id(*m.group))
        return invalid("MessageGroupId",
                       "The MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    if (!is_fifo(topic)) {
        if (m.deduplication_id)
            return invalid("MessageDeduplicationId",
                           "The request includes MessageDeduplicationId parameter that is not valid for this topic type");
        return std::nullopt;
    }
    if (!m.group) return invalid("The MessageGroupId parameter is required for FIFO topics");
    if (m.deduplication_id && !aws::is_group_id(*m.deduplication_id))
        return invalid("MessageDeduplicationId",
                       "The MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    if (!m.deduplication_id && attribute(topic.options, "ContentBasedDeduplication") != "true")
        return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    return std::nullopt;
}

/// With MessageStructure=json the message is an object with a text for each protocol, and one for the rest.
std::optional<Refusal> check_structure(const std::string& message) {
    const auto parsed = parse_bounded_object(message);
    if (!parsed) return invalid("Message Structure - JSON message body failed to parse");
    const auto* usual = parsed->if_contains("default");
    if (!usual || !usual->is_string()) return invalid("Message Structure - No default entry in JSON message body");
    return std::nullopt;
}

/// What is wrong with one message, whatever else is in its batch.
std::optional<Refusal> check_message(const Outgoing& m) {
    if (!m.message || m.message->empty()) return invalid("Empty message");
    if (size_of(m) > max_bytes) return invalid("Message too long");
    if (!aws::is_message_text(*m.message)) return invalid("Message", "it contains characters that are not allowed");
    if (m.subject && !is_subject(*m.subject)) return invalid("Subject");
    if (m.structure && *m.structure != "json") return invalid("MessageStructure");
    return std::nullopt;
}

/// What AWS refuses a whole batch for. `member`: of the request, which the message is: "" for the request itself.
std::optional<Refusal> check_request(const Outgoing& m, const ExchangeInfo& topic, std::string_view member) {
    for (const auto& [name, a] : m.attributes)
        if (auto wrong = check_attribute_is_whole(name, a, member)) return wrong;
    if (m.structure && m.message)
        if (auto wrong = check_structure(*m.message)) return wrong;
    for (const auto& [name, a] : m.attributes) {
        if (auto wrong = check_attribute(name, a)) return wrong;
        if (std::ranges::count(m.attributes, name, &std::pair<std::string, MessageAttribute>::first) > 1)
            return Refusal{Fault::invalid_parameter_value, fmt::format("Message attribute '{}' is given more than once.", name)};
    }
    return check_fifo(m, topic);
}

/// What each protocol gets: the message itself, or its member of the JSON object.
std::string spread(Outgoing& m, Properties& properties) {
    if (!m.structure) return *std::move(m.message);
    const auto parsed = parse_bounded_object(*m.message);
    const auto member = [&](std::string_view name) -> std::optional<std::string> {
        const auto* found = parsed ? parsed->if_contains(name) : nullptr;
        return found && found->is_string() ? std::optional(std::string(found->get_string())) : std::nullopt;
    };
    const std::string usual = member("default").value_or("");
    const std::string body = member("sqs").value_or(usual);
    for (const auto& [name, key] : {std::pair("http", aws::opaque_http), std::pair("https", aws::opaque_https)})
        if (auto own = member(name).value_or(usual); own != body) properties.opaque[std::string(key)] = std::move(own);
    return body;
}

/// `m` has passed both checks. Leaves it without its texts.
Publish publish_of(Outgoing& m, const ExchangeInfo& topic) {
    Publish publish;
    publish.exchange = topic.name;
    publish.group = std::move(m.group).value_or("");
    if (is_fifo(topic)) publish.deduplication_id = m.deduplication_id ? *std::move(m.deduplication_id) : sha256_hex(*m.message);
    Properties properties;
    properties.group = publish.group;
    properties.deduplication_id = publish.deduplication_id;
    if (m.subject) properties.opaque[std::string(aws::opaque_subject)] = *std::move(m.subject);
    for (auto& [name, a] : m.attributes) {
        HeaderValue value;
        value.tag = *std::move(a.type);
        if (a.bytes) value.value = Binary{*std::move(a.bytes)};
        else value.value = *std::move(a.text);
        properties.headers.push_back({std::move(name), std::move(value)});
    }
    std::string body = spread(m, properties);
    publish.message = Message(std::move(body), std::move(properties));
    return publish;
}

Published published(const Service& service, const ExchangeInfo& topic, const PublishResult& result) {
    Published out{.id = service.seal.message_id(result.message), .sequence = {}};
    if (is_fifo(topic)) out.sequence = fmt::format("{:020}", value_of(result.sequence));
    return out;
}

/// The topic's own memory of deduplication ids; its group belongs to the id where throughput is by group.
Recent::Key recent_key(const ExchangeInfo& topic, const Publish& publish) {
    const bool by_group = attribute(topic.options, "FifoThroughputScope") == "MessageGroup";
    return {topic.id, by_group ? publish.group + '\n' + publish.deduplication_id : publish.deduplication_id};
}

/// Publishes what was not published to a FIFO topic within five minutes; the answers, in order.
awaitable<Answer<std::vector<PublishResult>>> send(Service& service, const ExchangeInfo& topic, std::vector<Publish> publishes) {
    const auto session = service.session();
    if (!session) co_return session.error();
    std::vector<PublishResult> results(publishes.size());
    std::vector<std::size_t> places;
    std::vector<Publish> fresh;
    std::vector<Recent::Key> keys;
    for (std::size_t i = 0; i < publishes.size(); ++i) {
        Recent::Key key;
        if (is_fifo(topic)) {
            key = recent_key(topic, publishes[i]);
            if (const PublishResult* known = service.recent.find(key, service.clock.monotonic());
                known && !planted(Bug::topic_forgets_ids)) {
                results[i] = *known;
                continue;
            }
        }
        places.push_back(i);
        keys.push_back(std::move(key));
        fresh.push_back(std::move(publishes[i]));
    }
    if (fresh.empty()) co_return results;
    const auto receipt = co_await (*session)->publish(std::move(fresh));
    if (!receipt) co_return refusal_of(receipt.error());
    for (std::size_t k = 0; k < places.size(); ++k) {
        results[places[k]] = receipt->results[k];
        if (is_fifo(topic) && !receipt->results[k].error) service.recent.add(keys[k], receipt->results[k], service.clock.monotonic());
    }
    co_return results;
}

std::optional<Refusal> check_entry_id(const Text& id) {
    const auto refuse = [](std::string text) { return Refusal{Fault::invalid_batch_entry_id, std::move(text)}; };
    if (!id || id->empty()) return refuse("The Id of a batch entry in a batch request doesn't abide by the specification.");
    if (id->size() > max_entry_id) return refuse(fmt::format("The Id of a batch entry in the batch request is too long: {}", *id));
    if (!aws::is_batch_id(*id))
        return refuse(fmt::format("The Id of a batch entry in the batch request contains an impermissible character: {}", *id));
    return std::nullopt;
}

std::optional<Refusal> check_batch(const PublishBatchRequest& request) {
    if (request.entries.empty()) return Refusal{Fault::empty_batch_request, "The batch request doesn't contain any entries."};
    if (request.entries.size() > max_entries)
        return Refusal{Fault::too_many_entries_in_batch_request, "The batch request contains more entries than permissible."};
    std::size_t bytes = 0;
    for (const auto& entry : request.entries) {
        if (auto wrong = check_entry_id(entry.id)) return wrong;
        if (std::ranges::count(request.entries, entry.id, &PublishBatchRequest::Entry::id) > 1)
            return Refusal{Fault::batch_entry_ids_not_distinct, "Two or more batch entries in the request have the same Id."};
        bytes += size_of(entry.message);
    }
    if (bytes > max_bytes)
        return Refusal{Fault::batch_request_too_long, "The length of all the messages put together is more than the limit."};
    return std::nullopt;
}

}  // namespace

awaitable<Answer<Published>> publish(Service& service, Caller, PublishRequest request) {
    if (request.phone) co_return invalid("PhoneNumber", "SMS is not served here: publish to a topic");
    if (!request.topic && !request.target) co_return invalid("TopicArn or TargetArn", "no value for required parameter");
    if (const auto target = request.target ? parse_arn(*request.target) : std::nullopt; target && target->resource.starts_with("endpoint/"))
        co_return invalid("TargetArn", "No endpoint found for the target arn specified");
    const auto topic = service.topic(request.topic ? request.topic : request.target, request.topic ? "TopicArn" : "TargetArn");
    if (!topic) co_return topic.error();
    if (!is_topic(*topic)) co_return no_such_topic();
    if (auto wrong = check_message(request.message)) co_return *std::move(wrong);
    if (auto wrong = check_request(request.message, *topic, "")) co_return *std::move(wrong);
    std::vector<Publish> one;
    one.push_back(publish_of(request.message, *topic));
    const auto sent = co_await send(service, *topic, std::move(one));
    if (!sent) co_return sent.error();
    if (sent->front().error) co_return refusal_of(*sent->front().error);
    co_return published(service, *topic, sent->front());
}

awaitable<Answer<PublishBatchResult>> publish_batch(Service& service, Caller, PublishBatchRequest request) {
    const auto topic = service.topic(request.topic);
    if (!topic) co_return topic.error();
    if (!is_topic(*topic)) co_return no_such_topic();
    if (auto wrong = check_batch(request)) co_return *std::move(wrong);
    for (std::size_t i = 0; i < request.entries.size(); ++i) {
        const std::string member = fmt::format("publishBatchRequestEntries.{}.member.", i + 1);
        if (auto wrong = check_request(request.entries[i].message, *topic, member)) co_return *std::move(wrong);
    }

    PublishBatchResult result;
    const auto fail = [&](const std::string& id, const Refusal& why) {
        const Code code = code_of(why.fault);
        result.failed.push_back({.id = id, .code = std::string(code.name), .text = why.text, .sender = code.sender});
    };
    std::vector<Publish> publishes;
    std::vector<std::string> ids;
    for (auto& entry : request.entries) {
        if (const auto wrong = check_message(entry.message)) {
            fail(*entry.id, *wrong);
            continue;
        }
        publishes.push_back(publish_of(entry.message, *topic));
        ids.push_back(*entry.id);
    }
    if (publishes.empty()) co_return result;
    const auto sent = co_await send(service, *topic, std::move(publishes));
    if (!sent) co_return sent.error();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const PublishResult& one = (*sent)[i];
        if (one.error) fail(ids[i], refusal_of(*one.error));
        else result.successful.push_back({.id = ids[i], .message = published(service, *topic, one)});
    }
    co_return result;
}

}  // namespace rowmq::sns
