// `rowmq top`: a live view of the queues of a store, as `top` is one of processes.

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>

#include "app/command.hpp"
#include "app/duration.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

std::atomic<bool> interrupted{false};

struct Top {
    Target target;
    std::string interval = "1s", prefix, sort = "rate";
    bool once = false;
};

struct Row {
    std::string name;
    std::int64_t ready = 0, leased = 0, delayed = 0, sent = 0, done = 0, dead = 0;
    double in = 0, out = 0;  ///< messages a second since the view before
};

/// The terminal as a view needs it: another screen, no echo, keys at once. Restored at the end.
class Screen {
public:
    Screen() : terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
        if (!terminal_) return;
        tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        print("\x1b[?1049h\x1b[?25l");
    }
    ~Screen() {
        if (!terminal_) return;
        print("\x1b[?25h\x1b[?1049l");
        tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    bool is_terminal() const { return terminal_; }
    std::size_t lines() const {
        winsize size{};
        return terminal_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 6 ? size.ws_row : 24;
    }
    /// A key pressed within `time`; 0: none.
    char key(std::chrono::milliseconds time) const {
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        char c = 0;
        if (poll(&input, terminal_ ? 1 : 0, static_cast<int>(time.count())) == 1 && read(STDIN_FILENO, &c, 1) == 1) return c;
        return 0;
    }

private:
    bool terminal_;
    termios before_{};
};

Result<std::vector<Row>> read_rows(Caller& caller, const Top& top) {
    std::vector<Row> rows;
    std::string after;
    for (bool more = true; more;) {
        const auto page = caller.call("GET", fmt::format("/rowmq/v1/queues?prefix={}&after={}", encoded(top.prefix), encoded(after)));
        if (page.has_error()) return page.error();
        for (const auto& queue : page->at("queues").as_array()) {
            const auto& counts = queue.at("counts").as_object();
            const auto count = [&](const char* name) { return counts.at(name).to_number<std::int64_t>(); };
            rows.push_back({.name = std::string(queue.at("name").as_string()),
                            .ready = count("ready"),
                            .leased = count("leased"),
                            .delayed = count("delayed"),
                            .sent = count("sent"),
                            .done = count("done"),
                            .dead = count("dead_lettered")});
        }
        const auto* next = page->if_contains("next");
        more = next != nullptr;
        if (more) after = std::string(next->as_string());
    }
    return rows;
}

void add_rates(std::vector<Row>& rows, const std::map<std::string, Row>& before, double seconds) {
    for (Row& row : rows) {
        const auto found = before.find(row.name);
        if (found == before.end() || seconds <= 0) continue;
        row.in = static_cast<double>(row.sent - found->second.sent) / seconds;
        row.out = static_cast<double>(row.done - found->second.done) / seconds;
    }
}

void sort(std::vector<Row>& rows, const std::string& by) {
    std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
        if (by == "ready") return a.ready > b.ready;
        if (by == "name") return a.name < b.name;
        return a.in + a.out > b.in + b.out || (a.in + a.out == b.in + b.out && a.ready > b.ready);
    });
}

