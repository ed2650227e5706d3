#include "storage/sqlite/core.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <numeric>

#include "storage/sqlite/backup.hpp"
#include "storage/sqlite/check.hpp"

namespace rowmq::storage::sqlite {
namespace {

std::size_t rows_of(const Batch& batch) {
    return batch.messages.size() + batch.entries.size() + batch.shares.size() + batch.delayed.size() + batch.updates.size() +
           batch.removals.size() + batch.delayed_removals.size() + batch.remembers.size() + batch.catalog.size() +
           std::accumulate(batch.sweeps.begin(), batch.sweeps.end(), std::size_t{0},
                           [](std::size_t sum, const Sweep& sweep) { return sum + sweep.max; });
}

std::size_t bytes_of(const Batch& batch) {
    return std::accumulate(batch.messages.begin(), batch.messages.end(), std::size_t{0},
                           [](std::size_t sum, const MessageRow& row) { return sum + row.message.text().size(); });
}

}  // namespace

Core::Core(boost::asio::any_io_executor strand, SqliteOptions options)
    : strand_(std::move(strand)), options_(std::move(options)), fork_depth_(fork_depth()) {}

Core::~Core() { stop(); }

void Core::stop() {
    closed_ = true;
    // Pages first: without the writer there is no store to read.
    aside_.stop();
    reader_.stop();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    if (writer_.joinable()) writer_.join();
}

std::optional<Error> Core::refusal() const {
    if (is_forked()) return Error{Errc::closed, "the store was opened by the parent process; a fork()ed child cannot use it"};
    if (closed_) return Error{Errc::closed, "the store is closed"};
    return std::nullopt;
}

template <typename T>
void Core::post_result(Done<T> done, T value) {
    boost::asio::post(strand_, [done = std::move(done), value = std::move(value)]() mutable { done->complete(std::move(value)); });
}

void Core::hand_over(Item item) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        items_.push_back(std::move(item));
        first = items_.size() == 1;
    }
    if (options_.threads) {
        if (!writer_.joinable()) writer_ = std::thread([this] { run_writer(); });
        else if (first) wake_.notify_one();
    } else if (!posted_) {
        posted_ = true;
        boost::asio::post(strand_, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->run_inline();
        });
    }
}

void Core::run_inline() {
    posted_ = false;
    auto items = std::exchange(items_, {});
    work(items);
}

void Core::run_writer() {
    pthread_setname_np(pthread_self(), "rowmq-writer");
    std::vector<Item> taken;
    for (;;) {
        bool idle = false;
        {
            std::unique_lock lock(mutex_);
            const auto waits = [&] { return !items_.empty() || stopping_; };
            if (const auto rest = store_ ? store_->rest_after() : std::nullopt; rest && !waits())
                idle = !wake_.wait_for(lock, *rest, waits);
            else wake_.wait(lock, waits);
            if (!idle && items_.empty()) break;
            taken.swap(items_);
        }
        if (idle) store_->rest();
        else work(taken);
        taken.clear();
    }
    const std::lock_guard lock(mutex_);
    store_.reset();
}

void Core::work(std::vector<Item>& items) {
    for (std::size_t i = 0; i < items.size();) {
        if (items[i].job) {
            items[i++].job();
            continue;
        }
        const auto end = group_end(items, i);
        run_group(std::span(items).subspan(i, end - i));
        i = end;
    }
}

std::size_t Core::group_end(const std::vector<Item>& items, std::size_t begin) const {
    std::size_t rows = 0, bytes = 0, end = begin;
    for (; end < items.size() && !items[end].job; ++end) {
        const auto& batch = *items[end].commit.batch;
        rows += rows_of(batch);
        bytes += bytes_of(batch);
        const bool alone = !batch.applications.empty();
        if (end > begin && (alone || rows > options_.transaction_rows || bytes > options_.transaction_bytes)) break;
        if (alone) return end + 1;
    }
    return end;
}

void Core::run_group(std::span<Item> group) {
    written_.clear();
    for (auto& item : group) written_.push_back({item.commit.batch.get(), &item.commit.outcome});
    if (store_) store_->write(written_);
    else
        for (auto& written : written_) written.outcome->failure = store_error();

    std::vector<Commit> finished;
    finished.reserve(group.size());
    for (auto& item : group) finished.push_back(std::move(item.commit));
    boost::asio::post(strand_, [finished = std::move(finished)]() mutable {
        for (auto& commit : finished) commit.done->complete(std::move(commit.outcome));
    });
    if (store_) store_->tend();
}

