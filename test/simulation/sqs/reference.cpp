#include "test/simulation/sqs/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::sqs_simulation {
namespace {
constexpr Time window = 300'000;        ///< SQS: "5 minutes"
constexpr Time longest = 43'200'000;    ///< SQS: 12 hours from the receive
constexpr Time waits_for_wall = 5'000;  ///< a wall clock so little behind is waited for
constexpr Time stored_lags = 1'000;     ///< the time: where a clock was set back, the next process begins there
}  // namespace

Reference::Reference(const Plan& plan) : plan_(plan) {
    for (const auto& q : plan.queues) states_.all().front().push_back({.visibility = q.visibility, .messages = {}, .remembered = {}});
}

void Reference::keep() {
    for (auto& state : states_.all())  // where order says nothing, it makes no difference
        for (std::size_t q = 0; q < state.size() && states_.all().size() > 1; ++q)
            std::stable_sort(state[q].messages.begin(), state[q].messages.end(),
                             [&](const Message& x, const Message& y) { return fifo(q) ? x.group < y.group : x.number < y.number; });
    states_.merge();
}

void Reference::ended(const std::vector<Ended>& together) {
    for (const auto& e : together)
        if (e.step->verb == Verb::send && e.reply.results.front().kind == Result::Kind::ok) stored_ = now_;
    states_.each_order(orders_of(together), [&](std::size_t i, State& s, States& more) {
        end(s, together[i], beside(together[i].step->queue, together), more);
    });
    keep();
}

/// What else happens to the queue of a receive while it looks.
Reference::Beside Reference::beside(std::size_t queue, const std::vector<Ended>& together) const {
    Beside beside;
    for (const auto& other : together) {
        const auto verb = other.step->verb;
        if (verb == Verb::remove && other.step->queue == queue) beside.handles.insert(other.names.begin(), other.names.end());
        beside.remade |= verb == Verb::remake && plan_.queues[queue].receives > 0 && other.step->queue == plan_.queues[queue].dead;
    }
    return beside;
}

