// `rowmq send`: messages into a queue.

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "admin/message_json.hpp"
#include "app/command.hpp"
#include "app/duration.hpp"
#include "base/base64.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

constexpr std::size_t messages_per_request = 500;
constexpr std::size_t bytes_per_request = 4 * 1024 * 1024;

struct Send {
    Target target;
    std::string queue;
    std::vector<std::string> bodies;
    std::string group, deduplication_id, delay, ttl, content_type;
    int priority = 0;
    std::vector<std::string> headers;
    bool lines = false, create = false;
};

/// What every message of the call has in common.
Result<json::object> common_part(const Send& send) {
    json::object message;
    if (!send.group.empty()) message["group"] = send.group;
    if (!send.deduplication_id.empty()) message["deduplication_id"] = send.deduplication_id;
    if (send.priority != 0) message["priority"] = send.priority;
    for (const auto& [text, name] : {std::pair(&send.delay, "delay_ms"), std::pair(&send.ttl, "ttl_ms")}) {
        if (text->empty()) continue;
        const auto duration = parse_duration(*text);
        if (duration.has_error()) return duration.error();
        message[name] = duration->count();
    }
    json::object properties;
    if (!send.content_type.empty()) properties["content_type"] = send.content_type;
    json::object headers;
    for (const auto& header : send.headers) {
        const auto equals = header.find('=');
        if (equals == std::string::npos || equals == 0) {
            return Error{Errc::invalid_argument, fmt::format("the header \"{}\" is not of the form NAME=VALUE", header)};
        }
        headers[header.substr(0, equals)] = header.substr(equals + 1);
    }
    if (!headers.empty()) properties["headers"] = std::move(headers);
    if (!properties.empty()) message["properties"] = std::move(properties);
    return message;
}

json::object with_body(json::object message, std::string_view body) {
    if (admin::is_utf8(body)) {
        message["body"] = body;
    } else {
        message["body_base64"] = base64_encode(body);
    }
    return message;
}

/// Reads all the bodies there are, one after another.
class Bodies {
public:
    explicit Bodies(const Send& send) : send_(send) {}

    std::optional<std::string> next() {
        if (!send_.bodies.empty()) {
            if (at_ == send_.bodies.size()) return std::nullopt;
            return send_.bodies[at_++];
        }
        if (send_.lines) {
            std::string line;
            if (!std::getline(std::cin, line)) return std::nullopt;
            return line;
        }
        if (at_++ > 0) return std::nullopt;
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }

private:
    const Send& send_;
    std::size_t at_ = 0;
};

/// Sends what has been gathered; how many were stored, or the first error.
Result<std::int64_t> deliver(const Send& send, Caller& caller, json::array messages) {
    json::object body;
    body["messages"] = std::move(messages);
    const auto answer = caller.call("POST", queue_target(send.queue, "/messages"), std::move(body));
    if (answer.has_error()) return answer.error();
    std::int64_t stored = 0;
    std::optional<Error> refused;
    for (const auto& result : answer->at("results").as_array()) {
        if (send.target.json) print_json(result);
        const auto* error = result.as_object().if_contains("error");
        if (!error) {
            ++stored;
        } else if (!refused) {
            refused = error_of(400, *error);
        }
    }
    if (refused) return *refused;
    return stored;
}

Exit run(const Send& send) {
    const auto message = common_part(send);
    if (message.has_error()) return report(message.error(), send.target.json);
    const auto caller = connect(send.target, send.create);
    if (caller.has_error()) return report(caller.error(), send.target.json);
    if (send.create) {
        const auto found = (*caller)->call("GET", queue_target(send.queue));
        if (found.has_error() && found.error().code == Errc::no_such_queue) {
            const auto created = (*caller)->call("PUT", queue_target(send.queue));
            if (created.has_error()) return report(created.error(), send.target.json);
        }
    }
    std::int64_t stored = 0;
    std::size_t bytes = 0;
    json::array messages;
    const auto flush = [&]() -> std::optional<Error> {
        if (messages.empty()) return std::nullopt;
        const auto sent = deliver(send, **caller, std::exchange(messages, {}));
        bytes = 0;
        if (sent.has_error()) return sent.error();
        stored += *sent;
        return std::nullopt;
    };
    Bodies bodies(send);
    while (const auto body = bodies.next()) {
        bytes += body->size();
        messages.push_back(with_body(*message, *body));
        if (messages.size() < messages_per_request && bytes < bytes_per_request) continue;
        if (const auto error = flush()) return report(*error, send.target.json);
    }
    if (const auto error = flush()) return report(*error, send.target.json);
    if (!send.target.json) print(fmt::format("sent {} message{} to {}\n", stored, stored == 1 ? "" : "s", send.queue));
    return Exit::ok;
}

}  // namespace

void add_send(CLI::App& program, Exit& exit) {
    const auto send = std::make_shared<Send>();
    auto& command = *program.add_subcommand("send", "Send messages to a queue");
    command.add_option("queue", send->queue, "The queue")->required();
    command.add_option("body", send->bodies, "One message each; without any, standard input is one message");
    command.add_flag("--lines", send->lines, "Every line of standard input is a message");
    command.add_flag("--create", send->create, "Make the queue (and the store) when it is not there");
    command.add_option("--group", send->group, "The group (FIFO queues)");
    command.add_option("--deduplication-id", send->deduplication_id, "The deduplication id");
    command.add_option("--delay", send->delay, "Not before this time has passed (30s, 5m, 2h, 7d)");
    command.add_option("--ttl", send->ttl, "Expires after this time");
    command.add_option("--priority", send->priority, "0 to 255, in queues with priorities")->check(CLI::Range(0, 255));
    command.add_option("--header", send->headers, "NAME=VALUE, repeatable")->allow_extra_args(false);
    command.add_option("--content-type", send->content_type, "The body's type, such as application/json");
    add_target(command, send->target);
    command.callback([send, &exit] { exit = run(*send); });
}

}  // namespace rowmq::app
