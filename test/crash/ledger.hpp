#pragma once
// What was promised: for each step of a history, what every queue then owes and has counted. Values, kept by hand.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "rowmq/values.hpp"

namespace rowmq::test {

struct LedgerQueue {
    std::multiset<std::string> bodies;  ///< ready, delayed or leased
    std::int64_t sent = 0, done = 0, dead_lettered = 0, purged = 0;
};

/// All that a binding is.
inline std::string text_of(const Binding& b) {
    std::string text = b.exchange + ">" + b.queue + "/" + b.routing_key + " filter=" + b.options.filter +
                       (b.options.filter_on == BindingOptions::FilterOn::body ? " on body" : "") + " note=" + b.options.note +
                       (b.options.paused ? " paused" : "");
    for (const auto& [name, value] : b.options.attributes) text += " " + name + "=" + value;
    return text;
}
/// A copy of a message is also what it is told by the binding that brought it.
inline std::string told(const std::string& body, const std::string& note) { return note.empty() ? body : "[" + note + "]" + body; }

struct LedgerState {
    std::map<std::string, LedgerQueue> queues;
    std::map<std::string, Binding> bindings;  ///< by exchange, queue and key

    /// Puts it, or replaces the one between the same two by the same key.
    void bind(const Binding& b) { bindings[b.exchange + ">" + b.queue + "/" + b.routing_key] = b; }
    void unbind(const Binding& b) { bindings.erase(b.exchange + ">" + b.queue + "/" + b.routing_key); }

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
    for (const auto& [place, binding] : state.bindings) text += text_of(binding) + "\n";
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
