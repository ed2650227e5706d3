// A wall clock that somebody sets: what is stored never runs backwards, and leases do not care.
#include "broker/bed.hpp"

namespace rowmq::test {

class WallClock : public Bed {};

TEST_F(WallClock, set_back_does_not_make_later_messages_older) {
    declare("q");
    publish("q", "a");
    clock->jump_wall(-1h);
    publish("q", "b");

    const auto got = receive("q");

    ASSERT_EQ(bodies(got), (Texts{"a", "b"}));
    EXPECT_GE(got[1].published_at, got[0].published_at);
}

TEST_F(WallClock, set_back_before_a_restart_does_not_either) {
    declare("q");
    publish("q", "a");
    clock->jump_wall(-1h);
    restart();
    publish("q", "b");

    const auto got = receive("q");

    ASSERT_EQ(bodies(got), (Texts{"a", "b"}));
    EXPECT_GE(got[1].published_at, got[0].published_at);
}

TEST_F(WallClock, set_ahead_ends_no_lease) {
    declare("long", {.lease = 30s});
    publish("long", "a");
    publish("long", "b");
    ASSERT_EQ(receive("long", 1).size(), 1u);
    clock->jump_wall(1h);
    ASSERT_EQ(run_in(io, session.receive("long", {.max = 1, .max_bytes = 0, .wait = 0ms, .lease = 1s})).value().size(), 1u);

    advance(29s);

    EXPECT_EQ(bodies(receive("long")), Texts{"b"});
}

TEST_F(WallClock, set_back_prolongs_no_lease) {
    declare("q", {.lease = 30s});
    publish("q", "a");
    ASSERT_EQ(receive("q").size(), 1u);
    clock->jump_wall(-1h);

    advance(30s);

    EXPECT_EQ(bodies(receive("q")), Texts{"a"});
}

}  // namespace rowmq::test
