#include <memory>

#include "storage/memory/engine.hpp"
#include "storage/sqlite/engine.hpp"
#include "test/simulation/simulation.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::simulation {
namespace {

Store memory_store() {
    using storage::memory::Content;
    auto content = std::make_shared<std::shared_ptr<Content>>(std::make_shared<Content>());
    return {.name = "memory",
            .make = [content](boost::asio::any_io_executor strand) -> std::unique_ptr<storage::Engine> {
                return storage::memory::make_engine(std::move(strand), *content);
            },
            .kill = [content] { *content = std::make_shared<Content>(**content); }};
}

Store sqlite_store() {
    using test::RecordingVfs;
    struct Disks {
        std::unique_ptr<RecordingVfs> now = std::make_unique<RecordingVfs>(test::RecordingOptions{.record = false});
        std::unique_ptr<RecordingVfs> before;  ///< of the killed one, which still has it open
    };
    auto disks = std::make_shared<Disks>();
    return {.name = "sqlite",
            .make = [disks](boost::asio::any_io_executor strand) -> std::unique_ptr<storage::Engine> {
                storage::sqlite::SqliteOptions options;
                options.path = "simulation.db";
                options.threads = false;
                options.owner_lock = false;
                options.vfs = disks->now->name();
                options.wal_bytes = 256 * 1024;  // checkpoints happen within a run
                return std::move(storage::sqlite::open(std::move(strand), options).value());
            },
            .kill =
                [disks] {
                    disks->before = std::move(disks->now);
                    disks->now = std::make_unique<RecordingVfs>(test::RecordingOptions{.record = false}, disks->before->files());
                }};
}

}  // namespace

std::vector<Store> both_stores() { return {memory_store(), sqlite_store()}; }

}  // namespace rowmq::simulation
