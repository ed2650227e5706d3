#pragma once
// Parts that run in a process of their own, so that their memory and their start are clean.

#include <string>
#include <vector>

#include "bench.hpp"

namespace rowmq::bench {

void backlog_fill(const std::vector<std::string>& arguments, Part& figures);
void backlog_drain(const std::vector<std::string>& arguments, Part& figures);
/// file, count: makes the waiting messages of the case.
void priority_fill(const std::vector<std::string>& arguments, Part& figures);
void groups_fill(const std::vector<std::string>& arguments, Part& figures);
void delayed_fill(const std::vector<std::string>& arguments, Part& figures);
void spread_fill(const std::vector<std::string>& arguments, Part& figures);
/// The same files after a restart.
void priority_receive(const std::vector<std::string>& arguments, Part& figures);
void groups_receive(const std::vector<std::string>& arguments, Part& figures);
void delayed_receive(const std::vector<std::string>& arguments, Part& figures);
void spread_receive(const std::vector<std::string>& arguments, Part& figures);

}  // namespace rowmq::bench
