// The series of the store: only what its engine measures.

#include "admin/metrics/families.hpp"

namespace rowmq::admin::metrics {

void add_store(std::vector<MetricFamily>& families, const StoreMetrics& store) {
    const auto count = [](auto number) { return static_cast<double>(number); };
    if (!store.sync.bounds.empty()) {
        families.push_back(counter("rowmq_store_transactions_total",
                                   "Transactions of the store; one holds several commits where they came faster than it syncs.",
                                   count(store.transactions)));
        families.push_back(histogram("rowmq_store_sync_duration_seconds",
                                     "Time of the step that makes a transaction durable. SQLite: the COMMIT step, which appends to the "
                                     "write-ahead log and (durability full) syncs it to disk.",
                                     store.sync));
    }
    if (!store.checkpoint.bounds.empty())
        families.push_back(histogram("rowmq_store_checkpoint_duration_seconds",
                                     "Time of writing the write-ahead log back into the file; commits wait meanwhile.", store.checkpoint));
    if (store.log_pages)
        families.push_back(gauge("rowmq_store_wal_pages",
                                 "Pages in the write-ahead log at the last commit; after a checkpoint it is written from its start again.",
                                 count(*store.log_pages)));
    if (store.pages && store.free_pages && store.page_bytes) {
        families.push_back(gauge("rowmq_store_pages", "Pages of the store's file.", count(*store.pages)));
        families.push_back(
            gauge("rowmq_store_free_pages", "Of them: free, used again by what is published next.", count(*store.free_pages)));
        families.push_back(gauge("rowmq_store_size_bytes", "Size of the store's file; the write-ahead log comes on top.",
                                 count(*store.pages) * count(*store.page_bytes)));
        families.push_back(gauge("rowmq_store_free_bytes", "Of it: free pages.", count(*store.free_pages) * count(*store.page_bytes)));
    }
    if (store.disk_bytes)
        families.push_back(gauge("rowmq_disk_size_bytes", "Size of the file system the store is on.", count(*store.disk_bytes)));
    if (store.disk_free_bytes)
        families.push_back(gauge("rowmq_disk_free_bytes", "Of it: what this process may still use.", count(*store.disk_free_bytes)));
}

}  // namespace rowmq::admin::metrics
