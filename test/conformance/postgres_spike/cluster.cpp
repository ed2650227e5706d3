#include "test/conformance/postgres_spike/cluster.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "test/conformance/postgres_spike/connection.hpp"

namespace rowmq::conformance::postgres_spike {
namespace {

const passwd* unprivileged() {
    if (geteuid() != 0) return nullptr;
    const passwd* user = getpwnam("postgres");
    return user ? user : getpwnam("nobody");
}

/// The server refuses to run as root, and must not outlive a test that crashed.
pid_t start(std::vector<std::string> words, const std::filesystem::path& log) {
    const passwd* user = unprivileged();
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    if (user && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    if (chdir("/") != 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

Cluster& Cluster::instance() {
    static Cluster cluster(false);
    return cluster;
}

Cluster::Cluster(bool durable) {
    std::string pattern = (std::filesystem::temp_directory_path() / "rowmq-postgres-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory: " + pattern);
    folder_ = pattern;
    if (const passwd* user = unprivileged())
        if (chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown " + pattern);
    const std::string programs = ROWMQ_POSTGRES_PROGRAMS, store = (folder_ / "store").string();

    int status = 0;
    const pid_t made =
        start({programs + "/initdb", "-D", store, "-U", "rowmq", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}, folder_ / "log");
    if (waitpid(made, &status, 0) != made || status != 0) throw std::runtime_error("initdb failed, see " + (folder_ / "log").string());

    const std::string on = durable ? "on" : "off";
    server_ = start({programs + "/postgres", "-D", store, "-c", "listen_addresses=", "-c", "unix_socket_directories=" + pattern, "-c",
                     "fsync=" + on, "-c", "synchronous_commit=" + on, "-c", "shared_buffers=64MB", "-c", "autovacuum=off"},
                    folder_ / "log");
    while (PQping(target().c_str()) != PQPING_OK) {
        if (waitpid(server_, &status, WNOHANG) == server_) throw std::runtime_error("the server ended, see " + (folder_ / "log").string());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a server tells nobody that it is there
    }
}

Cluster::~Cluster() {
    if (server_ > 0) {
        kill(server_, SIGINT);  // ends sessions and stops cleanly
        waitpid(server_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Cluster::target() const { return "host=" + folder_.string() + " user=rowmq dbname=postgres"; }

std::string Cluster::new_schema() {
    std::string name = "store" + std::to_string(++schemas_);
    Connection(target(), "public").run("CREATE SCHEMA " + name);
    return name;
}

}  // namespace rowmq::conformance::postgres_spike
