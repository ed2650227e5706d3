#pragma once
// What every case of the suite stands on: one store of one engine, its verbs as plain calls.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "test/conformance/place.hpp"
#include "test/conformance/rows.hpp"
#include "test/support/run.hpp"

namespace rowmq::conformance {

using namespace storage;

class Conformance : public testing::TestWithParam<EngineKind> {
protected:
    void SetUp() override {
        place_ = GetParam().new_place();
        open();
    }
    void TearDown() override {
        if (engine_) close();
    }

    Snapshot open() {
        engine_ = place_->open(io_.get_executor());
        Result<Snapshot> loaded = test::run_in(io_, engine_->load());
        if (!loaded) throw std::runtime_error("load: " + loaded.error().text);
        ticket_ = 0;
        return std::move(loaded).value();
    }
    void close() {
        test::run_in(io_, engine_->close());
        engine_.reset();
    }
    /// Another engine over the same store.
    Snapshot reload() {
        close();
        return open();
    }

    /// With the next ticket; a failure fails the test.
    Outcome commit(Batch batch) {
        batch.ticket = Ticket{++ticket_};
        Outcome outcome = test::run_in(io_, engine_->commit(std::make_shared<const Batch>(std::move(batch))));
        EXPECT_FALSE(outcome.failure) << outcome.failure->text;
        return outcome;
    }
    Page page(PageRequest request) {
        Page page = test::run_in(io_, engine_->page(std::move(request)));
        EXPECT_FALSE(page.failure) << page.failure->text;
        return page;
    }
    CheckReport check() { return test::run_in(io_, engine_->check()); }

    /// All entries of a lane, with bodies.
    Page lane(QueueId queue = orders, std::uint8_t number = 0) {
        return page(EntriesAfter{.queue = queue, .lane = number, .max = 100'000, .max_bytes = 1 << 30});
    }
    Page delayed_of(QueueId queue = orders) { return page(DelayedOf{.queue = queue, .max = 100'000, .max_bytes = 1 << 30}); }
    /// Ids of those that are still there.
    std::string messages(std::vector<std::int64_t> ids) {
        MessagesById request;
        for (std::int64_t id : ids) request.ids.push_back(MessageId{id});
        return bodies_of(page(std::move(request)));
    }

    boost::asio::io_context io_;
    std::unique_ptr<Place> place_;
    std::unique_ptr<Engine> engine_;
    std::uint64_t ticket_ = 0;
};

/// With the queues `orders`, `letters` and `third`; not for engines without a catalog.
class WithQueues : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        Batch batch;
        batch.catalog = {NamespaceRow{NamespaceId{1}, "/"}, queue(orders, "orders"), queue(letters, "letters"), queue(third, "third")};
        commit(std::move(batch));
    }
};

struct KindName {
    std::string operator()(const testing::TestParamInfo<EngineKind>& info) const { return info.param.name; }
};

}  // namespace rowmq::conformance

#define ROWMQ_EVERY_ENGINE(suite) \
    INSTANTIATE_TEST_SUITE_P(on, suite, testing::ValuesIn(rowmq::conformance::all_engines()), rowmq::conformance::KindName{})
#define ROWMQ_WHOLE_ENGINES(suite) \
    INSTANTIATE_TEST_SUITE_P(on, suite, testing::ValuesIn(rowmq::conformance::whole_engines()), rowmq::conformance::KindName{})