void Reference::end(State& s, const Ended& e, const Beside& beside, States& more) const {
    const auto& result = e.reply.results.front();
    auto& q = s[e.step->queue];
    const auto perhaps = [&](auto&& done) {  // done, or not, or nobody knows
        if (result.kind == Result::Kind::refused) return;
        if (result.kind == Result::Kind::unknown) more.push_back(s);
        done();
    };
    switch (e.step->verb) {
        case Verb::send: return send(s, e, more);
        case Verb::receive: return receive(s, e, beside, more);
        case Verb::remove:
            return in_parts(s, more, e.names.size(), [&](State& one, std::size_t i, States& also) { remove(one, e, i, also); });
        case Verb::change: return change(s, e);
        case Verb::purge: return perhaps([&] { empty(s, e.step->queue); });
        case Verb::remake:
            if (result.kind == Result::Kind::refused && result.code != "QueueDoesNotExist") violated("a queue stays: {}", result.code);
            return perhaps([&] {
                q = {.visibility = plan_.queues[e.step->queue].visibility, .messages = std::move(q.messages), .remembered = {}};
                empty(s, e.step->queue);
            });
        case Verb::alter:
            if (result.kind == Result::Kind::refused) violated("a queue cannot be altered: {}", result.code);
            return perhaps([&] { q.visibility = e.step->visibility * 1'000; });
        case Verb::wrong:
            if (result.kind == Result::Kind::ok) violated("a wrong request (kind {}) was accepted", e.step->kind);
            return;
        case Verb::counts: return count(s, e);
        default: return;
    }
}

/// Everything in the queue is gone. What moves between it and another just now was either here or there: it may be gone, as what has
/// expired may be, until it is seen.
void Reference::empty(State& s, std::size_t queue) const {
    for (std::size_t q = 0; q < s.size(); ++q)
        for (std::size_t i = s[q].messages.size(); i-- > 0;) {
            auto& m = s[q].messages[i];
            const bool leaves = m.from == queue || (q == queue && may_die(q, m));
            const bool comes = (q == queue && m.from) || (plan_.queues[q].dead == queue && may_die(q, m));
            if (leaves || comes) m.expires.first = std::min(m.expires.first, now_);
            if (q == queue && leaves) bury(s, q, i), s[plan_.queues[q].dead].messages.back().gone_from_source();
            else if (leaves) m.gone_from_source();
            else if (q == queue && !comes) s[q].messages.erase(s[q].messages.begin() + static_cast<std::ptrdiff_t>(i));
        }
}

/// From now on, as a clock that may have jumped measures it.
Span Reference::in(Time time) const {
    if (steady_ || time == 0) return {now_ + time, now_ + time};
    return {now_ + time - time / 1'000 - 2, now_ + time + time / 1'000 + waits_for_wall + 2};
}

void Reference::pass(Time now) {
    now_ = now;
    for (auto& state : states_.all())
        for (;;) {  // the earliest first: those that die come to their queue in this order
            std::optional<std::pair<std::size_t, std::size_t>> over;
            Time at = now;
            for (std::size_t q = 0; q < state.size(); ++q)
                for (std::size_t i = 0; i < state[q].messages.size(); ++i)
                    if (const auto& m = state[q].messages[i]; m.leased && (m.lease_ends < at || (!over && m.lease_ends == at))) {
                        over = {q, i};
                        at = m.lease_ends;
                    }
            if (!over) break;
            lease_over(state, over->first, over->second);
        }
}

void Reference::lease_over(State& s, std::size_t queue, std::size_t at) const {
    auto& m = s[queue].messages[at];
    m.leased = false;
    if (must_die(queue, m)) bury(s, queue, at);
}

/// Moves to the dead-letter queue; seen there, or for a moment still where it was.
void Reference::bury(State& s, std::size_t queue, std::size_t at) const {
    auto m = std::move(s[queue].messages[at]);
    s[queue].messages.erase(s[queue].messages.begin() + static_cast<std::ptrdiff_t>(at));
    const auto dead = plan_.queues[queue].dead;
    m.from = queue;
    m.leased = false;
    m.loose = m.loose || plan_.faults || !must_die(queue, m);
    m.least = 0, m.most = std::exchange(m.there, 0);
    m.ahead = !fifo(dead);  // one that is sent there may be, and the mark of it passes this one
    m.due = {now_, now_};
    m.expires = {std::min(m.expires.first, in(plan_.queues[dead].retention).first), in(plan_.queues[dead].retention).last};
    s[dead].messages.push_back(std::move(m));
}

/// It was not buried: a full disk keeps it where it was, and its last holder may still have it.
void Reference::stay(State& s, std::size_t queue, std::size_t at) const {
    auto& dead = s[plan_.queues[queue].dead].messages;
    auto m = std::move(dead[at]);
    dead.erase(dead.begin() + static_cast<std::ptrdiff_t>(at));
    m.from.reset();
    m.loose = true;
    m.there = std::max<int>(std::exchange(m.most, m.least = plan_.queues[queue].receives), m.ahead);
    s[queue].messages.push_back(std::move(m));
}
void Reference::unbury(State& s, std::size_t queue, const std::function<bool(const Message&)>& is_it) const {
    if (plan_.queues[queue].receives == 0) return;
    const auto& dead = s[plan_.queues[queue].dead].messages;
    for (std::size_t i = dead.size(); i-- > 0;)
        if (dead[i].from == queue && is_it(dead[i])) return stay(s, queue, i);
}

void Reference::jumped(Time by) {
    ahead_ = {ahead_.first + by, ahead_.last + by};
    steady_ = false;
    if (ahead_.first <= waits_for_wall && ahead_.last >= -waits_for_wall)  // it is approached, or waited for
        ahead_ = {std::min<Time>(ahead_.first, 0), std::max<Time>(ahead_.last, 0)};
    const auto loosen = [&](Span& span) {
        const auto left = std::max<Time>(0, span.last - now_);
        span.first -= left / 1'000 + 2;
        span.last += left / 1'000 + waits_for_wall + 2;
    };
    for (auto& state : states_.all())
        for (auto& q : state) {
            for (auto& m : q.messages) {
                if (m.due.last > now_) loosen(m.due);
                loosen(m.expires);
            }
            for (auto& [key, r] : q.remembered) loosen(r.until);
        }
}

/// Every lease has ended; what was not stored is forgotten; the machine's clock is believed.
void Reference::restarted() {
    const auto back = now_ - stored_ + stored_lags;  // at most: time goes on from what was stored last, or from the wall clock
    for (auto& state : states_.all()) {
        for (std::size_t i = 0; i < state.size(); ++i)
            if (const auto dead = plan_.queues[i].dead; plan_.queues[i].receives > 0 && !plan_.queues[i].counts_exactly)
                for (std::size_t at = state[dead].messages.size(); at-- > 0;)  // if it had not moved yet, nobody remembers why it should
                    if (state[dead].messages[at].from == i) stay(state, i, at);
        for (std::size_t i = 0; i < state.size(); ++i) {
            auto& q = state[i];
            const auto shift = [&](Span& span) {
                span.first -= std::max<Time>(0, ahead_.last);
                span.last = std::max(std::min(span.last, now_ + 1), span.last + std::min(-ahead_.first, back));  // not at once
            };
            for (auto& m : q.messages) {
                ++m.restarts;
                m.leased = false;
                if (!plan_.queues[i].counts_exactly) m.least = 0;
                if (std::exchange(m.ahead, false)) m.most = std::max(m.most, 1);
                if (m.due.last > now_) shift(m.due);
                shift(m.expires);
            }
            for (auto& [key, r] : q.remembered) shift(r.until);
            for (std::size_t at = 0; at < q.messages.size();)
                if (must_die(i, q.messages[at])) bury(state, i, at);
                else ++at;
        }
    }
    ahead_ = {std::min<Time>(ahead_.first, 0), std::min<Time>(ahead_.last + back, 0)};
    steady_ = ahead_.first == 0;
    keep();
}

void Reference::send(State& s, const Ended& e, States& more) const {
    in_parts(s, more, e.step->sent.size(), [&](State& one, std::size_t i, States& also) {
        const auto& result = e.reply.results[i];
        if (result.kind == Result::Kind::refused && e.among && result.code == "QueueDoesNotExist") return;
        if (result.kind == Result::Kind::refused) violated("m{} was refused: {}", e.step->sent[i].number, result.code);
        if (result.kind == Result::Kind::unknown) also.push_back(one);
        accept(one, e.step->queue, e.step->sent[i], result.id, also);
    });
}

/// I8: the same id within five minutes of the first accepted one is stored once, and is answered with the first one's id.
void Reference::accept(State& s, std::size_t queue, const Sent& sent, const std::string& id, States& more) const {
    auto& q = s[queue];
    const auto& options = plan_.queues[queue];
    Message m{.number = sent.number, .id = id, .group = sent.group, .ahead = options.receives == 0};
    const auto delay = sent.delay >= 0 ? sent.delay * Time{1'000} : options.delay;
    m.due = in(delay);
    m.expires = {in(options.retention).first, in(options.retention + delay).last};
    if (!options.fifo) {
        q.messages.push_back(std::move(m));
        return;
    }
    auto key = sent.deduplication.empty() ? fmt::format("body {}", sent.number) : sent.deduplication;
    if (options.per_group) key = sent.group + "/" + key;
    const auto known = q.remembered.find(key);
    if (known != q.remembered.end() && now_ < known->second.until.last) {
        const bool sure = now_ < known->second.until.first;
        const bool told = !id.empty() && !known->second.id.empty();
        const bool same = told && id == known->second.id;
        if (sure && told && !same) violated("m{} is a duplicate ('{}') and was stored anew", sent.number, key);
        if (sure || same) {
            if (!id.empty() && known->second.id.empty()) {
                for (auto& queued : s)
                    for (auto& other : queued.messages)
                        if (other.id.empty() && other.number == sent.number) other.id = id;
                known->second.id = id;
            }
            return;
        }
        if (!told) more.push_back(s);  // where it was a duplicate
    } else if (known != q.remembered.end() && !id.empty() && id == known->second.id) {
        violated("m{} is called a duplicate ('{}') after the window", sent.number, key);
    }
    q.remembered[key] = {.until = in(window), .id = id};
    q.messages.push_back(std::move(m));
}

bool Reference::surely_ready(std::size_t queue, const Message& m) const {
    return !m.leased && m.due.last <= now_ && m.expires.first > now_ && !may_die(queue, m) && !m.from;
}

/// A message that a receive now may not leave behind, or null. What is being removed (`handles`) is not to be had, nor its group.
const Message* Reference::owed_now(const State& s, std::size_t queue, const std::set<std::size_t>& handles) const {
    std::set<std::string> closed;
    for (const auto& m : s[queue].messages)
        if (fifo(queue) && (m.leased || handles.contains(m.handle))) closed.insert(m.group);
    if (plan_.queues[queue].receives > 0 && fifo(queue))  // one of a group is on its way out
        for (const auto& m : s[plan_.queues[queue].dead].messages)
            if (m.from == queue) closed.insert(m.group);
    for (const auto& m : s[queue].messages) {
        if (surely_ready(queue, m) && !handles.contains(m.handle) && !(fifo(queue) && closed.contains(m.group))) return &m;
        if (fifo(queue)) closed.insert(m.group);  // only the head of a group counts
    }
    return nullptr;
}

void Reference::receive(State& s, const Ended& e, const Beside& beside, States& more) const {
    const auto queue = e.step->queue;
    const auto& result = e.reply.results.front();
    if (result.kind == Result::Kind::refused && e.among && result.code == "QueueDoesNotExist") return;
    if (result.kind == Result::Kind::refused) violated("a receive was refused: {}", result.code);
    if (result.kind == Result::Kind::unknown) {  // it may have been counted, also what dies and came here just now
        const auto& there = s[queue].messages;   // another such receive just now: which ones came was left open there
        const bool open = std::none_of(there.begin(), there.end(), [&](auto& m) { return m.from && m.passed && m.due.first == now_; });
        const auto perhaps = [](Message& m) { ++m.most, m.passed = true; };
        for (auto& m : s[queue].messages)
            if (!m.leased && m.due.first <= now_) perhaps(m);
        for (std::size_t from = 0; from < s.size(); ++from)
            for (std::size_t i = 0; open && plan_.queues[from].dead == queue && i < s[from].messages.size();)
                if (may_die(from, s[from].messages[i])) more.push_back(s), bury(s, from, i), perhaps(s[queue].messages.back());
                else ++i;
        return;
    }
    if (e.reply.received.size() > static_cast<std::size_t>(e.step->max))
        violated("{} messages where {} were asked for", e.reply.received.size(), e.step->max);
    std::set<std::string> held;
    for (const auto& m : s[queue].messages)
        if (m.leased && fifo(queue)) held.insert(m.group);
    for (const auto& r : e.reply.received) grant(s, queue, *e.step, r, held, beside.remade);
    if (e.step->visibility == 0 || s[queue].visibility == 0)  // given, and not hidden
        for (std::size_t i = 0, before = 0; i < s[queue].messages.size(); i += before == s[queue].messages.size()) {  // some die
            before = s[queue].messages.size();
            if (s[queue].messages[i].leased && s[queue].messages[i].lease_ends == now_) lease_over(s, queue, i);
        }
    if (!e.reply.received.empty() || e.excused) return;
    if (const auto* m = owed_now(s, queue, beside.handles))
        violated("a receive from {} gave nothing and left m{} behind", plan_.queues[queue].name, m->number);
}

std::size_t Reference::find(State& s, std::size_t queue, const Received& r, bool cannot_die) const {
    const auto is_it = [&](const Message& m) { return m.number == r.number && (m.id.empty() || m.id == r.id); };
    auto& messages = s[queue].messages;
    auto found = std::find_if(messages.begin(), messages.end(), [&](const Message& m) { return is_it(m) && !m.leased; });
    if (found == messages.end())  // died just now?
        for (std::size_t from = 0; from < s.size(); ++from)
            for (std::size_t i = 0; i < s[from].messages.size(); ++i)
                if (plan_.queues[from].receives > 0 && plan_.queues[from].dead == queue && is_it(s[from].messages[i]) &&
                    may_die(from, s[from].messages[i])) {
                    bury(s, from, i);
                    return messages.size() - 1;
                }
    if (found == messages.end()) found = std::find_if(messages.begin(), messages.end(), is_it);
    const auto& name = plan_.queues[queue].name;
    if (found == messages.end()) violated("{} gave m{}, which is not there (never was, or was deleted)", name, r.number);
    if (found->leased) violated("{} gave m{} while somebody holds it for another {} ms", name, r.number, found->lease_ends - now_);
    if (found->due.first > now_) violated("{} gave m{} {} ms early", name, r.number, found->due.first - now_);
    if (must_die(queue, *found) && !cannot_die) violated("{} gave m{} after {} receives, when it had to die", name, r.number, found->least);
    if (found->expires.last <= now_ && steady_)
        violated("{} gave m{} {} ms after it had expired", name, r.number, now_ - found->expires.last);
    return static_cast<std::size_t>(found - messages.begin());
}

/// I5: in a group, one after the other; nothing of a group somebody holds.
void Reference::check_order(const Queue& q, std::size_t at, std::size_t queue, const std::set<std::string>& held) const {
    const auto& m = q.messages[at];
    if (held.contains(m.group))
        violated("{} gave m{} of group {}, which an earlier receive holds", plan_.queues[queue].name, m.number, m.group);
    for (std::size_t i = 0; i < at; ++i) {
        const auto& other = q.messages[i];
        if (other.group == m.group && !other.leased && other.expires.first > now_ && !may_die(queue, other) && !other.loose && !m.loose)
            violated("{} gave m{} of group {} before m{}", plan_.queues[queue].name, m.number, m.group, other.number);
    }
}

void Reference::grant(State& s, std::size_t queue, const Step& step, const Received& r, const std::set<std::string>& held,
                      bool cannot_die) const {
    auto& q = s[queue];
    if (cannot_die) unbury(s, queue, [&](const Message& m) { return m.number == r.number; });
    const auto at = find(s, queue, r, cannot_die);
    if (fifo(queue)) check_order(q, at, queue, held);
    auto& m = q.messages[at];
    if (fifo(queue) && r.group != m.group) violated("m{} came back in group {}", r.number, r.group);
    if (r.receives <= m.least || r.receives > m.most + 1)
        violated("m{} says {} receives instead of {} to {}", r.number, r.receives, m.least + 1, m.most + 1);
    if (const auto most = plan_.queues[queue].receives; most > 0 && r.receives > most && !cannot_die)
        violated("m{} was received {} times where {} are allowed", r.number, r.receives, most);
    m.id = r.id;
    m.from.reset();
    m.ahead = m.passed = false;
    m.least = m.most = r.receives, m.there = 0;
    m.handle = r.name;
    m.restarts = 0;
    m.given = now_;
    m.leased = true;
    m.lease_ends = now_ + (step.visibility >= 0 ? step.visibility * Time{1'000} : q.visibility);
}

/// "The newest handle of a message deletes it, also when its visibility has ended, until the message is received again." An older
/// one deletes nothing, and that is no error. On a FIFO queue only while it is hidden, or after a restart.
void Reference::remove(State& s, const Ended& e, std::size_t entry, States& more) const {
    const auto queue = e.step->queue;
    const auto& result = e.reply.results[entry];
    const auto is_it = [&](const Message& m) { return m.handle == e.names[entry]; };
    if (result.kind != Result::Kind::refused) unbury(s, queue, is_it);
    auto& messages = s[queue].messages;
    const auto found = std::find_if(messages.begin(), messages.end(), is_it);
    if (found == messages.end()) return;
    const bool over = !found->leased;
    if (result.kind == Result::Kind::refused) {
        if (!over) violated("m{} is held and its handle deletes nothing: {}", found->number, result.code);
        if (!fifo(queue)) violated("the newest handle of m{} was refused: {}", found->number, result.code);
        return;
    }
    const bool here = found->restarts == 0, ok = result.kind == Result::Kind::ok;
    if (ok && over && here && fifo(queue)) violated("a handle of m{} whose visibility has ended deletes it", found->number);
    if (!ok || found->passed || (over && (e.among || !surely_ready(queue, *found) || found->restarts > 1))) more.push_back(s);
    messages.erase(found);
}

void Reference::change(State& s, const Ended& e) const {
    const auto queue = e.step->queue;
    const auto& result = e.reply.results.front();
    const auto time = e.step->visibility * Time{1'000};
    if (result.kind == Result::Kind::unknown) return;
    const auto is_it = [&](const Message& m) { return m.handle == e.names.front(); };
    if (result.kind == Result::Kind::ok) unbury(s, queue, is_it);
    auto& messages = s[queue].messages;
    const auto found = std::find_if(messages.begin(), messages.end(), is_it);
    if (found == messages.end()) {
        if (result.kind == Result::Kind::ok) violated("a handle that is not the newest changes a visibility");
        return;
    }
    if (result.kind == Result::Kind::refused) {  // while a deletion is under way, which may fail then, nobody can change it
        if (!e.among && found->leased && now_ - found->given + time <= longest - 2'000)
            violated("m{} is held and its visibility cannot be changed: {}", found->number, result.code);
        return;
    }
    if (now_ - found->given + time > longest + 2'000) violated("m{} is hidden for more than 12 hours", found->number);
    if (!found->leased && fifo(queue)) violated("a handle of m{} whose visibility has ended hides it again", found->number);
    if (!found->leased && time == 0) return;
    found->leased = true;
    found->lease_ends = now_ + time;
    if (time == 0) lease_over(s, queue, static_cast<std::size_t>(found - messages.begin()));
}

}  // namespace rowmq::sqs_simulation
