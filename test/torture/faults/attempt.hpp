#pragma once
// One operation with one fault, and what it left: judged while the process lives, and after it died.

#include <functional>
#include <iosfwd>

#include "test/torture/faults/operations.hpp"

namespace rowmq::torture {

/// What is broken during the operation, and how often it was met.
struct Fault {
    std::function<void(RecordingVfs&)> begin;
    std::function<void(RecordingVfs&)> end;
    std::function<bool(const RecordingVfs&)> was_met;
    bool ends_store = false;  ///< once met nothing may be acknowledged any more (a failed sync)
};

struct Tally {
    std::size_t runs = 0, met = 0, done = 0, full = 0, failed = 0, unknown_and_done = 0;
    std::vector<std::string> wrong;
};
std::ostream& operator<<(std::ostream& out, const Tally& tally);

/// False: the operation ended before the fault was met.
bool attempt(const Operation& operation, const PreparedStore& store, const Fault& fault, Tally& tally);
/// Why the files are not a store that owes one of these, or nothing.
std::string judge_files(const test::FileImage& files, const std::vector<Owed>& allowed, std::size_t* which = nullptr);

}  // namespace rowmq::torture
