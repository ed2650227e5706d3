// Few seeds, and the model's teeth: each lie about what was observed must be called a violation.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "test/simulation/simulation.hpp"

namespace rowmq::simulation {
namespace {

std::vector<Store> memory_only() {
    auto all = both_stores();
    all.resize(1);
    return all;
}

TEST(Simulation, finds_no_violation_in_ten_seeds) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const auto report = simulate({.seed = seed, .operations = 300, .stores = both_stores});

        ASSERT_EQ(report.violation, "") << "seed " << seed;
    }
}

TEST(Simulation, repeats_itself_from_the_same_seed) {
    const auto first = simulate({.seed = 77, .operations = 300, .stores = both_stores});
    const auto second = simulate({.seed = 77, .operations = 300, .stores = both_stores});
    const auto other = simulate({.seed = 78, .operations = 300, .stores = both_stores});

    EXPECT_EQ(first.hash, second.hash);
    EXPECT_NE(first.hash, other.hash);
}

struct Fault {
    const char* name;
    const char* complaint;  ///< part of what the model must say
    Lie lie;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class ModelSees : public testing::TestWithParam<Fault> {};

TEST_P(ModelSees, the_fault) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        const auto report = simulate({.seed = seed, .operations = 400, .stores = memory_only, .lie = GetParam().lie});
        if (!report.lied) continue;

        EXPECT_NE(report.violation.find(GetParam().complaint), std::string::npos)
            << "seed " << seed << " says '" << report.violation << "'";
        return;
    }
    FAIL() << "no seed gave an occasion to lie";
}

bool is_receive(const Operation& o, const Observation& seen) { return o.action == Action::receive && !seen.deliveries.empty(); }

bool refuses_one_of(const std::set<Lease>& leases, const Operation& o, Observation& seen) {
    if (o.action != Action::settle) return false;
    for (std::size_t i = 0; i < seen.settled.size(); ++i) {
        if (seen.settled[i] || o.settlements[i].verdict != Verdict::done || !leases.contains(o.settlements[i].lease)) continue;
        seen.settled[i] = Error{Errc::lease_gone, "gone"};
        return true;
    }
    return false;
}

