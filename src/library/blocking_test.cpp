#include "rowmq/blocking.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

namespace rowmq::blocking {
namespace {

using namespace std::chrono_literals;

Publish to(std::string queue, std::string body) { return Publish{.routing_key = std::move(queue), .message = Message(std::move(body))}; }

TEST(BlockingBroker, publishes_receives_and_settles) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();
    ASSERT_TRUE(session.publish(to("jobs", "hello")));

    auto received = session.receive("jobs").value();
    ASSERT_EQ(received.size(), 1u);
    const auto settled = session.settle(received.front().lease);

    EXPECT_EQ(received.front().message.text(), "hello");
    EXPECT_TRUE(settled);
    EXPECT_EQ(broker.queue("jobs")->counts.done, 1);
}

TEST(BlockingBroker, opens_only_what_it_can) {
    for (const auto* url : {"postgresql://x", "", "sqlite:"}) {
        const auto refused = Broker::open(url);
        ASSERT_TRUE(refused.has_error()) << url;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument) << url;
    }
}

TEST(BlockingBroker, is_used_by_many_threads_at_once_and_gives_each_message_to_one) {
    constexpr int producers = 4, consumers = 4, each = 250;
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    std::atomic<int> taken = 0;
    std::mutex mutex;
    std::multiset<std::string> seen;

    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p) {
        threads.emplace_back([&broker, p] {
            auto session = broker.open_session().value();
            for (int i = 0; i < each; ++i) EXPECT_TRUE(session.publish(to("jobs", std::to_string(p * each + i))));
        });
    }
    for (int c = 0; c < consumers; ++c) {
        threads.emplace_back([&] {
            auto session = broker.open_session().value();
            auto subscription = session.subscribe("jobs").value();
            while (taken < producers * each) {
                auto batch = subscription.next({.max = 7, .wait = 50ms});
                ASSERT_TRUE(batch) << batch.error();
                for (const auto& delivery : *batch) {
                    ASSERT_TRUE(session.settle(delivery.lease));
                    const std::lock_guard lock(mutex);
                    seen.emplace(delivery.message.text());
                    ++taken;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(seen.size(), static_cast<std::size_t>(producers * each));
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
    EXPECT_EQ(broker.queue("jobs")->counts.done, producers * each);
}

TEST(BlockingBroker, one_session_is_shared_by_threads) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();

    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&session] {
            for (int i = 0; i < 100; ++i) EXPECT_TRUE(session.publish(to("jobs", "x")));
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(broker.queue("jobs")->counts.sent, 400);
}

TEST(BlockingBroker, wakes_a_thread_that_waits_when_a_message_comes) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();
    auto subscription = session.subscribe("jobs").value();
    std::string got;

    std::thread waiter([&] {
        const auto batch = subscription.next({.wait = 60s});
        if (batch && !batch->empty()) got = batch->front().message.text();
    });
    ASSERT_TRUE(session.publish(to("jobs", "now")));
    waiter.join();

    EXPECT_EQ(got, "now");
}

TEST(BlockingBroker, close_wakes_who_waits_and_every_later_call_says_closed) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();
    auto subscription = session.subscribe("jobs").value();
    std::optional<Errc> woken;
    std::thread waiter([&] {
        const auto batch = subscription.next({.wait = 60s});
        if (batch.has_error()) woken = batch.error().code;
    });
    while (broker.queue("jobs")->consumers == 0) std::this_thread::yield();

    broker.close();
    waiter.join();
    broker.close();

    EXPECT_EQ(woken, Errc::closed);
    EXPECT_EQ(broker.queue("jobs").error().code, Errc::closed);
    EXPECT_EQ(broker.health().error().code, Errc::closed);
    EXPECT_EQ(session.publish(to("jobs", "x")).error().code, Errc::closed);
    EXPECT_EQ(session.settle({Settlement{}}).results.at(0)->code, Errc::closed);
    EXPECT_EQ(session.extend({Lease{}}, 1s).at(0)->code, Errc::closed);
    EXPECT_EQ(broker.open_session().error().code, Errc::closed);
}

TEST(BlockingBroker, closing_a_subscription_wakes_its_thread) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();
    auto subscription = session.subscribe("jobs").value();
    std::optional<Errc> woken;
    std::thread waiter([&] {
        const auto batch = subscription.next({.wait = 60s});
        if (batch.has_error()) woken = batch.error().code;
    });

    subscription.close();
    waiter.join();

    EXPECT_EQ(woken, Errc::closed);
}

TEST(BlockingBroker, handles_may_outlive_it_and_a_dropped_session_gives_back_its_leases) {
    auto session = Session();
    auto kept = Session();
    {
        auto broker = Broker::open("memory:").value();
        ASSERT_TRUE(broker.declare_queue("jobs"));
        kept = broker.open_session().value();
        {
            auto dropped = broker.open_session().value();
            ASSERT_TRUE(dropped.publish(to("jobs", "x")));
            ASSERT_EQ(dropped.receive("jobs", {}, {.lease = std::nullopt})->size(), 1u);
        }
        EXPECT_EQ(kept.receive("jobs", {.wait = 60s})->size(), 1u);
    }

    EXPECT_EQ(kept.receive("jobs").error().code, Errc::closed);
    EXPECT_EQ(session.receive("jobs").error().code, Errc::closed);
}

