#include "base/failpoint.hpp"

#ifdef ROWMQ_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>

namespace rowmq::failpoint {
namespace {

// Written before there are threads.
Point armed{};
// Passes that are left; 0: none is armed.
std::atomic<std::int64_t> left{0};

}  // namespace

bool arm(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto found = std::find(names.begin(), names.end(), text.substr(0, colon));
    std::int64_t passes = 0;
    const auto number = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), passes);
    if (found == names.end() || error != std::errc() || end != number.data() + number.size() || passes < 1) return false;
    armed = static_cast<Point>(found - names.begin());
    left = passes;
    return true;
}

bool is_due(Point point) noexcept {
    if (left.load(std::memory_order_relaxed) <= 0 || point != armed) return false;
    return left.fetch_sub(1) == 1;
}

void die() noexcept {
    // As a crash from outside: no handler runs, nothing is flushed.
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
}

}  // namespace rowmq::failpoint

#endif
