#include "test/torture/power/histories.hpp"

namespace rowmq::torture {

using namespace std::chrono_literals;

void begin_plain(Author& a) { a.declare("plain"); }

void turn_plain(Author& a, int turn) {
    const auto t = std::to_string(turn);
    std::vector<Publish> several, together;
    for (std::uint64_t i = 0, n = 1 + a.any(10); i < n; ++i) several.push_back(to("plain", a.body("p" + t + "." + std::to_string(i))));
    a.publish(several);
    a.publish({to("plain", a.body("single" + t))});
    for (std::uint64_t i = 0, n = 2 + a.any(6); i < n; ++i) together.push_back(to("plain", a.body("t" + t + "." + std::to_string(i))));
    a.publish_together(together);
    a.done("plain", a.receive("plain", 1 + a.any(10)));
}

void begin_fifo(Author& a) { a.declare("fifo", {.kind = QueueKind::fifo, .deduplication = {.enabled = true}}); }

void turn_fifo(Author& a, int turn) {
    const auto t = std::to_string(turn);
    const auto message = [&](const std::string& name, const std::string& group, const std::string& id) {
        auto p = to("fifo", a.body(name + t));
        p.group = group;
        p.deduplication_id = id + t;
        return p;
    };
    const auto first = message("f", "g1", "first");
    a.publish({first, message("s", "g1", "second"), message("o", "g2", "other")});
    a.step([&] { expect(a.running().run(a.running().session.publish(first)).value().duplicate, "a duplicate was taken"); });
    a.publish({message("g", "g" + std::to_string(a.any(3)), "fourth")});
    if (turn % 2 == 0) a.step([&] { a.running().advance(1s); });
    a.done("fifo", a.receive("fifo", 1 + a.any(4)));
}

void begin_dead_letters(Author& a) {
    a.declare("dead");
    a.declare("retry", {.max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
}

namespace {

void move_to_dead(Owed& owed, const Delivery& d) {
    const auto label = label_of(d);
    owed.end("retry", label, &OwedQueue::dead_lettered);
    owed.put("dead", {.label = label});
}

}  // namespace

void turn_dead_letters(Author& a, int turn) {
    auto& r = a.running();
    const auto t = std::to_string(turn);
    a.publish({to("retry", a.body("poison" + t)), to("retry", a.body("refused" + t))});
    for (std::uint32_t attempt = 1; attempt <= 2; ++attempt)
        for (const auto& d : a.receive("retry", 2)) {
            const bool last = d.receives >= 2;
            a.step([&] { expect(r.run(r.session.settle(d.lease, Verdict::release, 0ms)).has_value(), "a release"); },
                   [&](Owed& owed) {
                       if (last) move_to_dead(owed, d);
                   });
        }
    a.publish({to("retry", a.body("rejected" + t))});
    for (const auto& d : a.receive("retry", 1))
        a.step([&] { expect(r.run(r.session.settle(d.lease, Verdict::reject)).has_value(), "a rejection"); },
               [&](Owed& owed) { move_to_dead(owed, d); });
    if (turn % 2) a.done("dead", a.receive("dead", 1 + a.any(4)));
}

void begin_delays(Author& a) {
    a.declare("later");
    a.declare("short", {.ttl = 2s});
}

void turn_delays(Author& a, int turn) {
    auto& r = a.running();
    const auto t = std::to_string(turn);
    const auto soon = [&](const std::string& name, milliseconds delay) {
        auto p = to("later", a.body(name + t));
        p.delay = delay;
        return p;
    };
    const auto first = soon("soon", 500ms), far = soon("far", 24h), at_once = to("later", a.body("now" + t));
    MessageId scheduled{};
    a.step([&] { scheduled = r.run(r.session.publish(far)).value().message; },
           [&](Owed& owed) { owed.put("later", {.label = label_of(far.message.text(), far.message.properties->type), .delayed = true}); });
    a.publish({first, at_once});
    a.step([&] { r.advance(600ms); },
           [&](Owed& owed) { owed.find("later", label_of(first.message.text(), first.message.properties->type))->delayed = false; });
    if (turn % 2)
        a.step([&] { expect(r.run(r.broker->cancel_delayed("later", scheduled)).has_value(), "a cancellation"); },
               [&](Owed& owed) { owed.end("later", label_of(far.message.text(), far.message.properties->type), &OwedQueue::purged); });
    const auto brief = to("short", a.body("brief" + t)), brief_too = to("short", a.body("too" + t));
    a.publish({brief, brief_too});
    a.done("later", a.receive("later", 1));
    a.step(
        [&] {
            r.advance(2'500ms);
            expect(a.receive("short", 10).empty(), "what has expired is given");  // and is removed, now that somebody looked
        },
        [&](Owed& owed) {
            for (const auto* p : {&brief, &brief_too})
                owed.end("short", label_of(p->message.text(), p->message.properties->type), &OwedQueue::expired);
        });
    for (const auto& d : a.receive("later", 1))
        a.step([&] { expect(r.run(r.session.settle(d.lease, Verdict::release, 1h)).has_value(), "a release"); },
               [&](Owed& owed) { owed.find("later", label_of(d))->delayed = true; });
}

void begin_early(Author& a) {
    a.declare("early");
    a.declare("busy");
}

void turn_early(Author& a, int turn) {
    auto& r = a.running();
    {
        Session consumer = r.broker->open_session().value();
        SubscriptionOptions options;
        options.lease = std::nullopt;
        options.early = true;
        Subscription waits = consumer.subscribe("early", options).value();
        for (std::uint64_t i = 0, n = 2 + a.any(4); i < n; ++i)
            a.publish_early(to("early", a.body("e" + std::to_string(turn) + "." + std::to_string(i))), consumer, waits, a.any(4) > 0);
    }
    r.poll();
    expect(r.broker->metrics().delivered_early > 0, "nothing was delivered early");
    a.done("early", a.receive("early", 10));  // all that is left: a consumer of the next turn is given nothing older
    a.done("busy", a.receive("busy", 1 + a.any(6)));
}

}  // namespace rowmq::torture
