#include "test/simulation/sqs/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>

#include "test/simulation/sqs/machine.hpp"
#include "test/simulation/sqs/rare_states.hpp"
#include "test/support/crash_images.hpp"

namespace rowmq::sqs_simulation {
namespace {

using Death = Machine::Death;
constexpr std::size_t many_states = 8;      ///< so many, and a look decides between them
constexpr std::size_t most_open_parts = 4;  ///< of requests that end together: more, and each is looked up
constexpr std::size_t most_deaths = 40;     ///< at the same moment

bool step_waits(const Step& step) { return step.verb == Verb::receive && step.wait > 0; }

class Run {
public:
    Run(const Plan& plan, const Lie& lie, Report& report)
        : plan_(plan), lie_(lie), report_(report), rare_(plan, report.seen), machine_(plan), reference_(plan) {
        handles_.resize(plan.queues.size());
        for (const auto& queue : plan.queues) note(describe(queue));
        for (std::size_t i = plan.queues.size(); i > 0; --i) create(i - 1);  // a dead-letter queue before who names it
    }

    void all() {
        for (std::size_t i = 0; i < plan_.steps.size();) {
            const auto& step = plan_.steps[i];
            if (step.verb > Verb::counts) {
                take(step);
                ++i;
            } else {
                std::vector<const Step*> group;
                do group.push_back(&plan_.steps[i]);
                while (plan_.steps[i++].together && group.size() < 3 && i < plan_.steps.size() && plan_.steps[i].verb <= Verb::counts);
                ask(group);
            }
            if (--full_for_ == 0) machine_.heal();
        }
        drain();
    }

private:
    // -------------------------------------------------------------------------------------------- requests

    void ask(const std::vector<const Step*>& group) {
        if (group.size() > 1) rare_.reached("requests at the same time");
        const auto is_lost = [&](const Step* step) {  // what has died of its last receive is gone or not: nobody would know afterwards
            return (step->verb == Verb::purge || step->verb == Verb::remake) && reference_.is_unclear(step->queue);
        };
        if (std::any_of(group.begin(), group.end(), is_lost) && !machine_.dead() && !machine_.recovers()) look();
        // While one is given what it does not hide, another finds nothing.
        const bool unhidden =
            std::any_of(group.begin(), group.end(), [](const Step* step) { return step->verb == Verb::receive && step->visibility == 0; });
        for (const auto* step : group) {
            auto call = std::make_shared<Call>();
            call->step = step;
            call->among = group.size() > 1;
            call->excused = call->among && unhidden;
            std::vector<std::string> texts;
            for (const auto pick : step->picks) {
                const auto& all = handles_[step->queue];
                if (all.empty()) continue;
                const auto& handle = all[all.size() - 1 - pick % all.size()];
                if (std::find(call->names.begin(), call->names.end(), handle.name) != call->names.end()) continue;
                call->names.push_back(handle.name);
                texts.push_back(handle.text);
            }
            if (!step->picks.empty() && texts.empty()) continue;
            if (texts.size() < step->picks.size()) {  // fewer than it would like
                fewer_.push_back(*step);
                fewer_.back().picks.resize(texts.size());
                call->step = &fewer_.back();
            }
            std::string of;  // which messages its handles are of
            for (const auto name : call->names) of += fmt::format(" (m{})", number_of_[name]);
            note("> " + describe(*call->step, plan_) + of);
            ++report_.operations;
            machine_.begin(call, request_of(*call->step, plan_, texts), step->salt);
        }
        const auto kill = std::exchange(kill_after_, std::nullopt);
        if (kill) machine_.run_some(*kill);
        else machine_.settle_down();
        remaking_ = std::any_of(group.begin(), group.end(), [](const Step* step) { return step->verb == Verb::remake; });
        observe(kill.has_value());
        if (kill) die(Death::killed);
        for (const auto* step : group)
            if (step->verb == Verb::remake) create(step->queue);
        remaking_ = false;
    }

