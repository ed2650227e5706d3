// Commands about the whole store: redrive, check, backup, version.

#include <fmt/format.h>
#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "app/command.hpp"
#include "app/progress.hpp"
#include "library/engines.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Redrive {
    Target target;
    std::string source, to;
    std::uint32_t per_second = 0;
    bool detach = false;
};

struct Backup {
    Target target;
    std::string path;
};

Exit run(const Redrive& redrive) {
    const auto caller = connect(redrive.target);
    if (caller.has_error()) return report(caller.error(), redrive.target.json);
    json::object body;
    if (!redrive.to.empty()) body["destination"] = redrive.to;
    body["per_second"] = redrive.per_second;
    auto task = (*caller)->call("POST", queue_target(redrive.source, "/redrive"), std::move(body));
    if (task.has_error()) return report(task.error(), redrive.target.json);
    const auto running = [&] { return task->at("state").as_string() == "running"; };
    std::optional<Progress> progress;
    if (!redrive.detach) progress.emplace("moving", task->at("total").as_int64(), redrive.target.json);
    while (!redrive.detach && running()) {
        progress->update(task->at("moved").as_int64(), task->at("total").as_int64());
        (*caller)->pause(std::chrono::milliseconds(100));
        const auto tasks = (*caller)->call("GET", "/rowmq/v1/redrives?source=" + encoded(redrive.source));
        if (tasks.has_error()) return report(tasks.error(), redrive.target.json);
        bool found = false;
        for (const auto& one : tasks->at("redrives").as_array()) {
            if (found || one.at("id") != task->at("id")) continue;
            task = json::object(one.as_object());
            found = true;
        }
        if (!found) break;  // forgotten already: long over
    }
    progress.reset();
    if (redrive.target.json) {
        print_json(*task);
    } else {
        print(fmt::format("redrive {} of {}: {}, {} of {} moved\n", task->at("id").as_int64(), redrive.source,
                          std::string_view(task->at("state").as_string()), task->at("moved").as_int64(), task->at("total").as_int64()));
    }
    if (task->at("state").as_string() == "failed") {
        return report(Error{Errc::transaction_failed, std::string(task->at("failure").as_string())}, redrive.target.json);
    }
    return Exit::ok;
}

/// Errors: what is no store's address, and a file that is not there.
Result<library::StoreAddress> existing_store(const Target& target) {
    const auto store = store_of(target);
    if (store.has_error()) return store.error();
    auto address = library::parse_store_address(*store);
    std::error_code ignored;
    if (address && address->kind == library::StoreAddress::Kind::sqlite && !std::filesystem::exists(address->path, ignored))
        return Error{Errc::no_such_queue, fmt::format("there is no store {}", *store)};
    return address;
}

Exit check(const Target& target) {
    const auto address = existing_store(target);
    if (address.has_error()) return report(address.error(), target.json);
    boost::asio::io_context loop{1};
    std::optional<Result<storage::CheckReport>> checked;
    auto work = std::optional(boost::asio::make_work_guard(loop));
    boost::asio::co_spawn(loop, library::check(loop.get_executor(), *address),
                          [&](std::exception_ptr, Result<storage::CheckReport> answer) {
                              checked.emplace(std::move(answer));
                              work.reset();
                          });
    loop.run();
    if (checked->has_error()) {
        auto error = checked->error();
        if (error.code == Errc::store_busy) error.text += "; stop it first, or check a backup of it (rowmq backup)";
        return report(error, target.json);
    }
    const auto& found = **checked;
    if (target.json) {
        json::array problems;
        for (const auto& problem : found.problems) problems.emplace_back(problem);
        json::object answer;
        answer["queues"] = found.queues;
        answer["messages"] = found.messages;
        answer["entries"] = found.entries;
        answer["delayed"] = found.delayed;
        answer["problems"] = std::move(problems);
        print_json(answer);
    } else {
        print(fmt::format("{}: {} queues, {} messages, {} entries, {} delayed; {}\n", *store_of(target), found.queues, found.messages,
                          found.entries, found.delayed,
                          found.problems.empty() ? "no problems" : fmt::format("{} problems", found.problems.size())));
        for (const auto& problem : found.problems) print("  " + problem + "\n");
    }
    return found.problems.empty() ? Exit::ok : Exit::check_failed;
}

