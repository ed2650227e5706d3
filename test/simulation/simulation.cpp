#include "test/simulation/simulation.hpp"

#include <deque>

#include "test/simulation/chooser.hpp"
#include "test/simulation/model.hpp"

namespace rowmq::simulation {

using namespace std::chrono_literals;

namespace {

class Run {
public:
    explicit Run(const Settings& settings) : settings_(settings), chooser_(settings.seed) {
        Limits limits;
        if (settings.seed % 2 == 0) {  // memory is short: windows are forgotten and read again
            limits.window_entries = 24;
            limits.windows_entries = 48;
            limits.page_entries = 16;
        }
        // Where commits take a while, which consumer or page comes first depends on the store: one alone is looked at.
        const bool early = Chooser::is_early(settings.seed);
        auto stores = settings.stores();
        if (early && stores.size() > 1) stores.erase(stores.begin() + settings.seed / 4 % 2);
        for (auto& store : stores) worlds_.push_back(std::make_unique<World>(store, settings.seed, Chooser::sessions, limits, early));
        model_.emplace(worlds_.front()->now());
        for (const auto& plan : chooser_.queues()) {
            for (auto& world : worlds_) world->declare(plan.name, plan.options);
            model_->declare(plan.name, plan.options, false);
        }
        for (auto& world : worlds_) world->declare_fanout(Chooser::fanout(), chooser_.fanout_queues());
        model_->declare_fanout(Chooser::fanout(), chooser_.fanout_queues());
    }

    void all(Report& report) {
        for (std::size_t i = 0; i < settings_.operations; ++i) step(chooser_.next(*model_), report);
        drain(report);
        const World::EarlyFigures early = worlds_.front()->early();
        if (early.delivered > 0) ++report.seen["a message is delivered early"];
        if (early.never_stored > 0) ++report.seen["a message is never stored"];
        for (auto& world : worlds_)
            for (const auto& problem : world->problems()) throw Violation(world->name() + ": check says: " + problem);
    }

private:
    Observation step(const Operation& operation, Report& report) {
        note(describe(operation), report);
        std::vector<Observation> seen;
        for (auto& world : worlds_) seen.push_back(world->perform(operation));
        if (settings_.lie) {
            auto lied = seen.front();
            if (!report.lied && settings_.lie(operation, lied)) {
                report.lied = true;
                for (auto& one : seen) one = lied;
            }
        }
        const auto first = describe(seen.front(), counts_);
        note(first, report);
        for (std::size_t i = 1; i < seen.size(); ++i)
            if (const auto other = describe(seen[i], counts_); other != first)
                throw Violation(worlds_[i]->name() + " answers otherwise than " + worlds_[0]->name() + ":\n" + other);
        counts_ = seen.front().counts;
        count(operation, seen.front(), report);
        model_->apply(operation, seen.front());
        chooser_.learn(seen.front());
        return std::move(seen.front());
    }

    /// Heals and empties: at least once means that now everything comes.
    void drain(Report& report) {
        step({.action = Action::peek}, report);
        step({.action = Action::restart, .graceful = settings_.seed % 2 == 0}, report);
        step({.action = Action::advance, .by = 3h}, report);
        for (int rounds = 0; rounds < 50; ++rounds) {
            bool any = false;
            for (const auto& plan : chooser_.queues()) {
                Operation receive{.action = Action::receive, .queue = plan.name};
                receive.next = {.max = 1'000, .wait = 0ms};
                const auto seen = step(receive, report);
                Operation settle{.action = Action::settle};
                for (const auto& d : seen.deliveries) settle.settlements.push_back({.lease = d.lease});
                if (settle.settlements.empty()) continue;
                step(settle, report);
                any = true;
            }
            if (!any) break;
        }
        step({.action = Action::advance, .by = 1h}, report);
        step({.action = Action::peek}, report);
        for (const auto& plan : chooser_.queues())
            if (model_->held(plan.name) > 0)
                throw Violation("'" + plan.name + "' still owes " + std::to_string(model_->held(plan.name)) +
                                " messages and does not give them");
    }

    void note(std::string line, Report& report) {
        for (const char c : line) report.hash = (report.hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        report.trace.push_back(std::move(line));
        if (report.trace.size() > 400) report.trace.erase(report.trace.begin(), report.trace.begin() + 200);
    }

    void count(const Operation& operation, const Observation& seen, Report& report) {
        ++report.seen[std::string(name_of(operation.action))];
        for (const auto& r : seen.published) {
            if (r.duplicate) ++report.seen["a duplicate is found"];
            if (r.error) ++report.seen["a publish is refused"];
            if (r.queues > 1) ++report.seen["a publish reaches several queues"];
        }
        for (const auto& r : seen.settled)
            if (r) ++report.seen["a lease is gone"];
        for (std::size_t i = 0; operation.action == Action::settle && i < seen.settled.size(); ++i)
            if (operation.settlements[i].lease.epoch < epoch_)
                ++report.seen[seen.settled[i] ? "a name of before a restart is refused" : "a name of before a restart settles"];
        if (operation.action == Action::commit) ++report.seen[seen.error ? "a commit is refused" : "a commit holds"];
        auto deliveries = [&](const std::vector<Delivery>& all) {
            for (const auto& d : all) {
                if (d.redelivered) ++report.seen["a message is redelivered"];
                if (!d.dead_letters.empty()) ++report.seen["a dead letter is received"];
                if (d.expires_at) ++report.seen["a message with an expiry is received"];
            }
            if (all.size() > 1) ++report.seen["a receive gives several"];
        };
        deliveries(seen.deliveries);
        for (const auto& w : seen.woken) {
            ++report.seen[w.error                ? "a wait is closed"
                          : w.deliveries.empty() ? "a wait runs out"
                          : w.at > w.began       ? "a wait is woken"
                                                 : "a wait is short"];
            deliveries(w.deliveries);
        }
        if (operation.action == Action::restart) {
            leased_at_restart_ ? ++report.seen["a restart ends leases"] : 0;
            ++epoch_;
        }
        leased_at_restart_ = false;
        for (const auto& [name, c] : seen.counts) {
            leased_at_restart_ |= c.leased > 0;
            if (c.expired) ++report.seen["something has expired"];
            if (c.dead_lettered) ++report.seen["something was dead-lettered"];
            if (c.overflowed) ++report.seen["something was dropped for length"];
            if (c.redriven) ++report.seen["something was redriven"];
            if (c.purged) ++report.seen["something was purged"];
        }
    }

    const Settings& settings_;
    Chooser chooser_;
    std::vector<std::unique_ptr<World>> worlds_;
    std::optional<Model> model_;
    std::map<std::string, QueueCounts> counts_;  ///< after the operation before
    bool leased_at_restart_ = false;
    std::uint32_t epoch_ = 1;
};

}  // namespace

Report simulate(const Settings& settings) {
    Report report;
    report.hash = 0xcbf29ce484222325u;
    try {
        Run(settings).all(report);
    } catch (const std::exception& e) {
        report.violation = e.what();
    }
    return report;
}

}  // namespace rowmq::simulation