    /// `amid`: the process is not at rest.
    void observe(bool amid = false) {
        reference_.pass(machine_.now());
        std::vector<Ended> ended;
        for (const auto& call : machine_.take_ended()) {
            Ended e{
                .step = call->step,
                .reply = reply_of(*call->step, call->status, call->body),
                .names = call->names,
                .among = call->among || step_waits(*call->step),
                .excused = call->excused || call->began < machine_.now() || machine_.recovers() || (amid && others_use(call->step->queue))};
            if (lie_ && !report_.lied) report_.lied = lie_(*call->step, e.reply);
            for (auto& r : e.reply.received) {
                r.name = ++last_handle_;
                if (r.body != expected_body(r.number)) throw Violation(fmt::format("m{} came back with another body", r.number));
                number_of_[r.name] = r.number;
                handles_[call->step->queue].push_back({r.name, r.handle});
                if (handles_[call->step->queue].size() > 60) handles_[call->step->queue].pop_front();
            }
            note(fmt::format("< {} {}:{}", name_of(call->step->verb), plan_.queues[call->step->queue].name, e.reply.shown));
            rare_.ended(e, machine_.now());
            ended.push_back(std::move(e));
        }
        if (amid && !machine_.open().empty()) {  // those the kill ends may have happened first
            late_ = std::move(ended);
            return;
        }
        judge(std::move(ended));
        if (machine_.dead() && !amid) return die(machine_.fault_fired() && power_ ? Death::power_lost : Death::killed);
        if (amid) return;
        for (const auto& call : machine_.open())
            if (call->step->verb == Verb::receive && !machine_.recovers()) reference_.waits(call->step->queue);
        if (reference_.states() > many_states && machine_.why_not.empty() && !remaking_) look();
    }

    /// Requests that a kill ends: what one of them has just taken, another does not find.
    bool others_use(std::size_t queue) const {
        const auto& open = machine_.open();
        return std::any_of(open.begin(), open.end(), [&](const auto& call) { return call->step->queue == queue; });
    }

    void judge(std::vector<Ended> ended) {
        if (ended.empty()) return;
        std::size_t open_parts = 0;
        for (const auto& e : ended)
            for (const auto& result : e.reply.results) open_parts += result.kind == Result::Kind::unknown;
        if (open_parts > 0) rare_.reached("an outcome is unknown");
        const bool few = open_parts <= most_open_parts && reference_.states() << open_parts <= 2 * many_states;
        if (open_parts == 0 || few) {
            reference_.ended(std::move(ended));
        } else {
            rare_.reached("many outcomes are unknown at once");
            if (machine_.dead()) {
                late_ = std::move(ended);  // looked up when there is a process again
                return;
            }
            look_up(ended);
        }
        most_states();
    }

    /// Each part nobody knows of by itself, and what a look shows of it before the next. First what a kill ended and what may have been
    /// sent: it may have happened before what was answered. That may have happened in any order.
    void look_up(std::vector<Ended> ended) {
        const auto is_open = [](const Ended& e) {
            return std::any_of(e.reply.results.begin(), e.reply.results.end(), [](auto& r) { return r.kind == Result::Kind::unknown; });
        };
        const auto answered = std::stable_partition(ended.begin(), ended.end(), [&](const Ended& e) {
            return (e.crashed && e.step->verb != Verb::receive) || (e.step->verb == Verb::send && is_open(e));
        });
        const auto rest = std::stable_partition(answered, ended.end(), [&](const Ended& e) { return !is_open(e); });
        if (!power_) machine_.heal();
        const auto shown = machine_.look(remaking_);
        if (!shown) {
            late_ = ended;
            return;
        }
        std::map<std::uint64_t, std::size_t> left;  // by message: parts that are about it and were not judged yet
        const auto resolve = [&](const Ended& part) {
            for (const auto number : numbers_of(part))
                if (--left[number] == 0) reference_.resolved(number, times_shown(number, *shown));
        };
        const std::vector<Ended> first = parts_of(ended.begin(), answered), together(answered, rest), last = parts_of(rest, ended.end());
        for (const auto* parts : {&first, &together, &last})
            for (const auto& part : *parts)
                for (const auto number : numbers_of(part)) ++left[number];

        const auto one_by_one = [&](const std::vector<Ended>& parts) {
            for (const auto& part : parts) reference_.ended({part}), resolve(part);
        };
        one_by_one(first);
        if (!together.empty()) reference_.ended(together);
        for (const auto& part : together) resolve(part);
        one_by_one(last);
    }

