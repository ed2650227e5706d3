// `rowmq receive` and `rowmq peek`: messages out of a queue, and a look at those in it.

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/duration.hpp"
#include "app/message_text.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Receive {
    Target target;
    std::string queue;
    std::int64_t max = 1;
    std::string wait = "0", lease;
    bool keep = false;
};

struct Peek {
    Target target;
    std::string queue, after;
    std::int64_t max = 20;
    bool delayed = false;
};

/// Ends the leases of what was printed, or gives back what could not be.
Result<json::object> settle(Caller& caller, const std::string& queue, const json::array& messages, std::string_view verdict) {
    json::array settlements;
    for (const auto& message : messages) {
        json::object one{{"lease", message.at("lease")}, {"verdict", verdict}};
        if (verdict == "release") one["delay_ms"] = 0;
        settlements.push_back(std::move(one));
    }
    json::object body;
    body["settlements"] = std::move(settlements);
    return caller.call("POST", queue_target(queue, "/messages/settle"), std::move(body));
}

bool show(const json::array& messages, bool as_json) {
    bool written = true;
    for (const auto& message : messages) {
        written = written && print(as_json ? json::serialize(message) + "\n" : body_of(message.as_object()) + "\n");
    }
    return written;
}

Exit run(const Receive& receive) {
    const auto wait = parse_duration(receive.wait);
    if (wait.has_error()) return report(wait.error(), receive.target.json);
    json::object body{{"max", receive.max}, {"wait_ms", wait->count()}};
    if (!receive.lease.empty()) {
        const auto lease = parse_duration(receive.lease);
        if (lease.has_error()) return report(lease.error(), receive.target.json);
        body["lease_ms"] = lease->count();
    }
    const auto caller = connect(receive.target);
    if (caller.has_error()) return report(caller.error(), receive.target.json);
    const auto answer = (*caller)->call("POST", queue_target(receive.queue, "/messages/receive"), std::move(body), *wait);
    if (answer.has_error()) return report(answer.error(), receive.target.json);
    const auto& messages = answer->at("messages").as_array();
    if (messages.empty()) return Exit::not_found;

    const bool shown = show(messages, receive.target.json);
    if (receive.keep && shown) return Exit::ok;
    const auto settled = settle(**caller, receive.queue, messages, shown ? "done" : "release");
    if (settled.has_error()) return report(settled.error(), receive.target.json);
    for (const auto& result : settled->at("results").as_array()) {
        if (const auto* error = result.as_object().if_contains("error")) return report(error_of(410, *error), receive.target.json);
    }
    return shown ? Exit::ok : Exit::usage;
}

Exit run(const Peek& peek) {
    const auto caller = connect(peek.target);
    if (caller.has_error()) return report(caller.error(), peek.target.json);
    auto target = queue_target(peek.queue, fmt::format("/messages?max={}", peek.max));
    if (peek.delayed) target += "&delayed=true";
    if (!peek.after.empty()) target += "&after=" + encoded(peek.after);
    const auto answer = (*caller)->call("GET", target);
    if (answer.has_error()) return report(answer.error(), peek.target.json);
    const auto& messages = answer->at("messages").as_array();
    for (const auto& value : messages) {
        const auto& message = value.as_object();
        if (peek.target.json) {
            print_json(message);
            continue;
        }
        print(message_line(message));
    }
    if (const auto* next = answer->if_contains("next")) {
        fmt::print(stderr, "there are more: --after {}\n", std::string_view(next->as_string()));
    }
    return messages.empty() ? Exit::not_found : Exit::ok;
}

}  // namespace

void add_receive(CLI::App& program, Exit& exit) {
    const auto receive = std::make_shared<Receive>();
    auto& command = *program.add_subcommand("receive", "Receive messages: print them, then remove them");
    command.add_option("queue", receive->queue, "The queue")->required();
    command.add_option("--max", receive->max, "At most so many (default 1)")->check(CLI::Range(1, 1000));
    command.add_option("--wait", receive->wait, "How long to wait for a first one (default 0)");
    command.add_option("--lease", receive->lease, "How long others do not see them meanwhile (default: the queue's)");
    command.add_flag("--keep", receive->keep, "Do not remove them: they come back when the lease ends");
    add_target(command, receive->target);
    command.callback([receive, &exit] { exit = run(*receive); });
}

void add_peek(CLI::App& program, Exit& exit) {
    const auto peek = std::make_shared<Peek>();
    auto& command = *program.add_subcommand("peek", "Show messages without receiving them");
    command.add_option("queue", peek->queue, "The queue")->required();
    command.add_option("--max", peek->max, "At most so many (default 20)")->check(CLI::Range(1, 1000));
    command.add_option("--after", peek->after, "Go on where the last page ended");
    command.add_flag("--delayed", peek->delayed, "Those that are not due yet");
    add_target(command, peek->target);
    command.callback([peek, &exit] { exit = run(*peek); });
}

}  // namespace rowmq::app
