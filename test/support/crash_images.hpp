#pragma once
// What a power cut can leave behind: computed from a recorded log, one crash point (a place between two calls) at a time.
//
// The model: a file has a durable image and pending calls; a sync makes its own pending calls durable and nobody else's.
// Names are pending, too, until a sync that says `directory`. Shared memory never survives. Of what is pending any part may
// survive, in sectors of 512 bytes, and what lies beyond the durable end of a file may come back as zeros or garbage.
// Threads: none of its own.

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "test/support/recording_vfs.hpp"

namespace rowmq::test {

enum class Survival : std::uint8_t {
    nothing_pending,  ///< P0
    everything,       ///< P1: the same as kill -9
    only_wal,         ///< P2: of what is pending, the WAL's part
    only_database,    ///< P3: all but the WAL's part
    prefix,           ///< P4: the first so many pending calls
    random_sectors,   ///< P5
    some_names,       ///< P6: each pending name on or off
};
std::string_view name_of(Survival survival) noexcept;

struct CrashOptions {
    std::size_t prefixes = 16;       ///< P4: at most so many a point
    std::size_t random_subsets = 2;  ///< P5: so many a point
    std::size_t name_subsets = 8;    ///< P6: at most so many a point
    std::size_t every = 1;           ///< only each so manyth point is looked at (controls)
    std::uint64_t seed = 1;
};

struct CrashImage {
    std::size_t point = 0;  ///< before this call of the log
    Survival survival{};
    std::int64_t submitted = 0;  ///< so many things had been handed in
    std::int64_t answered = 0;   ///< so many had been promised
    FileImage files;
    std::uint64_t hash = 0;  ///< of the files alone
};

struct CrashCounts {
    std::size_t calls = 0, syncs = 0, points = 0, images = 0, unique = 0;
};

/// Calls `visit` for each different (files, submitted, answered) of every crash point of `log`, which began with the files
/// `start`. Returns how many there were.
CrashCounts each_crash_image(const std::vector<FileOperation>& log, const CrashOptions& options,
                             const std::function<void(const CrashImage&)>& visit, const FileImage& start = {});

}  // namespace rowmq::test
