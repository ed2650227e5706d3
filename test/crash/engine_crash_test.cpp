// The SQLite engine, cut off at every point of a random history of batches (several under way at once): what comes back is
// what the memory engine held after some commit between the last answered and the last submitted one. Never less, never
// something between, never more.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <iostream>
#include <unordered_map>

#include "storage/memory/engine.hpp"
#include "test/crash/findings.hpp"
#include "test/crash/store_on_disk.hpp"
#include "test/support/random_batches.hpp"

namespace rowmq::test {
namespace {

using boost::asio::io_context;
using storage::Batch;

/// Everything in the store, with what it remembers of duplicates.
std::string whole(io_context& io, storage::Engine& engine, const Batch& probe) {
    auto text = run_in(io, dump(engine));
    if (text.starts_with("cannot")) return text;
    return text + describe(run_in(io, engine.commit(std::make_shared<const Batch>(probe))));
}

struct History {
    explicit History(RecordingOptions options) : disk(options) {}

    RecordingVfs disk;
    std::vector<std::string> states;  ///< after so many batches
    Batch probe;
};

std::string state_of(const storage::memory::Content& content, const Batch& probe) {
    io_context io;
    auto engine = storage::memory::make_engine(io.get_executor(), std::make_shared<storage::memory::Content>(content));
    return whole(io, *engine, probe);
}

std::unique_ptr<History> record(std::uint64_t seed, int batches, RecordingOptions options, storage::sqlite::Synchronous synchronous) {
    auto history = std::make_unique<History>(options);
    io_context io;
    auto content = std::make_shared<storage::memory::Content>();
    auto memory = storage::memory::make_engine(io.get_executor(), content);
    auto store = open_store(io.get_executor(), history->disk, synchronous);
    EXPECT_TRUE(run_in(io, memory->load()));
    EXPECT_TRUE(run_in(io, store->load()));
    RandomBatches random(seed, content);
    SeededRandom decide(seed);
    std::vector<storage::memory::Content> contents{*content};
    std::int64_t submitted = 0, answered = 0;
    while (submitted < batches) {
        for (auto together = 1 + decide.next() % 4; together > 0 && submitted < batches; --together) {
            const auto batch = std::make_shared<const Batch>(random.next(Ticket{static_cast<std::uint64_t>(submitted + 1)}));
            const auto expected = run_in(io, memory->commit(batch));
            EXPECT_FALSE(expected.failure) << expected.failure->text;
            contents.push_back(*content);
            history->disk.submitted(++submitted);
            boost::asio::co_spawn(io, store->commit(batch), [&, expected](std::exception_ptr thrown, storage::Outcome outcome) {
                if (thrown) std::rethrow_exception(thrown);
                EXPECT_EQ(describe(outcome), describe(expected));
                history->disk.answered(++answered);
            });
        }
        io.restart();
        io.poll();
    }
    EXPECT_EQ(answered, submitted);
    history->probe = random.probe(Ticket{static_cast<std::uint64_t>(submitted + 1)});
    for (const auto& each : contents) history->states.push_back(state_of(each, history->probe));
    run_in(io, store->close());
    run_in(io, memory->close());
    return history;
}

/// Opens each different image once; an image that comes with other promises is judged by the state found then.
Findings examine(const History& history, const CrashOptions& options) {
    Findings found;
    const auto began = std::chrono::steady_clock::now();
    std::unordered_map<std::uint64_t, std::int64_t> known;  ///< -2: corrupt
    std::unordered_map<std::string, std::int64_t> states;
    for (std::size_t i = 0; i < history.states.size(); ++i) states.emplace(history.states[i], static_cast<std::int64_t>(i));
    found.counts = each_crash_image(history.disk.log(), options, [&](const CrashImage& image) {
        auto at = known.find(image.hash);
        std::string words;
        if (at == known.end()) {
            ++found.opened;
            std::int64_t state = -1;
            RecordingVfs disk({.record = false}, image.files);
            io_context io;
            auto store = open_store(io.get_executor(), disk);
            auto text = run_in(io, dump(*store));
            if (text.starts_with("cannot")) {
                words = text;
                state = -2;
            } else {
                const auto report = run_in(io, store->check());
                for (const auto& problem : report.problems) words += problem + "; ";
                if (!words.empty()) state = -2;
                text += describe(run_in(io, store->commit(std::make_shared<const Batch>(history.probe))));
            }
            if (const auto same = states.find(text); state != -2 && same != states.end()) state = same->second;
            if (state == -1) words = text;
            run_in(io, store->close());
            store.reset();
            if (const auto complaint = integrity(disk); !complaint.empty() && state != -2) {
                words = complaint;
                state = -2;
            }
            at = known.emplace(image.hash, state).first;
        }
        if (at->second == -2) found.damaged(image, words);
        else found.judge(image, at->second, words);
    });
    found.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    std::cout << found << "\n";
    return found;
}

TEST(EngineCrash, loses_nothing_answered_at_any_point_of_a_random_history) {
    const bool full = std::getenv("ROWMQ_PROOF_FULL") != nullptr;
    for (std::uint64_t seed = 1; seed <= (full ? 8 : 1); ++seed) {
        const auto history = record(seed, full ? 200 : 50, {}, storage::sqlite::Synchronous::full);
        if (HasFailure()) return;

        const auto found = examine(*history, {.prefixes = full ? 16u : 2u, .random_subsets = full ? 4u : 1u, .seed = seed});

        EXPECT_TRUE(found.sound()) << found;
        EXPECT_GT(found.counts.syncs, 20u);
        EXPECT_GT(found.opened, 300u);
    }
}

TEST(EngineCrash, a_disk_that_does_not_sync_is_found_out) {
    const auto history = record(3, 40, {.honour_sync = false}, storage::sqlite::Synchronous::full);

    const auto found = examine(*history, {.prefixes = 1, .random_subsets = 1, .every = 8});

    EXPECT_GT(found.losing, 0u);
    EXPECT_GT(found.corrupt, 0u);
    EXPECT_GE(found.most_lost, 30);
}

TEST(EngineCrash, synchronous_normal_loses_answers_and_stays_sound) {
    const auto history = record(4, 40, {}, storage::sqlite::Synchronous::normal);

    const auto found = examine(*history, {.prefixes = 1, .random_subsets = 1, .every = 8});

    EXPECT_GT(found.losing, 0u);
    EXPECT_EQ(found.corrupt, 0u);
    EXPECT_EQ(found.wrong, 0u);
}

}  // namespace
}  // namespace rowmq::test
