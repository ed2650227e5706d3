// I4: a message has one holder at a time, a delay is kept, and an old handle does nothing to a newer lease of a FIFO queue.

#include <algorithm>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

constexpr std::int64_t clock_grain = 1 * ms;  // the server's clock counts milliseconds

class Judge final {
public:
    Judge(const History& history, Verdict& verdict) : history_(history), verdict_(verdict) {}

    void message(std::uint32_t number) {
        grants_.clear();
        std::int64_t not_before = never;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind == Kind::receive && op.outcome == Outcome::ok) grants_.push_back(line);
            // The earliest that any of its sends allows.
            if (op.kind == Kind::send && op.outcome != Outcome::fail)
                not_before = std::min(not_before, op.invoked + op.ms * ms - clock_grain);
            if (op.outcome == Outcome::ok && (op.kind == Kind::erase || op.kind == Kind::extend)) handle(number, op);
        }
        if (grants_.empty()) return;
        std::stable_sort(grants_.begin(), grants_.end(), [&](auto a, auto b) { return history_.at(a).returned < history_.at(b).returned; });
        if (not_before != never && history_.at(grants_.front()).returned < not_before) found(number, "came before its delay was over");
        for (std::size_t i = 1; i < grants_.size(); ++i) {
            auto& earlier = grants_[i - 1];
            auto& later = grants_[i];
            if (too_soon(number, earlier, later) <= 0) continue;
            if (overlap(earlier, later) && too_soon(number, later, earlier) <= 0 && (i < 2 || too_soon(number, grants_[i - 2], later) <= 0))
                std::swap(earlier, later);
            else
                found(number, "was given out again " + std::to_string(too_soon(number, earlier, later) / ms + 1) +
                                  " ms before its lease could end");
        }
    }

private:
    void found(std::uint32_t number, const std::string& what) {
        verdict_.add(Invariant::one_lease, std::string(history_.ledger.name_of(number)) + " " + what, history_.witness({number}));
    }

    /// Two grants under way at once: either may have been the first.
    bool overlap(std::uint32_t one, std::uint32_t other) const {
        return history_.at(one).invoked <= history_.at(other).returned && history_.at(other).invoked <= history_.at(one).returned;
    }

    /// How long before the earlier lease could end the later one was there; nothing or less is right.
    std::int64_t too_soon(std::uint32_t number, std::uint32_t earlier, std::uint32_t later) const {
        const auto returned = history_.at(later).returned;
        if (history_.was_down(history_.at(earlier).invoked, returned)) return 0;
        return earliest_end(number, earlier, history_.at(later)) - returned;
    }

    std::int64_t earliest_end(std::uint32_t number, std::uint32_t earlier_line, const Operation& later) const {
        const auto& earlier = history_.at(earlier_line);
        auto ends = earlier.invoked + earlier.ms * ms - clock_grain;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.outcome == Outcome::fail || op.invoked < earlier.invoked || op.invoked > later.returned) continue;
            if (op.kind == Kind::erase) ends = std::min(ends, op.invoked);
            if (op.kind != Kind::extend) continue;
            const auto new_end = op.ms == 0 ? op.invoked : op.invoked + op.ms * ms - clock_grain;
            const bool is_sure = op.outcome == Outcome::ok && op.returned < later.invoked && op.grant == earlier_line + 1;
            ends = is_sure ? new_end : std::min(ends, new_end);
        }
        return ends;
    }

    void handle(std::uint32_t number, const Operation& op) {
        if (!history_.ledger.rules[op.queue].fifo || op.grant == 0 || op.grant > history_.ledger.operations.size()) return;
        const auto& used = history_.at(static_cast<std::uint32_t>(op.grant - 1));
        for (const auto line : history_.lines_of(number)) {
            const auto& newer = history_.at(line);
            if (newer.kind == Kind::receive && newer.invoked > used.returned && newer.returned < op.invoked && newer.queue == op.queue)
                return found(number, op.kind == Kind::erase ? "was deleted by a handle of an older lease"
                                                            : "had its lease changed by a handle of an older one");
        }
    }

    const History& history_;
    Verdict& verdict_;
    std::vector<std::uint32_t> grants_;
};

}  // namespace

void judge_leases(const History& history, Verdict& verdict) {
    Judge judge(history, verdict);
    for (std::uint32_t message = 0; message < history.messages.size(); ++message) judge.message(message);
}

}  // namespace rowmq::torture