    using Place = std::vector<Ended>::const_iterator;
    std::vector<Ended> parts_of(Place e, Place end) {
        std::vector<Ended> parts;
        for (; e != end; ++e) add_parts(parts, *e);
        return parts;
    }
    void add_parts(std::vector<Ended>& parts, const Ended& e) {
        for (std::size_t i = 0; i < e.reply.results.size(); ++i) {
            fewer_.push_back(*e.step);
            auto& part = fewer_.back();
            Ended one = e;
            one.step = &part;
            one.names.clear();
            one.reply.results = {e.reply.results[i]};
            if (!e.names.empty()) {
                one.names = {e.names[i]};
                part.picks.resize(1);
            }
            if (!e.step->sent.empty()) part.sent = {e.step->sent[i]};
            parts.push_back(std::move(one));
        }
    }

    std::set<std::uint64_t> numbers_of(const Ended& e) {
        std::set<std::uint64_t> numbers;
        for (const auto& sent : e.step->sent) numbers.insert(sent.number);
        for (const auto name : e.names) numbers.insert(number_of_[name]);
        return numbers;
    }
    static std::size_t times_shown(std::uint64_t number, const Look& shown) {
        std::size_t times = 0;
        for (const auto& queue : shown) times += queue.count(number);
        return times;
    }

    const std::string& expected_body(std::uint64_t number) {
        if (bodies_.empty())
            for (const auto& step : plan_.steps)
                for (const auto& sent : step.sent) bodies_[sent.number] = body_of(sent);
        return bodies_[number];
    }

    void create(std::size_t queue) {
        Step step{.verb = Verb::counts, .queue = queue};
        for (int tries = 0; tries < 10; ++tries) {
            const auto call = machine_.ask(step, create_request(plan_.queues[queue], plan_));
            if (call->ended && call->status == 200) return;
            if (call->ended && call->body.find("QueueNameExists") != std::string::npos) return;  // it was not deleted, and had been altered
            if (call->ended && call->status != 503) throw Violation("a queue cannot be created: " + call->body);
            if (machine_.dead()) die(power_ && machine_.fault_fired() ? Death::power_lost : Death::killed);
            else machine_.heal();
        }
        throw Violation("a queue cannot be created");
    }

    // -------------------------------------------------------------------------------------------- the rest of the world

    void take(const Step& step) {
        note(describe(step, plan_));
        ++report_.operations;
        rare_.step(step, reference_);
        switch (step.verb) {
            case Verb::look: look(); break;
            case Verb::advance: advance(step.by); break;
            case Verb::jump:
                machine_.jump(step.by);
                reference_.jumped(step.by);
                break;
            case Verb::restart: die(Death::stopped); break;
            case Verb::kill: kill_after_ = step.call; break;
            case Verb::cut:
                machine_.cut_power_at(step.call);
                power_ = true;
                break;
            case Verb::broken: {
                constexpr std::array calls{
                    std::pair(test::FileCall::write, SQLITE_IOERR_WRITE),       std::pair(test::FileCall::sync, SQLITE_IOERR_FSYNC),
                    std::pair(test::FileCall::truncate, SQLITE_IOERR_TRUNCATE), std::pair(test::FileCall::read, SQLITE_IOERR_READ),
                    std::pair(test::FileCall::size, SQLITE_IOERR_FSTAT),        std::pair(test::FileCall::sync, SQLITE_IOERR_FSYNC)};
                const auto& [call, code] = calls.at(static_cast<std::size_t>(step.kind));
                machine_.fail({.call = call, .number = step.call, .code = code, .sticky = step.salt % 2 == 0});
                power_ = false;
                break;
            }
            case Verb::full:
                machine_.fail({.call = test::FileCall::write, .number = step.call, .code = SQLITE_FULL, .sticky = step.max > 1});
                power_ = false;
                full_for_ = step.max + 1;
                break;
            default: break;
        }
    }

