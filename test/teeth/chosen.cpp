// Which planted bug this process has: the environment's ROWMQ_PLANTED, read once before main(). Only in trees with ROWMQ_PLANTED on.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

#define ROWMQ_PLANTED
#include "base/planted.hpp"

namespace rowmq {
namespace {

#define ROWMQ_PLANTED_NAME(bug) {#bug, Bug::bug},
constexpr std::pair<std::string_view, Bug> bugs[] = {ROWMQ_PLANTED_BUGS(ROWMQ_PLANTED_NAME)};
#undef ROWMQ_PLANTED_NAME

Bug chosen() {
    const char* name = std::getenv("ROWMQ_PLANTED");
    if (!name || !*name) return Bug::none;
    for (const auto& [known, bug] : bugs)
        if (known == name) return bug;
    std::fprintf(stderr, "ROWMQ_PLANTED=%s: there is no such bug in src/base/planted.hpp\n", name);
    std::exit(2);
}

}  // namespace

const Bug planted_bug = chosen();

MonotonicTime guessed_by_wall(Clock& clock) {
    static std::map<const Clock*, std::chrono::nanoseconds> ahead;
    const auto [known, first] = ahead.try_emplace(&clock, clock.monotonic().time_since_epoch() - clock.wall().time_since_epoch());
    return MonotonicTime{known->second + clock.wall().time_since_epoch()};
}

}  // namespace rowmq
