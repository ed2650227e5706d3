// Publishers wait while the process holds too much memory; everything else goes on.
#include "broker/bed.hpp"

namespace rowmq::test {
namespace {

class MemoryAlarm : public Bed {
protected:
    MemoryAlarm() {
        limits.memory_bytes = 1'000;
        restart();
        declare("q", {.lease = 10s});
        publish("q", "a");
    }
    std::optional<Errc> publish_refused() {
        Publish p;
        p.routing_key = "q";
        const auto result = try_publish(std::move(p));
        return result ? std::nullopt : std::optional(result.error().code);
    }
};

TEST_F(MemoryAlarm, refuses_to_publish_and_says_how_much_there_may_be) {
    memory_used = 1'001;
    advance(100ms);

    EXPECT_EQ(publish_refused(), Errc::memory_short);

    const Alarms alarms = broker->alarms();
    ASSERT_TRUE(alarms.memory);
    EXPECT_NE(alarms.memory->text.find("holds 1001 bytes of memory and may hold 1000 (limits.memory_bytes)"), std::string::npos);
    EXPECT_FALSE(alarms.disk);
    EXPECT_EQ(counts("q").ready, 1);
}

TEST_F(MemoryAlarm, takes_what_its_publisher_holds_in_any_case) {
    memory_used = 1'001;
    advance(100ms);
    Publish held;
    held.routing_key = "q";
    PublishRequest request;
    request.taken = true;
    Work work;
    work.publishes.push_back(held);

    EXPECT_TRUE(run_in(io, session.publish(std::vector<Publish>{held}, request)));
    EXPECT_TRUE(run_in(io, session.commit(std::move(work)))) << "storing a transaction frees its memory";

    EXPECT_EQ(counts("q").ready, 3);
}

TEST_F(MemoryAlarm, lets_consumers_go_on) {
    memory_used = 1'001;
    advance(100ms);

    const auto got = receive("q");

    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(settle(got[0]), std::nullopt);
    EXPECT_EQ(counts("q").ready, 0);
}

TEST_F(MemoryAlarm, ends_a_tenth_of_a_second_after_there_is_less) {
    memory_used = 1'001;
    advance(100ms);
    EXPECT_EQ(publish_refused(), Errc::memory_short);
    memory_used = 1'000;

    advance(99ms);
    EXPECT_EQ(publish_refused(), Errc::memory_short);
    advance(1ms);
    EXPECT_EQ(publish_refused(), std::nullopt);
    EXPECT_FALSE(broker->alarms().memory);
}

TEST_F(MemoryAlarm, is_not_there_without_a_limit) {
    limits.memory_bytes.reset();
    restart();
    memory_used = std::int64_t{1} << 60u;

    EXPECT_EQ(publish_refused(), std::nullopt);
}

}  // namespace
}  // namespace rowmq::test
