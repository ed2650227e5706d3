// A broker on SQLite, cut off at every point of one history of everything it does. What comes back is the ledger after some
// step between the last answered and the last begun one: every confirmed message is there, nothing ended is back, the counts
// conserve and equal the ledger's. The ledger is kept by hand beside each step; the broker is not asked.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <unordered_map>

#include "base/manual_clock.hpp"
#include "base/random.hpp"
#include "broker/make.hpp"
#include "test/crash/findings.hpp"
#include "test/crash/ledger.hpp"
#include "test/crash/store_on_disk.hpp"

namespace rowmq::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::io_context;

/// A broker in this thread; what it runs on must outlive it.
struct Running {
    explicit Running(const RecordingVfs& disk) {
        BrokerParts parts{.executor = io.get_executor(),
                          .clock = clock,
                          .random = std::make_shared<SeededRandom>(1),
                          .engine = open_store(io.get_executor(), disk)};
        auto made = run_in(io, make_broker(std::move(parts)));
        if (!made) {
            failure = made.error().text;
            return;
        }
        broker = std::move(*made);
        session = broker->open_session().value();
    }
    ~Running() {
        if (broker) run_in(io, broker->close());
        session = Session{};
        broker.reset();
        poll();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    template <typename T>
    auto run(boost::asio::awaitable<T> work) {
        return run_in(io, std::move(work));
    }
    void poll() {
        io.restart();
        io.poll();
    }
    void advance(milliseconds by) {
        const auto until = clock->monotonic() + by;
        while (clock->alarm() && *clock->alarm() <= until) {
            clock->advance(std::max(*clock->alarm() - clock->monotonic(), std::chrono::nanoseconds(0)));
            poll();
        }
        clock->advance(until - clock->monotonic());
        poll();
    }

    io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::unique_ptr<Broker> broker;
    Session session;
    std::string failure;
};

/// Does a step and writes it into the ledger: begun, done, answered.
class Author {
public:
    Author(Running& running, RecordingVfs& disk) : running_(running), disk_(disk) {}

    Ledger ledger;

    template <typename Act>
    void step(Act act, const std::function<void(LedgerState&)>& effect) {
        auto next = ledger.states.back();
        effect(next);
        ledger.states.push_back(std::move(next));
        disk_.submitted(static_cast<std::int64_t>(ledger.states.size()) - 1);
        act();
        running_.poll();
        disk_.answered(static_cast<std::int64_t>(ledger.states.size()) - 1);
    }

