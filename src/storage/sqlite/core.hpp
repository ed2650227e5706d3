#pragma once
// Between the strand and the store: hands batches over to the writer's thread, several into one transaction, and pages to
// the reader's; posts completions back, one post a transaction.
// Threads: start_*() on the strand.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include "storage/sqlite/store.hpp"

namespace rowmq::storage::sqlite {

/// A coroutine that waits for a T. complete() on the strand; destroyed without it, the coroutine never goes on.
template <typename T>
class Completion {
public:
    virtual ~Completion() = default;
    virtual void complete(T value) = 0;
};

template <typename T, typename Handler>
class CompletionOf final : public Completion<T> {
public:
    explicit CompletionOf(Handler handler, const boost::asio::any_io_executor& strand)
        : handler_(std::move(handler)), work_(boost::asio::make_work_guard(strand)) {}
    void complete(T value) override {
        const auto executor = boost::asio::get_associated_executor(handler_);
        boost::asio::dispatch(
            executor, [handler = std::move(handler_), value = std::move(value)]() mutable { std::move(handler)(std::move(value)); });
    }

private:
    Handler handler_;
    boost::asio::executor_work_guard<boost::asio::any_io_executor> work_;
};

template <typename T>
using Done = std::unique_ptr<Completion<T>>;

class Core final : public std::enable_shared_from_this<Core> {
public:
    Core(boost::asio::any_io_executor strand, SqliteOptions options);
    ~Core();

    void start_load(Done<Result<Snapshot>> done);
    void start_commit(std::shared_ptr<const Batch> batch, Done<Outcome> done);
    void start_page(PageRequest request, Done<Page> done);
    void start_backup(std::string path, Done<Result<void>> done);
    void start_check(Done<CheckReport> done);
    void start_close(Done<bool> done);
    void stop();  ///< ends the threads, after what was handed in
    void set_admin_address(std::string address);

    /// Why nothing can be asked: closed, or in a forked child.
    std::optional<Error> refusal() const;
    const SqliteOptions& options() const noexcept { return options_; }
    const boost::asio::any_io_executor& strand() const noexcept { return strand_; }
    SqliteFigures figures() const;
    StoreMetrics metrics() const;
    std::int64_t free_bytes() const;
    bool is_forked() const noexcept { return fork_depth() != fork_depth_; }

private:
    struct Commit {
        std::shared_ptr<const Batch> batch;
        Outcome outcome;
        Done<Outcome> done;
    };
    /// What the writer does next: a commit, or a job.
    struct Item {
        Commit commit;
        std::function<void()> job;
    };

    void hand_over(Item item);
    void run_writer();
    void run_inline();
    void work(std::vector<Item>& items);
    void run_group(std::span<Item> group);
    std::size_t group_end(const std::vector<Item>& items, std::size_t begin) const;
    template <typename T>
    void post_result(Done<T> done, T value);
    std::optional<Error> store_error() const;

    boost::asio::any_io_executor strand_;
    SqliteOptions options_;
    int fork_depth_;
    bool closed_ = false;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Item> items_;
    bool stopping_ = false;
    bool posted_ = false;  ///< inline: a run is on its way
    std::thread writer_;
    std::shared_ptr<Store> store_;  ///< set by load(), on the writer; under mutex_
    std::vector<Written> written_;
    Worker reader_{"rowmq-reader"};
    Worker aside_{"rowmq-aside"};
};

}  // namespace rowmq::storage::sqlite
