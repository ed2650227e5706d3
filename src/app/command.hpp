#pragma once
// What the commands of the command line share: the store they mean, how they print, and what they answer the shell.

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "app/caller.hpp"
#include "app/exit_code.hpp"

namespace rowmq::app {

/// Options every command has.
struct Target {
    std::string store;  ///< empty: from the environment, the file, or the default
    std::string config;
    bool json = false;  ///< output for programs
};

void add_target(CLI::App& command, Target& target);

/// The store a command means. Errors: invalid_argument.
Result<std::string> store_of(const Target& target);
/// store_of and connect.
Result<std::unique_ptr<Caller>> connect(const Target& target, bool create = false);

/// The error on standard error, for people or for programs; its exit code.
Exit report(const Error& error, bool json);

/// One JSON value a line.
void print_json(const boost::json::value& value);
/// To standard output, at once. False when nobody reads it.
bool print(std::string_view text);

// Each adds its command(s) to the program; what one ran answers goes to `exit`, which outlives `program`.
void add_serve(CLI::App& program, Exit& exit);
void add_send(CLI::App& program, Exit& exit);
void add_receive(CLI::App& program, Exit& exit);
void add_peek(CLI::App& program, Exit& exit);
void add_queues(CLI::App& program, Exit& exit);
void add_purge(CLI::App& program, Exit& exit);
void add_redrive(CLI::App& program, Exit& exit);
void add_check(CLI::App& program, Exit& exit);
void add_backup(CLI::App& program, Exit& exit);
void add_bench(CLI::App& program, Exit& exit);
void add_completion(CLI::App& program, Exit& exit);
void add_forward(CLI::App& program, Exit& exit);
void add_search(CLI::App& program, Exit& exit);
void add_sql(CLI::App& program, Exit& exit);
void add_top(CLI::App& program, Exit& exit);
void add_topics(CLI::App& program, Exit& exit);
void add_version(CLI::App& program, Exit& exit);

}  // namespace rowmq::app
