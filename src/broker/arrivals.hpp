#pragma once
// When ids and sequences were given: they ascend, so a few marks tell the time of any of them.
// Marks are a second apart while they are new; the older half is thinned whenever there are too many.
// Threads: the strand.

#include <algorithm>
#include <optional>
#include <vector>

#include "rowmq/ids.hpp"
#include "rowmq/message.hpp"

namespace rowmq {

class Arrivals final {
public:
    /// `first`: ids above it are of this process.
    void begin(std::int64_t first) { before_ = first; }

    /// Ids up to `last` have been given by now.
    void note(std::int64_t last, WallTime now) {
        if (last <= (marks_.empty() ? before_ : marks_.back().last)) return;
        if (!marks_.empty() && now - marks_.back().since < std::chrono::seconds(1)) {
            marks_.back().last = last;
            return;
        }
        if (marks_.size() >= most_marks) thin();
        marks_.push_back({last, now});
    }

    /// None: given by an earlier process, or not noted yet.
    std::optional<WallTime> at(Sequence sequence) const {
        const std::int64_t id = value_of(sequence);
        if (id <= before_) return std::nullopt;
        const auto found = std::lower_bound(marks_.begin(), marks_.end(), id, [](const Mark& m, std::int64_t i) { return m.last < i; });
        return found == marks_.end() ? std::nullopt : std::optional(found->since);
    }

    std::size_t marks() const noexcept { return marks_.size(); }
    static constexpr std::size_t most_marks = 1'024;

private:
    struct Mark {
        std::int64_t last;
        WallTime since;
    };
    // Two become one that lasts as long as both.
    void thin() {
        const std::size_t half = marks_.size() / 4;
        for (std::size_t i = 0; i < half; ++i) marks_[i] = {marks_[2 * i + 1].last, marks_[2 * i].since};
        marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(half), marks_.begin() + static_cast<std::ptrdiff_t>(2 * half));
    }

    std::int64_t before_ = 0;
    std::vector<Mark> marks_;
};

}  // namespace rowmq
