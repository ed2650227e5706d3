// `rowmq queues`: list, show, create, change and delete queues; `rowmq purge`.

#include <fmt/format.h>

#include <algorithm>

#include "app/command.hpp"
#include "app/duration.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Queues {
    Target target;
    std::string prefix;
    std::string name;
    // create and change
    bool fifo = false, content_based = false;
    std::string lease, delay, ttl, dead_letter, backoff, options;
    std::optional<std::int64_t> max_receives;
    std::optional<int> max_priority;
    // delete
    bool if_empty = false;
};

struct Purge {
    Target target;
    std::string queue;
    bool leased = false, delayed = false;
};

Result<json::object> options_of(const Queues& queues) {
    json::object options;
    if (!queues.options.empty()) {
        boost::system::error_code failed;
        auto value = json::parse(queues.options, failed);
        if (failed || !value.is_object()) return Error{Errc::invalid_argument, "--options is not a JSON object"};
        options = std::move(value.get_object());
    }
    if (queues.fifo) options["kind"] = "fifo";
    if (queues.content_based) options["deduplication"] = json::object{{"enabled", true}, {"content_based", true}};
    for (const auto& [text, name] :
         {std::pair(&queues.lease, "lease_ms"), std::pair(&queues.delay, "delay_ms"), std::pair(&queues.ttl, "ttl_ms")}) {
        if (text->empty()) continue;
        const auto duration = parse_duration(*text);
        if (duration.has_error()) return duration.error();
        options[name] = duration->count();
    }
    if (!queues.backoff.empty()) {
        const auto duration = parse_duration(queues.backoff);
        if (duration.has_error()) return duration.error();
        options["backoff"] = json::object{{"initial_ms", duration->count()}};
    }
    if (queues.max_receives) options["max_receives"] = *queues.max_receives;
    if (queues.max_priority) options["max_priority"] = *queues.max_priority;
    if (!queues.dead_letter.empty()) options["dead_letter"] = json::object{{"routing_key", queues.dead_letter}};
    return options;
}

Exit show_queue(const json::object& queue, bool as_json) {
    if (as_json) {
        print_json(queue);
        return Exit::ok;
    }
    print(fmt::format("{}\n", std::string_view(queue.at("name").as_string())));
    for (const auto* part : {"counts", "options"}) {
        print(fmt::format("  {}\n", part));
        for (const auto& member : queue.at(part).as_object()) {
            print(fmt::format("    {:<18} {}\n", std::string_view(member.key()), json::serialize(member.value())));
        }
    }
    return Exit::ok;
}

Exit list(const Queues& queues) {
    const auto caller = connect(queues.target);
    if (caller.has_error()) return report(caller.error(), queues.target.json);
    std::vector<json::object> rows;
    std::string after;
    for (bool more = true; more;) {
        const auto page =
            (*caller)->call("GET", fmt::format("/rowmq/v1/queues?prefix={}&after={}", encoded(queues.prefix), encoded(after)));
        if (page.has_error()) return report(page.error(), queues.target.json);
        for (const auto& queue : page->at("queues").as_array()) {
            if (queues.target.json) {
                print_json(queue);
            } else {
                rows.push_back(queue.as_object());
            }
        }
        const auto* next = page->if_contains("next");
        more = next != nullptr;
        if (more) after = std::string(next->as_string());
    }
    if (queues.target.json) return Exit::ok;
    if (rows.empty()) {
        print("no queues\n");
        return Exit::ok;
    }
    std::size_t width = 5;
    for (const auto& row : rows) width = std::max<std::size_t>(width, row.at("name").as_string().size());
    print(fmt::format("{:<{}} {:>10} {:>10} {:>10} {:>12} {:>12}\n", "queue", width, "ready", "leased", "delayed", "sent", "done"));
    for (const auto& row : rows) {
        const auto& counts = row.at("counts").as_object();
        const auto count = [&](std::string_view name) { return counts.at({name.data(), name.size()}).to_number<std::int64_t>(); };
        print(fmt::format("{:<{}} {:>10} {:>10} {:>10} {:>12} {:>12}\n", std::string_view(row.at("name").as_string()), width,
                          count("ready"), count("leased"), count("delayed"), count("sent"), count("done")));
    }
    return Exit::ok;
}

Exit show(const Queues& queues) {
    const auto caller = connect(queues.target);
    if (caller.has_error()) return report(caller.error(), queues.target.json);
    const auto queue = (*caller)->call("GET", queue_target(queues.name));
    if (queue.has_error()) return report(queue.error(), queues.target.json);
    return show_queue(*queue, queues.target.json);
}

