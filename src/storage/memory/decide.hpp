#pragma once
// Which units of a batch hold. Pure: reads the content as it was before the batch.

#include <vector>

#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::storage::memory {

/// Units are decided in ascending order, each as if the ones before it that hold had been applied, and Unit::always before
/// them all. The first precondition of a unit that fails names the reason: its remembers in their order, then updates (which
/// come before everybody's removals), removals, delayed removals, applications.
class Decision {
public:
    Decision(const Content& content, const Batch& batch);

    bool holds(Unit unit) const {
        const auto number = static_cast<std::size_t>(unit);
        return number == 0 || number >= out_.size() || !out_[number];
    }
    std::vector<LeftOut> take_left_out() { return std::move(left_out_); }

private:
    std::vector<bool> out_;  ///< by unit
    std::vector<LeftOut> left_out_;
};

}  // namespace rowmq::storage::memory
