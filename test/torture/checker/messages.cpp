// I1, I2, I3, I11, I12: what each message, looked at alone, must and must not have gone through.

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

class Judge final {
public:
    Judge(const History& history, const Dump* dump, Verdict& verdict)
        : history_(history), dump_(dump), verdict_(verdict), stored_(history.messages.size()) {
        if (dump)
            for (const auto& stored : dump->messages)
                if (stored.message != none) stored_[stored.message] = true;
    }

    void all() {
        const bool at_the_end = dump_ || history_.quiet;
        if (!at_the_end) verdict_.not_judged(Invariant::at_least_once);
        for (std::uint32_t message = 0; message < history_.messages.size(); ++message) {
            if (at_the_end) kept(message);
            grants(message);
            answers(message);
        }
        if (!dump_) return;
        for (const auto& stored : dump_->messages)
            if (stored.message == none)
                verdict_.add(Invariant::no_phantom, "the store holds " + std::string(stored.name) + ", which nobody sent", {});
    }

private:
    std::string name(std::uint32_t message) const { return std::string(history_.ledger.name_of(message)); }
    void found(Invariant broken, std::uint32_t message, const std::string& what) {
        verdict_.add(broken, name(message) + " " + what, history_.witness({message}));
    }

    void kept(std::uint32_t number) {
        const auto& message = history_.messages[number];
        if (!message.is_confirmed() || stored_[number] || message.delete_asked != never) return;
        const auto retention = history_.ledger.rules[message.queue].retention_ms;
        if (retention > 0 && history_.end - message.sent >= retention * ms) return;
        if (history_.was_purged(message.queue, message.sent)) return;
        found(Invariant::at_least_once, number, "was confirmed, nobody asked to delete it, and it is gone");
    }

    void grants(std::uint32_t number) {
        const auto& message = history_.messages[number];
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind != Kind::receive || op.outcome != Outcome::ok) continue;
            if (message.sent == never)
                found(Invariant::no_phantom, number, message.refused ? "was refused and came" : "came and was never sent");
            else if (op.returned < message.sent) found(Invariant::no_phantom, number, "came before it was sent");
            else if (op.altered || !is_as_sent(number, op)) found(Invariant::no_phantom, number, "came altered");
            if (message.queue != none && !history_.may_reach(message.queue, op.queue))
                found(Invariant::isolation, number,
                      "came out of a queue it was not sent to: " + std::string(history_.ledger.queues[op.queue]));
            if (op.invoked > message.deleted) found(Invariant::no_resurrection, number, "came after its deletion was confirmed");
            if (was_purged_before(message, op))
                found(Invariant::no_resurrection, number, "came after the purge that took it was confirmed");
        }
    }
    bool was_purged_before(const Message& message, const Operation& got) const {
        if (message.queue != got.queue || !message.is_confirmed()) return false;
        for (const auto& purge : history_.purges[got.queue])
            if (message.confirmed <= purge.from && purge.to < got.invoked && history_.at(purge.line).outcome == Outcome::ok) return true;
        return false;
    }
    bool is_as_sent(std::uint32_t number, const Operation& got) const {
        if (got.check == 0) return true;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind == Kind::send && op.check != 0 && op.check != got.check) return false;
        }
        return true;
    }

    void answers(std::uint32_t number) {
        const auto& message = history_.messages[number];
        if (!stored_[number]) return;
        if (message.deleted != never) found(Invariant::honest_answers, number, "is stored, and its deletion was confirmed");
        if (message.refused) found(Invariant::honest_answers, number, "is stored, and was refused");
    }

    const History& history_;
    const Dump* dump_;
    Verdict& verdict_;
    std::vector<bool> stored_;
};

}  // namespace

void judge_messages(const History& history, const Dump* dump, Verdict& verdict) { Judge(history, dump, verdict).all(); }

}  // namespace rowmq::torture
