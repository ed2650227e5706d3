// The checker has teeth: for every invariant a history that breaks it, by one step, and one that just does not.

#include <gtest/gtest.h>

#include "test/torture/checker/made_history.hpp"

namespace rowmq::torture {
namespace {

TEST(AtLeastOnce, a_confirmed_message_that_is_gone_is_found) {
    EXPECT_EQ(Made().send("a").quiet().broken(), "I1");
    EXPECT_EQ(Made().send("a").receive("a").quiet().broken(), "I1");
    EXPECT_EQ(Made().send("a").receive("a").erase("a").quiet().broken(), "");
    EXPECT_EQ(Made().send("a", "info").quiet().broken(), "");
    EXPECT_EQ(Made().send("a").broken(), "") << "it does not end quiet";
}

TEST(AtLeastOnce, what_is_still_stored_or_was_purged_or_expired_is_not_lost) {
    EXPECT_EQ(Made().send("a").stored("q", "a").broken(), "");
    EXPECT_EQ(Made().send("a").stored("q", "-").broken(), "I1");
    EXPECT_EQ(Made().send("a").add("purge q ok").quiet().broken(), "");
    EXPECT_EQ(Made().add("purge q ok").send("a").quiet().broken(), "I1");
    EXPECT_EQ(Made("retention_ms=60000").send("a").wait(60'000).quiet().broken(), "");
    EXPECT_EQ(Made("retention_ms=60000").send("a").wait(58'000).quiet().broken(), "I1");
}

TEST(NoPhantom, what_nobody_sent_or_was_refused_or_altered_is_found) {
    EXPECT_EQ(Made().receive("a").broken(), "I2");
    EXPECT_EQ(Made().send("a", "fail").receive("a").broken(), "I2");
    EXPECT_EQ(Made().send("a", "info").receive("a").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a", "altered=1").broken(), "I2");
    EXPECT_EQ(Made().send("a", "ok", "crc=7").receive("a", "crc=8").broken(), "I2");
    EXPECT_EQ(Made().send("a", "ok", "crc=7").receive("a", "crc=7").broken(), "");
    EXPECT_EQ(Made().stored("q", "a").broken(), "I2");
}

TEST(NoResurrection, a_grant_invoked_after_the_deletion_was_confirmed_is_found) {
    EXPECT_EQ(Made().send("a").receive("a").erase("a").receive("a").broken(), "I3");
    EXPECT_EQ(Made().send("a").receive("a").erase("a").kill().receive("a").broken(), "I3");
    EXPECT_EQ(Made().send("a").receive("a").erase("a", "info").receive("a").broken(), "");
    // The receive waited already when the deletion was asked for.
    EXPECT_EQ(Made().send("a").receive("a").erase("a").at(-1'500, "receive a ok q=q ms=500").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a").erase("a").at(20, "receive a ok q=q ms=500").broken(), "I3");
}

TEST(NoResurrection, what_comes_after_a_confirmed_purge_is_found) {
    EXPECT_EQ(Made().send("a").add("purge q ok").receive("a").broken(), "I3");
    EXPECT_EQ(Made().send("a").add("purge q info").receive("a").broken(), "");
    EXPECT_EQ(Made().add("purge q ok").send("a").receive("a").broken(), "");
}

TEST(NoResurrection, a_deletion_by_an_old_handle_promises_nothing) {
    auto made = Made().send("a").receive("a");
    const auto old = made.last();
    EXPECT_EQ(made.receive("a").add("delete a ok q=q grant=" + old).receive("a").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a").receive("a").add("delete a ok q=q grant=3").receive("a").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a").receive("a").add("delete a ok q=q grant=4").receive("a").broken(), "I3");
}

TEST(OneLease, a_second_holder_is_found) {
    EXPECT_EQ(Made().send("a").receive("a", "ms=60000").receive("a").broken(), "I4");
    EXPECT_EQ(Made().send("a").receive("a", "ms=1010").receive("a").broken(), "") << "exactly when it may end";
    EXPECT_EQ(Made().send("a").receive("a", "ms=1013").receive("a").broken(), "I4") << "2 ms too early";
    EXPECT_EQ(Made().send("a").receive("a", "ms=60000").kill().receive("a").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a", "ms=60000").erase("a", "info").receive("a").broken(), "");
}

TEST(OneLease, a_changed_visibility_counts) {
    EXPECT_EQ(Made().send("a").receive("a", "ms=60000").add("extend a ok q=q ms=0 grant=3").receive("a").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a", "ms=60000").add("extend a fail q=q ms=0 grant=3").receive("a").broken(), "I4");
    EXPECT_EQ(Made().send("a").receive("a", "ms=1500").add("extend a ok q=q ms=60000 grant=3").receive("a").broken(), "I4");
    EXPECT_EQ(Made().send("a").receive("a", "ms=1500").add("extend a info q=q ms=60000 grant=3").receive("a").broken(), "");
}

TEST(OneLease, grants_under_way_at_once_may_have_been_made_in_either_order) {
    const auto waiting = [](int since, const std::string& given_back) {
        auto made = Made().send("a").receive("a", "ms=60000");
        if (!given_back.empty()) made.at(-10, "extend a " + given_back + " q=q ms=0 grant=5");
        return made.at(since, "receive a ok q=q ms=60000").broken();
    };
    EXPECT_EQ(waiting(-500, "info"), "") << "whoever gave it back had it first, though it was told later";
    EXPECT_EQ(waiting(-500, ""), "I4");
    EXPECT_EQ(waiting(-500, "fail"), "I4");
    EXPECT_EQ(waiting(15, "info"), "I4") << "asked for when the other already had it";
}

TEST(OneLease, a_delay_is_kept) {
    EXPECT_EQ(Made().send("a", "ok", "ms=5000").receive("a").broken(), "I4");
    EXPECT_EQ(Made().send("a", "ok", "ms=1011").receive("a").broken(), "");
}

TEST(OneLease, an_old_handle_of_a_fifo_queue_is_found) {
    const auto given_twice = [] { return Made("kind=fifo").send("a", "ok", "g=g").receive("a", "ms=500").receive("a"); };
    EXPECT_EQ(given_twice().add("delete a ok q=q grant=3").broken(), "I4");
    EXPECT_EQ(given_twice().add("delete a fail q=q grant=3").broken(), "");
    EXPECT_EQ(given_twice().add("extend a ok q=q ms=500 grant=3").broken(), "I4");
    EXPECT_EQ(given_twice().add("delete a ok q=q grant=4").broken(), "");
}

TEST(GroupOrder, what_overtakes_is_found) {
    const auto sent = [] { return Made("kind=fifo").send("a", "ok", "g=g").send("b", "ok", "g=g"); };
    EXPECT_EQ(sent().receive("b").broken(), "I5");
    EXPECT_EQ(sent().receive("a").receive("b").broken(), "I5");
    EXPECT_EQ(sent().receive("a").erase("a").receive("b").broken(), "");
    EXPECT_EQ(sent().receive("a").erase("a", "fail").receive("b").broken(), "I5");
    EXPECT_EQ(sent().receive_both("a", "b").broken(), "");
    EXPECT_EQ(sent().receive_both("b", "a").broken(), "I5");
    EXPECT_EQ(Made("kind=fifo").send("a", "ok", "g=g").send("b", "ok", "g=h").receive("b").broken(), "") << "another group";
    EXPECT_EQ(Made("kind=fifo").send("a", "info", "g=g").send("b", "ok", "g=g").receive("b").broken(), "") << "never stored";
}

TEST(GroupOrder, after_a_redelivery_too) {
    const auto again = [] { return Made("kind=fifo").send("a", "ok", "g=g").send("b", "ok", "g=g").receive_both("a", "b"); };
    EXPECT_EQ(again().kill().receive_both("a", "b").broken(), "");
    EXPECT_EQ(again().kill().receive("b").broken(), "I5");
}

TEST(GroupOrder, sequence_numbers_rise) {
    EXPECT_EQ(Made("kind=fifo").send("a", "ok", "g=g seq=5").send("b", "ok", "g=g seq=6").broken(), "");
    EXPECT_EQ(Made("kind=fifo").send("a", "ok", "g=g seq=5").send("b", "ok", "g=g seq=5").broken(), "I5");
}

TEST(Deduplication, is_exact_at_the_window) {
    const auto twice = [](int wait, const std::string& id) {
        return Made("kind=fifo window_ms=5000")
            .send("a", "ok", "g=g dedup=d m=1")
            .wait(wait)
            .send("b", "ok", "g=g dedup=d m=" + id)
            .broken();
    };
    // From the invocation of the first to the return of the second: wait + 1 s + 10 ms.
    EXPECT_EQ(twice(3'989, "1"), "");
    EXPECT_EQ(twice(3'989, "2"), "I8");
    EXPECT_EQ(twice(4'011, "2"), "");
    EXPECT_EQ(twice(4'011, "1"), "I8");
}

TEST(Deduplication, counts_from_an_attempt_that_may_have_been_the_first) {
    const auto sent = [] {
        return Made("kind=fifo window_ms=5000").send("a", "info", "g=g dedup=d").send("a", "ok", "g=g dedup=d m=1").wait(3'500);
    };
    EXPECT_EQ(sent().send("b", "ok", "g=g dedup=d m=2").broken(), "") << "5.5 s after the first attempt";
    EXPECT_EQ(sent().kill().receive("a", "m=1").broken(), "");
    EXPECT_EQ(Made("kind=fifo")
                  .send("a", "info", "g=g dedup=d")
                  .send("a", "ok", "g=g dedup=d m=1")
                  .receive("a", "m=1 ms=500")
                  .receive("a", "m=2")
                  .broken(),
              "I8");
}

TEST(DeadLetter, comes_after_exactly_so_many_leases) {
    const auto made = [] { return Made("max_receives=2 dead_letter=dead").send("a"); };
    EXPECT_EQ(made().receive("a").receive("a").receive("a", "", "dead").broken(), "");
    EXPECT_EQ(made().receive("a").receive("a").receive("a").broken(), "I9");
    EXPECT_EQ(made().receive("a").receive("a", "", "dead").broken(), "I9");
    EXPECT_EQ(made().receive("a").kill().receive("a").receive("a").broken(), "") << "what was not written is forgotten";
    EXPECT_EQ(Made("max_receives=2 dead_letter=dead strict=1").send("a").receive("a").kill().receive("a").receive("a").broken(), "I9");
    EXPECT_EQ(made().receive("a").kill().receive("a", "", "dead").broken(), "") << "a grant may have been lost with the program";
    EXPECT_EQ(made().receive("a").receive("a").receive("a", "", "dead").receive("a").broken(), "I9") << "in both queues";
    EXPECT_EQ(made().receive("a").receive("a").stored("dead", "a").broken(), "");
    EXPECT_EQ(made().receive("a").receive("a").stored("dead", "a").stored("q", "a").broken(), "I9");
}

TEST(DeadLetter, counts_never_go_back) {
    EXPECT_EQ(Made().send("a").receive("a", "n=1").receive("a", "n=2").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a", "n=1").receive("a", "n=1").broken(), "I9");
    EXPECT_EQ(Made().send("a").receive("a", "n=1").kill().receive("a", "n=1").broken(), "");
    EXPECT_EQ(Made("strict=1").send("a").receive("a", "n=1").kill().receive("a", "n=1").broken(), "I9");
}

TEST(Conservation, a_count_that_cannot_be_is_found) {
    EXPECT_EQ(Made().send("a").add("count - ok q=q value=1").broken(), "");
    EXPECT_EQ(Made().send("a").add("count - ok q=q value=0").broken(), "I10");
    EXPECT_EQ(Made().send("a").add("count - ok q=q value=2").broken(), "I10");
    EXPECT_EQ(Made().send("a", "info").add("count - ok q=q value=0").broken(), "");
    EXPECT_EQ(Made().send("a", "info").add("count - ok q=q value=1").broken(), "");
    EXPECT_EQ(Made().send("a", "info").add("count - ok q=q value=2").broken(), "I10");
    EXPECT_EQ(Made().send("a").receive("a").erase("a").add("count - ok q=q value=1").broken(), "I10");
}

TEST(Conservation, of_a_queue_and_its_dead_letters_is_one_sum) {
    const auto made = [] { return Made("max_receives=1 dead_letter=dead").send("a").receive("a"); };
    EXPECT_EQ(made().add("count - ok q=q value=0").add("count - ok q=dead value=1").broken(), "");
    EXPECT_EQ(made().add("count - ok q=q value=0").add("count - ok q=dead value=0").broken(), "I10");
}

TEST(Conservation, counters_are_what_is_stored) {
    EXPECT_EQ(Made().send("a").dump("queue q sent=1 done=0 delayed=0\nmessage q a ready 0\n").broken(), "");
    EXPECT_EQ(Made().send("a").dump("queue q sent=2 done=0 delayed=0\nmessage q a ready 0\n").broken(), "I10");
    EXPECT_EQ(Made().send("a").dump("queue q sent=1 done=0 delayed=0\nmessage q a delayed 0\n").broken(), "I10");
}

TEST(Isolation, a_message_of_another_queue_is_found) {
    EXPECT_EQ(Made().send("a").receive("a", "", "other").broken(), "I11");
    EXPECT_EQ(Made("max_receives=1 dead_letter=dead").send("a").receive("a").receive("a", "", "other").broken(), "I11");
}

TEST(HonestAnswers, what_is_stored_against_them_is_found) {
    EXPECT_EQ(Made().send("a").receive("a").erase("a").stored("q", "a").broken(), "I12");
    EXPECT_EQ(Made().send("a").receive("a").erase("a", "info").stored("q", "a").broken(), "");
    EXPECT_EQ(Made().send("a", "fail").stored("q", "a").broken(), "I12");
}

TEST(Liveness, who_waits_in_vain_is_found) {
    EXPECT_EQ(Made().send("a").took(1'500, "receive - ok q=q ms=500 wait=1500").broken(), "I13");
    EXPECT_EQ(Made().send("a").took(950, "receive - ok q=q ms=500 wait=950").broken(), "");
    EXPECT_EQ(Made().send("a").receive("a", "ms=3000").took(1'500, "receive - ok q=q ms=500 wait=1500").broken(), "") << "leased";
    EXPECT_EQ(Made().send("a", "ok", "ms=3000").took(1'500, "receive - ok q=q ms=500 wait=1500").broken(), "") << "delayed";
    EXPECT_EQ(Made().send("a", "ok", "ms=1500").took(4'000, "receive a ok q=q ms=500 wait=4000").broken(), "I13") << "late by 2.5 s";
}

TEST(Liveness, of_a_machine_that_stood_still_is_not_judged) {
    const auto late = [](std::int64_t when, const std::string& what) {
        return Made().send("a", "ok", "ms=1500").took(4'000, "receive a ok q=q ms=500 wait=4000").at(when, what).broken();
    };
    EXPECT_EQ(late(-2'000, "gauge x ok value=1"), "I13");
    EXPECT_EQ(late(-3'500, "stall - ok"), "");
    EXPECT_EQ(late(-900, "stall - ok"), "I13") << "too short to be why";
}

TEST(Liveness, an_operation_without_end_and_a_message_without_a_reader_are_found) {
    EXPECT_EQ(Made().took(31'000, "send a info q=q").broken(), "I13");
    EXPECT_EQ(Made().took(29'000, "send a info q=q").broken(), "");
    EXPECT_EQ(Made().took(45'000, "receive - ok q=q wait=20000").broken(), "");
    EXPECT_EQ(Made().send("a").stored("q", "a").quiet().broken(), "I13");
}

TEST(Bounded, what_does_not_come_back_is_found) {
    EXPECT_EQ(Made().add("gauge rss ok value=1000 base=1").add("gauge rss ok value=1050").broken(), "");
    EXPECT_EQ(Made().add("gauge rss ok value=1000 base=1").add("gauge rss ok value=1051").broken(), "I14");
}

TEST(Witness, is_the_message_alone_and_the_deaths_it_lived_through) {
    auto made = Made().send("x").send("a").receive("x").receive("a").erase("a").kill().receive("a").erase("x").quiet();

    const auto verdict = made.judge();

    EXPECT_EQ(verdict.count(Invariant::no_resurrection), 1u);
    EXPECT_EQ(verdict.witness(Invariant::no_resurrection), (std::vector<std::uint32_t>{2, 4, 5, 6, 7}));
}

TEST(Witness, is_the_shortest_there_is) {
    auto made = Made().send("a").receive("a").send("b").quiet();

    const auto verdict = made.judge();

    EXPECT_EQ(verdict.count(Invariant::at_least_once), 2u);
    EXPECT_EQ(verdict.witness(Invariant::at_least_once), (std::vector<std::uint32_t>{3}));
}

}  // namespace
}  // namespace rowmq::torture
