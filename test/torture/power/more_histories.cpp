#include <sqlite3.h>

#include "test/torture/power/histories.hpp"

namespace rowmq::torture {

using namespace std::chrono_literals;

void begin_transactions(Author& a) {
    for (const auto* queue : {"in", "out", "notes"}) a.declare(queue);
}

/// Takes from one queue and puts into two others, all or nothing.
void turn_transactions(Author& a, int turn) {
    const auto t = std::to_string(turn);
    std::vector<Publish> input;
    for (std::uint64_t i = 0, n = 1 + a.any(4); i < n; ++i) input.push_back(to("in", a.body("in" + t + "." + std::to_string(i))));
    a.publish(input);
    const auto got = a.receive("in", 1 + a.any(4));
    Work work;
    const auto add = [&](const std::string& queue, const std::string& name) { work.publishes.push_back(to(queue, a.body(name))); };
    for (std::size_t i = 0; i < got.size(); ++i) {
        work.settlements.push_back({.lease = got[i].lease});
        add("out", "out" + t + "." + std::to_string(i));
    }
    add("notes", "note" + t);
    a.step([&] { expect(a.running().run(a.running().session.commit(work)).has_value(), "a transaction"); },
           [&](Owed& owed) {
               for (const auto& d : got) owed.end("in", label_of(d), &OwedQueue::done);
               for (const auto& p : work.publishes)
                   owed.put(p.routing_key, {.label = label_of(p.message.text(), p.message.properties->type)});
           });
    a.done("out", a.receive("out", a.any(3) + 1));
}

void begin_fan_out(Author& a) {
    auto& r = a.running();
    a.step([&] { r.run(r.broker->declare_exchange("fan", {.kind = ExchangeKind::fanout})).value(); });
    for (const auto* queue : {"a", "b", "c"}) {
        a.declare(queue);
        a.step(
            [&] {
                expect(r.run(r.broker->bind({"fan", queue, ""})).has_value(), "a binding");
            },
            [&](Owed& owed) { owed.bindings.insert(std::string("fan>") + queue + ":"); });
    }
}

void turn_fan_out(Author& a, int turn) {
    auto& r = a.running();
    const auto t = std::to_string(turn);
    std::vector<Publish> several;
    for (std::uint64_t i = 0, n = 1 + a.any(3); i < n; ++i) {
        auto p = to("", a.body("fan" + t + "." + std::to_string(i)));
        p.exchange = "fan";
        several.push_back(p);
    }
    a.publish(several);
    a.done("a", a.receive("a", 1 + a.any(3)));
    a.done("b", a.receive("b", a.any(2) + 1));
    const Binding last{"fan", "c", ""};
    if (turn % 3 == 1)
        a.step([&] { expect(r.run(r.broker->unbind(last)).has_value(), "an unbinding"); },
               [](Owed& owed) { owed.bindings.erase("fan>c:"); });
    if (turn % 3 == 2)
        a.step([&] { expect(r.run(r.broker->bind(last)).has_value(), "a binding"); }, [](Owed& owed) { owed.bindings.insert("fan>c:"); });
}

void begin_purges(Author& a) { a.declare("kept"); }

void turn_purges(Author& a, int turn) {
    auto& r = a.running();
    const auto t = std::to_string(turn);
    const auto name = "brief" + t;
    a.declare(name);
    std::vector<Publish> several;
    for (std::uint64_t i = 0, n = 2 + a.any(12); i < n; ++i) several.push_back(to(name, a.body("x" + t + "." + std::to_string(i))));
    several.push_back(to("kept", a.body("kept" + t)));
    a.publish(several);
    a.step([&] { expect(r.run(r.broker->purge_queue(name, {})).has_value(), "a purge"); }, [&](Owed& owed) { owed.purge(name); });
    a.publish({to(name, a.body("after" + t))});
    a.step(
        [&] {
            r.run(r.broker->alter_queue(name, {.tags = {{"turn", t}}})).value();
        },
        [&](Owed& owed) { owed.queues[name].options = "turn=" + t + ","; });
    a.step([&] { r.advance(1s); });  // what nobody owes is swept
    if (turn % 2)
        a.step([&] { expect(r.run(r.broker->delete_queue(name, {})).value() == 1, "a deletion"); },
               [&](Owed& owed) { owed.queues.erase(name); });
    a.step([&] { r.advance(1s); });
    a.done("kept", a.receive("kept", 1));
}

test::FileImage store_of_first_format(std::uint64_t seed, Ledger& ledger) {
    RecordingVfs disk({.record = false});
    {
        BrokerOnDisk running(disk);
        Author a(running, disk, ledger, seed);
        begin_plain(a);
        for (int turn = 101; turn < 104; ++turn) turn_plain(a, turn);
    }
    // Backwards through the migrations: what they added goes.
    sqlite3* db = nullptr;
    sqlite3_open_v2(test::store_path, &db, SQLITE_OPEN_READWRITE, disk.name().c_str());
    char* text = nullptr;
    const int code = sqlite3_exec(db,
                                  "DROP TABLE users; DROP TABLE permissions; DROP TABLE topic_permissions; DROP TABLE parameters; "
                                  "DROP VIEW rowmq_messages; ALTER TABLE bindings DROP COLUMN options; "
                                  "ALTER TABLE counters DROP COLUMN counted_through; CREATE VIEW rowmq_messages AS SELECT 1 AS message_id; "
                                  "PRAGMA user_version = 1",
                                  nullptr, nullptr, &text);
    const std::string problem = text ? text : "";
    sqlite3_free(text);
    sqlite3_close(db);
    expect(code == SQLITE_OK, problem);
    return disk.files();
}

namespace {

constexpr HistoryKind kinds[] = {
    {.name = "plain", .begin = begin_plain, .turn = turn_plain},
    {.name = "FIFO and deduplication", .begin = begin_fifo, .turn = turn_fifo},
    {.name = "dead letters", .begin = begin_dead_letters, .turn = turn_dead_letters},
    {.name = "delays and expiry", .begin = begin_delays, .turn = turn_delays},
    {.name = "transactions over three queues", .begin = begin_transactions, .turn = turn_transactions},
    {.name = "fan-out", .begin = begin_fan_out, .turn = turn_fan_out},
    {.name = "purge and delete", .begin = begin_purges, .turn = turn_purges},
    {.name = "early delivery", .begin = begin_early, .turn = turn_early, .late = true},
    {.name = "migration", .begin = [](Author&) {}, .turn = turn_plain, .old_format = true},
};

}  // namespace

std::span<const HistoryKind> history_kinds() { return kinds; }

std::unique_ptr<History> record(const HistoryKind& kind, const HistoryOptions& options) {
    test::RecordingOptions disk{.honour_sync = options.honour_sync, .seed = options.seed};
    if (options.tears) {
        disk.sector_bytes = 512;
        disk.characteristics = 0;
    }
    Ledger before;
    test::FileImage start;
    if (kind.old_format) start = store_of_first_format(options.seed, before);
    auto history = std::make_unique<History>(disk, start);
    history->name = kind.name;
    if (kind.old_format) history->ledger.states = {before.states.back()}, history->ledger.texts = {before.texts.back()};
    BrokerOnDisk running(history->disk, options.synchronous, options.seals, kind.late);
    expect(running.broker != nullptr, running.failure);
    Author author(running, history->disk, history->ledger, options.seed);
    kind.begin(author);
    for (int turn = 1; turn <= options.turns; ++turn) kind.turn(author, turn);
    return history;
}

}  // namespace rowmq::torture
