// The server with nothing to do: how soon it serves, what it holds, what it burns.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "bed.hpp"
#include "bench.hpp"
#include "measure.hpp"

namespace rowmq::bench {
namespace {

/// `rowmq serve` on ports the system chooses, until it is told to end.
class Server final {
public:
    Server(const Settings& settings, const std::string& store) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
        start_ = now();
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], 1);
            ::dup2(ends[1], 2);
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl(settings.server.c_str(), "rowmq", "serve", "--store", store.c_str(), "--listen", "sqs=127.0.0.1:0", "--listen",
                    "amqp=off", "--listen", "admin=127.0.0.1:0", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
        wait_until_ready();
    }
    ~Server() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
        ::close(output_);
    }
    double ready_ms() const { return ready_; }
    std::string process() const { return std::to_string(process_); }

    /// Seconds of processor time used so far.
    double processor_seconds() const {
        std::ifstream file("/proc/" + process() + "/stat");
        std::string text((std::istreambuf_iterator<char>(file)), {});
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i) fields >> skipped;
        double user = 0, system = 0;
        fields >> user >> system;
        return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }

private:
    void wait_until_ready() {
        std::string said;
        pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
        while (seconds_since(start_) < 10 && ::poll(&waiting, 1, 10'000) > 0) {
            char some[4096];
            const auto got = ::read(output_, some, sizeof some);
            if (got <= 0) break;
            said.append(some, static_cast<std::size_t>(got));
            if (said.find("ready") != std::string::npos) {
                ready_ = seconds_since(start_) * 1e3;
                return;
            }
        }
        throw std::runtime_error("the server did not become ready: " + said);
    }

    pid_t process_ = -1;
    int output_ = -1;
    SteadyTime start_;
    double ready_ = 0;
};

}  // namespace

void idle(const Settings& settings, Report& report) {
    if (::access(settings.server.c_str(), X_OK) != 0) throw std::runtime_error("no server to measure at " + settings.server);
    Scratch scratch(settings.directory);
    const std::string store = "sqlite:" + scratch.file("idle.db");
    std::vector<double> starts, memory;
    double used = 0;
    const double watched = settings.quick ? 2 : 20;
    const int rounds = settings.quick ? 2 : 7;
    for (int round = 0; round < rounds; ++round) {
        Server server(settings, store);
        starts.push_back(server.ready_ms());
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        memory.push_back(resident(server.process()).now);
        if (round + 1 < rounds) continue;
        const double before = server.processor_seconds();
        std::this_thread::sleep_for(std::chrono::duration<double>(watched));
        used = (server.processor_seconds() - before) / watched * 100;
    }
    report.add({.name = "idle server: start until ready", .unit = "ms", .value = median(starts), .bar = 200.0, .at_least = false});
    report.add({.name = "idle server: memory", .unit = "MiB", .value = median(memory), .bar = 25.0, .at_least = false, .note = "resident"});
    report.add({.name = "idle server: processor",
                .unit = "% of a core",
                .value = used,
                .bar = 0.5,
                .at_least = false,
                .note = std::to_string(static_cast<int>(watched)) + " s"});
}

}  // namespace rowmq::bench
