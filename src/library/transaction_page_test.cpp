// A transaction that commits while a receive reads the queue's rows: its message is in neither the page nor the memory of a
// queue that is not known to be complete, so somebody has to read on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "base/real_clock.hpp"
#include "broker/make.hpp"
#include "library/engines.hpp"
#include "library/store_address.hpp"
#include "rowmq/open_options.hpp"
#include "test/support/run.hpp"

namespace rowmq {
namespace {

using namespace std::chrono_literals;
using test::run_in;

/// Holds pages of entries back, once they are read, until it is let go.
struct Gate {
    explicit Gate(const boost::asio::any_io_executor& executor) : timer(executor, boost::asio::steady_timer::time_point::max()) {}
    boost::asio::steady_timer timer;
    bool shut = false, reached = false;
};

class LatePages final : public storage::Engine {
public:
    LatePages(std::unique_ptr<storage::Engine> inner, Gate& gate) : inner_(std::move(inner)), gate_(gate) {}

    awaitable<storage::Page> page(storage::PageRequest request) override {
        const bool of_entries = std::holds_alternative<storage::EntriesAfter>(request);
        auto page = co_await inner_->page(std::move(request));
        boost::system::error_code let_go;
        if (of_entries && gate_.shut) {
            gate_.reached = true;
            co_await gate_.timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, let_go));
        }
        co_return page;
    }

    awaitable<Result<storage::Snapshot>> load() override { return inner_->load(); }
    awaitable<storage::Outcome> commit(std::shared_ptr<const storage::Batch> batch) override { return inner_->commit(std::move(batch)); }
    awaitable<Result<void>> backup(std::string path) override { return inner_->backup(std::move(path)); }
    awaitable<storage::CheckReport> check() override { return inner_->check(); }
    awaitable<void> close() override { return inner_->close(); }
    void stop() override { inner_->stop(); }
    std::string name() const override { return inner_->name(); }
    std::string durability() const override { return inner_->durability(); }
    bool has_sql() const override { return inner_->has_sql(); }

private:
    std::unique_ptr<storage::Engine> inner_;
    Gate& gate_;
};

class TransactionBesideAPage : public testing::Test {
protected:
    TransactionBesideAPage() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rowmq-library-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~TransactionBesideAPage() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<Broker> open() {
        const auto address = library::parse_store_address("sqlite:" + folder_ + "/test.db").value();
        BrokerParts parts;
        parts.executor = io_.get_executor();
        parts.clock = std::make_shared<RealClock>(io_.get_executor());
        parts.random = std::make_shared<SeededRandom>(7);
        parts.engine = std::make_unique<LatePages>(library::make_engine(io_.get_executor(), address, OpenOptions{}).value(), gate_);
        return run_in(io_, make_broker(std::move(parts))).value();
    }
    static Publish to_q(const char* body) {
        Publish publish;
        publish.routing_key = "q";
        publish.message = Message(body);
        return publish;
    }

    std::string folder_;
    boost::asio::io_context io_;
    Gate gate_{io_.get_executor()};
};

TEST_F(TransactionBesideAPage, has_its_message_received) {
    auto broker = open();
    run_in(io_, broker->declare_queue("q")).value();
    run_in(io_, broker->open_session()->publish(to_q("before"))).value();
    run_in(io_, broker->close());
    broker = open();
    auto session = broker->open_session().value();
    gate_.shut = true;
    std::size_t received = 0;
    boost::asio::co_spawn(io_, session.receive("q", {.max = 10, .wait = 0ms}),
                          [&](std::exception_ptr, Result<std::vector<Delivery>> got) { received += got.value().size(); });
    io_.restart();
    while (!gate_.reached) io_.run_one();

    run_in(io_, broker->transaction([](Transaction& t) { t.publish(to_q("within")); })).value();
    gate_.shut = false;
    gate_.timer.cancel();
    for (int again = 0; again < 3; ++again) received += run_in(io_, session.receive("q", {.max = 10, .wait = 0ms})).value().size();

    EXPECT_EQ(received, 2u);
    session = {};
    run_in(io_, broker->close());
}

}  // namespace
}  // namespace rowmq
