// A broker that is destroyed without close(), whatever is under way: at every step, and with or without an executor that
// runs on. Built with the address sanitizer this finds what touches freed state, and what nobody frees.
#include "broker/bed.hpp"

namespace rowmq::test {
namespace {

using Ending = std::optional<Errc>;  // none: the call did what it says

template <typename T>
Ending ending_of(const Result<T>& result) {
    return result ? Ending() : Ending(result.error().code);
}
Ending ending_of(const Settled& settled) {
    for (const auto& error : settled.results)
        if (error) return error->code;
    return {};
}

/// A broker with something in each of its corners, and calls under way.
class Scene {
public:
    Scene() {
        limits.page_entries = 2;
        limits.write_bytes = 64;
        limits.background_rows = 2;
        open();
        run_in(io, broker->declare_queue("dead")).value();
        run_in(io, broker->declare_queue("empty")).value();
        run_in(io, broker->declare_queue("q", {.max_receives = 5, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}}))
            .value();
        run_in(io, broker->declare_exchange("all", {.kind = ExchangeKind::fanout})).value();
        for (int i = 0; i < 6; ++i) run_in(io, session.publish(to("q", 'x'))).value();
        Publish later = to("q", 'y');
        later.delay = 10s;
        delayed = run_in(io, session.publish(later)).value().message;
        for (const Delivery& d : take(2)) run_in(io, session.settle(d.lease, Verdict::reject)).value();
        for (const Delivery& d : take(2)) old.push_back(d.lease);
        session = {};
        run_in(io, broker->close());
        broker.reset();
        run_ready();
        open();
    }
    ~Scene() {
        session = {};
        subscription = {};
        broker.reset();
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    static Publish to(std::string queue, char filling) {
        Publish p;
        p.routing_key = std::move(queue);
        p.message = Message(std::string(60, filling));
        return p;
    }
    std::vector<Delivery> take(std::size_t max) {
        return run_in(io, session.receive("q", {.max = max, .max_bytes = 0, .wait = 0ms, .lease = {}})).value();
    }
    template <typename T>
    void begin(awaitable<T> call) {
        ++begun;
        boost::asio::co_spawn(io, std::move(call), [this](std::exception_ptr thrown, T value) {
            EXPECT_FALSE(thrown);
            endings.push_back(ending_of(value));
        });
    }
    void run_ready() {
        io.restart();
        while (io.poll() > 0) {}
    }
    /// Up to `steps` handlers; whether there were as many.
    bool run_some(int steps) {
        io.restart();
        for (int i = 0; i < steps; ++i)
            if (io.poll_one() == 0) return false;
        return true;
    }

    int begun = 0;
    std::vector<Ending> endings;  // before `io`, whose end destroys the calls
    boost::asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Limits limits;
    std::vector<Lease> old;  ///< of an earlier epoch
    MessageId delayed{};
    std::unique_ptr<Broker> broker;
    Session session;
    Subscription subscription;

private:
    void open() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = clock;
        parts.random = std::make_shared<SeededRandom>(7);
        parts.engine = storage::memory::make_engine(io.get_executor(), content_);
        parts.limits = limits;
        broker = run_in(io, make_broker(std::move(parts))).value();
        session = broker->open_session().value();
    }
    std::shared_ptr<storage::memory::Content> content_ = std::make_shared<storage::memory::Content>();
};

/// Destroys the broker after each number of steps until the calls have nothing left to do. All of them end, well or with
/// Errc::closed; where the executor goes first, they go with it.
void destroy_at_every_step(const std::function<void(Scene&)>& begin) {
    for (const bool runs_on : {true, false}) {
        bool more = true;
        for (int steps = 0; more; ++steps) {
            ASSERT_LT(steps, 1'000);
            Scene scene;
            begin(scene);
            more = scene.run_some(steps);

            scene.broker.reset();

            if (!runs_on) continue;
            scene.run_ready();
            EXPECT_EQ(scene.endings.size(), static_cast<std::size_t>(scene.begun)) << "destroyed after " << steps << " steps";
            for (const Ending& ending : scene.endings) EXPECT_EQ(ending.value_or(Errc::closed), Errc::closed);
        }
    }
}

TEST(Destruction, ends_who_waits_for_a_message) {
    destroy_at_every_step([](Scene& s) {
        s.subscription = s.session.subscribe("empty").value();
        s.begin(s.subscription.next({.max = 1, .wait = 20s}));
        s.begin(s.session.receive("empty", {.max = 1, .wait = 20s}));
    });
}

TEST(Destruction, ends_a_receive_that_reads_pages) {
    destroy_at_every_step([](Scene& s) {
        s.begin(s.session.receive("q", {.max = 5, .wait = 0s}));
        s.begin(s.session.receive("q", {.max = 1, .wait = 0s}, {.no_lease = true}));
    });
}

TEST(Destruction, ends_publishes_that_wait_for_their_commit_or_for_admission) {
    destroy_at_every_step([](Scene& s) {
        for (int i = 0; i < 4; ++i) s.begin(s.session.publish(Scene::to("q", 'z')));
        s.begin(s.session.publish({Scene::to("q", 'z')}, {.confirm = Confirm::admitted}));
        s.begin(s.session.commit({.publishes = {Scene::to("q", 'z')}, .settlements = {}}));
    });
}

TEST(Destruction, ends_settlements) {
    destroy_at_every_step([](Scene& s) {
        s.begin(s.session.settle({{.lease = s.old[0]}}, Confirm::committed));
        s.begin(s.session.settle({{.lease = s.old[1], .verdict = Verdict::release}}, Confirm::admitted));
    });
}

TEST(Destruction, ends_what_changes_queues) {
    destroy_at_every_step([](Scene& s) {
        s.begin(s.broker->declare_queue("new"));
        s.begin(s.broker->declare_queue("new"));
        s.begin(s.broker->alter_queue("q", {.max_receives = 1}));
        s.begin(s.broker->purge_queue("q", {.leased = true, .delayed = false}));
        s.begin(s.broker->purge_queue("empty", {.leased = true, .delayed = true}));
        s.begin(s.broker->delete_queue("dead", {}));
        s.begin(s.broker->declare_exchange("more"));
        s.begin(s.broker->bind({.exchange = "all", .queue = "q", .routing_key = ""}));
        s.begin(s.broker->unbind({.exchange = "all", .queue = "q", .routing_key = ""}));
        s.begin(s.broker->delete_exchange("all"));
    });
}

TEST(Destruction, ends_who_looks_on) {
    destroy_at_every_step([](Scene& s) {
        s.begin(s.broker->peek("q", {.max = 3}));
        s.begin(s.broker->peek("q", {.max = 3, .after = {}, .delayed = true}));
        s.begin(s.broker->cancel_delayed("q", s.delayed));
        s.begin(s.broker->committed(Ticket{1}));
    });
}

TEST(Destruction, ends_redrives_and_what_is_due) {
    destroy_at_every_step([](Scene& s) {
        s.clock->advance(11s);
        s.begin(s.broker->redrive({.source = "dead"}));
        s.begin(s.broker->redrive({.source = "q", .destination = "empty", .per_second = 1}));
    });
}

TEST(Destruction, ends_a_close_that_is_under_way) {
    destroy_at_every_step([](Scene& s) {
        s.begin(s.session.publish(Scene::to("q", 'z')));
        s.begin(s.session.receive("empty", {.max = 1, .wait = 20s}));
        boost::asio::co_spawn(s.io, s.broker->close(), boost::asio::detached);
    });
}

TEST(Destruction, ends_calls_that_had_not_begun) {
    Scene s;
    s.begin(s.broker->declare_queue("new"));
    s.begin(s.broker->peek("q"));
    s.begin(s.broker->backup("nowhere"));
    s.begin(s.broker->transaction([](Transaction&) {}));

    s.broker.reset();
    s.run_ready();

    EXPECT_EQ(s.endings, std::vector<Ending>(4, Errc::closed));
}

TEST(Destruction, leaves_sessions_that_answer_closed) {
    Scene s;
    const Lease lease = s.take(1).front().lease;
    s.subscription = s.session.subscribe("q").value();

    s.broker.reset();

    EXPECT_EQ(ending_of(run_in(s.io, s.session.publish(Scene::to("q", 'z')))), Errc::closed);
    EXPECT_EQ(ending_of(run_in(s.io, s.session.settle(lease))), Errc::closed);
    EXPECT_EQ(ending_of(run_in(s.io, s.subscription.next())), Errc::closed);
    EXPECT_EQ(ending_of(s.session.subscribe("q")), Errc::closed);
    EXPECT_EQ(s.session.extend(std::vector{lease}, 1s).front()->code, Errc::closed);
    s.subscription.close();
    s.session.close();
}

TEST(Destruction, may_happen_in_a_coroutine_that_the_broker_resumes) {
    for (const bool in_the_middle : {false, true}) {
        Scene s;
        std::vector<Ending> endings;
        const auto publish = [&](bool destroys) -> awaitable<void> {
            const auto result = co_await s.session.publish(Scene::to("q", 'z'));
            if (destroys) s.broker.reset();
            endings.push_back(ending_of(result));
        };
        s.limits.write_bytes = 1'000;
        for (int i = 0; i < 3; ++i) boost::asio::co_spawn(s.io, publish(i == (in_the_middle ? 1 : 2)), boost::asio::detached);

        s.run_ready();

        EXPECT_EQ(endings.size(), 3u);
    }
}

class Ended : public Bed {};

TEST_F(Ended, sessions_are_forgotten_by_what_is_still_under_way) {
    declare("q");
    publish("q", "a");
    const auto got = receive("q");
    settle_down();
    boost::asio::co_spawn(io, session.settle({{.lease = got.at(0).lease}}, Confirm::admitted), boost::asio::detached);
    boost::asio::co_spawn(io, broker->close(), boost::asio::detached);
    io.restart();
    io.poll_one();
    io.poll_one();

    session = {};
    settle_down();

    EXPECT_EQ(counts("q").done, 1);
}

TEST_F(Ended, sessions_leave_calls_that_had_not_begun) {
    declare("q");
    auto ended = std::make_unique<Session>(broker->open_session().value());
    std::optional<Errc> published;
    boost::asio::co_spawn(io, ended->publish(Scene::to("q", 'z')),
                          [&](std::exception_ptr, Result<PublishResult> result) { published = result.error().code; });

    ended.reset();
    settle_down();

    EXPECT_EQ(published, Errc::closed);
}

TEST_F(Ended, names_may_be_when_a_receive_begins) {
    std::optional<Errc> received;
    boost::asio::co_spawn(io, session.receive(std::string(100, 'q')),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> result) { received = result.error().code; });

    settle_down();

    EXPECT_EQ(received, Errc::no_such_queue);
}

}  // namespace
}  // namespace rowmq::test
