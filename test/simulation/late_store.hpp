#pragma once
// A store whose commits return some turns of the loop later, as many as a seed says: while one is under way others gather, and
// what it stores may be delivered early.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "base/random.hpp"
#include "storage/engine.hpp"

namespace rowmq::simulation {

class LateStore final : public storage::Engine {
public:
    LateStore(boost::asio::any_io_executor strand, std::unique_ptr<storage::Engine> inner, std::uint64_t seed)
        : strand_(std::move(strand)), inner_(std::move(inner)), random_(seed) {}

    awaitable<Result<storage::Snapshot>> load() override { return inner_->load(); }
    awaitable<storage::Outcome> commit(std::shared_ptr<const storage::Batch> batch) override {
        const std::uint64_t number = asked_++;
        const std::uint64_t turns = random_.next() % 24;
        for (std::uint64_t i = 0; (i < turns || number != begun_) && !stopped_; ++i)
            co_await boost::asio::post(strand_, boost::asio::use_awaitable);  // and in the order in which they came
        storage::Outcome outcome = co_await inner_->commit(std::move(batch));
        ++begun_;
        co_return outcome;
    }
    awaitable<storage::Page> page(storage::PageRequest request) override { return inner_->page(std::move(request)); }
    awaitable<Result<void>> backup(std::string path) override { return inner_->backup(std::move(path)); }
    awaitable<storage::CheckReport> check() override { return inner_->check(); }
    awaitable<void> close() override { return inner_->close(); }
    void stop() override {
        stopped_ = true;
        inner_->stop();
    }
    std::string name() const override { return inner_->name(); }
    std::string durability() const override { return inner_->durability(); }
    bool has_sql() const override { return inner_->has_sql(); }

private:
    boost::asio::any_io_executor strand_;
    std::unique_ptr<storage::Engine> inner_;
    SeededRandom random_;
    std::uint64_t asked_ = 0, begun_ = 0;
    bool stopped_ = false;
};

}  // namespace rowmq::simulation
