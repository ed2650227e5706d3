#include "amqp/login_turns.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace rowmq::amqp {
namespace {

class LoginTurnsTest : public testing::Test {
protected:
    void wait(std::string address) {
        boost::asio::co_spawn(io, take(std::move(address)), boost::asio::detached);
        settle();
    }
    awaitable<void> take(std::string address) {
        co_await turns.take(address);
        came += address;
    }
    void leave() {
        turns.leave();
        settle();
    }
    void settle() {
        io.restart();
        io.poll();
    }

    boost::asio::io_context io;
    LoginTurns turns{LoginLimits{.waiting = 6, .waiting_of_address = 4}};
    std::string came;
};

TEST_F(LoginTurnsTest, come_round_by_address) {
    for (const char* address : {"a", "a", "a", "b", "a", "c"}) wait(address);
    EXPECT_EQ(came, "a");

    for (int i = 0; i < 5; ++i) leave();

    EXPECT_EQ(came, "aabcaa");
    leave();
    wait("d");
    EXPECT_EQ(came, "aabcaad");
}

TEST_F(LoginTurnsTest, are_so_many_for_one_address_and_for_all) {
    wait("x");
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(turns.has_room("a"));
        wait("a");
    }
    EXPECT_FALSE(turns.has_room("a"));
    EXPECT_TRUE(turns.has_room("b"));
    wait("b");
    wait("b");
    EXPECT_FALSE(turns.has_room("b"));
    EXPECT_FALSE(turns.has_room("c"));

    leave();

    EXPECT_TRUE(turns.has_room("c"));
    for (int i = 0; i < 6; ++i) leave();
    EXPECT_EQ(turns.waiting(), 0u);
}

}  // namespace
}  // namespace rowmq::amqp
