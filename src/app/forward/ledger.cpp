#include "app/forward/ledger.hpp"

namespace rowmq::app {

void Ledger::published(std::uint64_t tag) {
    waiting_.emplace(++last_, tag);
    held_.insert(tag);
}

template <typename F>
void Ledger::settle(std::uint64_t number, bool multiple, F&& each) {
    auto from = multiple ? waiting_.begin() : waiting_.find(number);
    const auto to = waiting_.upper_bound(number);
    while (from != waiting_.end() && from != to) {
        each(from->second);
        from = waiting_.erase(from);
    }
}

void Ledger::confirmed(std::uint64_t number, bool multiple) {
    settle(number, multiple, [this](std::uint64_t tag) {
        ++confirmations_;
        held_.erase(tag);
        ready_.insert(tag);
    });
}

void Ledger::refused(std::uint64_t number, bool multiple) {
    settle(number, multiple, [this](std::uint64_t) { ++refusals_; });
}

std::vector<Ledger::Acknowledge> Ledger::acknowledgements() {
    std::vector<Acknowledge> out;
    // Up to the first that is held, one acknowledgement says it for all.
    const auto held = held_.empty() ? ready_.end() : ready_.lower_bound(*held_.begin());
    if (held != ready_.begin()) out.push_back({*std::prev(held), true});
    for (auto one = held; one != ready_.end(); ++one) out.push_back({*one, false});
    ready_.clear();
    return out;
}

}  // namespace rowmq::app