Exit put(const Queues& queues, std::string_view method) {
    auto options = options_of(queues);
    if (options.has_error()) return report(options.error(), queues.target.json);
    const auto caller = connect(queues.target, method == "PUT");
    if (caller.has_error()) return report(caller.error(), queues.target.json);
    const auto queue = (*caller)->call(std::string(method), queue_target(queues.name), std::move(*options));
    if (queue.has_error()) return report(queue.error(), queues.target.json);
    if (queues.target.json) {
        print_json(*queue);
    } else {
        print(fmt::format("{} {}\n", method == "PUT" ? "created" : "changed", queues.name));
    }
    return Exit::ok;
}

/// Prints how many messages an answer says went away.
Exit report_removed(const Result<json::object>& answer, const Target& target, std::string_view what, const std::string& queue) {
    if (answer.has_error()) return report(answer.error(), target.json);
    if (target.json) {
        print_json(*answer);
    } else {
        const auto count = answer->at("messages").to_number<std::int64_t>();
        print(fmt::format("{} {} ({} message{})\n", what, queue, count, count == 1 ? "" : "s"));
    }
    return Exit::ok;
}

Exit erase(const Queues& queues) {
    const auto caller = connect(queues.target);
    if (caller.has_error()) return report(caller.error(), queues.target.json);
    const auto answer = (*caller)->call("DELETE", queue_target(queues.name, queues.if_empty ? "?if_empty=true" : ""));
    return report_removed(answer, queues.target, "deleted", queues.name);
}

Exit purge(const Purge& purge) {
    const auto caller = connect(purge.target);
    if (caller.has_error()) return report(caller.error(), purge.target.json);
    json::object scope{{"leased", purge.leased}, {"delayed", purge.delayed}};
    const auto answer = (*caller)->call("POST", queue_target(purge.queue, "/purge"), std::move(scope));
    return report_removed(answer, purge.target, "purged", purge.queue);
}

void add_options(CLI::App& command, Queues& queues) {
    command.add_option("--lease", queues.lease, "How long a receive holds a message (default 30s)");
    command.add_option("--delay", queues.delay, "How long a message waits before it can be received");
    command.add_option("--ttl", queues.ttl, "Messages expire after this time");
    command.add_option("--max-receives", queues.max_receives, "After so many receives a message is dead-lettered");
    command.add_option("--dead-letter", queues.dead_letter, "The queue dead letters go to");
    command.add_option("--backoff", queues.backoff, "The delay before the first retry; it doubles with each");
    command.add_option("--options", queues.options, "All options, as a JSON object (doc/operating/configure.md)");
}

}  // namespace

void add_queues(CLI::App& program, Exit& exit) {
    const auto queues = std::make_shared<Queues>();
    auto& command = *program.add_subcommand("queues", "List queues; create, show, change and delete them");
    command.add_option("--prefix", queues->prefix, "Only those whose names start so");
    add_target(command, queues->target);
    command.require_subcommand(0, 1);

    auto& create = *command.add_subcommand("create", "Make a queue (and the store)");
    create.add_option("name", queues->name, "Its name")->required();
    create.add_flag("--fifo", queues->fifo, "In order within groups, deduplicated");
    create.add_flag("--content-based-deduplication", queues->content_based, "Equal bodies are one message for 5 minutes");
    create.add_option("--max-priority", queues->max_priority, "Priorities from 0 to this")->check(CLI::Range(0, 255));
    add_options(create, *queues);
    auto& show_one = *command.add_subcommand("show", "A queue's counts and options");
    show_one.add_option("name", queues->name, "Its name")->required();
    auto& change = *command.add_subcommand("change", "Change some of a queue's options");
    change.add_option("name", queues->name, "Its name")->required();
    add_options(change, *queues);
    auto& remove = *command.add_subcommand("delete", "Delete a queue with its messages");
    remove.add_option("name", queues->name, "Its name")->required();
    remove.add_flag("--if-empty", queues->if_empty, "Only when nothing waits in it");
    for (auto* sub : {&create, &show_one, &change, &remove}) add_target(*sub, queues->target);

    command.callback([queues, &exit, &command] {
        const auto chosen = command.get_subcommands();
        const auto name = chosen.empty() ? std::string() : chosen.front()->get_name();
        if (name == "create") {
            exit = put(*queues, "PUT");
        } else if (name == "change") {
            exit = put(*queues, "PATCH");
        } else if (name == "show") {
            exit = show(*queues);
        } else if (name == "delete") {
            exit = erase(*queues);
        } else {
            exit = list(*queues);
        }
    });
}

void add_purge(CLI::App& program, Exit& exit) {
    const auto options = std::make_shared<Purge>();
    auto& command = *program.add_subcommand("purge", "Remove what waits in a queue");
    command.add_option("queue", options->queue, "The queue")->required();
    command.add_flag("--leased", options->leased, "Also what somebody is working on");
    command.add_flag("--delayed", options->delayed, "Also what is not due yet");
    add_target(command, options->target);
    command.callback([options, &exit] { exit = purge(*options); });
}

}  // namespace rowmq::app
