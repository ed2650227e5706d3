// 2,000 flipped bits: each is harmless or named. Never a wrong body, never a message that is silently gone. And what a salvage
// saves.

#include <gtest/gtest.h>

#include <iostream>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/raw_pages.hpp"
#include "storage/sqlite/salvage.hpp"
#include "test/torture/power/histories.hpp"

namespace rowmq::torture {
namespace {

struct Store {
    test::FileImage files;  ///< as kill -9 leaves them: a database and a log
    Owed owed;
};

std::string filled(const std::string& name, std::uint64_t size) { return name + std::string(size, '.'); }

/// Several queues, several hundred pages, and a log of some commits.
const Store& store() {
    static const Store made = [] {
        RecordingVfs disk({.record = false});
        Ledger ledger;
        BrokerOnDisk running(disk, storage::sqlite::Synchronous::full, true);  // it had a rest before the kill
        Author a(running, disk, ledger, 7);
        for (const auto* queue : {"plain", "other", "a", "b", "c"}) a.declare(queue);
        a.step([&] { running.run(running.broker->declare_exchange("fan", {.kind = ExchangeKind::fanout})).value(); });
        for (const auto* queue : {"a", "b", "c"})
            a.step(
                [&] {
                    expect(running.run(running.broker->bind({"fan", queue, ""})).has_value(), "a binding");
                },
                [&](Owed& owed) { owed.bindings.insert(std::string("fan>") + queue + ":"); });
        a.declare("fifo", {.kind = QueueKind::fifo, .deduplication = {.enabled = true}});
        for (int turn = 0; turn < 12; ++turn) {
            std::vector<Publish> several;
            for (int i = 0; i < 12; ++i)
                several.push_back(
                    to(i % 2 ? "plain" : "other", filled(std::to_string(turn) + "." + std::to_string(i) + " ", 300 + a.any(6'000))));
            auto later = to("plain", filled("later" + std::to_string(turn), 100));
            later.delay = std::chrono::hours(24);
            several.push_back(later);
            auto all = to("", filled("all" + std::to_string(turn), 900));
            all.exchange = "fan";
            several.push_back(all);
            auto ordered = to("fifo", filled("ordered" + std::to_string(turn), 50));
            ordered.group = "g" + std::to_string(turn % 3);
            ordered.deduplication_id = "id" + std::to_string(turn);
            several.push_back(ordered);
            a.publish(several);
            if (turn % 3 == 0) a.done("plain", a.receive("plain", 4));
        }
        a.publish({to("plain", "one more")});
        a.publish({to("other", "and another")});
        return Store{disk.files(), ledger.states.back()};
    }();
    return made;
}

/// Where the next bit is to be flipped: 512-byte sectors take turns, so that every page is met.
struct Flip {
    std::string file;
    std::int64_t byte = 0;
    int bit = 0;
};

test::FileImage flipped(const Flip& flip) {
    auto files = store().files;
    auto& bytes = files.at(flip.file);
    char c = 0;
    bytes.read(flip.byte, std::span(&c, 1));
    c = static_cast<char>(c ^ 1 << flip.bit);
    bytes.write(flip.byte, std::string_view(&c, 1));
    return files;
}

struct Verdicts {
    std::size_t harmless = 0, not_opened = 0, named = 0;
    std::vector<std::string> wrong;
};

std::string check(const RecordingVfs& disk) {
    boost::asio::io_context io;
    auto engine = test::open_store(io.get_executor(), disk);
    std::string problems;
    if (const auto loaded = test::run_in(io, engine->load()); !loaded) problems = loaded.error().text;
    else
        for (const auto& problem : test::run_in(io, engine->check()).problems) problems += problem + "; ";
    test::run_in(io, engine->close());
    return problems;
}

/// Every message that is given is one that was put, byte for byte.
std::string wrong_bodies(const Owed& found) {
    const auto right = messages_of(store().owed);
    std::set<std::string> labels;
    for (const auto& m : right) labels.insert(m.substr(m.find(' ') + 1));
    for (const auto& [name, q] : found.queues)
        for (const auto& m : q.messages)
            if (!labels.contains(m.label)) return name + " gives " + m.label;
    return "";
}

/// All that can be received.
Owed received(BrokerOnDisk& running) {
    Owed found;
    for (const auto& info : running.broker->queues())
        for (int calls = 0; calls < 100; ++calls) {
            const NextRequest next{.max = 50, .wait = milliseconds(0)};
            const auto got = running.run(running.session.receive(info.name, next));
            if (!got || got->empty()) break;
            for (const auto& d : *got) found.put(info.name, {.label = label_of(d)});
        }
    return found;
}

void judge(const Flip& flip, Verdicts& verdicts) {
    const auto where = flip.file + " byte " + std::to_string(flip.byte) + " bit " + std::to_string(flip.bit) + ": ";
    const auto files = flipped(flip);
    std::string named;
    {
        RecordingVfs disk({.record = false}, files);
        named = check(disk);
    }
    RecordingVfs disk({.record = false}, files);
    BrokerOnDisk running(disk);
    if (!running.broker) {
        ++verdicts.not_opened;
        if (named.empty()) verdicts.wrong.push_back(where + "check names nothing, but: " + running.failure);
        return;
    }
    std::string problem;
    const auto state = text_of(found_in(running, problem));
    const bool same = problem.empty() && state == text_of(store().owed);
    if (auto words = wrong_bodies(received(running)); !words.empty()) verdicts.wrong.push_back(where + words);
    if (named.empty() && !same) verdicts.wrong.push_back(where + "not named, and " + problem + "\n" + state);
    ++(named.empty() ? verdicts.harmless : verdicts.named);
}

Verdicts flip_all(const std::string& file, std::size_t count) {
    Verdicts verdicts;
    SeededRandom random(11);
    const auto size = store().files.at(file).size();
    const auto sectors = static_cast<std::uint64_t>(size) / 512;
    for (std::size_t i = 0; i < count; ++i) {
        const auto sector = (i * 997) % sectors;
        judge({.file = file,
               .byte = static_cast<std::int64_t>(sector * 512 + random.next() % 512),
               .bit = static_cast<int>(random.next() % 8)},
              verdicts);
    }
    std::cout << file << ", " << size << " bytes, " << count << " flips: " << verdicts.harmless << " harmless, " << verdicts.not_opened
              << " not opened, " << verdicts.named << " named, " << verdicts.wrong.size() << " wrong\n";
    for (std::size_t i = 0; i < verdicts.wrong.size() && i < 5; ++i) std::cout << "  " << verdicts.wrong[i] << "\n";
    return verdicts;
}

TEST(Flips, in_database_pages_are_harmless_or_named) {
    const auto verdicts = flip_all(test::store_path, 1'000);

    EXPECT_EQ(verdicts.wrong.size(), 0u);
    EXPECT_GT(verdicts.named, 500u);
}

TEST(Flips, in_the_log_are_harmless_or_named) {
    const auto verdicts = flip_all(std::string(test::store_path) + "-wal", 1'000);

    EXPECT_EQ(verdicts.wrong.size(), 0u);
    EXPECT_GT(verdicts.named, 100u);
}

/// How many entries are on each page, themselves or with their message. (An overflow page holds part of one message.)
std::map<std::uint32_t, std::size_t> entries_by_page(const test::FileImage& files) {
    RecordingVfs disk({.record = false}, files);
    const storage::sqlite::Connection connection(test::store_path, {.vfs = disk.name()});
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    std::map<std::uint32_t, std::size_t> entries;
    std::map<std::int64_t, std::uint32_t> bodies;
    std::vector<std::int64_t> messages;
    storage::sqlite::RawPages pages(file);
    pages.each_row([&](const storage::sqlite::RawRow& row) {
        const auto columns = row.values.size();
        if (!row.keyed && columns == 5) bodies[row.rowid] = row.page;
        if (!row.keyed || (columns != 12 && columns != 13)) return;
        ++entries[row.page];
        messages.push_back(*row.integer(columns == 12 ? 3 : 4));
    });
    for (const auto message : messages) ++entries[bodies[message]];
    return entries;
}

TEST(Salvage, of_a_store_with_one_damaged_page_saves_all_that_is_not_in_it) {
    test::FileImage whole;
    {
        RecordingVfs disk({.record = false}, store().files);
        { const BrokerOnDisk running(disk); }  // closed in order: everything is in the file
        whole = disk.files();
    }
    const auto& file = whole.at(test::store_path);
    const auto pages = file.size() / 8192;
    const auto all = messages_of(store().owed);
    ASSERT_GT(pages, 20);
    auto lost_with = entries_by_page(whole);
    constexpr std::size_t copies = 3;  // of a message, at most
    std::size_t saved_at_least = all.size();
    for (std::int64_t page = 0; page < pages; ++page) {
        auto files = whole;
        files.at(test::store_path).write(page * 8192, std::string(8192, '\x5a'));
        RecordingVfs disk({.record = false}, files);

        const auto report = storage::sqlite::salvage(test::store_path, "/saved.db", disk.name());

        ASSERT_TRUE(report) << "page " << page + 1 << ": " << report.error().text;
        auto saved = disk.files();
        test::FileImage renamed{{test::store_path, saved.at("/saved.db")}};
        RecordingVfs again({.record = false}, renamed);
        EXPECT_EQ(check(again), "") << "page " << page + 1;
        BrokerOnDisk running(again);
        ASSERT_TRUE(running.broker) << running.failure;
        std::string problem;
        const auto found = found_in(running, problem);
        EXPECT_EQ(problem, "");
        EXPECT_EQ(wrong_bodies(found), "");
        const auto saved_now = messages_of(found).size();
        EXPECT_GE(saved_now + lost_with[static_cast<std::uint32_t>(page) + 1] + copies, all.size()) << "page " << page + 1;
        saved_at_least = std::min(saved_at_least, saved_now);
    }
    std::cout << pages << " pages, each damaged once: of " << all.size() << " messages at least " << saved_at_least << " were saved\n";
}

TEST(Salvage, of_a_whole_store_saves_all_of_it) {
    RecordingVfs disk({.record = false}, store().files);

    const auto report = storage::sqlite::salvage(test::store_path, "/saved.db", disk.name());

    ASSERT_TRUE(report) << report.error().text;
    EXPECT_TRUE(report->damaged.empty());
    auto saved = disk.files();
    test::FileImage renamed{{test::store_path, saved.at("/saved.db")}};
    RecordingVfs again({.record = false}, renamed);
    BrokerOnDisk running(again);
    ASSERT_TRUE(running.broker) << running.failure;
    std::string problem;
    const auto found = found_in(running, problem);
    EXPECT_EQ(problem, "");
    EXPECT_EQ(messages_of(found), messages_of(store().owed));
    EXPECT_EQ(found.bindings, store().owed.bindings);
    EXPECT_FALSE(found.bindings.empty());
}

}  // namespace
}  // namespace rowmq::torture
