#include "library/engines.hpp"

#include "storage/memory/engine.hpp"
#include "storage/sqlite/engine.hpp"
#include "storage/sqlite/salvage.hpp"

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

Result<SalvageReport> salvage(const StoreAddress& address, const std::string& to) {
    if (address.kind != StoreAddress::Kind::sqlite)
        return Error{Errc::invalid_argument, "only a store in a file can be salvaged: sqlite:PATH"};
    const auto saved = sqlite::salvage(address.path, to);
    if (saved.has_error()) return saved.error();
    SalvageReport report;
    report.summary = std::to_string(saved->queues) + " queues, " + std::to_string(saved->messages) + " messages, " +
                     std::to_string(saved->entries) + " entries, " + std::to_string(saved->delayed) + " delayed";
    report.notes = saved->notes;
    for (const auto page : saved->damaged) report.notes.push_back("page " + std::to_string(page) + " is damaged");
    if (saved->bodiless > 0) report.notes.push_back(std::to_string(saved->bodiless) + " entries are lost: their messages are");
    if (saved->nameless > 0)
        report.notes.push_back(std::to_string(saved->nameless) + " queues have lost their names and options: they are called salvaged-ID");
    report.is_whole = report.notes.empty();
    return report;
}

}  // namespace rowmq::library