    void declare(const std::string& queue, QueueOptions options) {
        step([&] { running_.run(running_.broker->declare_queue(queue, options)).value(); }, [&](LedgerState& s) { s.queues[queue]; });
    }
    /// All in one call, so in one commit.
    void publish(const std::vector<Publish>& messages, const std::vector<std::pair<std::string, std::string>>& stored) {
        step([&] { EXPECT_EQ(first_error(running_.run(running_.session.publish(messages, {.atomic = true})).value().results), ""); },
             [&](LedgerState& s) {
                 for (const auto& [queue, body] : stored) s.put(queue, body);
             });
    }
    std::vector<Delivery> receive(const std::string& queue, std::size_t max) {
        NextRequest next{.max = max, .wait = 0ms};
        return running_.run(running_.session.receive(queue, next)).value();
    }
    void done(const std::string& queue, const std::vector<Delivery>& deliveries) {
        std::vector<Settlement> settlements;
        for (const auto& d : deliveries) settlements.push_back({.lease = d.lease});
        step(
            [&] {
                for (const auto& refused : running_.run(running_.session.settle(settlements)).results)
                    EXPECT_FALSE(refused) << refused->text;
            },
            [&](LedgerState& s) {
                for (const auto& d : deliveries) s.end(queue, text_of(d), &LedgerQueue::done);
            });
    }
    void bind(const Binding& binding) {
        step([&] { EXPECT_TRUE(running_.run(running_.broker->bind(binding))); }, [&](LedgerState& s) { s.bind(binding); });
    }
    static std::string text_of(const Delivery& d) { return told(std::string(d.message.text()), d.note); }
    static std::string first_error(const std::vector<PublishResult>& results) {
        for (const auto& r : results)
            if (r.error) return r.error->text;
        return "";
    }

private:
    Running& running_;
    RecordingVfs& disk_;
};

Publish to(const std::string& queue, const std::string& body) { return {.routing_key = queue, .message = Message(body)}; }

void plain(Author& a, Running&, int turn) {
    const auto t = std::to_string(turn);
    std::vector<Publish> several;
    std::vector<std::pair<std::string, std::string>> stored;
    for (int i = 0; i < 4; ++i) {
        several.push_back(to("plain", "p" + t + "." + std::to_string(i) + std::string(static_cast<std::size_t>(i * 400), '-')));
        stored.emplace_back("plain", several.back().message.text());
    }
    a.publish(several, stored);
    a.publish({to("plain", "single" + t)}, {{"plain", "single" + t}});
    a.done("plain", a.receive("plain", 3));
}

void ordered(Author& a, Running&, int turn) {
    const auto t = std::to_string(turn);
    auto message = [&](const std::string& body, const std::string& group, const std::string& id) {
        auto p = to("fifo", body);
        p.group = group;
        p.deduplication_id = id;
        return p;
    };
    a.publish({message("f" + t + "a", "g1", "id" + t), message("f" + t + "b", "g1", "other" + t)},
              {{"fifo", "f" + t + "a"}, {"fifo", "f" + t + "b"}});
    a.publish({message("again", "g1", "id" + t)}, {});
    a.publish({message("f" + t + "c", "g2", "third" + t)}, {{"fifo", "f" + t + "c"}});
    const auto got = a.receive("fifo", 2);
    a.done("fifo", got);
}

void dead_letters(Author& a, Running& running, int turn) {
    const auto body = "retry" + std::to_string(turn);
    a.publish({to("retry", body)}, {{"retry", body}});
    for (int attempt = 1; attempt <= 2; ++attempt) {
        const auto got = a.receive("retry", 1);
        ASSERT_EQ(got.size(), 1u);
        a.step([&] { EXPECT_TRUE(running.run(running.session.settle(got[0].lease, Verdict::release, 0ms))); },
               [&](LedgerState& s) {
                   if (attempt < 2) return;
                   s.end("retry", body, &LedgerQueue::dead_lettered);
                   s.put("dead", body);
               });
    }
    if (turn % 2) a.done("dead", a.receive("dead", 1));
}

void delayed(Author& a, Running& running, int turn) {
    const auto t = std::to_string(turn);
    auto soon = to("plain", "soon" + t), far = to("plain", "far" + t);
    soon.delay = 1s;
    far.delay = 24h;
    MessageId scheduled{};
    a.step([&] { scheduled = running.run(running.session.publish(far)).value().message; },
           [&](LedgerState& s) { s.put("plain", "far" + t); });
    a.publish({soon}, {{"plain", "soon" + t}});
    a.step([&] { running.advance(1s); }, [](LedgerState&) {});
    if (turn % 2)
        a.step([&] { EXPECT_TRUE(running.run(running.broker->cancel_delayed("plain", scheduled))); },
               [&](LedgerState& s) { s.end("plain", "far" + t, &LedgerQueue::purged); });
    const auto got = a.receive("plain", 1);
    ASSERT_EQ(got.size(), 1u);
    a.step([&] { EXPECT_TRUE(running.run(running.session.settle(got[0].lease, Verdict::release, 5s))); }, [](LedgerState&) {});
}

void fan_out(Author& a, Running&, int turn) {
    const auto body = "fan" + std::to_string(turn) + std::string(1'500, '=');
    Publish p{.exchange = "fan", .message = Message(body)};
    a.publish({p}, {{"plain", body}, {"retry", body}, {"dead", body}});
    a.done("retry", a.receive("retry", 1));
}

/// Takes from one queue and puts into two others, all or nothing.
void transaction(Author& a, Running& running, int turn) {
    const auto t = std::to_string(turn);
    a.publish({to("retry", "in" + t)}, {{"retry", "in" + t}});
    const auto got = a.receive("retry", 10);
    ASSERT_FALSE(got.empty());
    Work work{.publishes = {to("plain", "out" + t), to("dead", "note" + t)}};
    for (const auto& d : got) work.settlements.push_back({.lease = d.lease});
    a.step([&] { EXPECT_TRUE(running.run(running.session.commit(work))); },
           [&](LedgerState& s) {
               for (const auto& d : got) s.end("retry", Author::text_of(d), &LedgerQueue::done);
               s.put("plain", "out" + t);
               s.put("dead", "note" + t);
           });
}

void purged(Author& a, Running& running, int turn) {
    const auto name = "short" + std::to_string(turn);
    a.declare(name, {});
    a.publish({to(name, "x"), to(name, "y"), to(name, "z")}, {{name, "x"}, {name, "y"}, {name, "z"}});
    a.step([&] { EXPECT_EQ(running.run(running.broker->purge_queue(name, {})).value(), 3); }, [&](LedgerState& s) { s.purge(name); });
    a.publish({to(name, "after")}, {{name, "after"}});
    if (turn % 2 == 0)
        a.step([&] { EXPECT_EQ(running.run(running.broker->delete_queue(name, {})).value(), 1); },
               [&](LedgerState& s) { s.queues.erase(name); });
}

/// A subscription's life: paused, taking what its filter matches, changed, ended; by itself, with its queue, with its exchange.
/// A power cut finds it as it was before or after each change, with filter, note, pause and attributes.
void subscribed(Author& a, Running& running, int turn) {
    const auto t = std::to_string(turn);
    const auto kind = [](const std::string& name, const std::string& body) {
        Properties p;
        p.headers.push_back({"kind", {.value = name, .tag = "String"}});
        return Publish{.exchange = "topic", .message = Message(body, std::move(p))};
    };
    Binding b{.exchange = "topic", .queue = "plain", .routing_key = "sub" + t, .options = {}};
    b.options = {.filter = R"({"kind":["red"]})", .note = "n" + t, .paused = true, .attributes = {{"token", "t" + t}}};
    a.bind(b);
    a.publish({kind("red", "early" + t)}, {});
    b.options.paused = false;
    a.bind(b);
    a.publish({kind("red", "red" + t), kind("blue", "blue" + t)}, {{"plain", told("red" + t, "n" + t)}});
    b.options.filter = R"({"n":[{"numeric":[">",1]}]})";
    b.options.filter_on = BindingOptions::FilterOn::body;
    b.options.note = "m" + t;
    b.options.attributes["token"] = std::string(900, 't');
    a.bind(b);
    a.publish({kind("red", "no number" + t), kind("red", R"({"n":2})")}, {{"plain", told(R"({"n":2})", "m" + t)}});
    a.step([&] { EXPECT_TRUE(running.run(running.broker->unbind(b))); }, [&](LedgerState& s) { s.unbind(b); });

    a.declare("own" + t, {});
    b.queue = "own" + t;
    a.bind(b);
    a.step([&] { EXPECT_TRUE(running.run(running.broker->delete_queue("own" + t, {}))); },
           [&](LedgerState& s) {
               s.queues.erase("own" + t);
               s.unbind(b);
           });
    b.exchange = "brief" + t;
    b.queue = "retry";
    a.step([&] { EXPECT_TRUE(running.run(running.broker->declare_exchange(b.exchange, {.kind = ExchangeKind::fanout}))); },
           [](LedgerState&) {});
    a.bind(b);
    if (turn % 2)
        a.step([&] { EXPECT_TRUE(running.run(running.broker->delete_exchange(b.exchange))); }, [&](LedgerState& s) { s.unbind(b); });
}

/// Several publishers at once: their confirms come together, the ledger allows any prefix of them.
void together(Author& a, Running& running, RecordingVfs& disk, int turn) {
    const auto base = static_cast<std::int64_t>(a.ledger.states.size()) - 1;
    std::int64_t answered = base;
    for (int i = 0; i < 6; ++i) {
        const auto body = "t" + std::to_string(turn) + "." + std::to_string(i);
        auto next = a.ledger.states.back();
        next.put("plain", body);
        a.ledger.states.push_back(std::move(next));
        disk.submitted(base + i + 1);
        Publish message = to("plain", body);
        boost::asio::co_spawn(running.io, running.session.publish(message), [&](std::exception_ptr thrown, Result<PublishResult> result) {
            if (thrown) std::rethrow_exception(thrown);
            EXPECT_TRUE(result);
            disk.answered(++answered);
        });
    }
    running.poll();
    EXPECT_EQ(answered, base + 6);
}

struct History {
    explicit History(RecordingOptions options) : disk(options) {}

    RecordingVfs disk;
    Ledger ledger;
};

std::unique_ptr<History> record(int turns, RecordingOptions options) {
    auto history = std::make_unique<History>(options);
    Running running(history->disk);
    EXPECT_EQ(running.failure, "");
    if (!running.broker) return history;
    Author a(running, history->disk);
    const DeadLetter dead{.exchange = "", .routing_key = "dead"};
    a.declare("plain", {});
    a.declare("dead", {});
    a.declare("retry", {.max_receives = 2, .dead_letter = dead});
    a.declare("fifo", {.kind = QueueKind::fifo, .deduplication = {.enabled = true}});
    a.step([&] { running.run(running.broker->declare_exchange("fan", {.kind = ExchangeKind::fanout})).value(); }, [](LedgerState&) {});
    a.step([&] { running.run(running.broker->declare_exchange("topic", {.kind = ExchangeKind::fanout})).value(); }, [](LedgerState&) {});
    for (const auto* queue : {"plain", "retry", "dead"}) a.bind({.exchange = "fan", .queue = queue, .routing_key = "", .options = {}});
    for (int turn = 1; turn <= turns && !testing::Test::HasFailure(); ++turn) {
        plain(a, running, turn);
        ordered(a, running, turn);
        dead_letters(a, running, turn);
        delayed(a, running, turn);
        fan_out(a, running, turn);
        subscribed(a, running, turn);
        transaction(a, running, turn);
        together(a, running, history->disk, turn);
        purged(a, running, turn);
    }
    history->ledger = a.ledger;
    return history;
}

/// What is there: bindings, bodies by peek, totals by the counts.
LedgerState found_in(Running& running) {
    LedgerState state;
    for (const auto& binding : running.broker->bindings()) state.bind(binding);
    for (const auto& info : running.broker->queues()) {
        auto& q = state.queues[info.name];
        const auto& c = info.counts;
        q.done = c.done, q.dead_lettered = c.dead_lettered, q.purged = c.purged, q.sent = c.sent;
        if (c.sent != c.ready + c.delayed + c.leased + c.done + c.dead_lettered + c.expired + c.purged + c.overflowed + c.redriven ||
            c.leased != 0)
            q.bodies.insert("the counts of " + info.name + " do not conserve");
        for (const bool later : {false, true}) {
            PeekRequest request{.max = 1'000, .delayed = later};
            for (const auto& d : running.run(running.broker->peek(info.name, request)).value().messages)
                q.bodies.insert(Author::text_of(d));
        }
        if (static_cast<std::int64_t>(q.bodies.size()) != c.ready + c.delayed)
            q.bodies.insert("counts and contents of " + info.name + " differ");
    }
    return state;
}

/// Publishes, receives and settles once, and publishes what a duplicate must still be.
std::string works(Running& running, const LedgerState& state) {
    if (!state.queues.contains("plain")) return "";
    Publish message = to("plain", "alive");
    if (!running.run(running.session.publish(message))) return "cannot publish";
    NextRequest next{.max = 1'000, .wait = 0ms};
    const auto got = running.run(running.session.receive("plain", next));
    if (!got || got->empty()) return "gives nothing";
    if (!running.run(running.session.settle(got->back().lease))) return "cannot settle";
    std::set<std::string> ids;
    if (const auto fifo = state.queues.find("fifo"); fifo != state.queues.end())
        for (int turn = 1; turn <= fifo->second.sent / 3; ++turn) {
            Publish again = to("fifo", "dup");
            again.group = "g1";
            again.deduplication_id = "id" + std::to_string(turn);
            const auto result = running.run(running.session.publish(again));
            if (!result || !result->duplicate) return "forgot deduplication id " + again.deduplication_id;
        }
    return "";
}

Findings examine(const History& history, const CrashOptions& options) {
    Findings found;
    const auto began = std::chrono::steady_clock::now();
    struct Known {
        bool corrupt = false;
        std::string text, words;
    };
    std::unordered_map<std::uint64_t, Known> known;
    found.counts = each_crash_image(history.disk.log(), options, [&](const CrashImage& image) {
        auto at = known.find(image.hash);
        if (at == known.end()) {
            ++found.opened;
            Known one;
            RecordingVfs disk({.record = false}, image.files);
            {
                io_context io;
                auto store = open_store(io.get_executor(), disk);
                if (auto loaded = run_in(io, store->load()); !loaded) one.words = loaded.error().text;
                else
                    for (const auto& problem : run_in(io, store->check()).problems) one.words += problem + "; ";
                run_in(io, store->close());
            }
            if (one.words.empty()) {
                Running running(disk);
                one.words = running.failure;
                if (running.broker) {
                    const auto state = found_in(running);
                    one.text = text_of(state);
                    one.words = works(running, state);
                }
            }
            if (one.words.empty()) one.words = integrity(disk);
            one.corrupt = !one.words.empty();
            at = known.emplace(image.hash, std::move(one)).first;
        }
        if (at->second.corrupt) found.damaged(image, at->second.words);
        else found.judge(image, history.ledger.moment_of(at->second.text, image.answered, image.submitted), at->second.text);
    });
    found.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    std::cout << found << "\n";
    return found;
}

TEST(BrokerCrash, loses_nothing_acknowledged_at_any_point_of_the_canonical_history) {
    const bool full = std::getenv("ROWMQ_PROOF_FULL") != nullptr;
    const auto history = record(full ? 8 : 1, {});
    if (HasFailure()) return;

    const auto found = examine(*history, {.prefixes = full ? 16u : 2u, .random_subsets = full ? 4u : 1u});

    EXPECT_TRUE(found.sound()) << found;
    EXPECT_GT(found.counts.points, 300u);
    EXPECT_GT(found.opened, 200u);
}

TEST(BrokerCrash, a_disk_that_does_not_sync_is_found_out) {
    const auto history = record(1, {.honour_sync = false});
    if (HasFailure()) return;

    const auto found = examine(*history, {.prefixes = 1, .random_subsets = 1, .every = 12});

    EXPECT_GT(found.losing + found.wrong, 0u);
    EXPECT_GT(found.corrupt, 0u);
}

}  // namespace
}  // namespace rowmq::test
