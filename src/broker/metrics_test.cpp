// What a snapshot for monitoring says of queues, their oldest messages and commits.

#include <numeric>

#include "broker/arrivals.hpp"
#include "broker/bed.hpp"

namespace rowmq::test {
namespace {

class Metrics : public Bed {
protected:
    QueueMetrics of(std::string_view queue) {
        for (auto& found : broker->metrics().queues)
            if (found.name == queue) return found;
        ADD_FAILURE() << "no series for " << queue;
        return {};
    }
    static std::uint64_t observed(const HistogramValue& value) {
        return std::accumulate(value.counts.begin(), value.counts.end(), std::uint64_t{0});
    }
};

TEST_F(Metrics, tell_how_long_the_head_of_a_queue_has_waited) {
    declare("q");
    EXPECT_EQ(of("q").oldest, 0ms);

    publish("q", "first");
    advance(60s);
    publish("q", "second");
    advance(30s);

    EXPECT_EQ(of("q").oldest, 90s);
}

TEST_F(Metrics, follow_the_head_when_it_is_taken_and_when_it_comes_back) {
    declare("q", {.lease = 10s});
    publish("q", "first");
    advance(60s);
    publish("q", "second");
    receive("q", 1);
    EXPECT_EQ(of("q").oldest, 0s) << "of the second";

    advance(10s);

    EXPECT_EQ(of("q").oldest, 70s) << "the first is ready again";
}

TEST_F(Metrics, say_zero_when_nothing_is_ready) {
    declare("q");
    publish("q", "x");
    advance(60s);

    const auto taken = receive("q");
    EXPECT_EQ(of("q").oldest, 0s) << "leased";
    settle(taken.front());

    EXPECT_EQ(of("q").oldest, 0s) << "gone";
    publish("q", "y");
    advance(1s);
    EXPECT_EQ(of("q").oldest, 1s);
}

TEST_F(Metrics, count_a_delayed_message_from_when_it_is_due) {
    declare("q", {.delay = 60s});
    publish("q", "x");
    advance(60s);
    settle_down();

    advance(5s);

    EXPECT_EQ(of("q").oldest, 5s);
}

TEST_F(Metrics, know_the_age_of_what_an_earlier_process_stored_once_they_have_read_it) {
    declare("q");
    publish("q", "x");
    advance(60s);
    restart();
    advance(5s);

    const auto before = of("q").oldest;
    settle_down();
    const auto after = of("q").oldest;

    EXPECT_EQ(before, 5s) << "since this process began";
    EXPECT_EQ(after, 65s);
    receive("q", 1);
    EXPECT_EQ(of("q").oldest, 0s);
}

TEST_F(Metrics, know_the_age_behind_a_window_that_was_forgotten) {
    stop();
    limits.windows_entries = 4;
    start();
    advance(2s);  // stored time is a second ahead
    for (const auto* name : {"a", "b"}) {
        declare(name);
        run_in(io, session.receive(name, {.wait = 0ms}));
    }
    publish("a", "old");
    advance(60s);
    for (int i = 0; i < 10; ++i) publish("b", "x");
    advance(1s);

    EXPECT_EQ(of("a").oldest, 61s);
    EXPECT_EQ(of("b").oldest, 1s);
}

TEST_F(Metrics, name_the_largest_queues_and_sum_the_others) {
    stop();
    limits.metrics_queues = 2;
    start();
    advance(2s);
    for (const auto* name : {"a", "b", "c", "d"}) declare(name);
    for (int i = 0; i < 3; ++i) publish("c", "x");
    for (int i = 0; i < 2; ++i) publish("a", "xy");
    publish("d", "xyz");
    advance(1s);

    const BrokerMetrics metrics = broker->metrics();

    std::set<std::string> named;
    for (const auto& queue : metrics.queues) named.insert(queue.name);
    EXPECT_EQ(named, (std::set<std::string>{"a", "c"}));
    EXPECT_EQ(metrics.left_out, 2u);
    EXPECT_EQ(metrics.others.counts.ready, 1);
    EXPECT_EQ(metrics.others.counts.bytes, 3);
    EXPECT_EQ(metrics.others.oldest, 1s);
}

TEST_F(Metrics, count_the_receives_of_messages_that_end) {
    declare("dead");
    declare("q", {.max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
    publish("q", "done at once");
    settle(receive("q").front());
    publish("q", "never");
    for (int i = 0; i < 2; ++i) settle(receive("q").front(), Verdict::release);
    settle_down();

    const HistogramValue receives = broker->metrics().receives;

    EXPECT_EQ(counts("q").dead_lettered, 1);
    ASSERT_GE(receives.counts.size(), 2u);
    EXPECT_EQ(receives.counts[0], 1u);
    EXPECT_EQ(receives.counts[1], 1u);
    EXPECT_EQ(observed(receives), 2u);
}

TEST_F(Metrics, measure_commits) {
    declare("q");
    publish("q", std::string(2'000, 'x'));

    const BrokerMetrics metrics = broker->metrics();

    EXPECT_EQ(observed(metrics.commit_rows), metrics.health.commits);
    EXPECT_EQ(observed(metrics.commit_duration), metrics.health.commits);
    EXPECT_EQ(metrics.commit_bytes.sum, 2'000);
    EXPECT_EQ(metrics.commits_failed, 0u);
    EXPECT_EQ(metrics.write_bytes_limit, static_cast<std::int64_t>(limits.write_bytes));
}

TEST_F(Metrics, count_commits_that_failed) {
    declare("q");
    content->broken = "on purpose";

    Publish lost;
    lost.routing_key = "q";
    lost.message = Message("x");
    EXPECT_TRUE(try_publish(std::move(lost)).has_error());

    const BrokerMetrics metrics = broker->metrics();
    EXPECT_FALSE(metrics.health.serving);
    EXPECT_EQ(metrics.commits_failed, 1u);
}

TEST(Arrivals, tell_the_second_in_which_an_id_was_given) {
    Arrivals arrivals;
    arrivals.begin(10);
    arrivals.note(12, WallTime(1'000ms));
    arrivals.note(13, WallTime(1'500ms));
    arrivals.note(14, WallTime(3'600'000ms));

    EXPECT_EQ(arrivals.at(Sequence{10}), std::nullopt);
    EXPECT_EQ(arrivals.at(Sequence{11}), WallTime(1'000ms));
    EXPECT_EQ(arrivals.at(Sequence{13}), WallTime(1'000ms));
    EXPECT_EQ(arrivals.at(Sequence{14}), WallTime(3'600'000ms));
    EXPECT_EQ(arrivals.at(Sequence{15}), std::nullopt);
}

TEST(Arrivals, stay_few_and_keep_the_newest_exact) {
    Arrivals arrivals;
    constexpr int hours = 100'000;
    for (int i = 1; i <= hours; ++i) arrivals.note(i, WallTime(std::chrono::hours(i)));

    EXPECT_LE(arrivals.marks(), Arrivals::most_marks);
    for (int i = hours - 500; i <= hours; ++i) EXPECT_EQ(arrivals.at(Sequence{i}), WallTime(std::chrono::hours(i)));
    EXPECT_EQ(arrivals.at(Sequence{1}), WallTime(1h));
}

}  // namespace
}  // namespace rowmq::test
