#include "app/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rowmq::app {

constexpr std::int64_t width = 30;

Progress::Progress(std::string what, std::int64_t total, bool silent)
    : what_(std::move(what)), total_(total), shown_(!silent && isatty(STDERR_FILENO) == 1), began_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
    if (!drawn_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

void Progress::update(std::int64_t done, std::int64_t total) {
    if (total >= 0) total_ = total;
    if (!shown_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    draw(done);
}

void Progress::draw(std::int64_t done) {
    drawn_ = true;
    const double seconds = std::chrono::duration<double>(last_ - began_).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    std::string line = fmt::format("\r\x1b[K{} ", what_);
    if (total_ > 0) {
        const std::int64_t filled = std::clamp<std::int64_t>(done * width / total_, 0, width);
        line += fmt::format("[{:#<{}}{:.<{}}] {} of {}", "", filled, "", width - filled, done, total_);
        if (rate > 0 && done < total_) line += fmt::format(", {:.0f} s left", static_cast<double>(total_ - done) / rate);
    } else {
        line += fmt::format("{}", done);
    }
    line += fmt::format(", {:.0f}/s", rate);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
}

}  // namespace rowmq::app
