// Random histories from seeds: every engine ends where the memory engine ends, and says the same on the way.
#include "test/conformance/conformance.hpp"

#include "storage/memory/engine.hpp"
#include "test/conformance/history.hpp"

namespace rowmq::conformance {
namespace {

class Histories : public Conformance {
protected:
    /// Everything an engine shows: every lane of every queue page by page, delayed ones, all bodies.
    std::string everything(Engine& engine, const History& history) {
        std::string text;
        const auto read = [&](PageRequest request) { return test::run_in(io_, engine.page(std::move(request))); };
        for (std::int64_t id = 1; id <= 12; ++id) {
            const QueueId queue{id};
            for (const EntryRow& head : read(LaneHeads{queue, {}}).entries)
                for (Sequence after{};;) {
                    Page page = read(EntriesAfter{.queue = queue, .lane = head.key.lane, .after = after, .max = 97, .max_bytes = 30'000});
                    after = page.scanned;
                    const bool end = page.end;
                    text += text_of(page) + "\n";
                    if (end) break;
                }
            text += text_of(read(DelayedOf{.queue = queue, .max = 100'000, .max_bytes = 100'000})) + "\n";
        }
        text += text_of(read(Due{at(1'000'000'000), 100'000})) + "\n";
        MessagesById all;
        for (std::int64_t id = 1'000; id <= history.last_id() + 1; ++id) all.ids.push_back(MessageId{id});
        return text + text_of(read(std::move(all)));
    }

    /// Pages with groups left out and looked at in small steps; what they hold must not depend on the engine.
    std::string groups(Engine& engine, std::uint64_t seed) {
        SeededRandom random(seed);
        std::string text;
        for (int i = 0; i < 20; ++i) {
            EntriesAfter request{.queue = QueueId{static_cast<std::int64_t>(1 + random.next() % 12)}, .max = 1 + random.next() % 20};
            request.scan = random.next() % 3 ? 0 : 1 + random.next() % 30;
            request.lane = static_cast<std::uint8_t>(random.next() % 3 ? random.next() % 64 : 255 - random.next() % 10);
            if (random.next() % 2) request.only_group = "group " + std::to_string(random.next() % 20);
            else
                for (int g = 0; g < 10; ++g) request.without_groups.push_back("group " + std::to_string(random.next() % 20));
            for (int pages = 0; pages < 1'000; ++pages) {
                Page page = test::run_in(io_, engine.page(request));
                page.next_due.reset();
                for (const EntryRow& row : page.entries) text += text_of(row) + "\n";
                request.after = page.scanned;
                if (page.end) break;
            }
        }
        return text;
    }

    void run(std::uint64_t seed, int batches, std::size_t operations) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto content = std::make_shared<memory::Content>();
        auto reference = memory::make_engine(io_.get_executor(), content);
        const std::string store_id = test::run_in(io_, reference->load()).value().store_id;
        History history(seed, *content);

        for (int i = 0; i < batches; ++i) {
            SCOPED_TRACE("batch " + std::to_string(i));
            Batch batch = i == 0 ? history.first() : history.next(operations);
            batch.ticket = Ticket{++ticket_};
            const auto shared = std::make_shared<const Batch>(std::move(batch));
            const Outcome expected = test::run_in(io_, reference->commit(shared));
            const Outcome outcome = test::run_in(io_, engine_->commit(shared));
            ASSERT_EQ(text_of(outcome), text_of(expected));
            ASSERT_FALSE(expected.failure);
            if (i % 25 == 24) {
                ASSERT_EQ(groups(*engine_, seed + i), groups(*reference, seed + i));
            }
            if (i % 100 == 99) {
                Snapshot found = reload(), wanted = test::run_in(io_, memory::make_engine(io_.get_executor(), content)->load()).value();
                found.store_id = wanted.store_id = store_id;
                ASSERT_EQ(text_of(found), text_of(wanted));
                ASSERT_EQ(everything(*engine_, history), everything(*reference, history));
            }
        }

        EXPECT_EQ(everything(*engine_, history), everything(*reference, history));
        EXPECT_EQ(check().problems, test::run_in(io_, reference->check()).problems);
        EXPECT_EQ(check().problems, std::vector<std::string>{});
        EXPECT_GT(content->entries.size(), 100u) << "a history that leaves little behind shows little";
    }
};

TEST_P(Histories, of_many_small_batches_end_alike) { run(1, 400, 5); }
TEST_P(Histories, of_large_batches_end_alike) { run(2, 12, 600); }
TEST_P(Histories, of_five_seeds_end_alike) {
    for (std::uint64_t seed = 11; seed <= 15; ++seed) {
        if (HasFatalFailure()) return;
        run(seed, 40, 30);
        close();
        place_ = GetParam().new_place();
        open();
    }
}
TEST_P(Histories, of_ten_thousand_rows_in_one_batch_end_alike) { run(3, 3, 5'000); }

ROWMQ_WHOLE_ENGINES(Histories);

}  // namespace
}  // namespace rowmq::conformance
