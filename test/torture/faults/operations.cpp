#include "test/torture/faults/operations.hpp"

namespace rowmq::torture {

using namespace std::chrono_literals;

std::vector<Delivery> Scene::receive(const std::string& queue, std::size_t max) {
    const NextRequest next{.max = max, .wait = milliseconds(0)};
    return running.run(running.session.receive(queue, next)).value();
}

namespace {

std::string filled(const std::string& name, std::size_t size) { return name + std::string(size, '.'); }

std::string label(const Publish& p) { return label_of(p.message.text(), p.message.properties->type); }

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
    return result.has_error() ? std::optional(result.error()) : std::nullopt;
}

std::optional<Error> publish(Scene& scene, const std::vector<Publish>& messages) {
    const auto receipt = scene.running.run(scene.running.session.publish(messages));
    if (receipt.has_error()) return receipt.error();
    for (const auto& result : receipt->results)
        if (result.error) return result.error;
    return std::nullopt;
}

std::optional<Error> settle_held(Scene& scene, Verdict verdict, std::optional<milliseconds> delay = std::nullopt) {
    std::vector<Settlement> settlements;
    for (const auto& d : scene.held) settlements.push_back({.lease = d.lease, .verdict = verdict, .delay = delay});
    for (const auto& refused : scene.running.run(scene.running.session.settle(settlements)).results)
        if (refused) return refused;
    return std::nullopt;
}

template <std::size_t count>
void take_orders(Scene& scene, Owed&) {
    scene.held = scene.receive("orders", count);
    expect(scene.held.size() == count, "too few orders");
}
void take_nothing(Scene&, Owed&) {}
void take_one_for_the_last_time(Scene& scene, Owed& owed) {
    for (int i = 0; i < 2; ++i) {
        scene.held = scene.receive("retry", 1);
        expect(scene.held.size() == 1, "nothing to retry");
        const bool again = i == 0;
        if (again) scene.running.run(scene.running.session.settle(scene.held.front().lease, Verdict::release, 0ms)).value();
    }
    owed.find("retry", label_of(scene.held.front()))->receives = 2;
}
void end_held(const Scene& scene, Owed& owed) {
    for (const auto& d : scene.held) owed.end("orders", label_of(d), &OwedQueue::done);
}

const Publish one = to("orders", filled("one", 2'000));

std::vector<Publish> ten() {
    std::vector<Publish> several;
    for (int i = 0; i < 10; ++i) several.push_back(to("orders", filled("batch" + std::to_string(i), 12'000)));
    return several;
}

Publish to_all() {
    auto p = to("", filled("all", 3'000));
    p.exchange = "fan";
    return p;
}

Work transaction(const Scene& scene) {
    Work work{.publishes = {to("out", filled("out", 500)), to("notes", filled("note", 9'000))}};
    for (const auto& d : scene.held) work.settlements.push_back({.lease = d.lease});
    return work;
}

const Operation all[] = {
    {"create", take_nothing, [](Scene& s) { return error_of(s.running.run(s.running.broker->declare_queue("fresh"))); },
     [](const Scene&, Owed& owed) { owed.queues["fresh"]; }},
    {"send", take_nothing, [](Scene& s) { return publish(s, {one}); },
     [](const Scene&, Owed& owed) { owed.put("orders", {.label = label(one)}); }},
    {"send batch", take_nothing, [](Scene& s) { return publish(s, ten()); },
     [](const Scene&, Owed& owed) {
         for (const auto& p : ten()) owed.put("orders", {.label = label(p)});
     }},
    {"receive", take_nothing,
     [](Scene& s) {
         const NextRequest next{.max = 1, .wait = 0ms};
         const auto got = s.running.run(s.running.session.receive("retry", next));
         if (got.has_error()) return std::optional(got.error());
         s.held = *got;
         return std::optional<Error>();
     },
     [](const Scene& s, Owed& owed) {
         // One that was not answered may have counted the message it did not give.
         if (s.held.empty()) owed.queues.at("retry").messages.front().receives = 1;
         for (const auto& d : s.held) owed.find("retry", label_of(d))->receives = 1;
     }},
    {"delete", take_orders<1>, [](Scene& s) { return settle_held(s, Verdict::done); }, end_held},
    {"delete batch", take_orders<10>, [](Scene& s) { return settle_held(s, Verdict::done); }, end_held},
    {"visibility", take_orders<2>, [](Scene& s) { return settle_held(s, Verdict::release, 1h); },
     [](const Scene& s, Owed& owed) {
         for (const auto& d : s.held) owed.find("orders", label_of(d))->delayed = true;
     }},
    {"dead-letter move", take_one_for_the_last_time, [](Scene& s) { return settle_held(s, Verdict::release, 0ms); },
     [](const Scene& s, Owed& owed) {
         owed.end("retry", label_of(s.held.front()), &OwedQueue::dead_lettered);
         owed.put("dead", {.label = label_of(s.held.front())});
     }},
    {"purge", take_nothing, [](Scene& s) { return error_of(s.running.run(s.running.broker->purge_queue("orders", {}))); },
     [](const Scene&, Owed& owed) { owed.purge("orders"); }},
    {"queue delete", take_nothing, [](Scene& s) { return error_of(s.running.run(s.running.broker->delete_queue("orders", {}))); },
     [](const Scene&, Owed& owed) {
         owed.queues.erase("orders");
         owed.bindings.erase("fan>orders:");
     }},
    {"transaction over three queues", take_orders<2>,
     [](Scene& s) { return error_of(s.running.run(s.running.session.commit(transaction(s)))); },
     [](const Scene& s, Owed& owed) {
         end_held(s, owed);
         for (const auto& p : transaction(s).publishes) owed.put(p.routing_key, {.label = label(p)});
     }},
    {"fan-out publish", take_nothing, [](Scene& s) { return publish(s, {to_all()}); },
     [](const Scene&, Owed& owed) {
         for (const auto* queue : {"orders", "out", "notes"}) owed.put(queue, {.label = label(to_all())});
     }},
};

}  // namespace

std::span<const Operation> operations() { return all; }

PreparedStore prepared_store() {
    RecordingVfs disk({.record = false});
    Ledger ledger;
    {
        BrokerOnDisk running(disk);
        Author a(running, disk, ledger, 1);
        for (const auto* queue : {"orders", "out", "notes", "dead", "lasting"}) a.declare(queue);
        a.declare("retry", {.max_receives = 2, .dead_letter = DeadLetter{.exchange = "", .routing_key = "dead"}});
        a.step([&] { running.run(running.broker->declare_exchange("fan", {.kind = ExchangeKind::fanout})).value(); });
        for (const auto* queue : {"orders", "out", "notes"})
            a.step(
                [&] {
                    expect(running.run(running.broker->bind({"fan", queue, ""})).has_value(), "a binding");
                },
                [&](Owed& owed) { owed.bindings.insert(std::string("fan>") + queue + ":"); });
        std::vector<Publish> several;
        for (int i = 0; i < 40; ++i) several.push_back(to("orders", filled("order" + std::to_string(i), 3'000)));
        for (int i = 0; i < 3; ++i) several.push_back(to("retry", filled("retry" + std::to_string(i), 100)));
        a.publish(several);
    }
    return {disk.files(), ledger.states.back()};
}

}  // namespace rowmq::torture
