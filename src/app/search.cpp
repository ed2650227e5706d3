// `rowmq search`: messages of a queue by what is in them.

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/message_text.hpp"
#include "app/progress.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Search {
    Target target;
    std::string queue, text, group, id;
    std::vector<std::string> headers;
    std::int64_t max = 20;
    bool delayed = false;
};

Result<std::string> target_of(const Search& search) {
    auto target = queue_target(search.queue, fmt::format("/search?max={}", search.max));
    for (const auto& [name, value] : {std::pair("text", &search.text), std::pair("group", &search.group), std::pair("id", &search.id)})
        if (!value->empty()) target += fmt::format("&{}={}", name, encoded(*value));
    for (const auto& header : search.headers) {
        const auto equals = header.find('=');
        if (equals == std::string::npos || equals == 0)
            return Error{Errc::invalid_argument, fmt::format("the header \"{}\" is not of the form NAME=VALUE", header)};
        target += "&header=" + encoded(header);
    }
    if (search.delayed) target += "&delayed=true";
    return target;
}

Exit run(const Search& search) {
    const auto target = target_of(search);
    if (target.has_error()) return report(target.error(), search.target.json);
    const auto caller = connect(search.target);
    if (caller.has_error()) return report(caller.error(), search.target.json);
    const auto queue = (*caller)->call("GET", queue_target(search.queue));
    if (queue.has_error()) return report(queue.error(), search.target.json);
    const auto& counts = queue->at("counts").as_object();
    const auto waiting = search.delayed ? counts.at("delayed").as_int64() : counts.at("ready").as_int64() + counts.at("leased").as_int64();

    std::int64_t found = 0, scanned = 0;
    std::string after;
    Progress progress("searching", waiting, search.target.json);
    while (found < search.max) {
        const auto answer = (*caller)->call("GET", after.empty() ? *target : *target + "&after=" + encoded(after));
        if (answer.has_error()) return report(answer.error(), search.target.json);
        scanned += answer->at("scanned").to_number<std::int64_t>();
        for (const auto& message : answer->at("messages").as_array()) {
            if (found++ == search.max) break;
            print(search.target.json ? json::serialize(message) + "\n" : message_line(message.as_object()));
        }
        progress.update(scanned);
        const auto* next = answer->if_contains("next");
        if (!next) break;
        after = std::string(next->as_string());
    }
    return found > 0 ? Exit::ok : Exit::not_found;
}

}  // namespace

void add_search(CLI::App& program, Exit& exit) {
    const auto search = std::make_shared<Search>();
    auto& command = *program.add_subcommand("search", "Find messages by what is in them, without receiving them");
    command.add_option("queue", search->queue, "The queue")->required();
    command.add_option("text", search->text, "In the body");
    command.add_option("--header", search->headers, "With this header: NAME=VALUE (repeatable)")->allow_extra_args(false);
    command.add_option("--group", search->group, "Of this group");
    command.add_option("--id", search->id, "With this message id");
    command.add_option("--max", search->max, "At most so many (default 20)")->check(CLI::Range(1, 1000));
    command.add_flag("--delayed", search->delayed, "Among those that are not due yet");
    add_target(command, search->target);
    command.callback([search, &exit] { exit = run(*search); });
}

}  // namespace rowmq::app
