// Few seeds, and the reference's teeth: each lie about what a client was answered must be called a violation.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "test/simulation/sqs/machine.hpp"
#include "test/simulation/sqs/run.hpp"

namespace rowmq::sqs_simulation {
namespace {

TEST(SqsSimulation, finds_no_violation_in_twenty_seeds) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto report = carry_out(make_plan(seed, 150));

        ASSERT_EQ(report.violation, "") << "seed " << seed;
    }
}

/// Many requests that a kill ended, beside a message that was sent and received; beside a queue that is being made anew; and with two
/// handles of one message.
TEST(SqsSimulation, judges_what_was_answered_beside_what_a_kill_ended) {
    for (const std::uint64_t seed : {112'667, 114'977, 132'711}) EXPECT_EQ(carry_out(make_plan(seed, 250)).violation, "") << "seed " << seed;
}

TEST(SqsSimulation, repeats_itself_from_the_same_seed) {
    const auto first = carry_out(make_plan(77, 200)), second = carry_out(make_plan(77, 200)), other = carry_out(make_plan(78, 200));

    EXPECT_EQ(first.hash, second.hash);
    EXPECT_NE(first.hash, other.hash);
}

TEST(SqsSimulation, shrinks_a_failing_seed_to_what_it_takes) {
    const Lie lie = [](const Step& step, Reply& reply) {
        if (step.verb == Verb::counts && reply.counts && reply.counts->hidden > 0) reply.counts->hidden += 100;
        return false;
    };
    Plan smallest;
    for (std::uint64_t seed = 1; seed <= 20 && (smallest.steps.empty() || smallest.steps.size() > 6); ++seed) {
        const Plan plan = make_plan(seed, 300);
        const Report report = carry_out(plan, lie);
        if (report.violation.empty()) continue;  // not each counts what is hidden
        const Plan smaller = shrink(plan, report.violation, lie);
        ASSERT_NE(carry_out(smaller, lie).violation, "");
        if (smallest.steps.empty() || smaller.steps.size() < smallest.steps.size()) smallest = smaller;
    }

    ASSERT_FALSE(smallest.steps.empty());
    EXPECT_LE(smallest.steps.size(), 6u) << "a send, a receive and a count, and what makes them meet";
}

struct Fault {
    const char* name;
    const char* complaint;  ///< part of what the reference must say
    Lie lie;
};

bool received(const Step& step, const Reply& reply) { return step.verb == Verb::receive && !reply.received.empty(); }

/// Made anew for each seed: some remember what was answered.
std::vector<Fault> faults() {
    return {
        {"loses_a_message", "left m",
         [](const Step& step, Reply& reply) {
             if (!received(step, reply) || reply.received.size() != 1 || step.visibility == 0) return false;
             reply.received.clear();
             return true;
         }},
        {"gives_a_hidden_message_again", "while somebody holds it",
         [](const Step& step, Reply& reply) {
             if (!received(step, reply) || reply.received.size() >= static_cast<std::size_t>(step.max) || step.visibility == 0)
                 return false;
             reply.received.push_back(reply.received.back());
             return true;
         }},
        {"resurrects_a_message", "which is not there",
         [last = std::make_shared<std::vector<Received>>(), gone = std::make_shared<bool>(false)](const Step& step, Reply& reply) {
             if (step.verb == Verb::purge && reply.results.front().kind == Result::Kind::ok) *gone = !last->empty();
             if (!received(step, reply)) return false;
             if (*gone && last->front().number != reply.received.front().number &&
                 last->front().group.empty() == reply.received.front().group.empty()) {
                 reply.received.front() = last->front();
                 return true;
             }
             *last = reply.received;
             return false;
         }},
        {"counts_a_receive_twice", "receives instead of",
         [](const Step& step, Reply& reply) {
             if (!received(step, reply) || reply.received.front().receives < 2) return false;
             ++reply.received.front().receives;
             return true;
         }},
        {"swaps_a_group", "of group",
         [](const Step& step, Reply& reply) {
             if (!received(step, reply) || step.visibility == 0) return false;
             for (std::size_t i = 0; i + 1 < reply.received.size(); ++i)
                 if (!reply.received[i].group.empty() && reply.received[i].group == reply.received[i + 1].group) {
                     std::swap(reply.received[i], reply.received[i + 1]);
                     return true;
                 }
             return false;
         }},
        {"forgets_a_duplicate", "stored anew",
         [ids = std::make_shared<std::set<std::string>>()](const Step& step, Reply& reply) {
             if (step.verb != Verb::send) return false;
             for (auto& result : reply.results)
                 if (!result.id.empty() && !ids->insert(result.id).second) {
                     result.id += "-anew";
                     return true;
                 }
             return false;
         }},
        {"refuses_a_send", "was refused",
         [](const Step& step, Reply& reply) {
             if (step.verb != Verb::send) return false;
             reply.results.front() = {.kind = Result::Kind::refused, .code = "InvalidParameterValue"};
             return true;
         }},
        {"refuses_the_handle_of_a_hidden_message", "was refused|deletes nothing",
         [given = std::make_shared<int>(0)](const Step& step, Reply& reply) {
             if (received(step, reply) && step.visibility == 43'200) *given = 2;
             if (--*given != 0 || step.verb != Verb::remove || step.picks.size() != 1 || step.picks.front() != 0) return false;
             reply.results.front() = {.kind = Result::Kind::refused, .code = "ReceiptHandleIsInvalid"};
             return true;
         }},
        {"accepts_what_is_wrong", "was accepted",
         [](const Step& step, Reply& reply) {
             if (step.verb != Verb::wrong) return false;
             reply.results.front().kind = Result::Kind::ok;
             return true;
         }},
        {"says_a_message_was_stored_that_was_not", "does not show|left m|sleeps while|do not come|instead of|stored anew",
         [](const Step& step, Reply& reply) {
             if (step.verb != Verb::send || step.sent.size() != 1 || reply.results.front().kind != Result::Kind::unknown) return false;
             reply.results.front() = {.kind = Result::Kind::ok, .code = {}, .id = "00000000-0000-0000-0000-000000000000"};
             return true;
         }},
        {"counts_wrongly", "ready instead of",
         [](const Step&, Reply& reply) {
             if (!reply.counts) return false;
             reply.counts->ready += 50;
             return true;
         }},
    };
}

class ReferenceSees : public testing::TestWithParam<std::size_t> {};

TEST_P(ReferenceSees, the_fault) {
    const std::string all = faults().at(GetParam()).complaint;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const auto report = carry_out(make_plan(seed, 300), faults().at(GetParam()).lie);
        if (!report.lied || report.violation.empty()) continue;  // some lies are true by chance

        bool said = false;
        for (std::size_t from = 0; from <= all.size();) {
            const auto to = std::min(all.find('|', from), all.size());
            said |= report.violation.find(all.substr(from, to - from)) != std::string::npos;
            from = to + 1;
        }
        EXPECT_TRUE(said) << "seed " << seed << " says '" << report.violation << "'";
        return;
    }
    FAIL() << "no seed saw it";
}

INSTANTIATE_TEST_SUITE_P(SqsSimulation, ReferenceSees, testing::Range(std::size_t{0}, faults().size()),
                         [](const auto& fault) { return std::string(faults().at(fault.param).name); });

}  // namespace
}  // namespace rowmq::sqs_simulation
