// I9: exactly N leases, then the dead-letter queue, once; the count a message carries never goes back.

#include <algorithm>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

class Judge final {
public:
    Judge(const History& history, const Dump* dump, Verdict& verdict)
        : history_(history), verdict_(verdict), copies_(dump ? history.messages.size() : 0) {
        if (!dump) return;
        for (const auto& stored : dump->messages)
            if (stored.message != none) copies_[stored.message].push_back(stored.queue);
    }

    void message(std::uint32_t number) {
        const auto& message = history_.messages[number];
        if (message.queue == none) return;
        const auto& rules = history_.ledger.rules[message.queue];
        counts(number, rules);
        if (!copies_.empty() && copies_[number].size() > 1) found(number, "is stored " + std::to_string(copies_[number].size()) + " times");
        if (rules.max_receives == 0) return;

        std::uint32_t grants = 0;
        std::int64_t moved = never, last = message.sent;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind != Kind::receive || op.outcome != Outcome::ok) continue;
            if (op.queue != message.queue) {
                moved = std::min(moved, op.returned);
                continue;
            }
            ++grants;
            last = std::max(last, op.returned);
            if (op.invoked > moved) found(number, "came out of its queue after it came out of the dead-letter queue");
        }
        if (!copies_.empty() && std::find(copies_[number].begin(), copies_[number].end(), rules.dead_letter) != copies_[number].end())
            moved = std::min(moved, history_.end);
        const bool may_forget = !rules.strict && history_.was_down(message.sent, last);
        if (grants > rules.max_receives && !may_forget) found(number, "was given out " + told(grants, rules));
        // What was received by nobody, because the program or the connection ended, counts too.
        else if (moved != never && grants < rules.max_receives && is_fully_seen(message, moved))
            found(number, "was dead-lettered and had been given out only " + told(grants, rules));
    }

private:
    static std::string told(std::uint32_t grants, const QueueRules& rules) {
        return std::to_string(grants) + " times, where " + std::to_string(rules.max_receives) + " are allowed";
    }
    void found(std::uint32_t number, const std::string& what) {
        verdict_.add(Invariant::dead_letter, std::string(history_.ledger.name_of(number)) + " " + what, history_.witness({number}));
    }
    bool is_fully_seen(const Message& message, std::int64_t until) const {
        if (history_.was_down(message.sent, until)) return false;
        for (const auto& lost : history_.lost_receives[message.queue])
            if (lost.to >= message.sent && lost.from <= until) return false;
        return true;
    }

    /// The count each grant told, grant after grant of one queue.
    void counts(std::uint32_t number, const QueueRules& rules) {
        const Operation* before = nullptr;
        std::uint32_t seen = 0;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind != Kind::receive || op.outcome != Outcome::ok || op.receives == 0) continue;
            if (before && (before->queue != op.queue || before->returned >= op.invoked)) seen = 0, before = nullptr;
            ++seen;
            // Where counting is not strict, a crash may forget what was not written yet.
            const bool binds = before && (rules.strict || !history_.was_down(before->invoked, op.returned));
            if (binds && op.receives <= before->receives)
                found(number, "carried the count " + std::to_string(op.receives) + " after " + std::to_string(before->receives));
            if (rules.strict && op.receives < seen)
                found(number, "carried the count " + std::to_string(op.receives) + " at its lease " + std::to_string(seen));
            before = &op;
        }
    }

    const History& history_;
    Verdict& verdict_;
    std::vector<std::vector<std::uint32_t>> copies_;  ///< by message: the queues that store it
};

}  // namespace

void judge_dead_letters(const History& history, const Dump* dump, Verdict& verdict) {
    Judge judge(history, dump, verdict);
    for (std::uint32_t message = 0; message < history.messages.size(); ++message) judge.message(message);
}

}  // namespace rowmq::torture
