#pragma once
// A progress bar for people: on standard error, only when that is a terminal, at most ten times a second.

#include <chrono>
#include <cstdint>
#include <string>

namespace rowmq::app {

class Progress final {
public:
    /// `total` 0: unknown, then only the number is shown. `silent`: nothing is shown (output for programs).
    Progress(std::string what, std::int64_t total, bool silent = false);
    ~Progress();  ///< erases it
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void update(std::int64_t done, std::int64_t total = -1);

private:
    void draw(std::int64_t done);

    std::string what_;
    std::int64_t total_;
    bool shown_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point began_, last_{};
};

}  // namespace rowmq::app
