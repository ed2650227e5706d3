#pragma once
// Counts values by size, in buckets fixed when it is made: a few comparisons and two additions a value, no memory.
// Threads: one, or under its owner's lock.

#include <array>
#include <cassert>
#include <cstdint>
#include <span>

#include "rowmq/metrics.hpp"

namespace rowmq {

class Histogram final {
public:
    static constexpr std::size_t most_bounds = 16;

    /// `bounds` ascend and outlive this: the highest value of each bucket but the last.
    explicit Histogram(std::span<const std::int64_t> bounds) : bounds_(bounds) { assert(bounds.size() <= most_bounds); }

    void observe(std::int64_t value) noexcept {
        std::size_t bucket = 0;
        while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
        ++counts_[bucket];
        sum_ += static_cast<double>(value);
    }

    /// In another unit: 1e-9 makes seconds of nanoseconds.
    HistogramValue value(double unit = 1) const {
        HistogramValue out;
        for (const std::int64_t bound : bounds_) out.bounds.push_back(static_cast<double>(bound) * unit);
        out.counts.assign(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(bounds_.size() + 1));
        out.sum = sum_ * unit;
        return out;
    }

private:
    std::span<const std::int64_t> bounds_;
    std::array<std::uint64_t, most_bounds + 1> counts_{};
    double sum_ = 0;
};

/// Of times in nanoseconds: 100 microseconds to 10 seconds.
inline constexpr std::array<std::int64_t, 16> duration_bounds{
    100'000,    250'000,     500'000,     1'000'000,   2'500'000,     5'000'000,     10'000'000,    25'000'000,
    50'000'000, 100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr double seconds_of_nanoseconds = 1e-9;

}  // namespace rowmq
