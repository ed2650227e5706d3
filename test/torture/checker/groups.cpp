// I5: in a group, what one client sent is given out in order, and nothing beside or before what is not settled.

#include <algorithm>
#include <unordered_map>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

/// What one client sent to one group, in order, and how far it is settled.
struct Chain {
    std::vector<std::uint32_t> messages;
    std::size_t head = 0;
    std::int64_t last_sequence = 0;
};

struct Event {
    std::int64_t when = 0;
    std::uint32_t line = 0;
    bool given = false;  ///< a receive returned; else a deletion was invoked
};

class Judge final {
public:
    Judge(const History& history, Verdict& verdict)
        : history_(history),
          verdict_(verdict),
          chain_of_(history.messages.size(), none),
          place_(history.messages.size()),
          asked_(history.messages.size()) {}

    void all() {
        make_chains();
        std::vector<Event> events;
        for (std::uint32_t line = 0; line < history_.ledger.operations.size(); ++line) {
            const auto& op = history_.at(line);
            if (op.message == none || chain_of_[op.message] == none) continue;
            if (op.kind == Kind::receive && op.outcome == Outcome::ok) events.push_back({op.returned, line, true});
            if (op.kind == Kind::erase && op.outcome != Outcome::fail) events.push_back({op.invoked, line, false});
        }
        std::stable_sort(events.begin(), events.end(), [&](const Event& a, const Event& b) {
            if (a.when != b.when || a.given != b.given) return a.when != b.when ? a.when < b.when : a.given < b.given;
            const auto &x = history_.at(a.line), &y = history_.at(b.line);
            return a.given && x.client != y.client && x.client < y.client;
        });
        for (std::size_t first = 0; first < events.size();) {
            auto last = first + 1;
            while (events[first].given && last < events.size() && is_one_call(events[first], events[last])) ++last;
            if (!events[first].given) asked_[history_.at(events[first].line).message] = true;
            else received(std::span(events).subspan(first, last - first));
            first = last;
        }
    }

private:
    /// Who sent it, to which group. Where it was tried again behind others, its place is not known, and it is nobody's.
    void make_chains() {
        Chains chains;
        for (std::uint32_t line = 0; line < history_.ledger.operations.size(); ++line) {
            const auto& op = history_.at(line);
            if (op.kind != Kind::send || op.group == none || op.message == none || op.outcome == Outcome::fail) continue;
            const auto& message = history_.messages[op.message];
            const bool came = std::any_of(history_.lines_of(op.message).begin(), history_.lines_of(op.message).end(),
                                          [&](auto other) { return history_.at(other).kind == Kind::receive; });
            if (!message.is_confirmed() && !came) continue;
            const std::uint64_t key = (static_cast<std::uint64_t>(op.group) << 32 | op.client) * 1'000'003u + op.queue;
            const auto [found, fresh] = chains.emplace(key, static_cast<std::uint32_t>(chains_.size()));
            if (fresh) chains_.emplace_back();
            auto& chain = chains_[found->second];
            if (chain_of_[op.message] == none && place_[op.message] == 0) {
                chain_of_[op.message] = found->second;
                chain.messages.push_back(op.message);
                place_[op.message] = static_cast<std::uint32_t>(chain.messages.size());
            } else if (op.outcome == Outcome::ok && op.returned == message.confirmed && place_[op.message] != chain.messages.size()) {
                chain_of_[op.message] = none;
                asked_[op.message] = true;
            }
            if (op.outcome == Outcome::ok && op.sequence != 0 && op.returned == message.confirmed && chain_of_[op.message] != none) {
                if (op.sequence <= chain.last_sequence)
                    verdict_.add(Invariant::group_order, name(op.message) + " has a sequence number no higher than the one before it",
                                 pair(op.message, chain));
                chain.last_sequence = op.sequence;
            }
        }
    }

    std::string name(std::uint32_t message) const { return std::string(history_.ledger.name_of(message)); }
    std::vector<std::uint32_t> pair(std::uint32_t message, const Chain& chain) const {
        const auto place = place_[message];
        return place < 2 ? history_.witness({message}) : history_.witness({chain.messages[place - 2], message});
    }
    bool is_one_call(const Event& a, const Event& b) const {
        const auto &x = history_.at(a.line), &y = history_.at(b.line);
        return b.given && x.client == y.client && x.invoked == y.invoked && x.returned == y.returned && x.queue == y.queue;
    }
    /// Left its group some other way: purged, expired, or dead-lettered once it had been given out for the last time.
    bool may_have_left(std::uint32_t number, const Operation& got) const {
        const auto& message = history_.messages[number];
        const auto& rules = history_.ledger.rules[message.queue];
        if (got.returned < message.sent) return true;
        if (history_.was_purged(message.queue, message.sent, got.returned)) return true;
        if (rules.retention_ms > 0 && got.returned - message.sent >= rules.retention_ms * ms) return true;
        if (rules.max_receives == 0) return false;
        for (const auto line : history_.lines_of(number)) {
            const auto& op = history_.at(line);
            if (op.kind == Kind::receive && op.queue != message.queue && op.outcome == Outcome::ok) return true;
        }
        return message.delete_asked == never && !history_.quiet;  // may have gone where nobody looked
    }

    void received(std::span<const Event> call) {
        touched_.clear();
        for (const auto& event : call) {
            const auto chain = chain_of_[history_.at(event.line).message];
            if (std::find(touched_.begin(), touched_.end(), chain) == touched_.end()) touched_.push_back(chain);
        }
        for (const auto chain : touched_) in_chain(chain, call);
    }
    void in_chain(std::uint32_t number, std::span<const Event> call) {
        Chain& chain = chains_[number];
        while (chain.head < chain.messages.size() && asked_[chain.messages[chain.head]]) ++chain.head;
        got_.clear();
        for (const auto& event : call) {
            const auto message = history_.at(event.line).message;
            if (chain_of_[message] == number && history_.at(event.line).queue == history_.messages[message].queue) got_.push_back(message);
        }
        if (got_.empty()) return;
        const auto& op = history_.at(call.front().line);
        for (std::size_t i = 1; i < got_.size(); ++i)
            if (place_[got_[i]] <= place_[got_[i - 1]])
                verdict_.add(Invariant::group_order, name(got_[i]) + " came behind " + name(got_[i - 1]) + " in one receive",
                             history_.witness({got_[i], got_[i - 1]}));
        const auto last = *std::max_element(got_.begin(), got_.end(), [&](auto a, auto b) { return place_[a] < place_[b]; });
        for (auto at = chain.head; at + 1 < place_[last]; ++at) {
            const auto before = chain.messages[at];
            if (asked_[before] || std::find(got_.begin(), got_.end(), before) != got_.end() || may_have_left(before, op)) continue;
            verdict_.add(Invariant::group_order, name(last) + " came while " + name(before) + " of its group was not settled",
                         history_.witness({before, last}));
            return;
        }
    }

    using Chains = std::unordered_map<std::uint64_t, std::uint32_t>;
    const History& history_;
    Verdict& verdict_;
    std::vector<Chain> chains_;
    std::vector<std::uint32_t> chain_of_, place_;  ///< by message; places count from 1
    std::vector<bool> asked_;                      ///< a deletion was invoked
    std::vector<std::uint32_t> touched_, got_;
};

}  // namespace

void judge_groups(const History& history, Verdict& verdict) { Judge(history, verdict).all(); }

}  // namespace rowmq::torture
