#include "test/simulation/sqs/plan.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "base/random.hpp"

namespace rowmq::sqs_simulation {

std::string_view name_of(Verb verb) noexcept {
    constexpr std::array names{"send", "receive", "remove", "change",  "purge", "remake", "alter",  "wrong", "counts",
                               "look", "advance", "jump",   "restart", "kill",  "cut",    "broken", "full"};
    return names.at(static_cast<std::size_t>(verb));
}

namespace {

/// Swarm testing (Groce et al., ISSTA 2012): each seed draws its own mix, so that rare pairs of steps meet in some of them.
class Drawing {
public:
    Drawing(std::uint64_t seed, std::size_t steps) : random_(seed ^ 0x5915), steps_(steps) { plan_.seed = seed; }

    Plan all() {
        plan_.faults = plan_.seed % 4 != 0;
        machine();
        queues();
        //          send receive remove change purge remake alter wrong counts look advance jump restart kill cut broken full
        weights_ = {300, 300, 220, 60, 3, 2, 3, 6, 12, 6, 90, 0, 6, 0, 0, 0, 0};
        if (plan_.faults)
            for (const auto verb : {Verb::jump, Verb::kill, Verb::cut, Verb::broken, Verb::full})
                if (chance(2)) weights_[static_cast<std::size_t>(verb)] = 3 + below(8);
        for (auto& weight : weights_) {
            if (chance(5)) weight *= 3;
            if (chance(8)) weight = (weight + 3) / 4;
        }
        hurried_ = chance(3);
        while (plan_.steps.size() < steps_) plan_.steps.push_back(step());
        plan_.steps.back().together = false;
        return std::move(plan_);
    }

private:
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.next() % bound); }
    bool chance(std::size_t in) { return below(in) == 0; }
    template <typename T, std::size_t n>
    T one_of(const std::array<T, n>& all) {
        return all[below(n)];
    }

    void machine() {
        auto& m = plan_.machine;
        m.small_memory = chance(2);
        m.small_commits = chance(4);
        m.strict_counting = !chance(3);
        m.page_size = one_of(std::array{1024, 4096, 4096, 8192});
        m.wal_bytes = one_of(std::array<std::size_t, 3>{16 * 1024, 64 * 1024, 1024 * 1024});
    }