const std::vector<Fault> faults = {
    {"loses_a_message", "left message",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || o.subscription.no_lease || seen.deliveries.size() != 1) return false;
         seen.deliveries.clear();
         return true;
     }},
    {"gives_a_leased_message_again", "while its lease is live",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || o.subscription.no_lease || seen.deliveries.size() == o.next.max) return false;
         auto again = seen.deliveries.back();
         ++again.lease.number;
         seen.deliveries.push_back(again);
         return true;
     }},
    {"resurrects_a_message", "which is not there",
     [done = std::make_shared<std::vector<Delivery>>()](const Operation& o, Observation& seen) {
         if (is_receive(o, seen) && o.subscription.no_lease) *done = seen.deliveries;
         if (done->empty() || !is_receive(o, seen) || o.subscription.no_lease ||
             seen.deliveries.front().lease.queue != done->front().lease.queue)
             return false;
         seen.deliveries = *done;
         seen.deliveries.resize(1);
         return true;
     }},
    {"changes_a_body", "another body",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen)) return false;
         seen.deliveries.front().message = Message("other");
         return true;
     }},
    {"swaps_a_group", "before message",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || (o.queue != "fifo" && o.queue != "lines")) return false;
         for (std::size_t i = 0; i + 1 < seen.deliveries.size(); ++i)
             if (seen.deliveries[i].message.properties && seen.deliveries[i].lease.lane == seen.deliveries[i + 1].lease.lane) {
                 std::swap(seen.deliveries[i], seen.deliveries[i + 1]);
                 return true;
             }
         return false;
     }},
    {"ignores_a_priority", "of priority",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || o.queue != "priority" || seen.deliveries.front().lease.lane == seen.deliveries.back().lease.lane)
             return false;
         std::swap(seen.deliveries.front(), seen.deliveries.back());
         return true;
     }},
    {"counts_a_receive_twice", "receives instead of",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || seen.deliveries.front().receives < 2) return false;
         ++seen.deliveries.front().receives;
         return true;
     }},
    {"hides_a_redelivery", "does not say so",
     [](const Operation& o, Observation& seen) {
         if (!is_receive(o, seen) || seen.deliveries.front().receives < 2) return false;
         seen.deliveries.front().redelivered = false;
         return true;
     }},
    {"forgets_a_duplicate", "should be a duplicate",
     [](const Operation&, Observation& seen) {
         for (auto& r : seen.published)
             if (r.duplicate) {
                 r.duplicate = false;
                 return true;
             }
         return false;
     }},
    {"invents_a_duplicate", "is not a duplicate",
     [](const Operation& o, Observation& seen) {
         for (std::size_t i = 0; i < seen.published.size(); ++i)
             if (!seen.published[i].error && !seen.published[i].duplicate && !o.publishes[i].deduplication_id.empty()) {
                 seen.published[i].duplicate = true;
                 return true;
             }
         return false;
     }},
    {"settles_what_is_gone", "settled all the same",
     [](const Operation& o, Observation& seen) {
         if (o.action != Action::settle) return false;
         for (auto& r : seen.settled)
             if (r) {
                 r.reset();
                 return true;
             }
         return false;
     }},
    {"refuses_a_live_lease", "should settle but",
     [given = std::make_shared<std::set<Lease>>()](const Operation& o, Observation& seen) {
         if (refuses_one_of(*given, o, seen)) return true;
         if (o.action != Action::receive && o.action != Action::publish) given->clear();
         if (is_receive(o, seen) && !o.subscription.no_lease)
             for (const auto& d : seen.deliveries) given->insert(d.lease);
         return false;
     }},
    {"refuses_the_newest_name_after_a_restart", "should settle but",
     [given = std::make_shared<std::set<Lease>>(), ended = std::make_shared<std::set<Lease>>()](const Operation& o, Observation& seen) {
         if (refuses_one_of(*ended, o, seen)) return true;
         if (o.action == Action::restart) *ended = std::exchange(*given, {});
         else if (o.action != Action::receive && o.action != Action::publish) given->clear();
         if (is_receive(o, seen) && !o.subscription.no_lease && (o.queue == "standard" || o.queue == "priority" || o.queue == "fifo"))
             for (const auto& d : seen.deliveries)
                 if (!d.expires_at) given->insert(d.lease);
         return false;
     }},
    {"settles_by_a_name_that_is_not_the_newest", "settled all the same",
     [newest = std::make_shared<std::map<std::pair<QueueId, Sequence>, Lease>>()](const Operation& o, Observation& seen) {
         if (o.action == Action::settle)
             for (std::size_t i = 0; i < seen.settled.size(); ++i) {
                 const auto& lease = o.settlements[i].lease;
                 const auto known = newest->find({lease.queue, lease.sequence});
                 if (!seen.settled[i] || known == newest->end() || known->second == lease || known->second.epoch == lease.epoch) continue;
                 seen.settled[i].reset();
                 return true;
             }
         for (const auto& d : seen.deliveries) (*newest)[{d.lease.queue, d.lease.sequence}] = d.lease;
         for (const auto& w : seen.woken)
             for (const auto& d : w.deliveries) (*newest)[{d.lease.queue, d.lease.sequence}] = d.lease;
         return false;
     }},
    {"counts_wrongly", "do not conserve",
     [](const Operation&, Observation& seen) {
         ++seen.counts["standard"].done;
         return true;
     }},
    {"dead_letters_too_early", "dead-lettered instead of",
     [](const Operation&, Observation& seen) {
         auto& c = seen.counts["retry"];
         if (c.ready == 0) return false;
         --c.ready;
         ++c.dead_lettered;
         return true;
     }},
    {"lets_a_wait_sleep", "sleeps while message",
     [](const Operation&, Observation& seen) {
         if (seen.woken.size() != 1) return false;
         const auto& w = seen.woken.front();
         if (w.deliveries.empty() || w.subscription.no_lease || seen.now >= w.began + *w.next.wait) return false;
         auto& c = seen.counts[w.queue];
         c.leased -= static_cast<std::int64_t>(w.deliveries.size());
         c.ready += static_cast<std::int64_t>(w.deliveries.size());
         seen.woken.clear();
         ++seen.waiting;
         return true;
     }},
    {"does_not_end_a_wait", "should have ended",
     [](const Operation&, Observation& seen) {
         if (seen.woken.size() != 1 || !seen.woken.front().deliveries.empty() || seen.woken.front().error) return false;
         seen.woken.clear();
         ++seen.waiting;
         return true;
     }},
    {"forgets_a_wait", "waits are under way",
     [](const Operation&, Observation& seen) {
         if (seen.waiting == 0) return false;
         --seen.waiting;
         return true;
     }},
    {"gives_a_message_early", "early",
     [delayed = std::make_shared<std::map<std::int64_t, Delivery>>()](const Operation& o, Observation& seen) {
         for (const auto& [queue, contents] : seen.contents)
             if (queue == "later" && !contents.delayed.empty()) (*delayed)[0] = contents.delayed.front();
         if (o.action == Action::advance) delayed->clear();
         if (o.action != Action::receive || o.queue != "later" || delayed->empty()) return false;
         seen.deliveries = {delayed->at(0)};
         return true;
     }},
};

INSTANTIATE_TEST_SUITE_P(Simulation, ModelSees, testing::ValuesIn(faults), [](const auto& fault) { return std::string(fault.param.name); });

}  // namespace
}  // namespace rowmq::simulation
