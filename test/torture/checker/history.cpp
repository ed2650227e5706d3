#include "test/torture/checker/history.hpp"

#include <algorithm>

namespace rowmq::torture {

History::History(const Ledger& from)
    : ledger(from), messages(from.names.size()), purges(from.queues.size()), lost_receives(from.queues.size()) {
    for (auto& message : messages) message.refused = true;
    for (std::uint32_t line = 0; line < ledger.operations.size(); ++line) learn(line);
    for (auto& message : messages) message.refused = message.refused && message.first_line != none;
    const auto by_start = [](const Interval& a, const Interval& b) { return a.from < b.from; };
    std::sort(deaths.begin(), deaths.end(), by_start);
    std::sort(stalls.begin(), stalls.end(), by_start);
    for (auto& of_queue : purges) std::sort(of_queue.begin(), of_queue.end(), by_start);
    for (auto& of_queue : lost_receives) std::sort(of_queue.begin(), of_queue.end(), by_start);
    order();
    learn_deletions();
}

void History::learn(std::uint32_t line) {
    const Operation& op = at(line);
    end = std::max(end, op.returned);
    const Interval when{op.invoked, op.returned, line};
    if (op.kind == Kind::kill || op.kind == Kind::stop) {
        deaths.push_back(when);
        last_fault = std::max(last_fault, op.returned);
    }
    if (op.kind == Kind::quiet) quiet = true;
    if (op.kind == Kind::stall) stalls.push_back(when);
    if (op.kind == Kind::purge && op.outcome != Outcome::fail) purges[op.queue].push_back(when);
    if (op.kind == Kind::receive && op.outcome == Outcome::info) lost_receives[op.queue].push_back(when);
    if (op.kind != Kind::send || op.message == none) return;
    Message& message = messages[op.message];
    if (message.first_line == none) {
        message.first_line = line;
        message.queue = op.queue;
        message.group = op.group;
        message.client = op.client;
    }
    if (op.outcome == Outcome::fail) return;
    message.refused = false;
    message.sent = std::min(message.sent, op.invoked);
    if (op.outcome == Outcome::ok) message.confirmed = std::min(message.confirmed, op.returned);
}

/// A counting sort: lines are nearly in order already.
void History::order() {
    starts_.assign(messages.size() + 1, 0);
    for (const auto& op : ledger.operations)
        if (op.message != none) ++starts_[op.message + 1];
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    by_message_.resize(starts_.back());
    auto next = starts_;
    for (std::uint32_t line = 0; line < ledger.operations.size(); ++line)
        if (at(line).message != none) by_message_[next[at(line).message]++] = line;
    const auto earlier = [&](std::uint32_t a, std::uint32_t b) { return at(a).invoked < at(b).invoked; };
    for (std::size_t i = 0; i < messages.size(); ++i)
        std::stable_sort(by_message_.begin() + starts_[i], by_message_.begin() + starts_[i + 1], earlier);
}

void History::learn_deletions() {
    for (const auto& op : ledger.operations) {
        if (op.kind != Kind::erase || op.message == none || op.outcome == Outcome::fail) continue;
        Message& message = messages[op.message];
        message.delete_asked = std::min(message.delete_asked, op.invoked);
        if (op.outcome == Outcome::ok && !is_stale(op)) message.deleted = std::min(message.deleted, op.returned);
    }
}

bool History::is_stale(const Operation& op) const {
    if (op.grant == 0 || op.grant > ledger.operations.size()) return false;
    const auto used = static_cast<std::uint32_t>(op.grant - 1);
    for (const auto line : lines_of(op.message)) {
        const auto& other = at(line);
        if (other.kind == Kind::receive && line != used && other.returned > at(used).returned && other.invoked < op.returned) return true;
    }
    // Somebody whose answer was lost may have received it since: when its lease was over, or the program had ended it.
    const bool was_free = op.returned >= at(used).invoked + at(used).ms * ms - ms || was_down(at(used).invoked, op.returned);
    return was_free && std::any_of(lost_receives[op.queue].begin(), lost_receives[op.queue].end(),
                                   [&](const Interval& lost) { return lost.from <= op.returned && lost.to >= at(used).invoked; });
}

bool History::was_down(std::int64_t from, std::int64_t to) const {
    auto after = std::upper_bound(deaths.begin(), deaths.end(), to, [](std::int64_t at, const Interval& death) { return at < death.from; });
    return after != deaths.begin() && std::prev(after)->to >= from;
}

std::int64_t History::stalled(std::int64_t from, std::int64_t to) const {
    std::int64_t sum = 0;
    for (const auto& stall : stalls) {
        if (stall.from >= to) break;
        sum += std::max<std::int64_t>(0, std::min(stall.to, to) - std::max(stall.from, from));
    }
    return sum;
}

std::int64_t History::purge_asked(std::uint32_t queue, std::int64_t sent) const {
    std::int64_t first = never;
    for (std::size_t steps = 0; queue != none && steps < ledger.rules.size(); ++steps) {
        for (const auto& purge : purges[queue])
            if (purge.to >= sent) first = std::min(first, purge.from);
        queue = ledger.rules[queue].max_receives ? ledger.rules[queue].dead_letter : none;
    }
    return first;
}

bool History::was_purged(std::uint32_t queue, std::int64_t sent, std::int64_t by) const {
    return purge_asked(queue, sent) <= by && purge_asked(queue, sent) != never;
}

bool History::may_reach(std::uint32_t from, std::uint32_t queue) const {
    for (std::size_t steps = 0; from != none && steps <= ledger.rules.size(); ++steps) {
        if (from == queue) return true;
        from = ledger.rules[from].max_receives ? ledger.rules[from].dead_letter : none;
    }
    return false;
}

std::vector<std::uint32_t> History::witness(std::initializer_list<std::uint32_t> messages_of) const {
    std::vector<std::uint32_t> lines;
    for (const auto message : messages_of) lines.insert(lines.end(), lines_of(message).begin(), lines_of(message).end());
    const auto earlier = [&](std::uint32_t a, std::uint32_t b) { return at(a).invoked < at(b).invoked; };
    std::stable_sort(lines.begin(), lines.end(), earlier);
    if (lines.empty()) return lines;
    const auto from = at(lines.front()).invoked, to = at(lines.back()).returned;
    for (const auto& death : deaths)
        if (death.to >= from && death.from <= to) lines.push_back(death.line);
    for (const auto message : messages_of)
        if (messages[message].queue != none)
            for (const auto& purge : purges[messages[message].queue])
                if (purge.to >= from && purge.from <= to) lines.push_back(purge.line);
    std::stable_sort(lines.begin(), lines.end(), earlier);
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return lines;
}

}  // namespace rowmq::torture
