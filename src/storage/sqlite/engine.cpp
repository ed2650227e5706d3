#include "storage/sqlite/engine.hpp"

#include <sys/statvfs.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "storage/sqlite/core.hpp"

namespace rowmq::storage::sqlite {
namespace {

/// Suspends the coroutine; `start` gets what resumes it.
template <typename T, typename Start>
awaitable<T> suspended(boost::asio::any_io_executor strand, Start start) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
        [](auto handler, boost::asio::any_io_executor executor, Start begin) {
            using Handler = decltype(handler);
            begin(Done<T>(std::make_unique<CompletionOf<T, Handler>>(std::move(handler), executor)));
        },
        boost::asio::use_awaitable, std::move(strand), std::move(start));
}

}  // namespace

SqliteEngine::SqliteEngine(std::shared_ptr<Core> core) : core_(std::move(core)) {}

SqliteEngine::~SqliteEngine() {
    // The child of a fork has neither the threads nor the right to touch the file: not even to close it.
    if (core_->is_forked()) new std::shared_ptr<Core>(std::move(core_));
}

awaitable<Result<Snapshot>> SqliteEngine::load() {
    if (auto why = core_->refusal()) co_return std::move(*why);
    auto start = [core = core_.get()](Done<Result<Snapshot>> done) { core->start_load(std::move(done)); };
    co_return co_await suspended<Result<Snapshot>>(core_->strand(), std::move(start));
}

awaitable<Outcome> SqliteEngine::commit(std::shared_ptr<const Batch> batch) {
    if (auto why = core_->refusal()) {
        Outcome refused;
        refused.failure = std::move(why);
        co_return refused;
    }
    auto start = [core = core_.get(), batch = std::move(batch)](Done<Outcome> done) mutable {
        core->start_commit(std::move(batch), std::move(done));
    };
    co_return co_await suspended<Outcome>(core_->strand(), std::move(start));
}

awaitable<Page> SqliteEngine::page(PageRequest request) {
    if (auto why = core_->refusal()) {
        Page refused;
        refused.failure = std::move(why);
        co_return refused;
    }
    auto start = [core = core_.get(), request = std::move(request)](Done<Page> done) mutable {
        core->start_page(std::move(request), std::move(done));
    };
    co_return co_await suspended<Page>(core_->strand(), std::move(start));
}

awaitable<Result<void>> SqliteEngine::backup(std::string path) {
    if (auto why = core_->refusal()) co_return std::move(*why);
    auto start = [core = core_.get(), path = std::move(path)](Done<Result<void>> done) mutable {
        core->start_backup(std::move(path), std::move(done));
    };
    co_return co_await suspended<Result<void>>(core_->strand(), std::move(start));
}

awaitable<CheckReport> SqliteEngine::check() {
    if (auto why = core_->refusal()) {
        CheckReport refused;
        refused.problems.push_back(std::move(why->text));
        co_return refused;
    }
    auto start = [core = core_.get()](Done<CheckReport> done) { core->start_check(std::move(done)); };
    co_return co_await suspended<CheckReport>(core_->strand(), std::move(start));
}

awaitable<void> SqliteEngine::close() {
    if (core_->refusal()) co_return;
    auto start = [core = core_.get()](Done<bool> done) { core->start_close(std::move(done)); };
    co_await suspended<bool>(core_->strand(), std::move(start));
}

void SqliteEngine::stop() {
    if (!core_->is_forked()) core_->stop();
}

std::string SqliteEngine::name() const { return "sqlite:" + core_->options().path; }

std::string SqliteEngine::durability() const {
    switch (core_->options().synchronous) {
        case Synchronous::full: return "full";
        case Synchronous::normal: return "normal";
        case Synchronous::off: return "off";
    }
    return "full";
}

bool SqliteEngine::has_sql() const { return core_->options().threads; }

StoreMetrics SqliteEngine::stats() const {
    if (core_->refusal()) return {};
    StoreMetrics out = core_->metrics();
    const DiskSpace disk = disk_space();
    out.disk_bytes = disk.bytes;
    out.disk_free_bytes = disk.free_bytes;
    return out;
}

DiskSpace SqliteEngine::disk_space() const {
    struct statvfs disk {};
    if (!core_->options().vfs.empty() || ::statvfs(core_->options().path.c_str(), &disk) != 0) return {};
    const auto block = static_cast<std::int64_t>(disk.f_frsize);
    return {.bytes = static_cast<std::int64_t>(disk.f_blocks) * block,
            .free_bytes = static_cast<std::int64_t>(disk.f_bavail) * block,
            .own_free_bytes = core_->free_bytes()};
}

void SqliteEngine::set_admin_address(std::string address) {
    if (!core_->refusal()) core_->set_admin_address(std::move(address));
}

SqliteFigures SqliteEngine::figures() const { return core_->figures(); }

Result<std::unique_ptr<SqliteEngine>> open(boost::asio::any_io_executor strand, SqliteOptions options) {
    if (options.path.empty() || options.path == ":memory:" || options.path.starts_with("file:"))
        return Error{Errc::invalid_argument, "a SQLite store needs the path of a file, not \"" + options.path + "\""};
    return std::make_unique<SqliteEngine>(std::make_shared<Core>(std::move(strand), std::move(options)));
}

}  // namespace rowmq::storage::sqlite
