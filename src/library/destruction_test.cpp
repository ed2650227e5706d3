// A broker on a file that is destroyed without close(), from the thread of its executor, while the store's threads work for
// it. Built with the sanitizers this finds what touches freed state, races, and who waits for whom.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <future>
#include <memory>

#include "rowmq/broker.hpp"
#include "rowmq/open.hpp"
#include "test/support/run.hpp"

namespace rowmq {
namespace {

using namespace std::chrono_literals;
using test::run_in;

class Folder final {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rowmq-library-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string url() const { return "sqlite:" + path_ + "/test.db"; }

private:
    std::string path_;
};

Publish to_q(std::string body) {
    Publish p;
    p.routing_key = "q";
    p.message = Message(std::move(body));
    return p;
}

std::optional<Errc> ending_of(const auto& result) { return result ? std::nullopt : std::optional(result.error().code); }

class Destruction : public testing::Test {
protected:
    Destruction() { open(); }
    ~Destruction() override {
        session_ = {};
        broker_.reset();
    }

    void open() {
        broker_ = run_in(*io_, rowmq::open(io_->get_executor(), folder_.url())).value();
        run_in(*io_, broker_->declare_queue("q")).value();
        session_ = broker_->open_session().value();
    }
    template <typename T>
    void begin(awaitable<T> call) {
        ++begun_;
        boost::asio::co_spawn(*io_, std::move(call), [this](std::exception_ptr thrown, T value) {
            EXPECT_FALSE(thrown);
            endings_.push_back(ending_of(value));
        });
    }
    /// Runs handlers until `happened`.
    template <typename Happened>
    void run_until(Happened happened) {
        io_->restart();
        while (!happened()) io_->run_one_for(10ms);
    }

    Folder folder_;
    int begun_ = 0;
    std::vector<std::optional<Errc>> endings_;
    std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>(1);
    std::unique_ptr<Broker> broker_;
    Session session_;
};

TEST_F(Destruction, ends_calls_at_every_step) {
    for (const bool runs_on : {true, false}) {
        for (int steps = 0; steps < 40; ++steps) {
            endings_.clear();
            begun_ = 0;
            for (int i = 0; i < 3; ++i) begin(session_.publish(to_q("x")));
            begin(session_.receive("q", {.max = 2, .wait = 20s}));
            begin(broker_->peek("q"));
            begin(broker_->purge_queue("q", {}));
            begin(broker_->transaction([](Transaction& t) { t.publish(to_q("y")); }));
            begin(broker_->backup(folder_.url().substr(7) + ".copy" + std::to_string(steps) + (runs_on ? "a" : "b")));
            io_->restart();
            for (int i = 0; i < steps; ++i) io_->run_one_for(1ms);

            broker_.reset();

            if (runs_on) {
                io_->restart();
                io_->run();
                EXPECT_EQ(endings_.size(), static_cast<std::size_t>(begun_)) << "destroyed after " << steps << " steps";
                for (const auto& ending : endings_) EXPECT_EQ(ending.value_or(Errc::closed), Errc::closed);
            }
            io_ = std::make_unique<boost::asio::io_context>(1);
            open();
        }
    }
}

TEST_F(Destruction, does_not_wait_for_a_transaction_that_asks_the_strand_for_rows) {
    std::promise<void> entered, goes_on;
    begin(broker_->transaction([&](Transaction& t) {
        t.publish(to_q("paid"));
        entered.set_value();
        goes_on.get_future().wait();
    }));
    auto inside = entered.get_future();
    run_until([&] { return inside.wait_for(0s) == std::future_status::ready; });

    goes_on.set_value();
    broker_.reset();
    io_->restart();
    io_->run();

    EXPECT_EQ(endings_, std::vector(1, std::optional(Errc::closed)));
    open();
    EXPECT_EQ(broker_->queue("q")->counts.sent, 0);
}

TEST_F(Destruction, commits_what_was_handed_to_the_store) {
    const auto receipt = run_in(*io_, session_.publish({to_q("x")}, {.confirm = Confirm::admitted})).value();
    run_in(*io_, broker_->committed(receipt.ticket)).value();

    broker_.reset();
    open();

    EXPECT_EQ(broker_->queue("q")->counts.ready, 1);
}

}  // namespace
}  // namespace rowmq
