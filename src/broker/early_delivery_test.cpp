// Early delivery: what a consumer is given while the commit that stores it is under way, and what becomes of it.
#include "broker/early_bed.hpp"

namespace rowmq::test {

class EarlyDelivery : public EarlyBed {};

TEST_F(EarlyDelivery, gives_a_waiting_consumer_a_message_before_its_commit) {
    const auto next = begin_next_of_q_with_a_shut_store();

    const Receipt receipt = publish_early("q", "a");

    EXPECT_EQ(bodies(got(next)), Texts{"a"});
    EXPECT_FALSE(begin_committed(receipt)->has_value());
    EXPECT_EQ(counts("q"), QueueCounts{.delivered = 1});
    open(doors->commits);
    EXPECT_EQ(counts("q").leased, 1);
    EXPECT_EQ(counts("q").sent, 1);
    EXPECT_EQ(broker->metrics().delivered_early, 1u);
    EXPECT_EQ(broker->metrics().never_stored, 0u);
}

TEST_F(EarlyDelivery, gives_a_consumer_that_comes_later_what_is_still_under_way) {
    declare("q");
    consume("q");
    keep_store_busy();
    for (const char* body : {"a", "b"}) publish_early("q", body);

    EXPECT_EQ(bodies(got(begin_next())), (Texts{"a", "b"}));
}

TEST_F(EarlyDelivery, confirms_at_the_acknowledgement_and_writes_no_row_when_the_batch_has_not_left) {
    declare("q");
    consume("q");
    const auto next = begin_next();
    keep_store_busy();
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);
    ASSERT_FALSE(committed->has_value());

    acknowledge(got(next).at(0));
    settle_down();

    ASSERT_TRUE(committed->has_value());
    EXPECT_EQ(committed->value(), Result<bool>(false));
    EXPECT_EQ(news->done, std::vector{receipt.results[0].message});
    open(doors->commits);
    EXPECT_EQ(doors->entries, 2u);  // of the other queue
    EXPECT_EQ(counts("q"), (QueueCounts{.sent = 1, .done = 1, .delivered = 1}));
    EXPECT_EQ(broker->metrics().never_stored, 1u);
    EXPECT_EQ(broker->health().pending_bytes, 0);
    reopen();
    EXPECT_EQ(counts("q"), (QueueCounts{.sent = 1, .done = 1}));
    EXPECT_TRUE(receive("q").empty());
}

TEST_F(EarlyDelivery, confirms_at_the_acknowledgement_and_removes_the_row_after_a_commit_that_is_under_way) {
    const auto next = begin_next_of_q_with_a_shut_store();
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);

    acknowledge(got(next).at(0));
    settle_down();

    ASSERT_TRUE(committed->has_value());
    EXPECT_EQ(committed->value(), Result<bool>(false));
    open(doors->commits);
    EXPECT_EQ(doors->entries, 1u);
    EXPECT_EQ(counts("q"), (QueueCounts{.sent = 1, .done = 1, .delivered = 1}));
    reopen();
    EXPECT_TRUE(receive("q").empty());
}