    void queues() {
        const auto times = std::array<Time, 6>{1'000, 2'000, 5'000, 30'000, 300'000, 43'200'000};
        for (std::size_t i = 0, n = 1 + below(3); i < n; ++i) {
            QueuePlan q;
            q.fifo = chance(2);
            q.name = fmt::format("q{}{}", i, q.fifo ? ".fifo" : "");
            q.visibility = one_of(times);
            if (chance(4)) q.delay = one_of(std::array<Time, 3>{1'000, 5'000, 60'000});
            q.retention = one_of(std::array<Time, 5>{60'000, 300'000, 3'600'000, 345'600'000, 1'209'600'000});
            q.content_based = q.fifo && chance(3);
            q.per_group = q.fifo && chance(3);
            q.strict = one_of(std::array<const char*, 4>{"", "", "true", "false"});
            if (chance(2)) q.receives = one_of(std::array{1, 2, 3, 5});
            q.counts_exactly = q.strict.empty() ? q.receives > 0 || plan_.machine.strict_counting : q.strict == "true";
            plan_.queues.push_back(q);
        }
        for (std::size_t i = 0, n = plan_.queues.size(); i < n; ++i) {
            if (plan_.queues[i].receives == 0) continue;
            plan_.queues[i].dead = plan_.queues.size();
            QueuePlan dead;
            dead.fifo = plan_.queues[i].fifo;
            dead.name = fmt::format("dead{}{}", i, dead.fifo ? ".fifo" : "");
            dead.visibility = one_of(times);
            dead.retention = 1'209'600'000;
            dead.counts_exactly = plan_.machine.strict_counting;
            plan_.queues.push_back(dead);
        }
    }

    Time some_time() {
        constexpr std::array<Time, 20> times{0,       1,       10,        500,       999,        1'000,     1'001,
                                             2'000,   4'999,   5'000,     10'000,    30'000,     60'000,    299'999,
                                             300'000, 300'001, 3'600'000, 7'200'000, 43'200'000, 90'000'000};
        const auto which = std::min(below(times.size()), below(times.size()));
        return times[hurried_ ? which : std::min(which, below(times.size()))];
    }

    Sent some_message(const QueuePlan& queue) {
        Sent s{.number = ++last_};
        if (queue.fifo) {
            s.group = fmt::format("g{}", below(3));
            if (!queue.content_based || chance(2)) s.deduplication = chance(3) ? fmt::format("d{}", below(6)) : fmt::format("u{}", last_);
        } else if (chance(5)) {
            s.delay = static_cast<int>(one_of(std::array{0, 1, 2, 30, 900}));
        }
        if (chance(12)) s.padding = below(chance(8) ? 40'000 : 2'000);
        return s;
    }

    Step step() {
        auto ticket = below(std::accumulate(weights_.begin(), weights_.end(), std::size_t{0}));
        std::size_t verb = 0;
        while (ticket >= weights_[verb]) ticket -= weights_[verb++];
        Step s{.verb = static_cast<Verb>(verb), .queue = below(plan_.queues.size()), .salt = random_.next()};
        s.together = s.verb <= Verb::change && chance(6);
        switch (s.verb) {
            case Verb::send:
                if (s.queue >= 3 || !chance(3)) s.queue = below(std::min<std::size_t>(plan_.queues.size(), 3));
                for (std::size_t i = 0, n = chance(4) ? 2 + below(3) : 1; i < n; ++i) s.sent.push_back(some_message(plan_.queues[s.queue]));
                break;
            case Verb::receive:
                s.max = chance(3) ? static_cast<int>(1 + below(10)) : 1;
                if (chance(4)) s.visibility = one_of(std::array{0, 1, 2, 10, 43'200});
                if (chance(8)) s.wait = one_of(std::array{1, 2, 20});
                // The queue's own holds from when the request came; that may be altered while it waits.
                if (s.wait > 0 && s.visibility < 0) s.visibility = one_of(std::array{1, 30});
                break;
            case Verb::remove:
                for (std::size_t i = 0, n = chance(4) ? 2 + below(3) : 1; i < n; ++i) s.picks.push_back(some_pick());
                break;
            case Verb::change:
                s.picks.push_back(some_pick());
                s.visibility = one_of(std::array{0, 0, 1, 5, 30, 3'600, 43'200});
                break;
            case Verb::alter: s.visibility = one_of(std::array{1, 5, 30}); break;
            case Verb::wrong: s.kind = static_cast<int>(below(5)); break;
            case Verb::advance: s.by = some_time(); break;
            case Verb::jump:
                s.by = one_of(std::array<Time, 12>{-315'360'000'000, -3'600'000, -5'001, -4'000, -200, -1, 1, 200, 3'000, 3'600'000,
                                                   43'200'000, 315'360'000'000});
                break;
            case Verb::kill: s.call = below(14); break;
            case Verb::cut: s.call = 1 + below(chance(3) ? 60 : 8); break;
            case Verb::broken:
                s.call = 1 + below(6);
                s.kind = static_cast<int>(below(6));
                break;
            case Verb::full:
                s.call = 1 + below(6);
                s.max = chance(2) ? 1 : static_cast<int>(below(12));
                break;
            case Verb::purge:
            case Verb::remake:
            case Verb::counts:
            case Verb::look:
            case Verb::restart: break;
        }
        return s;
    }
    std::size_t some_pick() { return chance(4) ? below(30) : below(3); }

    SeededRandom random_;
    const std::size_t steps_;
    Plan plan_;
    std::vector<std::size_t> weights_;
    bool hurried_ = false;
    std::uint64_t last_ = 0;
};

}  // namespace

Plan make_plan(std::uint64_t seed, std::size_t steps) { return Drawing(seed, steps).all(); }

std::string body_of(const Sent& sent) {
    auto body = fmt::format("m{}:", sent.number);
    for (std::size_t i = 0; i < sent.padding; ++i) body += static_cast<char>('a' + (sent.number * 31 + i * 7) % 26);
    return body;
}

std::string describe(const Step& s, const Plan& plan) {
    std::string text(name_of(s.verb));
    if (s.verb <= Verb::counts) text += " " + plan.queues[s.queue].name;
    for (const auto& m : s.sent) {
        text += fmt::format(" m{}", m.number);
        if (!m.group.empty()) text += "/" + m.group;
        if (!m.deduplication.empty()) text += "/" + m.deduplication;
        if (m.delay >= 0) text += fmt::format(" delay={}", m.delay);
    }
    if (s.verb == Verb::receive) text += fmt::format(" max={}", s.max);
    if (s.visibility >= 0) text += fmt::format(" visibility={}", s.visibility);
    if (s.wait > 0) text += fmt::format(" wait={}", s.wait);
    if (s.by != 0) text += fmt::format(" {} ms", s.by);
    if (s.call != 0 || s.verb == Verb::kill) text += fmt::format(" at {}", s.call);
    if (s.verb == Verb::broken || s.verb == Verb::wrong) text += fmt::format(" kind {}", s.kind);
    if (s.verb == Verb::full) text += fmt::format(" for {}", s.max);
    if (s.together) text += " &";
    return text;
}

std::string describe(const QueuePlan& q) {
    auto text = fmt::format("{}: visibility {} ms, delay {}, retention {}", q.name, q.visibility, q.delay, q.retention);
    if (q.receives > 0) text += fmt::format(", {} receives", q.receives);
    if (q.content_based) text += ", content-based";
    if (q.per_group) text += ", deduplicates by group";
    return text + (q.counts_exactly ? ", counts exactly" : "");
}

}  // namespace rowmq::sqs_simulation