TEST(BlockingBroker, in_a_forked_child_every_call_says_closed) {
    auto broker = Broker::open("memory:").value();
    ASSERT_TRUE(broker.declare_queue("jobs"));
    auto session = broker.open_session().value();
    auto subscription = session.subscribe("jobs").value();

    const auto child = ::fork();
    if (child == 0) {
        bool closed = broker.queue("jobs").error().code == Errc::closed;
        closed = closed && session.publish(to("jobs", "x")).error().code == Errc::closed;
        closed = closed && subscription.next().error().code == Errc::closed;
        {
            const auto moved = std::move(session);  // destroyed here: must not touch the parent's broker
            const auto also = std::move(subscription);
        }
        broker.close();
        ::_exit(closed ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);

    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_TRUE(session.publish(to("jobs", "x")));
}

class BlockingStore : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path(const char* name) const { return folder_ + "/" + name; }

    const std::string folder_ = testing::TempDir() + "rowmq-blocking-" + std::to_string(::getpid());
};

TEST_F(BlockingStore, keeps_messages_across_a_restart) {
    {
        auto broker = Broker::open("sqlite:" + path("a.db")).value();
        ASSERT_TRUE(broker.declare_queue("jobs"));
        ASSERT_TRUE(broker.open_session()->publish(to("jobs", "kept")));
    }

    auto broker = Broker::open("sqlite:" + path("a.db")).value();

    EXPECT_EQ(broker.open_session()->receive("jobs")->at(0).message.text(), "kept");
}

TEST_F(BlockingStore, of_another_broker_is_busy_and_the_error_names_who) {
    auto broker = Broker::open("sqlite:" + path("a.db"), {.admin_address = "127.0.0.1:15672"}).value();

    const auto refused = Broker::open("sqlite:" + path("a.db"));

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, Errc::store_busy);
    EXPECT_NE(refused.error().text.find("127.0.0.1:15672"), std::string::npos) << refused.error().text;
}

TEST_F(BlockingStore, commits_the_applications_rows_and_a_message_together_or_not_at_all) {
    auto broker = Broker::open("sqlite:" + path("a.db")).value();
    ASSERT_TRUE(broker.declare_queue("orders"));
    ASSERT_TRUE(broker.transaction([](Transaction& t) { t.execute("CREATE TABLE app_orders (id INTEGER PRIMARY KEY)"); }));

    const auto done = broker.transaction([](Transaction& t) {
        t.execute("INSERT INTO app_orders VALUES (1)");
        t.publish(to("orders", "1"));
    });
    const auto failed = broker.transaction([](Transaction& t) {
        t.execute("INSERT INTO app_orders VALUES (2)");
        t.publish(to("orders", "2"));
        throw std::runtime_error("out of stock");
    });

    EXPECT_TRUE(done) << done.error();
    ASSERT_TRUE(failed.has_error());
    EXPECT_EQ(failed.error().code, Errc::transaction_failed);
    EXPECT_NE(failed.error().text.find("out of stock"), std::string::npos);
    EXPECT_EQ(broker.queue("orders")->counts.sent, 1);
}

// Sequences grow in the order of commits: a queue that has delivered one does not look for lower ones.
TEST_F(BlockingStore, delivers_what_was_published_while_a_transaction_ran) {
    auto broker = Broker::open("sqlite:" + path("a.db")).value();
    ASSERT_TRUE(broker.declare_queue("orders"));
    auto session = broker.open_session().value();
    EXPECT_TRUE(session.receive("orders", {.wait = milliseconds(0)})->empty());  // somebody looks at it
    std::promise<void> started, published;
    std::thread running([&] {
        EXPECT_TRUE(broker.transaction([&](Transaction& t) {
            started.set_value();
            published.get_future().wait();
            t.publish(to("orders", "in the transaction"));
        }));
    });
    started.get_future().wait();
    EXPECT_TRUE(session.publish(std::vector<Publish>{to("orders", "meanwhile")}, {.confirm = Confirm::admitted}));
    published.set_value();
    running.join();

    std::vector<std::string> got;
    for (int i = 0; i < 2; ++i)
        for (const auto& d : session.receive("orders", {.wait = milliseconds(1'000)}).value()) got.emplace_back(d.message.text());

    EXPECT_EQ(got, (std::vector<std::string>{"in the transaction", "meanwhile"}));
}

TEST_F(BlockingStore, refuses_blocking_calls_inside_a_transaction_instead_of_waiting_for_itself) {
    auto broker = Broker::open("sqlite:" + path("a.db")).value();
    std::optional<Errc> inside;

    ASSERT_TRUE(broker.transaction([&](Transaction&) { inside = broker.queue("jobs").error().code; }));

    EXPECT_EQ(inside, Errc::invalid_argument);
}

}  // namespace
}  // namespace rowmq::blocking
