#pragma once
// What was promised: for each step of a history, what every queue then owes and has counted. Values, kept by hand.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rowmq::test {

struct LedgerQueue {
    std::multiset<std::string> bodies;  ///< ready, delayed or leased
    std::int64_t sent = 0, done = 0, dead_lettered = 0, purged = 0;
};

struct LedgerState {
    std::map<std::string, LedgerQueue> queues;

    void put(const std::string& queue, const std::string& body) {
        auto& q = queues[queue];
        q.bodies.insert(body);
        ++q.sent;
    }
    void end(const std::string& queue, const std::string& body, std::int64_t LedgerQueue::*counted) {
        auto& q = queues[queue];
        if (const auto found = q.bodies.find(body); found != q.bodies.end()) q.bodies.erase(found);
        ++(q.*counted);
    }
    void purge(const std::string& queue) {
        auto& q = queues[queue];
        q.purged += static_cast<std::int64_t>(q.bodies.size());
        q.bodies.clear();
    }
};

inline std::string text_of(const LedgerState& state) {
    std::string text;
    for (const auto& [name, q] : state.queues) {
        text += name + " sent=" + std::to_string(q.sent) + " done=" + std::to_string(q.done) + " dead=" + std::to_string(q.dead_lettered) +
                " purged=" + std::to_string(q.purged) + ":";
        for (const auto& body : q.bodies) text += " " + body.substr(0, 24) + "/" + std::to_string(body.size());
        text += "\n";
    }
    return text;
}

struct Ledger {
    std::vector<LedgerState> states{LedgerState{}};  ///< after so many steps

    /// The step after which it was so: one that is allowed, if there is any, else the latest, else -1.
    std::int64_t moment_of(const std::string& text, std::int64_t answered, std::int64_t submitted) const {
        std::int64_t moment = -1;
        for (std::size_t i = 0; i < states.size(); ++i) {
            if (texts_.size() <= i) texts_.push_back(text_of(states[i]));
            if (texts_[i] != text) continue;
            moment = static_cast<std::int64_t>(i);
            if (moment >= answered && moment <= submitted) return moment;
        }
        return moment;
    }

private:
    mutable std::vector<std::string> texts_;
};

}  // namespace rowmq::test