std::optional<Error> Core::store_error() const { return Error{Errc::store_failed, "the store at " + options_.path + " is not open"}; }

void Core::start_load(Done<Result<Snapshot>> done) {
    hand_over({.commit = {}, .job = [this, done = std::make_shared<Done<Result<Snapshot>>>(std::move(done))]() mutable {
                   Snapshot snapshot;
                   auto opened = Store::open(options_, snapshot);
                   Result<Snapshot> result = opened ? Result<Snapshot>(std::move(snapshot)) : Result<Snapshot>(opened.error());
                   if (opened) {
                       const std::lock_guard lock(mutex_);
                       store_ = std::move(*opened);
                   }
                   post_result(std::move(*done), std::move(result));
               }});
}

void Core::start_commit(std::shared_ptr<const Batch> batch, Done<Outcome> done) {
    hand_over({.commit = {.batch = std::move(batch), .outcome = {}, .done = std::move(done)}, .job = {}});
}

void Core::start_page(PageRequest request, Done<Page> done) {
    auto read = [this, request = std::move(request), done = std::make_shared<Done<Page>>(std::move(done))]() mutable {
        std::shared_ptr<Store> store;
        {
            const std::lock_guard lock(mutex_);
            store = store_;
        }
        Page page;
        if (store) page = store->page(request);
        else page.failure = store_error();
        post_result(std::move(*done), std::move(page));
    };
    if (options_.threads) reader_.post(std::move(read));
    else
        boost::asio::post(strand_, [weak = weak_from_this(), read = std::move(read)]() mutable {
            if (const auto self = weak.lock()) read();
        });
}

void Core::start_backup(std::string path, Done<Result<void>> done) {
    auto copy = [this, path = std::move(path), done = std::make_shared<Done<Result<void>>>(std::move(done))]() mutable {
        std::shared_ptr<Store> store;
        {
            const std::lock_guard lock(mutex_);
            store = store_;
        }
        Result<void> result = store ? back_up(*store, options_.vfs, path) : Result<void>(*store_error());
        post_result(std::move(*done), std::move(result));
    };
    if (options_.threads) aside_.post(std::move(copy));
    else
        boost::asio::post(strand_, [weak = weak_from_this(), copy = std::move(copy)]() mutable {
            if (const auto self = weak.lock()) copy();
        });
}

void Core::start_check(Done<CheckReport> done) {
    auto look = [this, done = std::make_shared<Done<CheckReport>>(std::move(done))]() mutable {
        std::shared_ptr<Store> store;
        {
            const std::lock_guard lock(mutex_);
            store = store_;
        }
        CheckReport report;
        if (store) report = check_store(*store);
        else report.problems.push_back(store_error()->text);
        post_result(std::move(*done), std::move(report));
    };
    if (options_.threads) aside_.post(std::move(look));
    else
        boost::asio::post(strand_, [weak = weak_from_this(), look = std::move(look)]() mutable {
            if (const auto self = weak.lock()) look();
        });
}

void Core::start_close(Done<bool> done) {
    closed_ = true;
    // Pages and backups under way end first, then the commits, then the file.
    auto finish = [this, done = std::make_shared<Done<bool>>(std::move(done))]() mutable {
        aside_.stop();
        reader_.stop();
        std::shared_ptr<Store> store;
        {
            const std::lock_guard lock(mutex_);
            store = std::move(store_);
        }
        if (store) store->finish();
        post_result(std::move(*done), true);
    };
    hand_over({.commit = {}, .job = std::move(finish)});
}

void Core::set_admin_address(std::string address) {
    options_.admin_address = address;
    hand_over({.commit = {}, .job = [this, address = std::move(address)] {
                   if (store_) store_->set_admin_address(address);
               }});
}

SqliteFigures Core::figures() const {
    const std::lock_guard lock(mutex_);
    return store_ ? store_->figures() : SqliteFigures{};
}

std::int64_t Core::free_bytes() const {
    const std::lock_guard lock(mutex_);
    return store_ ? store_->free_bytes() : 0;
}

StoreMetrics Core::metrics() const {
    const std::lock_guard lock(mutex_);
    return store_ ? store_->metrics() : StoreMetrics{};
}

}  // namespace rowmq::storage::sqlite
