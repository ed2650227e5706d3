// `rowmq topics`: fan-out. A topic is an exchange; what is bound to it gets a copy of each message, or of those its filter takes.

#include <fmt/format.h>

#include "app/command.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Topics {
    Target target;
    std::string name, queue, routing_key, filter, body;
    std::vector<std::string> headers;
    bool direct = false, on_body = false, paused = false;
};

std::string exchange_target(std::string_view name, std::string_view rest = "") {
    return fmt::format("/rowmq/v1/exchanges/{}{}", encoded(name), rest);
}

/// Asks, and says what was done.
Exit ask(const Topics& topics, bool create, const char* method, const std::string& target, json::object body, const std::string& said) {
    const auto caller = connect(topics.target, create);
    if (caller.has_error()) return report(caller.error(), topics.target.json);
    const auto answer = (*caller)->call(method, target, std::move(body));
    if (answer.has_error()) return report(answer.error(), topics.target.json);
    if (topics.target.json) print_json(*answer);
    else print(said + "\n");
    return Exit::ok;
}

Exit list(const Topics& topics) {
    const auto caller = connect(topics.target);
    if (caller.has_error()) return report(caller.error(), topics.target.json);
    const auto answer = (*caller)->call("GET", "/rowmq/v1/exchanges");
    if (answer.has_error()) return report(answer.error(), topics.target.json);
    bool none = true;
    for (const auto& exchange : answer->at("exchanges").as_array()) {
        if (exchange.at("name").as_string().starts_with("amq.")) continue;  // every virtual host of AMQP has them
        none = false;
        if (topics.target.json) print_json(exchange);
        else
            print(fmt::format("{}  {}\n", std::string_view(exchange.at("name").as_string()),
                              std::string_view(exchange.at("kind").as_string())));
    }
    if (none && !topics.target.json) print("no topics\n");
    return Exit::ok;
}

Exit show(const Topics& topics) {
    const auto caller = connect(topics.target);
    if (caller.has_error()) return report(caller.error(), topics.target.json);
    const auto exchange = (*caller)->call("GET", exchange_target(topics.name));
    if (exchange.has_error()) return report(exchange.error(), topics.target.json);
    if (topics.target.json) {
        print_json(*exchange);
        return Exit::ok;
    }
    print(fmt::format("{} ({})\n", topics.name, std::string_view(exchange->at("kind").as_string())));
    for (const auto& value : exchange->at("bindings").as_array()) {
        const auto& binding = value.as_object();
        std::string line = fmt::format("  -> {}", std::string_view(binding.at("queue").as_string()));
        if (const auto& key = binding.at("routing_key").as_string(); !key.empty()) line += fmt::format("  key {}", std::string_view(key));
        if (const auto* filter = binding.if_contains("filter"))
            line += fmt::format("  filter on {} {}", std::string_view(binding.at("filter_on").as_string()),
                                std::string_view(filter->as_string()));
        if (binding.contains("paused")) line += "  paused";
        print(line + "\n");
    }
    return Exit::ok;
}

Exit subscribe(const Topics& topics) {
    json::object body{{"queue", topics.queue}, {"routing_key", topics.routing_key}};
    if (!topics.filter.empty()) {
        body["filter"] = topics.filter;
        body["filter_on"] = topics.on_body ? "body" : "headers";
    }
    if (topics.paused) body["paused"] = true;
    return ask(topics, false, "POST", exchange_target(topics.name, "/bindings"), std::move(body),
               fmt::format("{} gets what is published to {}", topics.queue, topics.name));
}

Exit publish(const Topics& topics) {
    json::object message{{"body", topics.body}};
    json::object headers;
    for (const auto& header : topics.headers) {
        const auto equals = header.find('=');
        if (equals == std::string::npos || equals == 0)
            return report(Error{Errc::invalid_argument, fmt::format("the header \"{}\" is not of the form NAME=VALUE", header)},
                          topics.target.json);
        headers[header.substr(0, equals)] = header.substr(equals + 1);
    }
    if (!headers.empty()) message["properties"] = json::object{{"headers", headers}};
    const auto caller = connect(topics.target);
    if (caller.has_error()) return report(caller.error(), topics.target.json);
    const auto target = exchange_target(topics.name, "/messages?routing_key=" + encoded(topics.routing_key));
    const auto answer = (*caller)->call("POST", target, std::move(message));
    if (answer.has_error()) return report(answer.error(), topics.target.json);
    if (topics.target.json) print_json(*answer);
    else print(fmt::format("published to {} queues\n", answer->at("queues").to_number<std::int64_t>()));
    return Exit::ok;
}

}  // namespace

void add_topics(CLI::App& program, Exit& exit) {
    const auto topics = std::make_shared<Topics>();
    auto& command = *program.add_subcommand("topics", "Fan-out: list topics; create, show, delete them, subscribe queues, publish");
    add_target(command, topics->target);
    command.require_subcommand(0, 1);
    const auto sub = [&](const char* name, const char* what) -> CLI::App& {
        auto& made = *command.add_subcommand(name, what);
        made.add_option("topic", topics->name, "The topic")->required();
        add_target(made, topics->target);
        return made;
    };
    auto& create = sub("create", "Make a topic (and the store)");
    create.add_flag("--direct", topics->direct, "By routing key, instead of to everybody who is subscribed");
    sub("show", "Who is subscribed, with which filters");
    sub("delete", "Delete a topic; its queues stay");
    auto& subscribe_one = sub("subscribe", "Send what is published to a queue as well");
    subscribe_one.add_option("queue", topics->queue, "The queue")->required();
    subscribe_one.add_option("--filter", topics->filter, "Only messages this takes (JSON, doc/filters.md)");
    subscribe_one.add_flag("--on-body", topics->on_body, "The filter looks at the body instead of the headers");
    subscribe_one.add_flag("--paused", topics->paused, "Nothing yet");
    auto& unsubscribe = sub("unsubscribe", "End that");
    unsubscribe.add_option("queue", topics->queue, "The queue")->required();
    auto& publish_one = sub("publish", "Publish a message");
    publish_one.add_option("body", topics->body, "What it says")->required();
    publish_one.add_option("--header", topics->headers, "NAME=VALUE (repeatable)")->allow_extra_args(false);
    for (auto* one : {&subscribe_one, &unsubscribe, &publish_one})
        one->add_option("--routing-key", topics->routing_key, "The key (default: none)");

    command.callback([topics, &exit, &command] {
        const auto chosen = command.get_subcommands();
        const auto name = chosen.empty() ? std::string() : chosen.front()->get_name();
        const Topics& t = *topics;
        if (name == "create") {
            exit = ask(t, true, "PUT", exchange_target(t.name), {{"kind", t.direct ? "direct" : "fanout"}}, "created " + t.name);
        } else if (name == "delete") {
            exit = ask(t, false, "DELETE", exchange_target(t.name), {}, "deleted " + t.name);
        } else if (name == "unsubscribe") {
            const auto target =
                exchange_target(t.name, fmt::format("/bindings?queue={}&routing_key={}", encoded(t.queue), encoded(t.routing_key)));
            exit = ask(t, false, "DELETE", target, {}, fmt::format("{} no longer gets what is published to {}", t.queue, t.name));
        } else if (name == "show") {
            exit = show(t);
        } else if (name == "subscribe") {
            exit = subscribe(t);
        } else if (name == "publish") {
            exit = publish(t);
        } else {
            exit = list(t);
        }
    });
}

}  // namespace rowmq::app
