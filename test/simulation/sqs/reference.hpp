#pragma once
// What SQS promises, and RowMQ on top of it: plain maps and vectors, no storage, written from doc/protocols/sqs.md and the
// invariants I1 to I13 of doc/reliability.md. It is told what clients asked and were answered, says whether that was allowed, and
// moves on. Where an answer leaves open what happened (503, none at all) it keeps every state that is possible; what is
// observed later removes those it contradicts.
// Errors: throws Violation when no state is left, with what the first of them said.

#include <functional>

#include "test/simulation/sqs/client.hpp"
#include "test/simulation/sqs/possible.hpp"
#include "test/simulation/sqs/state.hpp"

namespace rowmq::sqs_simulation {

class Reference {
public:
    explicit Reference(const Plan& plan);

    void pass(Time now);
    /// Those ended at the same moment: in any order.
    void ended(const std::vector<Ended>& together);
    void jumped(Time by);  ///< the wall clock
    /// A look showed the message so many times: for one whose fate is open.
    void resolved(std::uint64_t number, std::size_t shown);
    void restarted();
    void looked(const Look& look);
    /// Somebody waits for messages of a queue and was given none.
    void waits(std::size_t queue);

    std::size_t states() const noexcept { return states_.all().size(); }
    /// Whether something of the queue may be in its dead-letter queue, or the other way round.
    bool is_unclear(std::size_t queue) const;
    /// Messages that must still come.
    std::size_t owed() const;
    const State& any() const { return states_.all().front(); }

private:
    using States = std::vector<State>;
    void keep();
    struct Beside {
        std::set<std::size_t> handles;  ///< of what others remove at the same time
        bool remade = false;            ///< its dead-letter queue: for a moment there is none, and what should die stays
    };
    Beside beside(std::size_t queue, const std::vector<Ended>& together) const;
    void end(State& s, const Ended& e, const Beside& beside, States& more) const;
    void send(State& s, const Ended& e, States& more) const;
    void accept(State& s, std::size_t queue, const Sent& sent, const std::string& id, States& more) const;
    void receive(State& s, const Ended& e, const Beside& beside, States& more) const;
    void grant(State& s, std::size_t queue, const Step& step, const Received& r, const std::set<std::string>& held, bool cannot_die) const;
    std::size_t find(State& s, std::size_t queue, const Received& r, bool cannot_die) const;
    void check_order(const Queue& q, std::size_t at, std::size_t queue, const std::set<std::string>& held) const;
    void remove(State& s, const Ended& e, std::size_t entry, States& more) const;
    void change(State& s, const Ended& e) const;
    void count(const State& s, const Ended& e) const;
    void lease_over(State& s, std::size_t queue, std::size_t at) const;
    void bury(State& s, std::size_t queue, std::size_t at) const;
    void empty(State& s, std::size_t queue) const;
    void stay(State& s, std::size_t queue, std::size_t at) const;
    void unbury(State& s, std::size_t queue, const std::function<bool(const Message&)>& is_it) const;
    void look(State& s, const Look& look) const;
    const Message* owed_now(const State& s, std::size_t queue, const std::set<std::size_t>& handles) const;

    bool fifo(std::size_t queue) const { return plan_.queues[queue].fifo; }
    bool dies_after(std::size_t queue, const Message& m, int receives) const {
        return plan_.queues[queue].receives > 0 && !m.leased && receives >= plan_.queues[queue].receives;
    }
    bool may_die(std::size_t queue, const Message& m) const { return dies_after(queue, m, m.most); }
    bool must_die(std::size_t queue, const Message& m) const { return dies_after(queue, m, m.least); }
    bool surely_ready(std::size_t queue, const Message& m) const;
    Span in(Time time) const;
    const Plan& plan_;
    Possible<State> states_;
    Time now_ = 0;
    Time stored_ = 0;     ///< a time that surely was
    Span ahead_;          ///< by how much the wall clock is, of the process's own
    bool steady_ = true;  ///< no clock jumped since the process began
};

}  // namespace rowmq::sqs_simulation