    void advance(Time by) {
        const auto until = machine_.now() + by;
        // On a full disk each queue may try once a second, and the clock may advance by days.
        const auto most = 200'000 + static_cast<std::size_t>(by / 1'000) * 2 * (2 * plan_.queues.size() + 1);
        for (std::size_t alarms = 0; machine_.now() < until; ++alarms) {
            if (alarms == most) throw Violation("the alarm rings for ever");
            const auto before = machine_.now();
            machine_.advance(until);
            if (machine_.dead() || !machine_.open().empty() || machine_.has_ended() || machine_.now() == until || machine_.now() != before)
                observe();
            if (machine_.why_not.empty() && machine_.dead()) return;
        }
    }

    /// The process ends, and the next one starts.
    void die(Death death) {
        deaths_now_ = std::exchange(died_at_, machine_.now()) == machine_.now() ? deaths_now_ + 1 : 0;
        if (deaths_now_ == most_deaths) throw Violation("the process dies again and again");
        std::vector<Ended> lost;
        if (death == Death::stopped) machine_.settle_down();
        const bool fired = machine_.fault_fired();
        if (!machine_.why_failed.empty()) note("  the store failed: " + machine_.why_failed);
        if (death == Death::killed && fired && !power_ && salt_() % 2 == 0)
            death = Death::power_lost;  // dirty pages may go with a failed sync
        const auto salt = salt_();
        auto survived = machine_.restart(death, salt);
        rare_.died(death, survived, machine_.open(), fired);
        std::vector<std::shared_ptr<Call>> stopped = machine_.take_ended();
        for (const auto& call : machine_.open())
            lost.push_back({.step = call->step, .reply = no_reply(*call->step), .names = call->names, .crashed = true});
        machine_.forget_open();
        note(fmt::format("  the process {} {}",
                         death == Death::stopped  ? "stopped"
                         : death == Death::killed ? "was killed"
                                                  : "lost its power: what survived is",
                         survived));
        full_for_ = 0;
        kill_after_.reset();
        for (int tries = 0; !machine_.why_not.empty(); ++tries) {
            if (tries == 3) throw Violation("the server does not start: " + machine_.why_not);
            machine_.restart(power_ ? Death::power_lost : Death::killed, salt_());
        }
        power_ = false;
        // Seldom both files have something that is pending: then the power may go before either has been synced.
        if (machine_.wrote_back_half() && salt % 4 != 0) {
            machine_.cut_power_at(2 + (salt >> 20) % 4);
            power_ = true;
        }
        lost.insert(lost.begin(), std::make_move_iterator(late_.begin()), std::make_move_iterator(late_.end()));
        late_.clear();
        reference_.pass(machine_.now());
        judge(std::move(lost));
        reference_.restarted();
        most_states();
        if (reference_.states() > many_states && !remaking_) look();  // a queue that is made anew may be gone
    }

    std::uint64_t salt_() { return plan_.seed * 0x9e3779b97f4a7c15u + ++deaths_ * 0x2545f491u; }

    void look() {
        note("  a look");
        if (!power_) machine_.heal();  // a disk that cannot be read shows nothing
        reference_.pass(machine_.now());
        rare_.reached("a look decides", reference_.states() > 1);
        const auto shown = machine_.look();
        if (!shown) return die(Death::killed);
        reference_.looked(*shown);
    }

