// I13: who waits is answered, what is ready is given to who waits, and at the end nothing is stuck.

#include <algorithm>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

class Judge final {
public:
    Judge(const History& history, const Bounds& bounds, Verdict& verdict)
        : history_(history),
          limit_(bounds.grant_ms * ms),
          answer_(bounds.answer_ms * ms),
          verdict_(verdict),
          ready_(history.ledger.queues.size()) {}

    void answers() {
        for (std::uint32_t line = 0; line < history_.ledger.operations.size(); ++line) {
            const auto& op = history_.at(line);
            if (op.kind == Kind::kill || op.kind == Kind::stop) continue;
            const auto began = op.invoked <= history_.last_fault && history_.last_fault <= op.returned ? history_.last_fault : op.invoked;
            if (op.returned - began <= answer_ + op.wait_ms * ms) continue;
            if (op.invoked < history_.last_fault && op.returned <= history_.last_fault) continue;
            verdict_.add(Invariant::liveness, "an operation took " + std::to_string((op.returned - began) / ms) + " ms", {line});
        }
    }

    /// Of standard queues: a group may have to wait for what is before it.
    void grants() {
        for (std::uint32_t number = 0; number < history_.messages.size(); ++number) {
            const auto& message = history_.messages[number];
            if (message.is_confirmed() && !history_.ledger.rules[message.queue].fifo) intervals(number);
        }
        for (auto& of_queue : ready_)
            std::sort(of_queue.begin(), of_queue.end(), [](const Interval& a, const Interval& b) { return a.from < b.from; });
        for (std::uint32_t line = 0; line < history_.ledger.operations.size(); ++line) {
            const auto& op = history_.at(line);
            if (op.kind != Kind::receive || op.outcome != Outcome::ok || op.message != none || op.returned - op.invoked <= limit_) continue;
            empty(line);
        }
    }

    void stuck(const Dump& dump) {
        if (!history_.quiet) return;
        for (const auto& stored : dump.messages) {
            bool is_target = false;
            for (const auto& rules : history_.ledger.rules) is_target |= rules.max_receives > 0 && rules.dead_letter == stored.queue;
            if (stored.message == none || is_target) continue;
            verdict_.add(Invariant::liveness, std::string(stored.name) + " is still stored when everything was drained",
                         history_.witness({stored.message}));
        }
    }

private:
    /// When it lay there for longer than the limit for sure: from its confirmation, or the end of a lease, to the next grant.
    void intervals(std::uint32_t number) {
        const auto& message = history_.messages[number];
        std::int64_t from = message.confirmed;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.outcome == Outcome::fail) continue;
            if (op.kind == Kind::send) from = std::max(from, op.returned + op.ms * ms);
            if (op.kind == Kind::erase) return add(message, from, op.invoked, line);
            if (op.kind == Kind::extend) from = std::max(from, op.returned + op.ms * ms);
            if (op.kind != Kind::receive) continue;
            if (op.queue != message.queue) return;
            add(message, from, op.invoked, line);
            // It was ready when this one began to wait or later, and came late.
            const auto waited = from > op.invoked ? op.returned - from : 0;
            if (waited > limit_ && waited - history_.stalled(from, op.returned) > limit_ && !history_.was_down(op.invoked, op.returned) &&
                !lost(message.queue, from, op.returned))
                late(number, waited);
            from = std::max(from, op.returned + op.ms * ms);
        }
        const auto& rules = history_.ledger.rules[message.queue];
        if (rules.max_receives == 0 && rules.retention_ms == 0 && !history_.was_purged(message.queue, message.sent))
            add(message, from, history_.end, history_.lines_of(number).back());
    }
    bool lost(std::uint32_t queue, std::int64_t from, std::int64_t to) const {
        return std::any_of(history_.lost_receives[queue].begin(), history_.lost_receives[queue].end(),
                           [&](const Interval& other) { return other.from <= to && other.to >= from; });
    }
    void add(const Message& message, std::int64_t from, std::int64_t to, std::uint32_t line) {
        if (to - from > limit_) ready_[message.queue].push_back({from, to, line});
    }
    void late(std::uint32_t number, std::int64_t by) {
        verdict_.add(
            Invariant::liveness,
            std::string(history_.ledger.name_of(number)) + " was ready for " + std::to_string(by / ms) + " ms while somebody waited for it",
            history_.witness({number}));
    }

    void empty(std::uint32_t line) {
        const auto& op = history_.at(line);
        const auto& of_queue = ready_[op.queue];
        if (history_.was_down(op.invoked, op.returned)) return;
        auto at = std::upper_bound(of_queue.begin(), of_queue.end(), op.invoked,
                                   [](std::int64_t when, const Interval& i) { return when < i.from; });
        if (at != of_queue.end() && is_long(at->from, std::min(at->to, op.returned))) return waited(line, *at);
        // What began before: its end decides.
        for (std::size_t steps = 0; at != of_queue.begin() && steps < looked_back; ++steps) {
            --at;
            if (is_long(op.invoked, std::min(at->to, op.returned))) return waited(line, *at);
        }
    }
    bool is_long(std::int64_t from, std::int64_t to) const { return to - from > limit_ && to - from - history_.stalled(from, to) > limit_; }
    void waited(std::uint32_t line, const Interval& ready) {
        const auto message = history_.at(ready.line).message;
        if (lost(history_.at(line).queue, ready.from, history_.at(line).returned)) return;
        auto lines = history_.witness({message});
        lines.push_back(line);
        std::stable_sort(lines.begin(), lines.end(), [&](auto a, auto b) { return history_.at(a).invoked < history_.at(b).invoked; });
        verdict_.add(Invariant::liveness, "a receive waited in vain while " + std::string(history_.ledger.name_of(message)) + " was ready",
                     std::move(lines));
    }

    static constexpr std::size_t looked_back = 10'000;
    const History& history_;
    const std::int64_t limit_, answer_;
    Verdict& verdict_;
    std::vector<std::vector<Interval>> ready_;  ///< by queue
};

}  // namespace

void judge_liveness(const History& history, const Dump* dump, const Bounds& bounds, Verdict& verdict) {
    Judge judge(history, bounds, verdict);
    judge.answers();
    judge.grants();
    if (dump) judge.stuck(*dump);
}

}  // namespace rowmq::torture