TEST_F(EarlyDelivery, confirms_at_the_commit_where_that_comes_first) {
    const auto next = begin_next_of_q_with_a_shut_store();
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);

    open(doors->commits);

    ASSERT_TRUE(committed->has_value());
    EXPECT_EQ(committed->value(), Result<bool>(true));
    acknowledge(got(next).at(0));
    settle_down();
    EXPECT_TRUE(news->done.empty());
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(EarlyDelivery, answers_a_settlement_that_is_to_be_durable_after_both_commits) {
    const auto next = begin_next_of_q_with_a_shut_store();
    publish_early("q", "a");

    const auto settled = begin(session.settle(got(next).at(0).lease));

    EXPECT_FALSE(settled->has_value());
    doors->commits.let_pass(0);
    settle_down();
    EXPECT_FALSE(settled->has_value());  // the removal is under way
    open(doors->commits);
    ASSERT_TRUE(settled->has_value());
    EXPECT_TRUE(settled->value());
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(EarlyDelivery, brings_back_what_is_released_after_its_commit) {
    declare("q");
    consume("q");
    const auto next = begin_next(1);
    keep_store_busy();
    for (const char* body : {"a", "b"}) publish_early("q", body);

    acknowledge(got(next).at(0), Verdict::release);
    const auto again = begin_next();

    EXPECT_FALSE(again->has_value());  // neither it nor what stands behind it
    open(doors->commits);
    ASSERT_EQ(bodies(got(again)), (Texts{"a", "b"}));
    EXPECT_TRUE(got(again)[0].redelivered);
    EXPECT_EQ(got(again)[0].receives, 2u);
    EXPECT_FALSE(got(again)[1].redelivered);
}

TEST_F(EarlyDelivery, brings_back_what_a_closed_session_held_after_its_commit) {
    declare("q");
    Session other = broker->open_session().value();
    Subscription theirs = other.subscribe("q", options()).value();
    consume("q");
    const auto gone = begin_next(1);
    doors->commits.shut();
    publish_early("q", "a");
    ASSERT_EQ(bodies(got(gone)), Texts{"a"});
    const auto next = begin(theirs.next({.max = 10, .max_bytes = 0, .wait = 1h, .lease = {}}));

    session.close();
    settle_down();

    EXPECT_FALSE(next->has_value());
    open(doors->commits);
    ASSERT_EQ(bodies(got(next)), Texts{"a"});
    EXPECT_TRUE(got(next)[0].redelivered);
}

TEST_F(EarlyDelivery, dead_letters_what_is_rejected_after_its_commit) {
    declare("dead");
    QueueOptions with_target;
    with_target.dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"};
    declare("q", with_target);
    consume("q");
    const auto next = begin_next();
    keep_store_busy();
    publish_early("q", "a");

    acknowledge(got(next).at(0), Verdict::reject);

    EXPECT_EQ(counts("dead").sent, 0);
    open(doors->commits);
    EXPECT_EQ(counts("q").dead_lettered, 1);
    EXPECT_EQ(counts("q").leased + counts("q").ready, 0);
    EXPECT_EQ(bodies(receive("dead")), Texts{"a"});
}

TEST_F(EarlyDelivery, says_that_the_outcome_is_unknown_when_the_commit_of_a_delivered_message_fails) {
    const auto next = begin_next_of_q_with_a_shut_store();
    doors->full = 1;
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);

    open(doors->commits);

    ASSERT_TRUE(committed->has_value());
    ASSERT_FALSE(committed->value());
    EXPECT_EQ(committed->value().error().code, Errc::store_full);
    EXPECT_TRUE(news->unknown);
    EXPECT_EQ(acknowledge(got(next).at(0)).results.at(0)->code, Errc::lease_gone);
    EXPECT_EQ(counts("q"), QueueCounts{.delivered = 1});
    publish("q", "b");
    EXPECT_EQ(bodies(got(begin_next())), Texts{"b"});
}

TEST_F(EarlyDelivery, says_so_as_well_of_what_was_given_back_meanwhile) {
    const auto next = begin_next_of_q_with_a_shut_store();
    doors->full = 1;
    publish_early("q", "a");
    acknowledge(got(next).at(0), Verdict::release);

    open(doors->commits);

    EXPECT_TRUE(news->unknown);
    EXPECT_EQ(counts("q"), QueueCounts{.delivered = 1});
}

TEST_F(EarlyDelivery, refuses_what_nobody_was_given_when_its_commit_fails) {
    declare("q");
    consume("q");
    doors->commits.shut();
    doors->full = 1;
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);

    open(doors->commits);

    EXPECT_FALSE(committed->value());
    EXPECT_FALSE(news->unknown);
    EXPECT_EQ(counts("q"), QueueCounts{});
}

TEST_F(EarlyDelivery, counts_what_was_acknowledged_though_its_commit_failed) {
    declare("q");
    consume("q");
    const auto next = begin_next(2);
    keep_store_busy();
    for (const char* body : {"a", "b"}) publish_early("q", body);
    const auto both = got(next);
    ASSERT_EQ(bodies(both), Texts{"a"});  // the waiting receive was there for the first
    const auto second = got(begin_next());
    ASSERT_EQ(bodies(second), Texts{"b"});
    acknowledge(both[0]);  // struck
    doors->commits.let_pass(0);
    settle_down();  // the batch has left now
    acknowledge(second[0]);
    doors->commits.let_pass(0);
    settle_down();
    doors->full = 1;

    open(doors->commits);

    EXPECT_FALSE(news->unknown);
    EXPECT_EQ(counts("q"), QueueCounts{.delivered = 2});
    advance(limits.count_flush);
    EXPECT_EQ(counts("q"), (QueueCounts{.sent = 2, .done = 2, .delivered = 2}));
    reopen();
    EXPECT_EQ(counts("q"), (QueueCounts{.sent = 2, .done = 2}));
}

TEST_F(EarlyDelivery, does_not_overtake_what_is_stored) {
    declare("q");
    publish("q", "a");
    consume("q");
    doors->commits.shut();
    publish_early("q", "b");

    const auto first = begin_next(1);
    open(doors->commits);
    const auto second = begin_next(1);

    EXPECT_EQ(bodies(got(first)), Texts{"a"});
    EXPECT_EQ(bodies(got(second)), Texts{"b"});
}

