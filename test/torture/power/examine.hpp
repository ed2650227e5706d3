#pragma once
// Opens what a power cut may leave of a history and compares it with the ledger as a whole state.

#include <iosfwd>
#include <unordered_map>
#include <vector>

#include "test/support/crash_images.hpp"
#include "test/torture/power/histories.hpp"

namespace rowmq::torture {

struct Findings {
    std::size_t calls = 0, syncs = 0, points = 0, images = 0;
    std::size_t unique = 0;          ///< different in files or in what was promised
    std::size_t opened = 0;          ///< different in files
    std::size_t nested = 0;          ///< images of crashes during a recovery, opened
    std::size_t corrupt = 0;         ///< cannot be opened, a check complains, or it does not work afterwards
    std::size_t lost = 0;            ///< an answered step is not there
    std::size_t phantom = 0;         ///< a message is there that no allowed state has: never sent, or ended before
    std::size_t wrong = 0;           ///< no state it ever was in
    std::vector<std::string> first;  ///< some of them, in words

    void add(const Findings& other);
    bool sound() const { return corrupt + lost + phantom + wrong == 0; }
};
std::ostream& operator<<(std::ostream& out, const Findings& findings);

struct ExamineOptions {
    test::CrashOptions images;
    std::size_t nested_percent = 5;  ///< of the images: the recovery is recorded and cut, too
    std::size_t nested_points = 8;   ///< so many cuts a recovery, evenly spread
};

Findings examine(const History& history, const ExamineOptions& options);

}  // namespace rowmq::torture
