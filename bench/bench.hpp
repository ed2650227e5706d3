#pragma once
// The sub-benchmarks of the one program.

#include <map>
#include <string>
#include <vector>

#include "report.hpp"

namespace rowmq::bench {

struct Settings {
    bool quick = false;
    std::string directory = ".";  ///< where the files lie: a disk, not tmpfs
    std::string program;          ///< this one, to run parts in a process of their own
    std::string server;           ///< rowmq
    std::string only;             ///< cases whose name contains it; empty: all
    bool wanted(const std::string& name) const { return name.find(only) != std::string::npos; }
    int rounds() const { return quick ? 3 : 11; }
    double slice() const { return quick ? 0.25 : 0.5; }  ///< seconds of one side of one round
};

void flow(const Settings& settings, Report& report);
void publish(const Settings& settings, Report& report);
void consume(const Settings& settings, Report& report);
void latency(const Settings& settings, Report& report);
void backlog(const Settings& settings, Report& report);
void million(const Settings& settings, Report& report);
void scrape(const Settings& settings, Report& report);
void idle(const Settings& settings, Report& report);
void engine(const Settings& settings, Report& report);
void shapes(const Settings& settings, Report& report);

/// Figures a part prints when it runs in a process of its own: "name value" lines.
using Part = std::map<std::string, double>;
/// Runs `program --part name arguments...` and reads what it prints. Throws when it fails.
Part in_own_process(const Settings& settings, const std::string& name, const std::vector<std::string>& arguments);
/// The other side. False: there is no such part.
bool run_part(const std::string& name, const std::vector<std::string>& arguments, Part& figures);

}  // namespace rowmq::bench
