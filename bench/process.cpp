// A part in a process of its own: fork, exec of this program, "name value" lines back.

#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "measure.hpp"
#include "parts.hpp"

namespace rowmq::bench {

Part in_own_process(const Settings& settings, const std::string& name, const std::vector<std::string>& arguments) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::vector<std::string> words{settings.program, "--part", name};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t process = ::fork();
    if (process == 0) {
        ::dup2(ends[1], 1);
        ::close(ends[0]);
        ::close(ends[1]);
        ::execv(settings.program.c_str(), pointers.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said;
    char some[4096];
    for (ssize_t got; (got = ::read(ends[0], some, sizeof some)) > 0;) said.append(some, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(process, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(name + " failed: " + said);
    Part figures;
    std::istringstream lines(said);
    std::string key;
    for (double value; lines >> key >> value;) figures[key] = value;
    return figures;
}

bool run_part(const std::string& name, const std::vector<std::string>& arguments, Part& figures) {
    using Function = void (*)(const std::vector<std::string>&, Part&);
    static const std::map<std::string, Function> parts{
        {"backlog_fill", backlog_fill},         {"backlog_drain", backlog_drain},     {"priority_fill", priority_fill},
        {"priority_receive", priority_receive}, {"groups_fill", groups_fill},         {"groups_receive", groups_receive},
        {"delayed_fill", delayed_fill},         {"delayed_receive", delayed_receive}, {"spread_fill", spread_fill},
        {"spread_receive", spread_receive},
    };
    const auto found = parts.find(name);
    if (found == parts.end()) return false;
    found->second(arguments, figures);
    figures["peak"] = resident().peak;
    return true;
}

}  // namespace rowmq::bench
