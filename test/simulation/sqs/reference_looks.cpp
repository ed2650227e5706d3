#include "test/simulation/sqs/reference.hpp"

namespace rowmq::sqs_simulation {

void Reference::count(const State& s, const Ended& e) const {
    if (e.among) return;  // what is on its way through is counted here or there
    const auto& result = e.reply.results.front();
    if (result.kind == Result::Kind::refused) violated("attributes were refused: {}", result.code);
    if (result.kind != Result::Kind::ok) return;
    const auto queue = e.step->queue;
    Counts least, most;
    std::int64_t least_there = 0, most_there = 0;
    for (std::size_t i = 0; i < s.size(); ++i)
        for (const auto& m : s[i].messages) {
            const bool comes = i != queue && plan_.queues[i].receives > 0 && plan_.queues[i].dead == queue && may_die(i, m);
            if (i != queue && m.from != queue && !comes) continue;
            const bool sure = i == queue && !m.from && !may_die(i, m) && m.expires.first > now_;
            least_there += sure;
            ++most_there;
            if (m.leased && sure) ++least.hidden;
            if (!m.leased && sure && m.due.last <= now_ && !e.excused) ++least.ready;
            if (!m.leased && sure && m.due.first > now_) ++least.delayed;
            if (m.leased) ++most.hidden;
            if (!m.leased && m.due.first <= now_) ++most.ready;
            if (!m.leased && (m.due.last > now_ || e.excused)) ++most.delayed;  // on a full disk it cannot become ready, nor be received
        }
    const auto& c = *e.reply.counts;
    const auto same = [&](const char* what, std::int64_t is, std::int64_t from, std::int64_t to) {
        if (is < from || is > to) violated("{} counts {} {} instead of {} to {}", plan_.queues[queue].name, is, what, from, to);
    };
    same("ready", c.ready, least.ready, most.ready);
    same("hidden", c.hidden, least.hidden, most.hidden);
    same("delayed", c.delayed, least.delayed, most.delayed);
    same("in all", c.ready + c.hidden + c.delayed, least_there, most_there);
}

void Reference::waits(std::size_t queue) {
    states_.each([&](State& s, States&) {
        if (const auto* m = owed_now(s, queue, {}))
            violated("a receive from {} sleeps while m{} is ready", plan_.queues[queue].name, m->number);
    });
}

void Reference::resolved(std::uint64_t number, std::size_t shown) {
    states_.each([&](State& s, States&) {
        std::size_t there = 0, perhaps = 0;
        for (const auto& q : s)
            for (const auto& m : q.messages)
                if (m.number == number) ++(m.expires.first <= now_ ? perhaps : there);
        if (shown < there || shown > there + perhaps) violated("m{} is there {} times instead of {}", number, shown, there);
    });
}

/// Everything that must be there is, in one place, and nothing else.
void Reference::looked(const Look& shown) {
    states_.each([&](State& s, States&) { look(s, shown); });
    keep();
}
void Reference::look(State& s, const Look& shown) const {
    auto left = shown;
    const auto take = [&](std::size_t queue, const Message& m) {
        const auto found = left[queue].find(m.number);
        if (found == left[queue].end()) return false;
        left[queue].erase(found);
        return true;
    };
    std::vector<std::size_t> came(s.size());  // by this look
    for (std::size_t q = 0; q < s.size(); ++q)
        for (std::size_t i = 0; i + came[q] < s[q].messages.size();) {
            auto& m = s[q].messages[i];
            if (take(q, m)) {
                m.gone_from_source();
            } else if (m.from && take(*m.from, m)) {
                // on its way
            } else if (may_die(q, m) && take(plan_.queues[q].dead, m)) {
                bury(s, q, i);
                s[plan_.queues[q].dead].messages.back().gone_from_source();
                ++came[plan_.queues[q].dead];
                continue;
            } else if (m.expires.first <= now_) {
                s[q].messages.erase(s[q].messages.begin() + static_cast<std::ptrdiff_t>(i));
                continue;
            } else {
                violated("a look at {} does not show m{}", plan_.queues[q].name, m.number);
            }
            ++i;
        }
    for (std::size_t q = 0; q < left.size(); ++q)
        if (!left[q].empty()) violated("a look at {} shows m{}, which is not there", plan_.queues[q].name, *left[q].begin());
}

bool Reference::is_unclear(std::size_t queue) const {
    for (const auto& s : states_.all())
        for (std::size_t q = 0; q < s.size(); ++q)
            for (const auto& m : s[q].messages)
                if ((q == queue || plan_.queues[q].dead == queue) && (may_die(q, m) || m.from)) return true;
    return false;
}

std::size_t Reference::owed() const {
    std::size_t owed = 0;
    for (const auto& q : states_.all().front())
        for (const auto& m : q.messages) owed += m.expires.first > now_ && m.due.last <= now_;
    return owed;
}

}  // namespace rowmq::sqs_simulation