Exit salvage(const Target& target, const std::string& to) {
    const auto address = existing_store(target);
    if (address.has_error()) return report(address.error(), target.json);
    const auto saved = library::salvage(*address, to);
    if (saved.has_error()) return report(saved.error(), target.json);
    if (target.json) {
        json::array notes;
        for (const auto& note : saved->notes) notes.emplace_back(note);
        print_json(json::object{{"saved", saved->summary}, {"notes", std::move(notes)}});
    } else {
        print(fmt::format("{}: saved {}\n", to, saved->summary));
        for (const auto& note : saved->notes) print("  " + note + "\n");
    }
    return saved->is_whole ? Exit::ok : Exit::check_failed;
}

Exit run(const Backup& backup) {
    const auto caller = connect(backup.target);
    if (caller.has_error()) return report(caller.error(), backup.target.json);
    // The owner may have another current directory.
    std::error_code failed;
    const auto path = std::filesystem::absolute(backup.path, failed);
    if (failed) return report(Error{Errc::invalid_argument, fmt::format("\"{}\" is not a path", backup.path)}, backup.target.json);
    const auto answer = (*caller)->call("POST", "/rowmq/v1/backup", {{"path", path.string()}}, std::chrono::hours(24));
    if (answer.has_error()) return report(answer.error(), backup.target.json);
    if (backup.target.json) {
        print_json(*answer);
    } else {
        print(fmt::format("backed up to {}\n", path.string()));
    }
    return Exit::ok;
}

}  // namespace

void add_redrive(CLI::App& program, Exit& exit) {
    const auto redrive = std::make_shared<Redrive>();
    auto& command = *program.add_subcommand("redrive", "Move messages out of a dead-letter queue");
    command.add_option("source", redrive->source, "The queue to empty")->required();
    command.add_option("--to", redrive->to, "Where to (default: where each message came from)");
    command.add_option("--per-second", redrive->per_second, "At most so many a second (default: no bound)");
    command.add_flag("--detach", redrive->detach, "Do not wait until it has ended");
    add_target(command, redrive->target);
    command.callback([redrive, &exit] { exit = run(*redrive); });
}

void add_check(CLI::App& program, Exit& exit) {
    const auto target = std::make_shared<Target>();
    const auto salvage_to = std::make_shared<std::string>();
    auto& command = *program.add_subcommand("check", "Check a store's integrity while nobody uses it");
    command.add_option("--salvage", *salvage_to, "Do not check: save all that can still be read into this new file");
    add_target(command, *target);
    command.callback([target, salvage_to, &exit] { exit = salvage_to->empty() ? check(*target) : salvage(*target, *salvage_to); });
}

void add_backup(CLI::App& program, Exit& exit) {
    const auto backup = std::make_shared<Backup>();
    auto& command = *program.add_subcommand("backup", "Copy a store into a new file, also while it is in use");
    command.add_option("path", backup->path, "The new file")->required();
    add_target(command, backup->target);
    command.callback([backup, &exit] { exit = run(*backup); });
}

void add_version(CLI::App& program, Exit& exit) {
    const auto target = std::make_shared<Target>();
    auto& command = *program.add_subcommand("version", "Print the version");
    command.add_flag("--json", target->json, "Output for programs");
    command.callback([target, &exit] {
        if (target->json) {
            print_json(json::object{{"version", ROWMQ_VERSION}, {"sqlite", sqlite3_libversion()}});
        } else {
            print(fmt::format("rowmq {} (SQLite {})\n", ROWMQ_VERSION, sqlite3_libversion()));
        }
        exit = Exit::ok;
    });
}

}  // namespace rowmq::app
