#pragma once
// The deliveries of one channel that are not settled: delivery tags ascend, so a deque with holes at its ends holds them.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "rowmq/values.hpp"

namespace rowmq::amqp {

struct Consumer;

class Unsettled final {
public:
    struct One {
        std::uint64_t tag = 0;
        Lease lease;
        std::shared_ptr<Consumer> consumer;  ///< null: of a basic.get
    };

    /// The next tag, whether or not it is to be settled.
    std::uint64_t next_tag() noexcept { return ++last_; }
    void add(std::uint64_t tag, const Lease& lease, std::shared_ptr<Consumer> consumer) {
        all_.push_back({tag, lease, std::move(consumer)});
        ++count_;
    }
    /// Takes the one with this tag, or with `multiple` all up to it (tag 0: all there are). None: that delivery is not there.
    std::optional<std::vector<One>> take(std::uint64_t tag, bool multiple) {
        std::vector<One> taken;
        if (!take(tag, multiple, taken)) return std::nullopt;
        return taken;
    }
    /// Appends what it takes; false: that delivery is not there.
    bool take(std::uint64_t tag, bool multiple, std::vector<One>& taken) {
        if (multiple && tag == 0) {
            while (!all_.empty()) take_front(taken);
            return true;
        }
        const auto found = place_of(tag);
        if (found == all_.end() || found->tag != tag || found->lease == Lease{}) return false;
        if (multiple) {
            while (!all_.empty() && all_.front().tag <= tag) take_front(taken);
            return true;
        }
        taken.push_back(std::move(*found));
        *found = One{.tag = tag, .lease = {}, .consumer = {}};
        --count_;
        while (!all_.empty() && all_.front().lease == Lease{}) all_.pop_front();
        while (!all_.empty() && all_.back().lease == Lease{}) all_.pop_back();
        return true;
    }
    /// What take() gave is not settled after all.
    void put_back(std::vector<One> some) {
        count_ += some.size();
        std::erase_if(all_, [](const One& one) { return one.lease == Lease{}; });
        for (One& one : some) all_.push_back(std::move(one));
        std::sort(all_.begin(), all_.end(), [](const One& a, const One& b) { return a.tag < b.tag; });
    }
    std::size_t count() const noexcept { return count_; }

private:
    /// The first that is not before `tag`: most are acknowledged in the order in which they were delivered.
    std::deque<One>::iterator place_of(std::uint64_t tag) {
        if (!all_.empty() && all_.front().tag == tag) return all_.begin();
        return std::lower_bound(all_.begin(), all_.end(), tag, [](const One& one, std::uint64_t t) { return one.tag < t; });
    }
    void take_front(std::vector<One>& taken) {
        if (all_.front().lease != Lease{}) {
            taken.push_back(std::move(all_.front()));
            --count_;
        }
        all_.pop_front();
    }

    std::deque<One> all_;  ///< by tag; settled ones between others have no lease
    std::uint64_t last_ = 0;
    std::size_t count_ = 0;
};

}  // namespace rowmq::amqp
