// The one program: the server and its command line.

#include <csignal>
#include <exception>

#include "app/command.hpp"

int main(int argc, char** argv) {
    using namespace rowmq::app;
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write

    CLI::App program("A message queue whose messages are rows in a database", "rowmq");
    program.set_version_flag("--version", "rowmq " ROWMQ_VERSION);
    program.require_subcommand(1);
    program.footer(
        "Exit codes: 0 done; 1 wrong arguments or environment (a busy port, a store in use); 2 not there;\n"
        "3 refused; 4 check found problems; 70 the store failed.");
    auto exit = Exit::ok;
    add_serve(program, exit);
    add_send(program, exit);
    add_receive(program, exit);
    add_peek(program, exit);
    add_search(program, exit);
    add_queues(program, exit);
    add_topics(program, exit);
    add_purge(program, exit);
    add_redrive(program, exit);
    add_check(program, exit);
    add_backup(program, exit);
    add_sql(program, exit);
    add_top(program, exit);
    add_bench(program, exit);
    add_forward(program, exit);
    add_completion(program, exit);
    add_version(program, exit);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help and version are no errors; everything else is wrong usage.
        return program.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
    } catch (const std::exception& error) {
        return static_cast<int>(report(rowmq::Error{rowmq::Errc::store_failed, error.what()}, false));
    }
    return static_cast<int>(exit);
}
