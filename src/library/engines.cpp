#include "library/engines.hpp"

#include "storage/memory/engine.hpp"
#include "storage/sqlite/engine.hpp"

namespace rowmq::library {
namespace {

namespace sqlite = storage::sqlite;

sqlite::Synchronous synchronous_of(Durability durability) {
    switch (durability) {
        case Durability::full: return sqlite::Synchronous::full;
        case Durability::normal: return sqlite::Synchronous::normal;
        case Durability::off: return sqlite::Synchronous::off;
    }
    return sqlite::Synchronous::full;
}

}  // namespace

Result<std::unique_ptr<storage::Engine>> make_engine(boost::asio::any_io_executor executor, const StoreAddress& address,
                                                     const OpenOptions& options) {
    if (address.kind == StoreAddress::Kind::memory) return storage::memory::make_engine(std::move(executor));
    sqlite::SqliteOptions wanted;
    wanted.path = address.path;
    wanted.synchronous = synchronous_of(options.durability);
    wanted.admin_address = options.admin_address;
    auto opened = sqlite::open(std::move(executor), std::move(wanted));
    if (opened.has_error()) return std::move(opened).error();
    return std::unique_ptr<storage::Engine>(std::move(*opened));
}

boost::asio::awaitable<Result<storage::CheckReport>> check(boost::asio::any_io_executor executor, StoreAddress address) {
    auto made = make_engine(std::move(executor), address, OpenOptions{});
    if (made.has_error()) co_return std::move(made).error();
    const auto engine = std::move(*made);
    const auto loaded = co_await engine->load();
    if (loaded.has_error()) co_return loaded.error();
    auto report = co_await engine->check();
    co_await engine->close();
    co_return report;
}

}  // namespace rowmq::library
