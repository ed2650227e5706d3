// Which messages, queues and consumers early delivery is for.
#include "broker/early_bed.hpp"

namespace rowmq::test {

class PlainOnly : public EarlyBed {};

TEST_F(PlainOnly, no_message_for_two_queues_is_given_early) {
    declare("q");
    declare("r");
    run_in(io, broker->declare_exchange("both", {.kind = ExchangeKind::fanout})).value();
    for (const char* queue : {"q", "r"}) {
        const Binding binding{.exchange = "both", .queue = queue, .routing_key = ""};
        run_in(io, broker->bind(binding)).value();
    }
    consume("q");
    Publish p;
    p.exchange = "both";
    p.message = Message("a");

    EXPECT_FALSE(is_given_early(p));
}

TEST_F(PlainOnly, plain_queues_give_messages_early_and_others_do_not) {
    QueueOptions fifo, strict, deduplicating, bounded, short_lived, ranked, slow, counting;
    fifo.kind = QueueKind::fifo;
    strict.strict_counting = true;
    deduplicating.deduplication.enabled = true;
    bounded.max_length = 10;
    short_lived.ttl = 1h;
    ranked.max_priority = 3;
    slow.delay = 1ms;
    counting.max_receives = 3;
    const std::vector<std::pair<std::string, QueueOptions>> others{
        {"fifo", fifo},     {"strict", strict}, {"ids", deduplicating}, {"bounded", bounded}, {"short-lived", short_lived},
        {"ranked", ranked}, {"slow", slow},     {"counting", counting}};
    for (const auto& [name, queue_options] : others) declare(name, queue_options);
    declare("plain");

    for (const auto& [name, queue_options] : others) EXPECT_FALSE(is_given_early(name)) << name;
    EXPECT_TRUE(is_given_early("plain"));
}

TEST_F(PlainOnly, consumers_that_all_ask_for_it_and_settle_by_hand_are_given_messages_early) {
    declare("q");
    SubscriptionOptions hasty = options(), alone = options(), patient = options();
    hasty.no_lease = true;
    alone.single_active = true;
    patient.early = false;
    Publish p;
    p.routing_key = "q";
    p.message = Message("a");
    for (const SubscriptionOptions& other : {hasty, alone, patient}) {
        subscription = session.subscribe("q", other).value();
        EXPECT_FALSE(is_given_early(p));
        subscription.close();
        settle_down();
        for (const Delivery& d : receive("q")) settle(d);
    }
    Session beside = broker->open_session().value();
    const Subscription theirs = beside.subscribe("q", patient).value();

    consume("q");

    EXPECT_FALSE(is_given_early(p));
}

TEST_F(PlainOnly, what_need_not_outlive_the_process_is_given_early_to_who_takes_no_lease_and_is_never_stored) {
    declare("q");
    SubscriptionOptions hasty = options();
    hasty.no_lease = true;
    subscription = session.subscribe("q", hasty).value();
    keep_store_busy();
    const auto next = begin_next();
    Publish p;
    p.routing_key = "q";
    p.message = Message("a");
    p.transient = true;

    const Receipt receipt = publish_early(p);

    EXPECT_EQ(bodies(got(next)), Texts{"a"});
    EXPECT_EQ(news->done, std::vector{receipt.results.front().message});
    open(doors->commits);
    EXPECT_EQ(counts("q").sent, 1);
    EXPECT_EQ(counts("q").done, 1);
    EXPECT_EQ(counts("q").ready + counts("q").leased, 0);
    EXPECT_EQ(broker->metrics().never_stored, 1u);
}

TEST_F(PlainOnly, what_was_given_without_a_lease_during_its_commit_is_removed_after_it) {
    declare("q");
    SubscriptionOptions hasty = options();
    hasty.no_lease = true;
    subscription = session.subscribe("q", hasty).value();
    doors->commits.shut();
    Publish p;
    p.routing_key = "q";
    p.message = Message("a");
    p.transient = true;
    publish_early(p);
    const auto next = begin_next();

    ASSERT_EQ(bodies(got(next)), Texts{"a"});

    open(doors->commits);
    EXPECT_EQ(counts("q").done, 1);
    EXPECT_EQ(counts("q").ready + counts("q").leased, 0);
    EXPECT_TRUE(content->messages.empty());
}

TEST_F(PlainOnly, messages_that_nothing_delays_or_ends_are_given_early) {
    declare("q");
    consume("q");
    Publish late, mortal, plain;
    for (Publish* p : {&late, &mortal, &plain}) {
        p->routing_key = "q";
        p->message = Message("a");
    }
    late.delay = 1ms;
    mortal.ttl = 1h;

    EXPECT_FALSE(is_given_early(late));
    advance(1ms);
    EXPECT_FALSE(is_given_early(mortal));
    EXPECT_TRUE(is_given_early(plain));
}

TEST_F(PlainOnly, publishes_that_do_not_ask_for_it_wait_for_their_commit) {
    declare("q");
    consume("q");
    const auto next = begin_next();
    doors->commits.shut();

    begin_publish("q", "a");

    EXPECT_FALSE(next->has_value());
}

}  // namespace rowmq::test