std::string view(const std::vector<Row>& rows, const json::object& health, const Top& top, std::size_t lines) {
    Row sum;
    for (const Row& row : rows) {
        sum.ready += row.ready;
        sum.leased += row.leased;
        sum.delayed += row.delayed;
        sum.in += row.in;
        sum.out += row.out;
    }
    std::string out =
        fmt::format("rowmq top - {}  durability {}  commits {}  {} queues\n", std::string_view(health.at("store").as_string()),
                    std::string_view(health.at("durability").as_string()), health.at("commits").to_number<std::int64_t>(), rows.size());
    out += fmt::format(
        "ready {}  leased {}  delayed {}  in {:.0f}/s  done {:.0f}/s   sorted by {} (keys: r rate, w ready, n name, q quit)\n\n", sum.ready,
        sum.leased, sum.delayed, sum.in, sum.out, top.sort);
    std::size_t width = 20;
    const std::size_t shown = std::min(rows.size(), lines > 5 ? lines - 5 : 1);
    for (std::size_t i = 0; i < shown; ++i) width = std::clamp<std::size_t>(rows[i].name.size(), width, 40);
    out += fmt::format("{:<{}} {:>10} {:>8} {:>8} {:>10} {:>10} {:>12} {:>12} {:>8}\n", "queue", width, "ready", "leased", "delayed",
                       "in/s", "done/s", "sent", "done", "dead");
    for (std::size_t i = 0; i < shown; ++i) {
        const Row& r = rows[i];
        const std::string name = r.name.size() > width ? r.name.substr(0, width - 1) + "~" : r.name;
        out += fmt::format("{:<{}} {:>10} {:>8} {:>8} {:>10.0f} {:>10.0f} {:>12} {:>12} {:>8}\n", name, width, r.ready, r.leased, r.delayed,
                           r.in, r.out, r.sent, r.done, r.dead);
    }
    return out;
}

void print_rows(const std::vector<Row>& rows) {
    for (const Row& r : rows)
        print_json(json::object{{"queue", r.name},
                                {"ready", r.ready},
                                {"leased", r.leased},
                                {"delayed", r.delayed},
                                {"sent", r.sent},
                                {"done", r.done},
                                {"dead_lettered", r.dead},
                                {"in_per_second", r.in},
                                {"done_per_second", r.out}});
}

Exit run(Top& top) {
    const auto interval = parse_duration(top.interval);
    if (interval.has_error()) return report(interval.error(), top.target.json);
    if (*interval < std::chrono::milliseconds(100))
        return report(Error{Errc::invalid_argument, "--interval must be 100ms or more"}, top.target.json);
    const auto caller = connect(top.target);
    if (caller.has_error()) return report(caller.error(), top.target.json);
    std::signal(SIGINT, [](int) { interrupted = true; });
    std::map<std::string, Row> before;
    auto last = steady_clock::now();
    std::optional<Screen> screen;
    if (!top.once && !top.target.json) screen.emplace();
    const bool live = screen && screen->is_terminal();
    for (bool first = true; !interrupted; first = false) {
        auto rows = read_rows(**caller, top);
        const auto health = (*caller)->call("GET", "/rowmq/v1/health");
        if (rows.has_error() || health.has_error()) {
            screen.reset();
            return report(rows.has_error() ? rows.error() : health.error(), top.target.json);
        }
        const auto now = steady_clock::now();
        add_rates(*rows, before, std::chrono::duration<double>(now - last).count());
        last = now;
        before.clear();
        for (const Row& row : *rows) before.emplace(row.name, row);
        sort(*rows, top.sort);
        // Rates need two looks.
        if (!top.once || !first) {
            if (top.target.json) print_rows(*rows);
            else if (!print((live ? "\x1b[H\x1b[J" : "") + view(*rows, *health, top, live ? screen->lines() : rows->size() + 6)))
                return Exit::ok;
            if (top.once) return Exit::ok;
        }
        const char key = screen ? screen->key(*interval) : 0;
        if (!screen) (*caller)->pause(*interval);
        if (key == 'q') break;
        if (key == 'r') top.sort = "rate";
        if (key == 'w') top.sort = "ready";
        if (key == 'n') top.sort = "name";
    }
    return Exit::ok;
}

}  // namespace

void add_top(CLI::App& program, Exit& exit) {
    const auto top = std::make_shared<Top>();
    auto& command = *program.add_subcommand("top", "A live view of the queues: what waits, what comes in, what gets done");
    command.add_option("--interval", top->interval, "How often it looks (default 1s)");
    command.add_option("--prefix", top->prefix, "Only queues whose names start so");
    command.add_option("--sort", top->sort, "rate, ready or name")->check(CLI::IsMember({"rate", "ready", "name"}));
    command.add_flag("--once", top->once, "Print it once and end");
    add_target(command, top->target);
    command.callback([top, &exit] { exit = run(*top); });
}

}  // namespace rowmq::app
