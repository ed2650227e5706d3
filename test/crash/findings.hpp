#pragma once
// What opening every crash image of a history has shown, counted.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "test/support/crash_images.hpp"

namespace rowmq::test {

struct Findings {
    CrashCounts counts;
    std::size_t opened = 0;          ///< different files among them
    std::size_t corrupt = 0;         ///< cannot be opened, or a check complains
    std::size_t losing = 0;          ///< something answered is not there, or something ended is back
    std::int64_t most_lost = 0;      ///< answers
    std::size_t wrong = 0;           ///< no state the history ever was in, or one of its future
    std::vector<std::string> first;  ///< some of them, in words
    double ms = 0;

    /// The state found is the one after `state` answers; -1: of no moment.
    void judge(const CrashImage& image, std::int64_t state, const std::string& words) {
        if (state >= image.answered && state <= image.submitted) return;
        if (state < 0 || state > image.submitted) {
            ++wrong;
        } else {
            ++losing;
            most_lost = std::max(most_lost, image.answered - state);
        }
        explain(image, words);
    }
    void damaged(const CrashImage& image, const std::string& words) {
        ++corrupt;
        explain(image, words);
    }
    bool sound() const { return corrupt == 0 && losing == 0 && wrong == 0; }

private:
    void explain(const CrashImage& image, const std::string& words) {
        if (first.size() < 3)
            first.push_back("before call " + std::to_string(image.point) + ", " + std::string(name_of(image.survival)) + ", " +
                            std::to_string(image.answered) + " answered of " + std::to_string(image.submitted) + " submitted: " + words);
    }
};

inline std::ostream& operator<<(std::ostream& out, const Findings& f) {
    out << "calls " << f.counts.calls << ", syncs " << f.counts.syncs << ", points " << f.counts.points << ", images " << f.counts.images
        << ", unique " << f.counts.unique << ", opened " << f.opened << ", corrupt " << f.corrupt << ", losing " << f.losing << " (most "
        << f.most_lost << "), wrong " << f.wrong << ", " << static_cast<std::int64_t>(f.ms) << " ms";
    for (const auto& words : f.first) out << "\n  " << words;
    return out;
}

}  // namespace rowmq::test