    void most_states() {
        report_.states = std::max(report_.states, reference_.states());
        rare_.reached("several states are possible", reference_.states() > 1);
        rare_.reached("eight states are possible", reference_.states() >= 8);
    }

    // -------------------------------------------------------------------------------------------- the end

    /// I13: after the last fault everything that is owed comes, once, and nothing else.
    void drain() {
        machine_.heal();
        power_ = false;
        die(plan_.seed % 2 == 0 ? Death::stopped : Death::killed);  // which ends every lease, of up to twelve hours
        machine_.heal();
        power_ = false;
        note("drain");
        advance(21'000);  // who waits has waited long enough
        look();
        advance(900'000 + 10'000);
        for (int round = 0; round < 60; ++round) {
            bool any = false;
            for (std::size_t q = 0; q < plan_.queues.size(); ++q) {
                fewer_.push_back({.verb = Verb::receive, .queue = q, .max = 10, .visibility = 43'200});
                const auto before = last_handle_;
                ask({&fewer_.back()});
                if (last_handle_ == before) continue;
                any = true;
                fewer_.push_back({.verb = Verb::remove, .queue = q});
                for (std::size_t i = 0; i < last_handle_ - before; ++i) fewer_.back().picks.push_back(i);
                ask({&fewer_.back()});
            }
            if (!any) break;
        }
        look();
        if (const auto owed = reference_.owed()) throw Violation(fmt::format("{} messages do not come", owed));
        for (const auto& problem : machine_.problems()) throw Violation("check says: " + problem);
    }

    void note(std::string line) {
        for (const char c : line) report_.hash = (report_.hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        report_.trace.push_back(fmt::format("{:>9} {}", machine_.now(), std::move(line)));
    }

    struct Handle {
        std::size_t name = 0;
        std::string text;
    };

    const Plan& plan_;
    const Lie& lie_;
    Report& report_;
    RareStates rare_;
    Machine machine_;
    Reference reference_;
    std::vector<std::deque<Handle>> handles_;
    std::map<std::size_t, std::uint64_t> number_of_;
    std::map<std::uint64_t, std::string> bodies_;
    std::deque<Step> fewer_;
    std::vector<Ended> late_;
    std::size_t last_handle_ = 0;
    bool remaking_ = false;  ///< a queue is not there: nobody can look at it
    std::optional<std::uint64_t> kill_after_;
    bool power_ = false;
    int full_for_ = 0;
    std::uint64_t deaths_ = 0;
    std::size_t deaths_now_ = 0;
    Time died_at_ = -1;
};

/// A violation without its numbers: which rule it was.
std::string rule_of(const std::string& violation) {
    std::string rule;
    for (const char c : violation)
        if (c < '0' || c > '9') rule += c;
    return rule.substr(0, 60);
}

}  // namespace

Report carry_out(const Plan& plan, const Lie& lie) {
    Report report;
    report.hash = 0xcbf29ce484222325u;
    try {
        Run(plan, lie, report).all();
    } catch (const std::exception& e) {
        report.violation = e.what();
    }
    return report;
}

Plan shrink(Plan plan, const std::string& violation, const Lie& lie, std::size_t most_runs) {
    const auto rule = rule_of(violation);
    std::size_t runs = 0;
    for (auto chunk = std::max<std::size_t>(1, plan.steps.size() / 2); runs < most_runs;) {
        bool any = false;
        for (std::size_t at = 0; at < plan.steps.size() && runs < most_runs; ++runs) {
            Plan fewer = plan;
            const auto first = fewer.steps.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.steps.erase(first, first + static_cast<std::ptrdiff_t>(std::min(chunk, fewer.steps.size() - at)));
            if (rule_of(carry_out(fewer, lie).violation) == rule) {
                plan = std::move(fewer);
                any = true;
            } else {
                at += chunk;
            }
        }
        if (chunk == 1 && !any) break;
        chunk = std::max<std::size_t>(1, chunk / 2);
    }
    return plan;
}

}  // namespace rowmq::sqs_simulation