TEST_F(EarlyDelivery, does_not_overtake_what_comes_back) {
    declare("q");
    consume("q");
    publish("q", "a");
    const auto first = got(begin_next(1));
    ASSERT_EQ(bodies(first), Texts{"a"});
    doors->commits.shut();
    publish_early("q", "b");
    acknowledge(first[0], Verdict::release);

    const auto next = begin_next(1);
    EXPECT_FALSE(next->has_value());  // its second receive is being stored
    open(doors->commits);

    EXPECT_EQ(bodies(got(next)), Texts{"a"});
    EXPECT_EQ(bodies(got(begin_next(1))), Texts{"b"});
}

TEST_F(EarlyDelivery, does_not_overtake_what_is_being_stored) {
    const auto next = begin_next_of_q_with_a_shut_store();
    begin_publish("q", "a");  // its publisher did not ask for early delivery

    publish_early("q", "b");

    EXPECT_FALSE(next->has_value());
    open(doors->commits);
    EXPECT_EQ(bodies(got(next)), (Texts{"a", "b"}));
}

TEST_F(EarlyDelivery, is_settled_in_a_transaction_after_its_commit) {
    const auto next = begin_next_of_q_with_a_shut_store();
    publish_early("q", "a");
    Work work;
    work.settlements.push_back({.lease = got(next).at(0).lease, .verdict = Verdict::done, .delay = {}, .while_held = false});

    const auto committed = begin(session.commit(std::move(work)));

    EXPECT_FALSE(committed->has_value());
    open(doors->commits);
    ASSERT_TRUE(committed->has_value());
    EXPECT_TRUE(committed->value());
    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(EarlyDelivery, is_over_before_a_purge_begins) {
    const auto next = begin_next_of_q_with_a_shut_store();
    publish_early("q", "a");
    ASSERT_EQ(got(next).size(), 1u);

    const auto purged = begin(broker->purge_queue("q", {.leased = true, .delayed = true}));
    const auto later = begin_next();
    publish_early("q", "b");

    EXPECT_FALSE(later->has_value());
    open(doors->commits);
    EXPECT_EQ(purged->value(), Result<std::int64_t>(2));
    EXPECT_EQ(counts("q").purged, 2);
    EXPECT_EQ(acknowledge(got(next)[0]).results.at(0)->code, Errc::lease_gone);
}

TEST_F(EarlyDelivery, ends_with_its_queue) {
    declare("q");
    consume("q");
    const auto next = begin_next();
    keep_store_busy();
    const Receipt receipt = publish_early("q", "a");
    const auto committed = begin_committed(receipt);
    ASSERT_EQ(got(next).size(), 1u);

    const auto deleted = begin(broker->delete_queue("q", {}));
    const Settled late = acknowledge(got(next)[0]);

    EXPECT_EQ(late.results.at(0)->code, Errc::lease_gone);
    open(doors->commits);
    EXPECT_TRUE(deleted->value());
    EXPECT_EQ(committed->value(), Result<bool>(true));
}

TEST_F(EarlyDelivery, does_not_count_what_was_taken_for_a_session_that_closed_before_it_had_it) {
    declare("q");
    Session other = broker->open_session().value();
    Subscription theirs = other.subscribe("q", options()).value();
    consume("q");
    publish("q", "a");
    acknowledge(got(begin_next())[0], Verdict::release);
    doors->commits.shut();
    publish_early("q", "b");
    const auto never = begin_next();  // a's second receive is being stored
    ASSERT_FALSE(never->has_value());

    session.close();
    const auto next = begin(theirs.next({.max = 10, .max_bytes = 0, .wait = 1h, .lease = {}}));
    open(doors->commits);

    ASSERT_EQ(bodies(got(next)), Texts{"a"});
    EXPECT_TRUE(got(next)[0].redelivered);
    const auto last = begin(theirs.next({.max = 10, .max_bytes = 0, .wait = 1h, .lease = {}}));
    ASSERT_EQ(bodies(got(last)), Texts{"b"});
    EXPECT_EQ(got(last)[0].receives, 1u);
    EXPECT_FALSE(got(last)[0].redelivered);
}

TEST_F(EarlyDelivery, is_known_for_it_after_a_crash) {
    const auto next = begin_next_of_q_with_a_shut_store();
    publish_early("q", "a");
    ASSERT_EQ(got(next).size(), 1u);
    open(doors->commits);

    crash();

    const auto again = receive("q");
    ASSERT_EQ(bodies(again), Texts{"a"});
    EXPECT_TRUE(again[0].redelivered);
}

}  // namespace rowmq::test
