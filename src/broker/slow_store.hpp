#pragma once
// The memory engine behind doors that tests open and shut: what comes back of it, and when.

#include <deque>

#include "broker/event.hpp"
#include "storage/memory/engine.hpp"

namespace rowmq::test {

/// Shared by a store and the test that looks on. A shut door keeps each call waiting, a commit before it is applied and a
/// page after it was read.
class Door {
public:
    void shut() { shut_ = true; }
    void open() {
        shut_ = false;
        while (!waiting_.empty()) let_pass(0);
    }
    std::size_t waiting() const { return waiting_.size(); }
    /// One of those that wait, the first is 0.
    void let_pass(std::size_t which) {
        Event* event = waiting_.at(which);
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(which));
        event->set();
    }
    awaitable<void> pass() {
        if (!shut_) co_return;
        Event event;
        waiting_.push_back(&event);
        co_await event.wait();
    }

private:
    bool shut_ = false;
    std::deque<Event*> waiting_;
};

struct Doors {
    Door commits, pages;
    int full = 0;             ///< so many commits find no space
    int unread = 0;           ///< so many pages cannot be read
    std::size_t entries = 0;  ///< put by commits that came to pass
    bool failed = false;      ///< the store has: neither pages nor commits any more
};

class SlowStore final : public storage::Engine {
public:
    SlowStore(std::unique_ptr<storage::Engine> inner, std::shared_ptr<Doors> doors) : inner_(std::move(inner)), doors_(std::move(doors)) {}

    awaitable<Result<storage::Snapshot>> load() override { co_return co_await inner_->load(); }
    awaitable<storage::Outcome> commit(std::shared_ptr<const storage::Batch> batch) override {
        co_await doors_->commits.pass();
        if (doors_->full > 0 || doors_->failed) {
            storage::Outcome refused;
            refused.failure = Error{Errc::store_failed, "the store has failed, as the test wants it"};
            if (!doors_->failed) refused.failure = Error{Errc::store_full, "no space, as the test wants it"};
            if (doors_->full > 0) --doors_->full;
            co_return refused;
        }
        doors_->entries += batch->entries.size();
        co_return co_await inner_->commit(std::move(batch));
    }
    awaitable<storage::Page> page(storage::PageRequest request) override {
        storage::Page page = co_await inner_->page(std::move(request));
        co_await doors_->pages.pass();
        if (doors_->unread > 0 || doors_->failed) {
            if (doors_->unread > 0) --doors_->unread;
            page = {};
            page.failure = Error{Errc::store_failed, "a page cannot be read, as the test wants it"};
        }
        co_return page;
    }
    awaitable<Result<void>> backup(std::string path) override { co_return co_await inner_->backup(std::move(path)); }
    awaitable<storage::CheckReport> check() override { co_return co_await inner_->check(); }
    awaitable<void> close() override { co_await inner_->close(); }
    void stop() override { inner_->stop(); }
    std::string name() const override { return inner_->name(); }
    std::string durability() const override { return inner_->durability(); }
    bool has_sql() const override { return inner_->has_sql(); }

private:
    std::unique_ptr<storage::Engine> inner_;
    std::shared_ptr<Doors> doors_;
};

}  // namespace rowmq::test
