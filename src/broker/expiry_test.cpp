#include <boost/asio/co_spawn.hpp>

#include "broker/bed.hpp"

namespace rowmq::test {

// What expires as it comes: a ttl of 0.
class ExpiresAtOnce : public Bed {
protected:
    void wait_for_one() {
        boost::asio::co_spawn(io, session.receive("q", {.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}),
                              [this](std::exception_ptr, Result<std::vector<Delivery>> r) { got = std::move(r.value()); });
        settle_down();
    }
    std::optional<std::vector<Delivery>> got;
};

TEST_F(ExpiresAtOnce, and_is_given_to_who_waits_and_to_nobody_else) {
    declare("q", {.ttl = 0ms});
    publish("q", "too early");
    settle_down();
    wait_for_one();
    EXPECT_FALSE(got);

    std::vector<Publish> two{{.routing_key = "q", .message = Message("a")}, {.routing_key = "q", .message = Message("one too many")}};
    ASSERT_TRUE(run_in(io, session.publish(std::move(two))));
    settle_down();

    ASSERT_TRUE(got);
    EXPECT_EQ(bodies(*got), Texts{"a"});
    advance(1ms);
    EXPECT_EQ(counts("q").expired, 2);
}

TEST_F(ExpiresAtOnce, where_the_message_says_so) {
    declare("q");
    wait_for_one();
    Publish p{.routing_key = "q", .message = Message("a")};
    p.ttl = 0ms;
    ASSERT_TRUE(try_publish(std::move(p)));
    settle_down();

    ASSERT_TRUE(got);
    EXPECT_EQ(bodies(*got), Texts{"a"});
}

TEST_F(ExpiresAtOnce, when_it_comes_back) {
    declare("q", {.ttl = 0ms});
    wait_for_one();
    publish("q", "a");
    settle_down();
    ASSERT_TRUE(got);
    ASSERT_EQ(settle(got->at(0), Verdict::release), std::nullopt);
    advance(1ms);

    EXPECT_EQ(counts("q").expired, 1);
    EXPECT_TRUE(receive("q").empty());
}

TEST_F(ExpiresAtOnce, a_moment_later_where_who_waited_has_gone) {
    declare("q", {.ttl = 0ms});
    Subscription gone = session.subscribe("q", {}).value();
    boost::asio::co_spawn(io, gone.next({.max = 1, .max_bytes = 0, .wait = 20s, .lease = {}}), [](std::exception_ptr, const auto&) {});
    settle_down();
    boost::asio::co_spawn(io, session.publish(Publish{.routing_key = "q", .message = Message("a")}),
                          [](std::exception_ptr, const auto&) {});
    while (counts("q").sent == 0) ASSERT_GT(io.poll_one(), 0u);
    gone.close();
    settle_down();

    for (int i = 0; i < 6; ++i) advance(1s);

    EXPECT_EQ(counts("q").expired, 1);
    EXPECT_EQ(counts("q").ready, 0);
}

}  // namespace rowmq::test
