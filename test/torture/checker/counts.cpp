// I10: what a queue says it holds is what must be there. I14: what grew under load is back at its base.

#include <algorithm>
#include <unordered_map>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {
namespace {

/// Queues between which messages move are counted together: a queue and where its dead letters go.
std::vector<std::uint32_t> families(const Ledger& ledger) {
    std::vector<std::uint32_t> family(ledger.queues.size());
    for (std::uint32_t queue = 0; queue < family.size(); ++queue) family[queue] = queue;
    for (std::size_t round = 0; round < family.size(); ++round) {
        bool changed = false;
        for (std::uint32_t queue = 0; queue < family.size(); ++queue) {
            const auto& rules = ledger.rules[queue];
            if (rules.max_receives == 0 || rules.dead_letter == none || family[queue] == family[rules.dead_letter]) continue;
            family[queue] = family[rules.dead_letter] = std::min(family[queue], family[rules.dead_letter]);
            changed = true;
        }
        if (!changed) break;
    }
    return family;
}

/// When the messages of a family were surely there (from, until) and possibly there (from, until), each sorted.
struct Presence {
    std::vector<std::int64_t> sure_from, sure_until, maybe_from, maybe_until;
    void sort() {
        for (auto* times : {&sure_from, &sure_until, &maybe_from, &maybe_until}) std::sort(times->begin(), times->end());
    }
};

std::int64_t at_most(const std::vector<std::int64_t>& times, std::int64_t time) {
    return std::upper_bound(times.begin(), times.end(), time) - times.begin();
}
std::int64_t before(const std::vector<std::int64_t>& times, std::int64_t time) {
    return std::lower_bound(times.begin(), times.end(), time) - times.begin();
}

void learn(const History& history, const std::vector<std::uint32_t>& family, std::vector<Presence>& presence) {
    for (std::uint32_t number = 0; number < history.messages.size(); ++number) {
        const auto& message = history.messages[number];
        if (message.sent == never || message.queue == none) continue;
        auto& of_family = presence[family[message.queue]];
        const auto purged = history.purge_asked(message.queue, message.sent);
        const auto retention = history.ledger.rules[message.queue].retention_ms;
        const auto expires = retention > 0 ? message.sent + retention * ms : never;
        const auto goes = std::min({message.delete_asked, purged, expires});
        of_family.maybe_from.push_back(message.sent);
        of_family.maybe_until.push_back(message.deleted);
        if (!message.is_confirmed()) continue;
        of_family.sure_from.push_back(message.confirmed);
        of_family.sure_until.push_back(std::max(message.confirmed, goes));
    }
    for (auto& of_family : presence) of_family.sort();
}

/// A count is taken while nobody is at work, so an interval is either over or not begun.
void judge_count(const History& history, std::uint32_t line, const Presence& there, std::int64_t total, Verdict& verdict) {
    const auto& op = history.at(line);
    const auto least = at_most(there.sure_from, op.invoked) - before(there.sure_until, op.returned);
    const auto most = at_most(there.maybe_from, op.returned) - at_most(there.maybe_until, op.invoked);
    if (total < least || total > most)
        verdict.add(Invariant::conservation,
                    std::string(history.ledger.queues[op.queue]) + " said it holds " + std::to_string(total) + ", it must be " +
                        std::to_string(least) + " to " + std::to_string(most),
                    {line});
}

void judge_told(const History& history, Verdict& verdict) {
    const auto family = families(history.ledger);
    std::vector<Presence> presence(family.size());
    learn(history, family, presence);
    std::vector<std::uint32_t> size(family.size());
    for (const auto of : family) ++size[of];
    // The queues of a family are told one after the other, and judged by their sum when the last one was.
    struct Sum {
        std::int64_t total = 0;
        std::uint32_t told = 0;
    };
    std::unordered_map<std::uint32_t, Sum> sums;
    for (std::uint32_t line = 0; line < history.ledger.operations.size(); ++line) {
        const auto& op = history.at(line);
        if (op.kind != Kind::count || op.outcome != Outcome::ok) continue;
        auto& sum = sums[family[op.queue]];
        sum.total += op.value;
        if (++sum.told < size[family[op.queue]]) continue;
        judge_count(history, line, presence[family[op.queue]], sum.total, verdict);
        sum = {};
    }
}

void judge_stored(const History& history, const Dump& dump, Verdict& verdict) {
    for (const auto& queue : dump.queues) {
        const auto owed = queue.sent - queue.done - queue.dead_lettered - queue.expired - queue.purged - queue.overflowed - queue.redriven;
        const auto there = queue.found + queue.found_delayed;
        if (owed == there && queue.delayed == queue.found_delayed) continue;
        verdict.add(Invariant::conservation,
                    std::string(history.ledger.queues[queue.queue]) + " has counted " + std::to_string(owed) + " messages, " +
                        std::to_string(queue.delayed) + " of them delayed; stored are " + std::to_string(there) + " and " +
                        std::to_string(queue.found_delayed),
                    {});
    }
}

void judge_gauges(const History& history, std::int64_t percent, Verdict& verdict) {
    std::unordered_map<std::uint32_t, std::uint32_t> bases;
    for (std::uint32_t line = 0; line < history.ledger.operations.size(); ++line) {
        const auto& op = history.at(line);
        if (op.kind != Kind::gauge) continue;
        if (op.base) {
            bases[op.group] = line;
            continue;
        }
        const auto base = bases.find(op.group);
        if (base == bases.end() || op.value * 100 <= history.at(base->second).value * (100 + percent)) continue;
        verdict.add(Invariant::bounded,
                    std::string(history.ledger.groups[op.group]) + " was " + std::to_string(history.at(base->second).value) + " and is " +
                        std::to_string(op.value),
                    {base->second, line});
    }
}

}  // namespace

void judge_counts(const History& history, const Dump* dump, const Bounds& bounds, Verdict& verdict) {
    judge_told(history, verdict);
    if (dump) judge_stored(history, *dump, verdict);
    judge_gauges(history, bounds.growth_percent, verdict);
}

}  // namespace rowmq::torture
