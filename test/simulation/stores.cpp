#include <memory>

#include "storage/memory/engine.hpp"
#include "storage/sqlite/engine.hpp"
#include "test/simulation/simulation.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::simulation {

std::vector<Store> both_stores() {
    auto content = std::make_shared<storage::memory::Content>();
    Store memory{"memory", [content](boost::asio::any_io_executor strand) -> std::unique_ptr<storage::Engine> {
                     return storage::memory::make_engine(std::move(strand), content);
                 }};
    auto disk = std::make_shared<test::RecordingVfs>(test::RecordingOptions{.record = false});
    Store sqlite{"sqlite", [disk](boost::asio::any_io_executor strand) -> std::unique_ptr<storage::Engine> {
                     storage::sqlite::SqliteOptions options;
                     options.path = "simulation.db";
                     options.threads = false;
                     options.owner_lock = false;
                     options.vfs = disk->name();
                     options.wal_bytes = 256 * 1024;  // checkpoints happen within a run
                     return std::move(storage::sqlite::open(std::move(strand), options).value());
                 }};
    return {std::move(memory), std::move(sqlite)};
}

}  // namespace rowmq::simulation
