#include "storage/memory/engine.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "storage/memory/apply.hpp"
#include "storage/memory/check.hpp"
#include "storage/memory/pages.hpp"

namespace rowmq::storage::memory {
namespace {

class MemoryEngine final : public Engine {
public:
    MemoryEngine(boost::asio::any_io_executor strand, std::shared_ptr<Content> content)
        : strand_(std::move(strand)), content_(std::move(content)) {}

    awaitable<Result<Snapshot>> load() override {
        co_await turn();
        if (auto error = problem()) co_return *error;
        ++content_->epoch;
        content_->committed = Ticket{};  // tickets begin anew with each owner
        co_return snapshot_of(*content_);
    }

    awaitable<Outcome> commit(std::shared_ptr<const Batch> batch) override {
        co_await turn();
        Outcome outcome;
        outcome.failure = problem();
        if (outcome.failure) co_return outcome;
        const auto begin = std::chrono::steady_clock::now();
        try {
            outcome = apply(*content_, *batch);
        } catch (const Failure& failure) {
            content_->broken = failure.what();
            outcome.failure = problem();
        }
        outcome.work_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
        co_return outcome;
    }

    awaitable<Page> page(PageRequest request) override {
        co_await turn();
        if (auto error = problem()) {
            Page page;
            page.failure = std::move(error);
            co_return page;
        }
        co_return read(*content_, request);
    }

    awaitable<Result<void>> backup(std::string) override {
        co_await turn();
        co_return Error{Errc::invalid_argument, "an in-memory store cannot be backed up to a file"};
    }

    awaitable<CheckReport> check() override {
        co_await turn();
        CheckReport report = memory::check(*content_);
        if (!content_->broken.empty()) report.problems.push_back(content_->broken);
        co_return report;
    }

    awaitable<void> close() override {
        co_await turn();
        closed_ = true;
    }

    void stop() override {}

    std::string name() const override { return "memory:"; }
    std::string durability() const override { return "none"; }
    bool has_sql() const override { return false; }

private:
    awaitable<void> turn() { co_await boost::asio::post(strand_, boost::asio::use_awaitable); }

    std::optional<Error> problem() const {
        if (closed_) return Error{Errc::closed, "the in-memory store is closed"};
        if (!content_->broken.empty()) return Error{Errc::store_failed, "the in-memory store is broken: " + content_->broken};
        return std::nullopt;
    }

    boost::asio::any_io_executor strand_;
    std::shared_ptr<Content> content_;
    bool closed_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_engine(boost::asio::any_io_executor strand, std::shared_ptr<Content> content) {
    return std::make_unique<MemoryEngine>(std::move(strand), std::move(content));
}

}  // namespace rowmq::storage::memory
