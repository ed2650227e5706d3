// Any bytes as a write-ahead log: what can be put right is, at once and for good, and what is lost is named each time.
#include <cstdlib>

#include "storage/sqlite/log_repair.hpp"
#include "test/support/recording_vfs.hpp"

using namespace rowmq;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    test::FileImage files;
    files["/log.db-wal"].write(0, std::string_view(reinterpret_cast<const char*>(bytes), size));
    const test::RecordingVfs disk({.record = false}, files);

    const auto first = storage::sqlite::repair_log("/log.db", disk.name());
    const auto repaired = disk.files();
    const auto again = storage::sqlite::repair_log("/log.db", disk.name());

    if (!again.done.empty() && first.done.size() < 16) std::abort();
    if (again.lost != first.lost && first.done.size() < 16) std::abort();
    if (again.done.empty() && test::hash_of(disk.files()) != test::hash_of(repaired)) std::abort();
    static_cast<void>(storage::sqlite::repair_log("/log.db", disk.name(), storage::sqlite::Unrepairable::follow));
    return 0;
}
