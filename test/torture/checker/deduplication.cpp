// I8: within the window a deduplication id stands for the message that was stored first; after it, for a new one.

#include <algorithm>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

struct Send {
    std::uint64_t scope = 0;  ///< queue, group if it counts, and id
    std::uint32_t line = 0;
};

/// The sends of one id, in order of invocation.
class Judge final {
public:
    Judge(const History& history, Verdict& verdict) : history_(history), verdict_(verdict) {}

    void id(std::span<const Send> sends) {
        const auto window = history_.ledger.rules[history_.at(sends.front().line).queue].window_ms * ms;
        std::int64_t unknown_since = never;  // an attempt that may have been the first
        first_ = none;
        for (const auto& send : sends) {
            const auto& op = history_.at(send.line);
            if (op.outcome != Outcome::ok) {
                unknown_since = std::min(unknown_since, op.invoked);
                continue;
            }
            if (first_ != none) follow(send.line, window);
            if (first_ != none) continue;
            first_ = send.line;
            from_ = std::min(unknown_since, op.invoked);
            to_ = op.returned;
            unknown_since = never;
        }
        twice(sends, window);
    }

private:
    void found(const std::string& what, std::uint32_t a, std::uint32_t b) {
        auto lines = std::vector{a, b};
        std::sort(lines.begin(), lines.end());
        verdict_.add(Invariant::deduplication, std::string(history_.ledger.name_of(history_.at(b).message)) + " " + what, std::move(lines));
    }

    /// A later accepted send: the same message, or the first of a new window.
    void follow(std::uint32_t line, std::int64_t window) {
        const auto &first = history_.at(first_), &op = history_.at(line);
        const bool told = first.store_id != 0 && op.store_id != 0;
        const bool same = told ? first.store_id == op.store_id : op.returned < from_ + window;
        if (told && !same && op.returned < from_ + window) found("was stored anew within the window of its deduplication id", first_, line);
        if (told && same && op.invoked >= to_ + window) found("was taken for a duplicate after the window", first_, line);
        if (!same) first_ = none;
    }

    /// A message whose every attempt lies in one window has one id, whoever receives it.
    void twice(std::span<const Send> sends, std::int64_t window) {
        const auto &begin = history_.at(sends.front().line), &end = history_.at(sends.back().line);
        if (end.returned >= begin.invoked + window) return;
        std::uint32_t seen = none;
        for (const auto& send : sends) {
            if (&send != &sends.front() && history_.at(send.line).message == history_.at((&send - 1)->line).message) continue;
            for (const auto line : history_.lines_of(history_.at(send.line).message)) {
                const auto& op = history_.at(line);
                if (op.kind != Kind::receive || op.store_id == 0) continue;
                if (seen != none && history_.at(seen).store_id != op.store_id)
                    return found("came as two messages, and was to be stored once", seen, line);
                seen = line;
            }
        }
    }

    const History& history_;
    Verdict& verdict_;
    std::uint32_t first_ = none;
    std::int64_t from_ = 0, to_ = 0;  ///< when it was accepted, at the earliest and the latest
};

}  // namespace

void judge_deduplication(const History& history, Verdict& verdict) {
    std::vector<Send> sends;
    for (std::uint32_t line = 0; line < history.ledger.operations.size(); ++line) {
        const auto& op = history.at(line);
        if (op.kind != Kind::send || op.grant == 0 || op.outcome == Outcome::fail || op.message == none) continue;
        auto scope = op.grant ^ (op.queue * 0x9e3779b97f4a7c15ull);
        if (history.ledger.rules[op.queue].by_group) scope ^= op.group * 0xd6e8feb86659fd93ull;
        sends.push_back({scope, line});
    }
    std::stable_sort(sends.begin(), sends.end(), [&](const Send& a, const Send& b) {
        return a.scope != b.scope ? a.scope < b.scope : history.at(a.line).invoked < history.at(b.line).invoked;
    });
    Judge judge(history, verdict);
    for (std::size_t first = 0; first < sends.size();) {
        auto last = first + 1;
        while (last < sends.size() && sends[last].scope == sends[first].scope) ++last;
        judge.id(std::span(sends).subspan(first, last - first));
        first = last;
    }
}

}  // namespace rowmq::torture
