#include "app/forward/queue_client.hpp"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <utility>

namespace rowmq::app {
namespace {

namespace json = boost::json;
using boost::asio::awaitable;

constexpr std::int64_t messages_a_call = 10;

/// Code and text of SQS's JSON error, or the status.
Error error_of(const net::ClientResponse& answer) {
    boost::system::error_code failed;
    const auto parsed = json::parse(answer.body, failed);
    std::string type, text;
    if (!failed && parsed.is_object()) {
        for (const auto& [name, value] : parsed.get_object()) {
            if (!value.is_string()) continue;
            if (name == "__type") type = std::string(value.get_string());
            if (name == "message" || name == "Message") text = std::string(value.get_string());
        }
    }
    const auto code = type.substr(type.find('#') + 1);
    const std::string told = fmt::format("the server answered {} {}: {}", answer.status, code.empty() ? "" : code,
                                         text.empty() ? answer.body.substr(0, 200) : text);
    if (code.find("DoesNotExist") != std::string::npos || code.find("NonExistentQueue") != std::string::npos)
        return {Errc::no_such_queue, told};
    if (answer.status == 403) return {Errc::access_refused, told};
    return {Errc::invalid_argument, told};
}

std::string text_of(const json::object& from, const char* name) {
    const auto* found = from.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

/// A received message as an entry of SendMessageBatch: body, attributes, group and deduplication id.
json::object entry_of(const json::object& message, std::size_t id) {
    json::object entry{{"Id", std::to_string(id)}, {"MessageBody", text_of(message, "Body")}};
    if (const auto* attributes = message.if_contains("MessageAttributes")) entry["MessageAttributes"] = *attributes;
    const auto* system = message.if_contains("Attributes");
    if (!system || !system->is_object()) return entry;
    for (const char* name : {"MessageGroupId", "MessageDeduplicationId"})
        if (auto value = text_of(system->get_object(), name); !value.empty()) entry[name] = value;
    if (auto trace = text_of(system->get_object(), "AWSTraceHeader"); !trace.empty())
        entry["MessageSystemAttributes"] = json::object{{"AWSTraceHeader", json::object{{"DataType", "String"}, {"StringValue", trace}}}};
    return entry;
}

std::vector<std::size_t> successful(const json::object& answer) {
    std::vector<std::size_t> places;
    const auto* list = answer.if_contains("Successful");
    if (!list || !list->is_array()) return places;
    for (const auto& one : list->get_array()) {
        const std::string id = one.is_object() ? text_of(one.get_object(), "Id") : std::string();
        std::size_t place = 0;
        const auto [stop, error] = std::from_chars(id.data(), id.data() + id.size(), place);
        if (error == std::errc() && stop == id.data() + id.size()) places.push_back(place);
    }
    return places;
}

std::string first_failure(const json::object& answer) {
    const auto* list = answer.if_contains("Failed");
    if (!list || !list->is_array() || list->get_array().empty() || !list->get_array().front().is_object()) return {};
    const auto& one = list->get_array().front().get_object();
    return fmt::format("{}: {}", text_of(one, "Code"), text_of(one, "Message"));
}

}  // namespace

std::string region_of(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (parsed.has_error()) return {};
    const std::string host(parsed->host());
    constexpr std::string_view before = "sqs.", behind = ".amazonaws.com";
    const auto end = host.find(behind);
    if (!host.starts_with(before) || end == std::string::npos || end <= before.size()) return {};
    return host.substr(before.size(), end - before.size());
}

awaitable<Result<json::object>> QueueClient::call(std::string action, json::object body) {
    const auto url = boost::urls::parse_uri(end_.url);
    if (url.has_error()) co_return Error{Errc::invalid_argument, fmt::format("{} is not the URL of a queue", end_.url)};
    body["QueueUrl"] = end_.url;
    net::Request request{.method = "POST", .target = "/", .fields = {}, .body = json::serialize(body)};
    request.fields.add("Host", std::string_view(url->encoded_host_and_port().data(), url->encoded_host_and_port().size()));
    request.fields.add("Content-Type", "application/x-amz-json-1.0");
    request.fields.add("X-Amz-Target", "AmazonSQS." + action);
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (!end_.key.id.empty()) aws::sign(request, end_.key, end_.region, "sqs", now);

    net::ClientRequest outgoing{.method = "POST",
                                .url = fmt::format("{}://{}/", std::string(url->scheme()), request.fields.get("Host")),
                                .fields = {},
                                .body = request.body};
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
        const auto [name, value] = request.fields[i];
        if (name != "Host") outgoing.fields.emplace_back(name, value);
    }
    const auto answer = co_await client_.send(std::move(outgoing));
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return error_of(*answer);
    boost::system::error_code failed;
    auto parsed = json::parse(answer->body.empty() ? "{}" : answer->body, failed);
    if (failed || !parsed.is_object())
        co_return Error{Errc::invalid_argument, fmt::format("{} does not speak SQS's JSON protocol", end_.url)};
    co_return std::move(parsed.get_object());
}

awaitable<Result<json::array>> QueueClient::receive(std::chrono::seconds wait) {
    json::object request{{"MaxNumberOfMessages", messages_a_call}, {"WaitTimeSeconds", wait.count()}};
    request["MessageAttributeNames"] = json::array{"All"};
    request["AttributeNames"] = json::array{"All"};
    const auto answer = co_await call("ReceiveMessage", std::move(request));
    if (!answer) co_return answer.error();
    const auto* messages = answer->if_contains("Messages");
    co_return messages && messages->is_array() ? messages->get_array() : json::array{};
}

awaitable<Result<std::vector<std::size_t>>> QueueClient::send(json::array messages, std::string& refused) {
    json::array entries;
    for (std::size_t i = 0; i < messages.size(); ++i) entries.push_back(entry_of(messages[i].as_object(), i));
    json::object request;
    request["Entries"] = std::move(entries);
    const auto answer = co_await call("SendMessageBatch", std::move(request));
    if (!answer) co_return answer.error();
    refused = first_failure(*answer);
    co_return successful(*answer);
}

awaitable<Result<std::size_t>> QueueClient::remove(std::vector<std::string> handles) {
    json::array entries;
    for (std::size_t i = 0; i < handles.size(); ++i)
        entries.push_back(json::object{{"Id", std::to_string(i)}, {"ReceiptHandle", handles[i]}});
    json::object request;
    request["Entries"] = std::move(entries);
    const auto answer = co_await call("DeleteMessageBatch", std::move(request));
    if (!answer) co_return answer.error();
    co_return successful(*answer).size();
}

awaitable<Result<QueueClient::Counts>> QueueClient::counts() {
    json::object request;
    request["AttributeNames"] =
        json::array{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"};
    const auto answer = co_await call("GetQueueAttributes", std::move(request));
    if (!answer) co_return answer.error();
    const auto* attributes = answer->if_contains("Attributes");
    Counts counts;
    if (!attributes || !attributes->is_object()) co_return counts;
    const auto count = [&](const char* name) {
        std::int64_t n = 0;
        const std::string text = text_of(attributes->get_object(), name);
        std::from_chars(text.data(), text.data() + text.size(), n);
        return n;
    };
    counts.visible = count("ApproximateNumberOfMessages");
    counts.not_visible = count("ApproximateNumberOfMessagesNotVisible");
    counts.delayed = count("ApproximateNumberOfMessagesDelayed");
    co_return counts;
}

}  // namespace rowmq::app
